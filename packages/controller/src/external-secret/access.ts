import type { Manifest } from '@sealkit/core/manifest'
import type { Cluster, Key } from '@sealkit/kubernetes'
import { type ClusterAccess, clusterKinds, type TokenOptions } from '@sealkit/resolver'

/** Mints a token for a ServiceAccount; null when the account is not there. */
export type MintToken = (account: Key, options: TokenOptions) => Promise<string | null>

/** What the resolver sees of the cluster. */
export interface AccessOptions {
  readonly cluster: Cluster
  /** Absent = ServiceAccounts have no tokens (a directory). */
  readonly mintToken?: MintToken
}

/**
 * {@link ClusterAccess} of a controller. Everything is read when it is needed and not kept: a store and an ExternalSecret
 * that were applied together are seen together. Reads of one object that are under way are shared.
 */
export function clusterAccess({ cluster, mintToken }: AccessOptions): ClusterAccess {
  const reading = new Map<string, Promise<Manifest | null>>()
  return {
    get(kind, key): Promise<Manifest | null> {
      const id = JSON.stringify([kind, key.namespace, key.name])
      const current = reading.get(id)
      if (current !== undefined) return current
      const read = cluster.get({ ...clusterKinds[kind], kind }, key).finally(() => reading.delete(id))
      reading.set(id, read)
      return read
    },
    async list(kind, namespace, labels = {}): Promise<readonly Manifest[]> {
      const labelSelector = Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(',')
      const { items } = await cluster.list({ ...clusterKinds[kind], kind }, { namespace, labelSelector })
      return items
    },
    serviceAccountToken: async (account, options) => (await mintToken?.(account, options)) ?? null,
  }
}
