import type { Manifest } from '@sealkit/core/manifest'
import { type Cluster, isKubernetesError, keyOf, resources } from '@sealkit/kubernetes'

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

type Stored = Manifest & { metadata: { name: string } }

/**
 * Writes the outcome of a reconcile of the given generation to the status; true when something was written.
 *
 * On a conflict the object is read again and the same outcome is written on top, unless its spec has changed meanwhile:
 * then a later reconcile writes its own outcome. Upstream loses the status in both cases.
 */
export async function writeStatus(
  cluster: Cluster,
  sealedSecret: Stored,
  outcome: { readonly failure: string | null; readonly now: () => Date },
): Promise<boolean> {
  let current: Stored | null = sealedSecret
  for (let tries = 1; ; tries += 1) {
    if (current === null || current.metadata.generation !== sealedSecret.metadata?.generation) return false
    const status = nextStatus(current, outcome.failure, outcome.now())
    if (status === null) return false
    try {
      await cluster.updateStatus(resources.sealedSecret, { ...current, status })
      return true
    } catch (error) {
      if (isKubernetesError(error, 'NOT_FOUND')) return false
      if (tries >= 20 || !isKubernetesError(error, 'CONFLICT')) throw error
      current = await cluster.get(resources.sealedSecret, keyOf(sealedSecret))
    }
  }
}
