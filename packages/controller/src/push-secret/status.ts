import { type ClusterObject, isKubernetesError, keyOf, resources } from '@sealkit/kubernetes'
import type { PushedState } from '@sealkit/resolver'
import { equal } from '../equal.ts'
import { syncedResourceVersion } from '../external-secret/hash.ts'
import { type Condition, timeText, withCondition } from '../external-secret/status.ts'
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
  observe(context, object, result.reason)
  let current: ClusterObject | null = object
  for (let tries = 1; current !== null; tries += 1) {
    const status = nextStatus(context, object, current, result)
    if (equal(current['status'], status)) return
    try {
      await context.cluster.updateStatus(resources.pushSecret, { ...current, status })
      return
    } catch (error) {
      if (isKubernetesError(error, 'NOT_FOUND')) return
      if (tries >= 20 || !isKubernetesError(error, 'CONFLICT')) throw error
      current = await context.cluster.get(resources.pushSecret, keyOf(object))
    }
  }
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
    conditions: withCondition(before.conditions ?? [], { type: 'Ready', status, reason, message }, now()),
    ...(pushed === null ? {} : { syncedPushSecrets: pushed }),
    ...(reason === 'Errored'
      ? {}
      : { refreshTime: timeText(now()), syncedResourceVersion: syncedResourceVersion(synced.metadata) }),
  }
}

function observe({ metrics }: PushSecretContext, { metadata }: ClusterObject, reason: PushReason): void {
  const labels = { name: metadata.name, namespace: metadata.namespace ?? '', condition: 'Ready' }
  metrics.pushCondition.set({ ...labels, status: 'True' }, reason === 'Errored' ? 0 : 1)
  metrics.pushCondition.set({ ...labels, status: 'False' }, reason === 'Errored' ? 1 : 0)
}
