import type { Manifest } from '@sealkit/core/manifest'
import { type Condition, setCondition, timestamp } from '@sealkit/kubernetes'
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
    conditions: setCondition(current.conditions, condition, now),
    binding: { name: target ?? current.binding?.name ?? '' },
    ...(refreshed === null
      ? {}
      : {
          refreshTime: timestamp(refreshed),
          syncedResourceVersion: syncedResourceVersion(externalSecret.metadata ?? {}),
        }),
  }
}
