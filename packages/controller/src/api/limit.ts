/** The answer to one question for permission. */
export interface Permission {
  readonly allowed: boolean
  /** Requests that may come at once. */
  readonly limit: number
  /** Requests that may still come at once. */
  readonly remaining: number
  /** Seconds until everything may come at once again. */
  readonly reset: number
  /** Seconds until one more may come; 0 when this one was allowed. */
  readonly retryAfter: number
}

/** Asks whether a request may pass now. */
export type Limiter = (key: string) => Permission

/** A limit of sustained requests. */
export interface LimitOptions {
  /** Requests per second in the long run. */
  readonly rate: number
  /** Requests above the rate that may come at once. */
  readonly burst: number
  /** Milliseconds; only differences count. */
  readonly now?: () => number
  /** Clients that are remembered at most; the one that was silent longest is forgotten. */
  readonly capacity?: number
}

/** Milliseconds that sums of fractions may be off. */
const rounding = 1e-6

/**
 * The generic cell rate algorithm, per key, with the numbers that `throttled` (upstream's library) reports: a limit
 * of `burst + 1`, times in whole seconds rounded up.
 */
export function createLimiter(options: LimitOptions): Limiter {
  const { rate, burst, now = () => performance.now(), capacity = 65_536 } = options
  const interval = 1000 / rate
  const limit = burst + 1
  const tolerance = interval * limit
  const arrivals = new Map<string, number>()
  return (key) => {
    const time = now()
    const arrival = Math.max(time, arrivals.get(key) ?? time)
    const next = arrival + interval
    const early = next - tolerance - time
    if (early > rounding) {
      return { allowed: false, limit, remaining: 0, reset: seconds(arrival - time), retryAfter: seconds(early) }
    }
    arrivals.delete(key)
    arrivals.set(key, next)
    if (arrivals.size > capacity) arrivals.delete(arrivals.keys().next().value ?? key)
    const remaining = Math.max(0, Math.floor((tolerance - (next - time) + rounding) / interval))
    return { allowed: true, limit, remaining, reset: seconds(next - time), retryAfter: 0 }
  }
}

function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000)
}
