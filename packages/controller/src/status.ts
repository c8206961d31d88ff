import { type Cluster, type ClusterObject, isKubernetesError, keyOf, type Resource } from '@sealkit/kubernetes'

/** Where a status is written. */
export interface StatusUpdate {
  readonly cluster: Cluster
  readonly resource: Resource
  readonly object: ClusterObject
  /** The status of the object as it is now; null = it needs no other. */
  readonly next: (current: ClusterObject) => object | null
}

const mostTries = 20

/**
 * Writes a status and gives the object as it is then; null when it is gone.
 *
 * On a conflict the object is read again and its status made anew: what a reconcile did must be known even if the
 * object changed meanwhile.
 */
export async function updateStatus({ cluster, resource, object, next }: StatusUpdate): Promise<ClusterObject | null> {
  let current: ClusterObject | null = object
  for (let tries = 1; current !== null; tries += 1) {
    const status = next(current)
    if (status === null) return current
    try {
      return await cluster.updateStatus(resource, { ...current, status })
    } catch (error) {
      if (isKubernetesError(error, 'NOT_FOUND')) return null
      if (tries >= mostTries || !isKubernetesError(error, 'CONFLICT')) throw error
      current = await cluster.get(resource, keyOf(object))
    }
  }
  return null
}
