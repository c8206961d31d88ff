import { parseDuration } from '@sealkit/core/go'
import type { ExternalSecret } from '@sealkit/resolver'
import { parseSchedule, type Schedule } from './cron.ts'

/** When an ExternalSecret may be refreshed. */
export interface SyncWindows {
  /** The first time, this one included, at which it may; null when it never may again, as far as can be seen. */
  next(at: Date): Date | null
}

interface Window {
  readonly schedule: Schedule
  /** Milliseconds. */
  readonly duration: number
}

/** So many windows are looked at before it is said that there is no gap between them. */
const farthest = 2_000

/**
 * `spec.syncWindows`: with `deny` nothing is refreshed while any window is open, with `allow` only while one is. A
 * window whose schedule or duration cannot be read is none, as for External Secrets.
 */
export function syncWindows(spec: ExternalSecret['syncWindows']): SyncWindows | null {
  if (spec === null) return null
  const windows = spec.windows.flatMap(readWindow)
  return { next: (at) => (spec.kind === 'allow' ? opening(windows, at) : closing(windows, at)) }
}

function readWindow({ schedule: text, duration }: { schedule: string; duration: string }): Window[] {
  const schedule = parseSchedule(text)
  try {
    const milliseconds = Number(parseDuration(duration) / 1_000_000n)
    return schedule === null || milliseconds <= 0 ? [] : [{ schedule, duration: milliseconds }]
  } catch {
    return []
  }
}

/** When the window that is open at `at` closes; null when it is not open. */
function openUntil({ schedule, duration }: Window, at: Date): Date | null {
  const start = schedule.next(new Date(at.getTime() - duration))
  if (start === null || start > at) return null
  return new Date(start.getTime() + duration)
}

/** The first time at which a window is open. */
function opening(windows: readonly Window[], at: Date): Date | null {
  if (windows.some((window) => openUntil(window, at) !== null)) return at
  const starts = windows.flatMap((window) => {
    const start = window.schedule.next(at)
    return start !== null && openUntil(window, start) !== null ? [start] : []
  })
  return starts.length === 0 ? null : new Date(Math.min(...starts.map(Number)))
}

/** The first time at which no window is open. */
function closing(windows: readonly Window[], at: Date): Date | null {
  let time = at
  for (let step = 0; step < farthest; step += 1) {
    const ends = windows.flatMap((window) => openUntil(window, time) ?? [])
    if (ends.length === 0) return time
    time = new Date(Math.max(...ends.map(Number)))
  }
  return null
}
