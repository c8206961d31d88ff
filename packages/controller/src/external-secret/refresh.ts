import type { Manifest } from '@sealkit/core/manifest'
import { syncedResourceVersion } from './hash.ts'
import { statusOf } from './status.ts'
import type { SyncWindows } from './windows.ts'

/** When the provider is asked again. */
export interface RefreshPolicy {
  readonly refreshPolicy: 'Periodic' | 'OnChange' | 'CreatedOnce'
  /** Milliseconds; 0 or less = never again by time. */
  readonly interval: number
  /** When time may make it due; null or absent = always. */
  readonly windows?: SyncWindows | null
}

/**
 * Whether the provider is to be asked now: by the clock, or because the ExternalSecret changed.
 *
 * @param last milliseconds since 1970 of a refresh that the status may not tell of, where nothing had changed
 */
export function isDue(
  externalSecret: Manifest,
  { refreshPolicy, interval, windows = null }: RefreshPolicy,
  now: Date,
  last = 0,
): boolean {
  const status = statusOf(externalSecret)
  const written = status.refreshTime === undefined || status.refreshTime === null ? 0 : Date.parse(status.refreshTime)
  const refreshed = Math.max(written, last)
  const changed = status.syncedResourceVersion !== syncedResourceVersion(externalSecret.metadata ?? {})
  if (refreshPolicy === 'CreatedOnce') return status.syncedResourceVersion === undefined || refreshed === 0
  if (refreshPolicy === 'OnChange') return changed
  // An interval of 0 means once: not even a change of the ExternalSecret asks again.
  if (interval <= 0 && status.syncedResourceVersion !== undefined) return false
  if (changed || refreshed === 0) return true
  if (refreshed > now.getTime()) return true
  return refreshed + interval <= now.getTime() && (windows === null || windows.next(now)?.getTime() === now.getTime())
}

/** Whether time alone makes an ExternalSecret due again. */
export function isPeriodic({ refreshPolicy, interval }: RefreshPolicy): boolean {
  return refreshPolicy === 'Periodic' && interval > 0
}
