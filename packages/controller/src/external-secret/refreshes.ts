import { type Clock, delayHeap, type Key, keyText } from '@sealkit/kubernetes'
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

interface Planned {
  readonly key: Key
  readonly reads: readonly string[]
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
  readonly #readers = new Map<string, Set<Planned>>()
  readonly #heap = delayHeap<string>()
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
    const planned: Planned = { key, reads: names, refreshed: time, interval, windows, due }
    this.#objects.set(keyText(key), planned)
    for (const read of names) {
      const readers = this.#readers.get(read)
      if (readers === undefined) this.#readers.set(read, new Set([planned]))
      else readers.add(planned)
      if ((this.#heap.get(read)?.due ?? Number.POSITIVE_INFINITY) > due) this.#heap.set(read, due, read)
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
      const readers = this.#readers.get(read)
      if (!readers?.delete(planned) || readers.size > 0) continue
      this.#readers.delete(read)
      this.#heap.delete(read)
    }
  }

  refreshed(key: Key): number | undefined {
    return this.#objects.get(keyText(key))?.refreshed
  }

  stop(): void {
    this.#cancel?.()
    this.#heap.clear()
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
      const next = Math.min(...[...(this.#readers.get(read) ?? [])].map((planned) => planned.due))
      if (Number.isFinite(next)) this.#heap.set(read, next, read)
    }
    if (due.size > 0) this.#options.onDue([...due.values()])
  }

  /** Those of a read that are due, and with them those that may as well be: their next time is near, or as short. */
  #dueWith(read: string, now: number): Planned[] {
    const readers = [...(this.#readers.get(read) ?? [])]
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
