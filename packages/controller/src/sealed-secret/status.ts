import type { Manifest } from '@sealkit/core/manifest'
import { type Cluster, type ClusterObject, resources } from '@sealkit/kubernetes'
import { updateStatus } from '../status.ts'

/** A condition of a SealedSecret. `reason` is never set, as upstream. */
export interface SealedSecretCondition {
  readonly type: string
  readonly status: string
  readonly message?: string
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
}

/** The status of a SealedSecret. */
export interface SealedSecretStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly SealedSecretCondition[]
  readonly [field: string]: unknown
}

/** The status of a manifest; an empty one where it has none. */
export function statusOf(sealedSecret: Manifest): SealedSecretStatus {
  const status = sealedSecret['status']
  return typeof status === 'object' && status !== null ? (status as SealedSecretStatus) : {}
}

/** The conditions of a manifest; where the definition of the kind checks nothing they may be anything. */
function conditionsOf(sealedSecret: Manifest): readonly SealedSecretCondition[] {
  const { conditions } = statusOf(sealedSecret)
  if (!Array.isArray(conditions)) return []
  return conditions.filter((condition) => typeof condition === 'object' && condition !== null)
}

/** The Synced condition, where there is one. */
export function syncedCondition(sealedSecret: Manifest): SealedSecretCondition | undefined {
  return conditionsOf(sealedSecret).find(({ type }) => type === 'Synced')
}

/**
 * The status after a reconcile: null when nothing of it changed. Upstream does not write a message that changed alone;
 * this does, because the message is the only place where the cause is seen.
 */
export function nextStatus(sealedSecret: Manifest, failure: string | null, now: Date): SealedSecretStatus | null {
  const current = statusOf(sealedSecret)
  const condition = syncedCondition(sealedSecret)
  const status = failure === null ? 'True' : 'False'
  const generation = sealedSecret.metadata?.generation
  const flipped = condition?.status !== status
  if (!flipped && (condition?.message ?? '') === (failure ?? '') && current.observedGeneration === generation) {
    return null
  }
  const time = `${now.toISOString().slice(0, 19)}Z`
  const next: SealedSecretCondition = {
    type: 'Synced',
    status,
    lastUpdateTime: time,
    lastTransitionTime: flipped ? time : (condition?.lastTransitionTime ?? time),
    ...(failure === null ? {} : { message: failure }),
  }
  const others = conditionsOf(sealedSecret).filter(({ type }) => type !== 'Synced')
  return {
    ...current,
    conditions: [next, ...others],
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  }
}

/**
 * Writes the outcome of a reconcile of the given generation to the status; true when something was written.
 *
 * On a conflict the object is read again and the same outcome is written on top, unless its spec has changed meanwhile:
 * then a later reconcile writes its own outcome. Upstream loses the status in both cases.
 */
export async function writeStatus(
  cluster: Cluster,
  sealedSecret: ClusterObject,
  outcome: { readonly failure: string | null; readonly now: () => Date },
): Promise<boolean> {
  const { generation } = sealedSecret.metadata
  let news = false
  const written = await updateStatus({
    cluster,
    resource: resources.sealedSecret,
    object: sealedSecret,
    next: (current) => {
      const status =
        current.metadata.generation === generation ? nextStatus(current, outcome.failure, outcome.now()) : null
      news = status !== null
      return status
    },
  })
  return news && written !== null
}
