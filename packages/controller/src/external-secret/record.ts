import { type ClusterObject, isKubernetesError, keyOf, resources } from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import type { ExternalSecretContext } from './context.ts'
import { type ExternalSecretStatus, nextStatus, type Outcome, statusOf } from './status.ts'

/** Milliseconds after which the time of a refresh that found nothing new is written all the same. */
const refreshTimeEvery = 3_600_000

/**
 * Writes how a reconcile ended and gives the object as it is then. A refresh that found everything as it was is no
 * news: its time alone is written once an hour at most.
 *
 * On a conflict the object is read again. What was synced stays what the object said before: its generation, labels
 * and annotations of then go into the status, so that a change that came meanwhile is still seen as one.
 */
export async function writeStatus(
  { cluster, metrics, now }: Pick<ExternalSecretContext, 'cluster' | 'metrics' | 'now'>,
  object: ClusterObject,
  outcome: Outcome,
): Promise<ClusterObject> {
  observe(metrics, object, outcome.ready)
  let current = object
  for (let tries = 1; ; tries += 1) {
    const synced = { ...object, status: current['status'] }
    const status = nextStatus(synced, outcome, now())
    if (isNoNews(statusOf(current), status)) return current
    try {
      return await cluster.updateStatus(resources.externalSecret, { ...current, status })
    } catch (error) {
      if (isKubernetesError(error, 'NOT_FOUND')) return current
      if (tries >= 20 || !isKubernetesError(error, 'CONFLICT')) throw error
      const fresh = await cluster.get(resources.externalSecret, keyOf(object))
      if (fresh === null) return current
      current = fresh
    }
  }
}

function isNoNews(current: ExternalSecretStatus, next: ExternalSecretStatus): boolean {
  const age = Date.parse(next.refreshTime ?? '') - Date.parse(current.refreshTime ?? '')
  const recent = age >= 0 && age < refreshTimeEvery * 0.9
  return equal(recent ? { ...next, refreshTime: current.refreshTime } : next, current)
}

function observe(metrics: ExternalSecretContext['metrics'], { metadata }: ClusterObject, ready: boolean): void {
  const labels = { name: metadata.name, namespace: metadata.namespace ?? '', condition: 'Ready' }
  metrics.condition.set({ ...labels, status: 'True' }, ready ? 1 : 0)
  metrics.condition.set({ ...labels, status: 'False' }, ready ? 0 : 1)
}
