import { type ClusterObject, keyOf, resources, workQueue } from '@sealkit/kubernetes'
import type { StoreKind } from '@sealkit/resolver'
import { equal } from '../equal.ts'
import type { Condition } from '../external-secret/status.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { reconcileSecretStore, type SecretStoreContext } from './reconcile.ts'

/** How stores of one kind are watched. */
export interface SecretStoreControllerOptions extends Omit<SecretStoreContext, 'store'> {
  readonly namespaces: Namespaces
  readonly workers: number
  readonly onWatchError: (error: unknown) => void
  /** Told of a store whose spec or readiness changed. */
  readonly onChange: (kind: StoreKind, store: ClusterObject) => void
}

/** The controller of SecretStores or ClusterSecretStores, with its cache of them. */
export interface SecretStoreController extends Controller {
  readonly store: SecretStoreContext['store']
}

/** Watches the stores of one kind. */
export function secretStoreController(options: SecretStoreControllerOptions): SecretStoreController {
  const { kind, onChange } = options
  const queue = workQueue({ backoff: { initial: 1_000, maximum: 420_000, jitter: 0.2 } })
  const stores = informers(
    {
      cluster: options.cluster,
      resource: kind === 'SecretStore' ? resources.secretStore : resources.clusterSecretStore,
      onError: options.onWatchError,
      handlers: {
        added: (object, occasion) => {
          queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' })
        },
        updated: (object, last) => {
          if (!equal(object['spec'], last['spec'])) queue.add(keyOf(object))
          if (!equal(object['spec'], last['spec']) || isReady(object) !== isReady(last)) onChange(kind, object)
        },
        deleted: (last) => {
          queue.forget(keyOf(last))
          queue.add(keyOf(last))
        },
      },
    },
    kind === 'SecretStore' ? options.namespaces : null,
  )
  const store = lookup(stores)
  return {
    name: kind.toLowerCase(),
    informers: [stores],
    queue,
    workers: options.workers,
    store,
    reconcile: reconcileSecretStore({ ...options, store }),
  }
}

function isReady(store: ClusterObject): boolean {
  const { conditions = [] } = (store['status'] ?? {}) as { readonly conditions?: readonly Condition[] }
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}
