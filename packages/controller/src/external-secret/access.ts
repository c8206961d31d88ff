import type { Manifest } from '@sealkit/core/manifest'
import type { Cluster, ClusterObject, Key } from '@sealkit/kubernetes'
import {
  type ClusterAccess,
  clusterKinds,
  createJoiner,
  isStoreKind,
  type StoreKind,
  type TokenOptions,
} from '@sealkit/resolver'
import { isReady } from '../readiness.ts'

/** Mints a token for a ServiceAccount; null when the account is not there. */
export type MintToken = (account: Key, options: TokenOptions) => Promise<string | null>

/** What the resolver sees of the cluster. */
export interface AccessOptions {
  readonly cluster: Cluster
  /** Absent = ServiceAccounts have no tokens (a directory). */
  readonly mintToken?: MintToken
  /** The order of needs and reads. */
  readonly moment: () => number
  /** A store as its informer saw it; null when it has not. */
  readonly store: (kind: StoreKind, key: Key) => ClusterObject | null
}

/** How old an object may be. */
export interface AccessNeed {
  /** Objects that were read before this moment are too old; absent = one of the last second will do. */
  readonly since?: number
}

/** Milliseconds for which an object that was read is there for others who need it. */
const shareFor = 1_000

/**
 * {@link ClusterAccess} of a controller. Objects are read when they are needed and shared with others who come within
 * a second, but never given to a need that arose after they were read: a store and an ExternalSecret that were applied
 * together are seen together. A need without a moment takes a ready store as its informer has it.
 */
export function clusterAccess({
  cluster,
  mintToken,
  moment,
  store,
}: AccessOptions): (need: AccessNeed) => ClusterAccess {
  const reads = createJoiner<Manifest | null>(moment)
  const never = new AbortController().signal
  const shared = { ended: (callback: () => void): void => void setTimeout(callback, shareFor).unref() }
  return ({ since = Number.NEGATIVE_INFINITY }) => ({
    async get(kind, key): Promise<Manifest | null> {
      const seen = isStoreKind(kind) && since === Number.NEGATIVE_INFINITY ? store(kind, key) : null
      if (seen !== null && isReady(seen)) return seen
      const id = JSON.stringify([kind, key.namespace, key.name])
      const read = (): Promise<Manifest | null> => cluster.get({ ...clusterKinds[kind], kind }, key)
      return reads.join(id, never, read, { since, others: () => [shared] })
    },
    async list(kind, namespace, labels = {}): Promise<readonly Manifest[]> {
      const labelSelector = Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(',')
      const { items } = await cluster.list({ ...clusterKinds[kind], kind }, { namespace, labelSelector })
      return items
    },
    serviceAccountToken: async (account, options) => (await mintToken?.(account, options)) ?? null,
  })
}
