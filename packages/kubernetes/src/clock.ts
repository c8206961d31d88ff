/** The time that queues, informers and leases see; tests give their own. */
export interface Clock {
  /** Milliseconds that only grow: for intervals. A change of the wall clock does not touch them. */
  now(): number
  /** The wall clock, for timestamps in objects. */
  date(): Date
  /** Calls `callback` once after `milliseconds`; the result cancels it. */
  timer(milliseconds: number, callback: () => void): () => void
}

/** The longest wait that `setTimeout` keeps; longer ones would fire at once. */
const longestTimer = 2 ** 31 - 1

/** The process's own clock. A timer of more than 24 days fires then, and its owner sees that it is early. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  timer(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(milliseconds, 0), longestTimer))
    return () => clearTimeout(timer)
  },
}

/** Resolves after `milliseconds`, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const wake = (): void => {
      cancel()
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = clock.timer(milliseconds, wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}

/** How waits grow from one failure to the next. */
export interface Backoff {
  /** First wait in milliseconds. */
  readonly initial: number
  /** Longest wait in milliseconds. */
  readonly maximum: number
  /** Share of a wait that is random, 0 to 1: 0.5 means between half of it and all of it. */
  readonly jitter: number
}

/** The wait before try number `attempt` (from 1): doubled per attempt, never above the maximum, part of it random. */
export function backoffDelay(backoff: Backoff, attempt: number, random: () => number): number {
  const whole = Math.min(backoff.maximum, backoff.initial * 2 ** Math.min(attempt - 1, 52))
  return whole * (1 - backoff.jitter * random())
}
