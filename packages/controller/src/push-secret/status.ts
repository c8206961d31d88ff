import { type ClusterObject, type Condition, resources, setCondition, timestamp } from '@sealkit/kubernetes'
import type { PushedState } from '@sealkit/resolver'
import { equal } from '../equal.ts'
import { syncedResourceVersion } from '../external-secret/hash.ts'
import { observeReady } from '../readiness.ts'
import { updateStatus } from '../status.ts'
import type { PushSecretContext } from './reconcile.ts'

/** Reasons of a PushSecret's Ready condition. */
export type PushReason = 'Synced' | 'Errored' | 'SourceDeleted'

/** How one reconcile ended. */
export interface PushResult {
  readonly reason: PushReason
  readonly message: string
  /** What is at the providers now; null = as the status says. */
  readonly pushed: PushedState | null
}

/** The status of a PushSecret. */
export interface PushSecretStatus {
  readonly conditions?: readonly Condition[]
  readonly refreshTime?: string | null
  readonly syncedResourceVersion?: string
  readonly syncedPushSecrets?: PushedState
}

/** The status of a PushSecret; an empty one where it has none. */
export function statusOf(object: ClusterObject): PushSecretStatus {
  return (object['status'] ?? {}) as PushSecretStatus
}

/**
 * Writes how a reconcile ended. A conflict is read again: what was pushed must be known even if the object changed
 * meanwhile; it then counts as synced as it was, so that the change is still seen as one.
 */
export async function writeStatus(
  context: PushSecretContext,
  object: ClusterObject,
  result: PushResult,
): Promise<void> {
  const { cluster, metrics } = context
  observeReady(metrics.pushCondition, object, result.reason !== 'Errored')
  await updateStatus({
    cluster,
    resource: resources.pushSecret,
    object,
    next(current) {
      const status = nextStatus(context, object, current, result)
      return equal(current['status'], status) ? null : status
    },
  })
}

function nextStatus(
  { now }: PushSecretContext,
  synced: ClusterObject,
  current: ClusterObject,
  { reason, message, pushed }: PushResult,
): PushSecretStatus {
  const before = statusOf(current)
  const status = reason === 'Errored' ? 'False' : 'True'
  return {
    ...before,
    conditions: setCondition(before.conditions, { type: 'Ready', status, reason, message }, now()),
    ...(pushed === null ? {} : { syncedPushSecrets: pushed }),
    ...(reason === 'Errored'
      ? {}
      : { refreshTime: timestamp(now()), syncedResourceVersion: syncedResourceVersion(synced.metadata) }),
  }
}
