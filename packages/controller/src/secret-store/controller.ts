import {
  type ClusterObject,
  type InformerHandlers,
  type Key,
  keyOf,
  keyText,
  resources,
  type WorkQueue,
  workQueue,
} from '@sealkit/kubernetes'
import type { StoreKind } from '@sealkit/resolver'
import { externalSecretsBackoff } from '../backoff.ts'
import { equal } from '../equal.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { isReady, readyCondition } from '../readiness.ts'
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
  const { kind } = options
  const parts: Parts = {
    queue: workQueue({ backoff: externalSecretsBackoff }),
    probed: new Map(),
    pending: new Map(),
  }
  const { queue, probed, pending } = parts
  const stores = informers(
    {
      cluster: options.cluster,
      resource: kind === 'SecretStore' ? resources.secretStore : resources.clusterSecretStore,
      onError: options.onWatchError,
      handlers: storeHandlers(options, parts),
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

interface Parts {
  readonly queue: WorkQueue
  /** When a store was last looked at because reading from it failed, by its key. */
  readonly probed: Map<string, number>
  /** When a store was first seen that nobody has validated yet. */
  readonly pending: Map<string, number>
}

function storeHandlers(
  { kind, onChange }: SecretStoreControllerOptions,
  { queue, probed, pending }: Parts,
): InformerHandlers {
  return {
    added: (object, occasion) => {
      if (!isValidated(object)) pending.set(keyText(keyOf(object)), performance.now())
      queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' })
    },
    updated: (object, last) => {
      if (isValidated(object)) pending.delete(keyText(keyOf(object)))
      const isRespecified = !equal(object['spec'], last['spec'])
      if (isRespecified) queue.add(keyOf(object))
      const isJudged = isReady(object) !== isReady(last) || isValidated(object) !== isValidated(last)
      if (isRespecified || isJudged) onChange(kind, object)
    },
    deleted: (last) => {
      probed.delete(keyText(keyOf(last)))
      pending.delete(keyText(keyOf(last)))
      queue.forget(keyOf(last))
      queue.add(keyOf(last))
    },
  }
}

function isValidated(store: ClusterObject): boolean {
  return readyCondition(store) !== undefined
}
