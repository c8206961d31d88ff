import type { Clock } from '@sealkit/kubernetes'

/** Passes calls on, for one key no more often than once in a while; the last call of a while is never lost. */
export interface Pace {
  call(key: string, work: () => void): void
  /** Forgets what waits. */
  stop(): void
}

/** {@link Pace} by a clock: a call goes through at once, and others for its key wait `every` milliseconds, as one. */
export function createPace(clock: Clock, every: number): Pace {
  const resting = new Map<string, { waiting: (() => void) | undefined; cancel: () => void }>()
  const rest = (key: string): void => {
    const state = {
      waiting: undefined,
      cancel: clock.timer(every, () => {
        const next = resting.get(key)?.waiting
        resting.delete(key)
        if (next === undefined) return
        rest(key)
        next()
      }),
    }
    resting.set(key, state)
  }
  return {
    call(key, work): void {
      const state = resting.get(key)
      if (state !== undefined) state.waiting = work
      else {
        rest(key)
        work()
      }
    },
    stop(): void {
      for (const { cancel } of resting.values()) cancel()
      resting.clear()
    },
  }
}
