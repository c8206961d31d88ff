import type { Manifest } from '@sealkit/core/manifest'
import type { Cluster, ClusterObject, Key } from '@sealkit/kubernetes'
import { type ClusterAccess, clusterKinds, type TokenOptions } from '@sealkit/resolver'

/** Mints a token for a ServiceAccount; null when the account is not there. */
export type MintToken = (account: Key, options: TokenOptions) => Promise<string | null>

/** What the resolver sees of the cluster. */
export interface AccessOptions {
  readonly cluster: Cluster
  /** Stores as the informers saw them: they are asked for at every sync. */
  readonly store: (kind: 'SecretStore' | 'ClusterSecretStore', key: Key) => ClusterObject | null
  /** Absent = ServiceAccounts have no tokens (a directory). */
  readonly mintToken?: MintToken
}

/** {@link ClusterAccess} of a controller: stores from its caches, everything else read when it is needed and not kept. */
export function clusterAccess({ cluster, store, mintToken }: AccessOptions): ClusterAccess {
  return {
    async get(kind, key): Promise<Manifest | null> {
      if (kind === 'SecretStore' || kind === 'ClusterSecretStore') return store(kind, key)
      return cluster.get({ ...clusterKinds[kind], kind }, key)
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
