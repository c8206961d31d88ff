import { type Cluster, type ClusterObject, isKubernetesError, keyOf, type Resource } from '@sealkit/kubernetes'

/** Whose finalizers are set, and where. */
export interface Finalized {
  readonly cluster: Cluster
  readonly resource: Resource
  readonly object: ClusterObject
}

/**
 * The object with `finalizer`. That of a directory stays as it is: what it owns goes with it all the same.
 *
 * @throws {KubernetesError} `NOT_FOUND` for an object that is gone: nothing may be made for it any more
 */
export async function addFinalizer(finalized: Finalized, finalizer: string): Promise<ClusterObject> {
  const { finalizers = [] } = finalized.object.metadata
  return finalizers.includes(finalizer) ? finalized.object : setFinalizers(finalized, [...finalizers, finalizer])
}

/** The object without `finalizer`, which may end it; as it was where it has ended already. */
export async function removeFinalizer(finalized: Finalized, finalizer: string): Promise<ClusterObject> {
  const { finalizers = [] } = finalized.object.metadata
  if (!finalizers.includes(finalizer)) return finalized.object
  const others = finalizers.filter((each) => each !== finalizer)
  return setFinalizers(finalized, others).catch((error: unknown) => {
    if (isKubernetesError(error, 'NOT_FOUND')) return finalized.object
    throw error
  })
}

/** The version that was seen goes along: a finalizer that another controller set meanwhile is not lost. */
async function setFinalizers(
  { cluster, resource, object }: Finalized,
  finalizers: readonly string[],
): Promise<ClusterObject> {
  const { resourceVersion } = object.metadata
  const body = { metadata: { resourceVersion, finalizers } }
  try {
    return await cluster.patch(resource, keyOf(object), { type: 'merge', body })
  } catch (error) {
    if (isKubernetesError(error, 'UNSUPPORTED_VERB')) return object
    throw error
  }
}
