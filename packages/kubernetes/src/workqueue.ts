import { type Backoff, backoffDelay, type Clock, systemClock } from './clock.ts'
import type { Key } from './cluster.ts'
import { delayHeap } from './delay.ts'
import { keyText } from './resources.ts'

/** New and changed objects go before those that are only looked at again, and both before long work of little hope. */
export type Priority = 'change' | 'refresh' | 'idle'

const order: readonly Priority[] = ['change', 'refresh', 'idle']

/** How a queue behaves. */
export interface WorkQueueOptions {
  /** Waits after failures of one key; 100 ms doubling to 5 minutes unless given. */
  readonly backoff?: Backoff
  /** After so many keys of `change`, one of `refresh` is taken, so that refreshes never starve; 16 unless given. */
  readonly share?: number
  /** Keys of `idle` that are worked on at once; one unless given. They too get their share: one after `share` squared others. */
  readonly idle?: number
  readonly clock?: Clock
  readonly random?: () => number
}

/** Asks for another look at a key after some milliseconds, `refresh` unless given. */
export interface WorkResult {
  readonly requeueAfter?: number
  readonly priority?: Priority
}

/** How the workers of a queue work. */
export interface WorkOptions {
  readonly workers: number
  /** Returns when to look again, or throws to be tried again after a wait. */
  readonly work: (key: Key, signal: AbortSignal, priority: Priority) => Promise<WorkResult | undefined>
  /** True for an error that trying again cannot mend: the key waits for a change. */
  readonly terminal?: (error: unknown) => boolean
  /** Told of each failure; `delay` is absent for a terminal one. */
  readonly onError?: (key: Key, error: unknown, failure: { readonly failures: number; readonly delay?: number }) => void
  /** Stops the workers: keys that wait are dropped, work under way is told and awaited. */
  readonly signal: AbortSignal
}

/** A set of keys to work on, each once at a time. */
export interface WorkQueue {
  /** Keys that could be worked on now. */
  readonly size: number
  /** Keys that wait for their time. */
  readonly waiting: number
  /** Keys being worked on. */
  readonly active: number
  /**
   * Asks for work on a key. A key that waits already is there once, with the better priority; one being worked on comes
   * again afterwards; one with a later time keeps the earlier of the two.
   */
  add(key: Key, options?: { readonly priority?: Priority; readonly after?: number }): void
  /** Forgets a key that is gone: its failures and its waits. */
  forget(key: Key): void
  /** Works until the signal aborts and the work under way is done. No timer is left then. */
  run(options: WorkOptions): Promise<void>
}

const defaultBackoff: Backoff = { initial: 100, maximum: 300_000, jitter: 0.5 }

/** A work queue. Within a priority, namespaces take turns, so that none waits for another's thousands. */
export function workQueue(options: WorkQueueOptions = {}): WorkQueue {
  return new Queue(options)
}

/** Keys of one priority: the next is the oldest of the namespace whose turn it is. */
class Lane {
  readonly #namespaces = new Map<string, Map<string, Key>>()
  size = 0

  has(key: Key, id: string): boolean {
    return this.#namespaces.get(key.namespace)?.has(id) === true
  }

  add(key: Key, id: string): void {
    const keys = this.#namespaces.get(key.namespace)
    if (keys === undefined) this.#namespaces.set(key.namespace, new Map([[id, key]]))
    else keys.set(id, key)
    this.size += 1
  }

  delete(key: Key, id: string): boolean {
    const keys = this.#namespaces.get(key.namespace)
    if (keys === undefined || !keys.delete(id)) return false
    if (keys.size === 0) this.#namespaces.delete(key.namespace)
    this.size -= 1
    return true
  }

  take(): Key | undefined {
    for (const [namespace, keys] of this.#namespaces) {
      this.#namespaces.delete(namespace)
      for (const [id, key] of keys) {
        keys.delete(id)
        if (keys.size > 0) this.#namespaces.set(namespace, keys)
        this.size -= 1
        return key
      }
    }
    return undefined
  }

  clear(): void {
    this.#namespaces.clear()
    this.size = 0
  }
}

