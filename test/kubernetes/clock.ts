import type { Clock } from '@sealkit/kubernetes'

/** A clock that moves when the test says so. */
export interface ManualClock extends Clock {
  /** Timers that have not fired and were not cancelled. */
  readonly timers: number
  /** Moves on, firing timers in their order, and lets what waits for them run. */
  advance(milliseconds: number): Promise<void>
}

export function manualClock(start = 1_000_000): ManualClock {
  let now = start
  let next = 0
  const timers = new Map<number, { readonly due: number; readonly callback: () => void }>()
  const first = (until: number): number | undefined => {
    let found: number | undefined
    for (const [id, { due }] of timers) {
      if (due <= until && (found === undefined || due < (timers.get(found)?.due ?? 0))) found = id
    }
    return found
  }
  return {
    get timers() {
      return timers.size
    },
    now: () => now,
    date: () => new Date(1_700_000_000_000 + now),
    timer(milliseconds, callback) {
      const id = next++
      timers.set(id, { due: now + Math.max(milliseconds, 0), callback })
      return () => timers.delete(id)
    },
    async advance(milliseconds) {
      const end = now + milliseconds
      await settle()
      for (let id = first(end); id !== undefined; id = first(end)) {
        const timer = timers.get(id)
        timers.delete(id)
        now = Math.max(now, timer?.due ?? now)
        timer?.callback()
        await settle()
      }
      now = end
      await settle()
    },
  }
}

/** Lets every promise that can go on, go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
