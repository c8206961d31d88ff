import type { Store } from './store.ts'

/**
 * Somebody's need for what a backend holds, from the moment when it arose until it is met or given up.
 *
 * A read answers a need only if it began after the need arose: what was read before may be older than the change that
 * made it necessary. So however many share one read, each sees what it would have seen alone.
 */
export interface Demand {
  /** When it arose, by {@link createMoments}. */
  readonly since: number
  /** Needs for the same secret that are still to be met; the result is kept for them, and only for them. */
  others(store: Store, key: string): Iterable<Demand>
  /** Calls back when it is met or given up; at once when it is so already. */
  ended(callback: () => void): void
}

/** Gives moments that only grow, and never one twice: an order of events that no clock can turn around. */
export function createMoments(): () => number {
  let moment = 0
  return () => {
    moment += 1
    return moment
  }
}
