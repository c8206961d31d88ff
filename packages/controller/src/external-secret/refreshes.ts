import {
  type Clock,
  delayHeap,
  type Key,
  keyText,
  type Members,
  membersOf,
  withMember,
  withoutMember,
} from '@sealkit/kubernetes'
import type { SyncWindows } from './windows.ts'

/** When the provider is to be asked again for one ExternalSecret. */
export interface RefreshPlan {
  /** The reads that it needs, by {@link readKeys}. */
  readonly reads: readonly string[]
  /** When it was refreshed last. */
  readonly refreshed: Date
  /** Milliseconds. */
  readonly interval: number
  /** When refreshing is allowed; null = always. */
  readonly windows: SyncWindows | null
}

/**
 * The timers of refreshes. A timer belongs to a read: when it fires, every ExternalSecret that needs the read and is due
 * about then is due at once, so that all share it.
 */
export interface Refreshes {
  plan(key: Key, plan: RefreshPlan): void
  /** Takes the plan back, until the next; the time of the last refresh stays known. */
  pause(key: Key): void
  /** Forgets an ExternalSecret. */
  forget(key: Key): void
  /** When it was refreshed last, as far as this process knows; milliseconds since 1970. */
  refreshed(key: Key): number | undefined
  /** Ends all timers. */
  stop(): void
}

/** What timers run by. */
export interface RefreshesOptions {
  readonly clock: Clock
  /** The wall clock, which the times of refreshes are of. */
  readonly now: () => Date
  /** Told of those that are due now. */
  readonly onDue: (keys: readonly Key[]) => void
  /** Makes the spread of one process unlike another's. */
  readonly random?: () => number
}

/**
 * The share of an interval by which a refresh may come early. Each read has its own part of it, so that what was made at
 * one time does not stay in step for ever; nothing is late for that.
 */
const spread = 0.1

/** A read and who needs it: one for all of them, because ten texts for each of ten thousand objects are many. */
interface Read {
  readonly name: string
  readers: Members<Planned> | undefined
}

interface Planned {
  readonly key: Key
  readonly reads: readonly Read[]
  readonly refreshed: number
  readonly interval: number
  readonly windows: SyncWindows | null
  /** By the clock; infinite while paused. */
  due: number
}

/** {@link Refreshes} with nothing planned. */
export function createRefreshes(options: RefreshesOptions): Refreshes {
  return new Timers(options)
}

class Timers implements Refreshes {
  readonly #options: RefreshesOptions
  readonly #seed: string
  readonly #objects = new Map<string, Planned>()
  readonly #reads = new Map<string, Read>()
  readonly #heap = delayHeap<Read>()
  #cancel: (() => void) | undefined
  #armed = Number.POSITIVE_INFINITY

  constructor(options: RefreshesOptions) {
    this.#options = options
    this.#seed = String((options.random ?? Math.random)())
  }

  plan(key: Key, { reads, refreshed, interval, windows }: RefreshPlan): void {
    this.forget(key)
    const names = reads.length === 0 ? [keyText(key)] : reads.toSorted()
    const time = refreshed.getTime()
    const due = this.#due(time + interval * (1 - spread * fraction(this.#seed + names[0])), windows)
    const needed = names.map((name) => this.#read(name))
    const planned: Planned = { key, reads: needed, refreshed: time, interval, windows, due }
    this.#objects.set(keyText(key), planned)
    for (const read of needed) {
      read.readers = withMember(read.readers, planned)
      if ((this.#heap.get(read.name)?.due ?? Number.POSITIVE_INFINITY) > due) this.#heap.set(read.name, due, read)
    }
    this.#arm()
  }

  pause(key: Key): void {
    const planned = this.#objects.get(keyText(key))
    if (planned !== undefined) planned.due = Number.POSITIVE_INFINITY
  }

  forget(key: Key): void {
    const planned = this.#objects.get(keyText(key))
    if (planned === undefined) return
    this.#objects.delete(keyText(key))
    for (const read of planned.reads) {
      read.readers = withoutMember(read.readers, planned)
      if (read.readers !== undefined) continue
      this.#reads.delete(read.name)
      this.#heap.delete(read.name)
    }
  }

  refreshed(key: Key): number | undefined {
    return this.#objects.get(keyText(key))?.refreshed
  }

  stop(): void {
    this.#cancel?.()
    this.#heap.clear()
  }

  #read(name: string): Read {
    const known = this.#reads.get(name)
    if (known !== undefined) return known
    const read: Read = { name, readers: undefined }
    this.#reads.set(name, read)
    return read
  }

  /** The clock's time for a time of day, no earlier than a window allows; never, where none ever does. */
  #due(time: number, windows: SyncWindows | null): number {
    const { clock, now } = this.#options
    const wall = now().getTime()
    const allowed = windows === null ? time : windows.next(new Date(Math.max(time, wall)))?.getTime()
    return clock.now() + Math.max(0, (allowed ?? Number.POSITIVE_INFINITY) - wall)
  }

  #arm(): void {
    const due = this.#heap.peek()?.due ?? Number.POSITIVE_INFINITY
    if (due === this.#armed) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#armed = due
    if (due === Number.POSITIVE_INFINITY) return
    const { clock } = this.#options
    this.#cancel = clock.timer(due - clock.now(), () => {
      this.#armed = Number.POSITIVE_INFINITY
      this.#fire(clock.now())
      this.#arm()
    })
  }

  #fire(now: number): void {
    const due = new Map<string, Key>()
    for (let read = this.#heap.takeUntil(now); read !== undefined; read = this.#heap.takeUntil(now)) {
      for (const planned of this.#dueWith(read, now)) {
        due.set(keyText(planned.key), planned.key)
        planned.due = Number.POSITIVE_INFINITY
      }
      const next = membersOf(read.readers).reduce(
        (least, planned) => Math.min(least, planned.due),
        Number.POSITIVE_INFINITY,
      )
      if (Number.isFinite(next)) this.#heap.set(read.name, next, read)
    }
    if (due.size > 0) this.#options.onDue([...due.values()])
  }

  /** Those of a read that are due, and with them those that may as well be: their next time is near, or as short. */
  #dueWith(read: Read, now: number): Planned[] {
    const readers = membersOf(read.readers)
    const shortest = Math.min(...readers.filter(({ due }) => due <= now).map(({ interval }) => interval))
    const wall = this.#options.now()
    return readers.filter(({ due, interval, windows }) => {
      if (due <= now) return true
      if (!Number.isFinite(due) || !Number.isFinite(shortest)) return false
      if (interval > shortest && due - now > spread * interval) return false
      return windows === null || windows.next(wall)?.getTime() === wall.getTime()
    })
  }
}

/** A number from 0 to 1 that is always the same for a text (FNV-1a). */
function fraction(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  }
  return hash / 2 ** 32
}
