/** Joins calls for the same thing while one of them is under way; a result is handed out and not kept. */
export interface Joiner<Value> {
  /**
   * The value of `start`, or of the call for the same key that is already under way. A caller whose signal aborts
   * leaves; the call itself is aborted when nobody waits for it any more.
   */
  join(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<Value>): Promise<Value>
}

interface Flight<Value> {
  readonly value: Promise<Value>
  readonly controller: AbortController
  waiting: number
}

/** A {@link Joiner} with nothing under way. */
export function createJoiner<Value>(): Joiner<Value> {
  const flights = new Map<string, Flight<Value>>()
  const begin = (key: string, start: (signal: AbortSignal) => Promise<Value>): Flight<Value> => {
    const controller = new AbortController()
    const value = start(controller.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key)
    })
    const flight: Flight<Value> = { value, controller, waiting: 0 }
    flights.set(key, flight)
    return flight
  }
  return {
    async join(key, signal, start): Promise<Value> {
      signal.throwIfAborted()
      const flight = flights.get(key) ?? begin(key, start)
      flight.waiting += 1
      try {
        return await abortable(flight.value, signal)
      } finally {
        flight.waiting -= 1
        if (flight.waiting === 0 && flights.get(key) === flight) {
          flights.delete(key)
          flight.controller.abort(signal.reason)
        }
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
