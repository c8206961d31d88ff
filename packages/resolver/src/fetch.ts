import { createMoments, type Demand } from './demand.ts'

/** Joins calls for the same thing; a result is handed out to those who wait for it, and not kept. */
export interface Joiner<Value> {
  /**
   * The value of `start`, or of a call for the same key that began late enough to answer this need. A caller whose
   * signal aborts leaves; the call itself is aborted when nobody waits for it any more.
   */
  join(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<Value>, need?: Need): Promise<Value>
  /** Whether a call is there that would answer the need. */
  has(key: string, need?: Need): boolean
}

/** Which calls answer a need, and who else has the same one. */
export interface Need {
  /** Calls that began before are too old. */
  readonly since: number
  /** Asked once, when a call begins: its result is kept until each of these has ended. */
  others(): Iterable<Pick<Demand, 'ended'>>
}

interface Flight<Value> {
  readonly began: number
  readonly value: Promise<Value>
  readonly controller: AbortController
  /** Those who hold the promise. */
  waiting: number
  /** Those who are still to come for it. */
  awaited: number
  done: boolean
}

/** Whatever is under way will do, and nobody else is waited for. */
const anyTime: Need = { since: Number.NEGATIVE_INFINITY, others: () => [] }

/** A {@link Joiner} with nothing under way. `moment` orders calls and needs. */
export function createJoiner<Value>(moment: () => number = createMoments()): Joiner<Value> {
  const flights = new Map<string, Flight<Value>>()
  const settle = (key: string, flight: Flight<Value>, reason?: unknown): void => {
    if (flight.awaited > 0 || (!flight.done && flight.waiting > 0)) return
    if (flights.get(key) === flight) flights.delete(key)
    if (!flight.done) flight.controller.abort(reason)
  }
  const begin = (key: string, start: (signal: AbortSignal) => Promise<Value>, need: Need): Flight<Value> => {
    const controller = new AbortController()
    const began = moment()
    const others = [...need.others()]
    const value = start(controller.signal).finally(() => {
      flight.done = true
      settle(key, flight)
    })
    value.catch(() => undefined)
    const flight: Flight<Value> = { began, value, controller, waiting: 0, awaited: others.length, done: false }
    flights.set(key, flight)
    for (const other of others) {
      other.ended(() => {
        flight.awaited -= 1
        settle(key, flight)
      })
    }
    return flight
  }
  const current = (key: string, { since }: Need): Flight<Value> | undefined => {
    const flight = flights.get(key)
    return flight !== undefined && flight.began >= since ? flight : undefined
  }
  return {
    has: (key, need = anyTime) => current(key, need) !== undefined,
    async join(key, signal, start, need = anyTime): Promise<Value> {
      signal.throwIfAborted()
      const flight = current(key, need) ?? begin(key, start, need)
      flight.waiting += 1
      try {
        return await abortable(flight.value, signal)
      } finally {
        flight.waiting -= 1
        settle(key, flight, signal.reason)
      }
    },
  }
}

/** The promise's result, or the signal's reason as soon as it is aborted. */
export async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let abort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = (): void => reject(signal.reason)
  })
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
