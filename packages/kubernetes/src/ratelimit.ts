import { type Clock, sleep } from './clock.ts'

/** At most so many requests a second on average, and so many at once after a rest: client-go's `QPS` and `Burst`. */
export interface RateLimit {
  readonly qps: number
  readonly burst: number
}

/**
 * Waits until the next request may go. Callers go in the order in which they came; one whose signal aborts goes on at
 * once, and its place is lost.
 */
export function rateLimiter(limit: RateLimit, clock: Clock): (signal?: AbortSignal) => Promise<void> {
  let tokens = limit.burst
  let at = clock.now()
  return async (signal) => {
    const now = clock.now()
    tokens = Math.min(limit.burst, tokens + ((now - at) / 1000) * limit.qps) - 1
    at = now
    // A debt of tokens is the wait of those who came later.
    if (tokens < 0) await sleep(clock, (-tokens / limit.qps) * 1000, signal)
  }
}
