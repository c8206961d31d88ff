import type { Manifest } from '@sealkit/core/manifest'
import { syncedResourceVersion } from './hash.ts'
import { statusOf } from './status.ts'

/** When the provider is asked again. */
export interface RefreshPolicy {
  readonly refreshPolicy: 'Periodic' | 'OnChange' | 'CreatedOnce'
  /** Milliseconds; 0 or less = never again by time. */
  readonly interval: number
}

/** Whether the provider is to be asked now: by the clock, or because the ExternalSecret changed. */
export function isDue(externalSecret: Manifest, { refreshPolicy, interval }: RefreshPolicy, now: Date): boolean {
  const status = statusOf(externalSecret)
  const refreshed = status.refreshTime === undefined || status.refreshTime === null ? 0 : Date.parse(status.refreshTime)
  const changed = status.syncedResourceVersion !== syncedResourceVersion(externalSecret.metadata ?? {})
  if (refreshPolicy === 'CreatedOnce') return status.syncedResourceVersion === undefined || refreshed === 0
  if (refreshPolicy === 'OnChange') return changed
  // An interval of 0 means once: not even a change of the ExternalSecret asks again.
  if (interval <= 0 && status.syncedResourceVersion !== undefined) return false
  if (changed || refreshed === 0) return true
  return refreshed > now.getTime() || refreshed + interval <= now.getTime()
}

/** Milliseconds until the provider is due again; undefined when time alone never makes it due. */
export function nextRefresh(
  { refreshPolicy, interval }: RefreshPolicy,
  refreshed: Date,
  now: Date,
): number | undefined {
  if (refreshPolicy !== 'Periodic' || interval <= 0) return undefined
  return Math.max(0, refreshed.getTime() + interval - now.getTime())
}
