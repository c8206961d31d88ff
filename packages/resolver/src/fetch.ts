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

/** Lets at most so many calls run at once; the others wait in order. */
export type Limit = <Value>(signal: AbortSignal, call: () => Promise<Value>) => Promise<Value>

/**
 * A {@link Limit} of `size` calls. A backend that says by its errors that it has too much to do gets half as many at
 * once, and one more after each round that goes well.
 */
export function createLimit(size: number, isOverload: (error: unknown) => boolean = () => false): Limit {
  const waiting: (() => void)[] = []
  let running = 0
  let allowed = size
  let cuts = 0
  const settle = (begun: number, overload: boolean): void => {
    running -= 1
    if (!overload) allowed = Math.min(size, allowed + 1 / allowed)
    else if (begun === cuts) {
      // Calls that were under way when it was cut say nothing new.
      cuts += 1
      allowed = Math.max(1, allowed / 2)
    }
    for (let free = Math.floor(allowed) - running; free > 0; free -= 1) waiting.shift()?.()
  }
  return async (signal, call) => {
    while (running >= Math.floor(allowed)) await turn(waiting, signal)
    signal.throwIfAborted()
    running += 1
    const begun = cuts
    let overload = false
    try {
      return await call()
    } catch (error) {
      overload = isOverload(error)
      throw error
    } finally {
      settle(begun, overload)
    }
  }
}

async function turn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let start = (): void => undefined
  const called = new Promise<void>((resolve) => {
    start = resolve
  })
  waiting.push(start)
  try {
    await abortable(called, signal)
  } catch (error) {
    const place = waiting.indexOf(start)
    // Already called: the turn is ours and must go to the next one in line.
    if (place >= 0) waiting.splice(place, 1)
    else waiting.shift()?.()
    throw error
  }
}
