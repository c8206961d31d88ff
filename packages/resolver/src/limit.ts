import { retryAfterOf, ThrottledError } from './error.ts'
import { abortable } from './fetch.ts'

/**
 * Lets at most so many calls run at once; the others wait in order. A call for several things may succeed and still tell
 * of a failure, which `failureIn` finds in its value.
 */
export type Limit = <Value>(
  signal: AbortSignal,
  call: () => Promise<Value>,
  failureIn?: (value: Value) => unknown,
) => Promise<Value>

/** How a {@link Limit} follows what the backend says. */
export interface LimitOptions {
  /** Whether an error says that the backend has too much to do. */
  readonly isOverload?: (error: unknown) => boolean
  /** Milliseconds that only grow. */
  readonly clock?: () => number
}

/**
 * A {@link Limit} of `size` calls. A backend that says by its errors that it has too much to do gets half as many at
 * once, and one more after each round that goes well. One that says when it may be asked again is not asked before:
 * calls fail until then, so that nobody stands in line for a long time.
 */
export function createLimit(size: number, options: LimitOptions = {}): Limit {
  return new Limiter(size, options).run
}

class Limiter {
  readonly #size: number
  readonly #isOverload: (error: unknown) => boolean
  readonly #clock: () => number
  readonly #waiting: (() => void)[] = []
  #running = 0
  #allowed: number
  #cuts = 0
  #closedUntil = Number.NEGATIVE_INFINITY

  constructor(size: number, { isOverload = () => false, clock = () => performance.now() }: LimitOptions) {
    this.#size = size
    this.#allowed = size
    this.#isOverload = isOverload
    this.#clock = clock
  }

  readonly run: Limit = async (signal, call, failureIn) => {
    while (this.#running >= Math.floor(this.#allowed)) await this.#turn(signal)
    try {
      signal.throwIfAborted()
      this.#refuseWhileClosed()
    } catch (error) {
      // The turn goes to the next one in line.
      this.#wake(1)
      throw error
    }
    this.#running += 1
    const begun = this.#cuts
    try {
      const value = await call()
      this.#ended(begun, failureIn?.(value))
      return value
    } catch (error) {
      this.#ended(begun, error)
      throw error
    } finally {
      this.#running -= 1
      this.#wake(Math.floor(this.#allowed) - this.#running)
    }
  }

  #ended(begun: number, error: unknown): void {
    const wait = retryAfterOf(error)
    if (wait !== undefined) this.#closedUntil = Math.max(this.#closedUntil, this.#clock() + wait)
    if (error === undefined || !this.#isOverload(error))
      this.#allowed = Math.min(this.#size, this.#allowed + 1 / this.#allowed)
    else if (begun === this.#cuts) {
      // Calls that were under way when it was cut say nothing new.
      this.#cuts += 1
      this.#allowed = Math.max(1, this.#allowed / 2)
    }
  }

  #refuseWhileClosed(): void {
    const left = this.#closedUntil - this.#clock()
    if (left > 0) throw new ThrottledError('the provider asked to be left alone for a while', left)
  }

  #wake(count: number): void {
    for (let free = count; free > 0; free -= 1) this.#waiting.shift()?.()
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    let start = (): void => undefined
    const called = new Promise<void>((resolve) => {
      start = resolve
    })
    this.#waiting.push(start)
    try {
      await abortable(called, signal)
    } catch (error) {
      const place = this.#waiting.indexOf(start)
      // Already called: the turn is ours and must go to the next one in line.
      if (place >= 0) this.#waiting.splice(place, 1)
      else this.#wake(1)
      throw error
    }
  }
}