class Queue implements WorkQueue {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #backoff: Backoff
  readonly #share: number
  readonly #mostIdle: number
  readonly #lanes: Readonly<Record<Priority, Lane>> = {
    change: new Lane(),
    refresh: new Lane(),
    idle: new Lane(),
  }
  readonly #delays = delayHeap<{ readonly key: Key; priority: Priority }>()
  readonly #working = new Set<string>()
  readonly #again = new Map<string, Priority>()
  readonly #failures = new Map<string, number>()
  readonly #sleeping: (() => void)[] = []
  #cancelTimer: (() => void) | undefined
  #timerDue = Number.POSITIVE_INFINITY
  #streak = 0
  #idleStreak = 0
  #idleWorking = 0
  #stopped = false

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#backoff = options.backoff ?? defaultBackoff
    this.#share = options.share ?? 16
    this.#mostIdle = options.idle ?? 1
  }

  get size(): number {
    return order.reduce((size, priority) => size + this.#lanes[priority].size, 0)
  }

  get waiting(): number {
    return this.#delays.size
  }

  get active(): number {
    return this.#working.size
  }

  add(key: Key, options: { readonly priority?: Priority; readonly after?: number } = {}): void {
    if (this.#stopped) return
    const { priority = 'change', after = 0 } = options
    if (after > 0) this.#later(key, priority, after)
    else this.#now(key, keyText(key), priority)
  }

  forget(key: Key): void {
    const id = keyText(key)
    this.#failures.delete(id)
    this.#delays.delete(id)
    this.#setTimer()
  }

  async run(options: WorkOptions): Promise<void> {
    const stop = (): void => this.#stop()
    if (options.signal.aborted) stop()
    options.signal.addEventListener('abort', stop, { once: true })
    await Promise.all(Array.from({ length: options.workers }, () => this.#worker(options)))
    options.signal.removeEventListener('abort', stop)
  }

  #now(key: Key, id: string, priority: Priority): void {
    if (this.#working.has(id)) {
      this.#again.set(id, better(this.#again.get(id), priority))
      return
    }
    const lane = order.find((waiting) => this.#lanes[waiting].has(key, id))
    if (lane !== undefined && better(lane, priority) === lane) return
    if (lane !== undefined) this.#lanes[lane].delete(key, id)
    this.#lanes[priority].add(key, id)
    this.#sleeping.pop()?.()
  }

  #later(key: Key, priority: Priority, after: number): void {
    const due = this.#clock.now() + after
    const id = keyText(key)
    const planned = this.#delays.get(id)
    if (planned !== undefined && planned.due <= due) {
      planned.value.priority = better(planned.value.priority, priority)
      return
    }
    this.#delays.set(id, due, { key, priority })
    this.#setTimer()
  }

  /** One timer, for the key whose time comes first. */
  #setTimer(): void {
    const next = this.#delays.peek()
    if (next?.due === this.#timerDue) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerDue = next?.due ?? Number.POSITIVE_INFINITY
    if (next === undefined) return
    this.#cancelTimer = this.#clock.timer(next.due - this.#clock.now(), () => {
      this.#timerDue = Number.POSITIVE_INFINITY
      const now = this.#clock.now()
      for (let due = this.#delays.takeUntil(now); due !== undefined; due = this.#delays.takeUntil(now)) {
        this.#now(due.key, keyText(due.key), due.priority)
      }
      this.#setTimer()
    })
  }

  #take(): { readonly key: Key; readonly priority: Priority } | undefined {
    const priority = this.#next()
    const key = this.#lanes[priority].take()
    if (key === undefined) return undefined
    this.#streak = priority === 'refresh' ? 0 : this.#streak + 1
    this.#idleStreak = priority === 'idle' ? 0 : this.#idleStreak + 1
    return { key, priority }
  }

  #next(): Priority {
    const { change, refresh, idle } = this.#lanes
    const mayIdle = idle.size > 0 && this.#idleWorking < this.#mostIdle
    if (mayIdle && (change.size + refresh.size === 0 || this.#idleStreak >= this.#share ** 2)) return 'idle'
    return refresh.size > 0 && (change.size === 0 || this.#streak >= this.#share) ? 'refresh' : 'change'
  }

  async #worker(options: WorkOptions): Promise<void> {
    while (!this.#stopped) {
      const next = this.#take()
      if (next === undefined) await new Promise<void>((resolve) => this.#sleeping.push(resolve))
      else await this.#process(next.key, next.priority, options)
    }
  }

  async #process(key: Key, priority: Priority, options: WorkOptions): Promise<void> {
    const id = keyText(key)
    this.#working.add(id)
    if (priority === 'idle') this.#idleWorking += 1
    try {
      const result = await options.work(key, options.signal, priority)
      this.#failures.delete(id)
      if (result?.requeueAfter !== undefined) {
        this.add(key, { priority: result.priority ?? 'refresh', after: result.requeueAfter })
      }
    } catch (error) {
      this.#failed(key, priority, error, options)
    } finally {
      if (priority === 'idle') this.#idleWorking -= 1
      this.#working.delete(id)
      const again = this.#again.get(id)
      this.#again.delete(id)
      if (again !== undefined && !this.#stopped) this.#now(key, id, again)
    }
  }

  #failed(key: Key, priority: Priority, error: unknown, options: WorkOptions): void {
    const id = keyText(key)
    const failures = (this.#failures.get(id) ?? 0) + 1
    if (options.terminal?.(error) === true) {
      this.#failures.delete(id)
      options.onError?.(key, error, { failures })
      return
    }
    this.#failures.set(id, failures)
    const delay = backoffDelay(this.#backoff, failures, this.#random)
    this.add(key, { priority, after: delay })
    options.onError?.(key, error, { failures, delay })
  }

  #stop(): void {
    this.#stopped = true
    for (const priority of order) this.#lanes[priority].clear()
    this.#delays.clear()
    this.#again.clear()
    this.#setTimer()
    for (const wake of this.#sleeping.splice(0)) wake()
  }
}

function better(one: Priority | undefined, other: Priority): Priority {
  return one !== undefined && order.indexOf(one) < order.indexOf(other) ? one : other
}
