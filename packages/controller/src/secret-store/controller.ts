import {
  type ClusterObject,
  type Condition,
  findCondition,
  type Key,
  keyOf,
  keyText,
  resources,
  workQueue,
} from '@sealkit/kubernetes'
import type { StoreKind } from '@sealkit/resolver'
import { externalSecretsBackoff } from '../backoff.ts'
import { equal } from '../equal.ts'
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
  /** Looks whether a store works, where reading from it failed; not again within a few seconds. */
  readonly probe: (key: Key) => void
  /** Whether a store is new here, and still to be looked at for the first time. */
  readonly isPending: (key: Key) => boolean
}

/** Milliseconds for which a new store's first validation is waited for. */
const pendingFor = 10_000

/** Milliseconds between validations that failing reads ask for. */
const probeEvery = 3_000

/** Watches the stores of one kind. */
export function secretStoreController(options: SecretStoreControllerOptions): SecretStoreController {
  const { kind, onChange } = options
  const probed = new Map<string, number>()
  const pending = new Map<string, number>()
  const queue = workQueue({ backoff: externalSecretsBackoff })
  const stores = informers(
    {
      cluster: options.cluster,
      resource: kind === 'SecretStore' ? resources.secretStore : resources.clusterSecretStore,
      onError: options.onWatchError,
      handlers: {
        added: (object, occasion) => {
          if (!isValidated(object)) pending.set(keyText(keyOf(object)), performance.now())
          queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' })
        },
        updated: (object, last) => {
          if (isValidated(object)) pending.delete(keyText(keyOf(object)))
          if (!equal(object['spec'], last['spec'])) queue.add(keyOf(object))
          if (
            !equal(object['spec'], last['spec']) ||
            isReady(object) !== isReady(last) ||
            isValidated(object) !== isValidated(last)
          )
            onChange(kind, object)
        },
        deleted: (last) => {
          probed.delete(keyText(keyOf(last)))
          pending.delete(keyText(keyOf(last)))
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
    isPending: (key) => performance.now() - (pending.get(keyText(key)) ?? Number.NEGATIVE_INFINITY) < pendingFor,
    probe(key) {
      const last = probed.get(keyText(key))
      if (last !== undefined && performance.now() - last < probeEvery) return
      probed.set(keyText(key), performance.now())
      queue.add(key)
    },
    reconcile: reconcileSecretStore({ ...options, store }),
  }
}

function isReady(store: ClusterObject): boolean {
  return readyOf(store)?.status === 'True'
}

function isValidated(store: ClusterObject): boolean {
  return readyOf(store) !== undefined
}

function readyOf(store: ClusterObject): Condition | undefined {
  const { conditions } = (store['status'] ?? {}) as { readonly conditions?: readonly Condition[] }
  return findCondition(conditions, 'Ready')
}
