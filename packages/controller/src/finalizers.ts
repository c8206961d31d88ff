import { type Cluster, type ClusterObject, isKubernetesError, keyOf, type Resource } from '@sealkit/kubernetes'

/** Whose finalizers are set, and where. */
export interface Finalized {
  readonly cluster: Cluster
  readonly resource: Resource
  readonly object: ClusterObject
}

/** The object with `finalizer`. That of a directory stays as it is: what it owns goes with it all the same. */
export function addFinalizer(finalized: Finalized, finalizer: string): Promise<ClusterObject> {
  const { finalizers = [] } = finalized.object.metadata
  return finalizers.includes(finalizer)
    ? Promise.resolve(finalized.object)
    : setFinalizers(finalized, [...finalizers, finalizer])
}

/** The object without `finalizer`, which may end it. */
export function removeFinalizer(finalized: Finalized, finalizer: string): Promise<ClusterObject> {
  const { finalizers = [] } = finalized.object.metadata
  return finalizers.includes(finalizer)
    ? setFinalizers(
        finalized,
        finalizers.filter((each) => each !== finalizer),
      )
    : Promise.resolve(finalized.object)
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
    if (isKubernetesError(error, 'NOT_FOUND', 'UNSUPPORTED_VERB')) return object
    throw error
  }
}
