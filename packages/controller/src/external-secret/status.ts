import type { Manifest } from '@sealkit/core/manifest'
import { syncedResourceVersion } from './hash.ts'

/** Reasons of the Ready condition. */
export type ReadyReason =
  | 'SecretSynced'
  | 'SecretDeleted'
  | 'SecretMissing'
  | 'SecretSyncedError'
  | 'ResourceSynced'
  | 'ResourceDeleted'
  | 'ResourceMissing'
  | 'ResourceSyncedError'

/** A condition of an ExternalSecret or a store. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime?: string
}

/** The status of an ExternalSecret. */
export interface ExternalSecretStatus {
  readonly refreshTime?: string | null
  readonly syncedResourceVersion?: string
  readonly conditions?: readonly Condition[]
  readonly binding?: { readonly name: string }
  readonly [field: string]: unknown
}

/** How one reconcile ended. */
export interface Outcome {
  readonly ready: boolean
  readonly reason: ReadyReason
  readonly message: string
  /** When the provider was read; null when the sync failed, which keeps the times of the last success. */
  readonly refreshed: Date | null
  /** The Secret that was written; null when none was tried, which keeps the name. */
  readonly target: string | null
}

/** The status of a manifest; an empty one where it has none. */
export function statusOf(externalSecret: Manifest): ExternalSecretStatus {
  const status = externalSecret['status']
  return typeof status === 'object' && status !== null ? (status as ExternalSecretStatus) : {}
}

/** The status after a reconcile. */
export function nextStatus(externalSecret: Manifest, outcome: Outcome, now: Date): ExternalSecretStatus {
  const current = statusOf(externalSecret)
  const { ready, reason, message, refreshed, target } = outcome
  const condition = { type: 'Ready', status: ready ? 'True' : 'False', reason, message } as const
  return {
    ...current,
    conditions: withCondition(current.conditions ?? [], condition, now),
    binding: { name: target ?? current.binding?.name ?? '' },
    ...(refreshed === null
      ? {}
      : {
          refreshTime: timeText(refreshed),
          syncedResourceVersion: syncedResourceVersion(externalSecret.metadata ?? {}),
        }),
  }
}

/** The conditions with one replaced; its transition time moves only when its status does. */
export function withCondition(conditions: readonly Condition[], next: Condition, now: Date): readonly Condition[] {
  const current = conditions.find(({ type }) => type === next.type)
  const same = current?.status === next.status && current.lastTransitionTime !== undefined
  const time = same ? current.lastTransitionTime : timeText(now)
  const others = conditions.filter(({ type }) => type !== next.type)
  return [{ ...next, ...(time === undefined ? {} : { lastTransitionTime: time }) }, ...others]
}

/** A time as metav1.Time prints it: whole seconds, UTC. */
export function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}
