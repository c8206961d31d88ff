import { type ClusterObject, keyOf, resources } from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { updateStatus } from '../status.ts'
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
  metrics.syncs.ready(keyOf(object), outcome.ready)
  const written = await updateStatus({
    cluster,
    resource: resources.externalSecret,
    object,
    next(current) {
      const status = nextStatus({ ...object, status: current['status'] }, outcome, now())
      return isNoNews(statusOf(current), status) ? null : status
    },
  })
  return written ?? object
}

function isNoNews(current: ExternalSecretStatus, next: ExternalSecretStatus): boolean {
  const age = Date.parse(next.refreshTime ?? '') - Date.parse(current.refreshTime ?? '')
  const recent = age >= 0 && age < refreshTimeEvery * 0.9
  return equal(recent ? { ...next, refreshTime: current.refreshTime } : next, current)
}
