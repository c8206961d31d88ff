import type { ClusterObject, Key } from '@sealkit/kubernetes'
import type { ExternalSecret, StoreKind } from '@sealkit/resolver'
import type { Controller } from '../manager.ts'
import {
  type SecretStoreController,
  type SecretStoreControllerOptions,
  secretStoreController,
} from '../secret-store/controller.ts'
import { storeRefs } from './keys.ts'

/** What an ExternalSecret asks of the stores that it names. */
export interface NamedStores {
  /** Whether one is of another controller class: the ExternalSecret is then none of ours. */
  isForeign(externalSecret: ExternalSecret): boolean
  /** Whether one is new and about to be validated: its first word is waited for. */
  isPending(externalSecret: ExternalSecret): boolean
  /** Whether one is pending, or so new that its watch has not told of it, though it can be read. */
  isNew(externalSecret: ExternalSecret): boolean
  /** Looks whether they work, where reading from them failed for a cause that may pass. */
  probe(externalSecret: ExternalSecret): void
}

/** The stores of every kind that is watched. */
export interface Stores extends NamedStores {
  readonly controllers: readonly Controller[]
  /** A store as its informer saw it; null when it has not. */
  get(kind: StoreKind, key: Key): ClusterObject | null
}

/** How the stores are watched. */
export interface StoresOptions extends Omit<SecretStoreControllerOptions, 'kind'> {
  /** ClusterSecretStores too. */
  readonly clusterStores: boolean
  /** New stores are waited for. */
  readonly floodGate: boolean
}

/** Watches the stores. */
export function createStores(options: StoresOptions): Stores {
  const kinds: readonly StoreKind[] = options.clusterStores ? ['SecretStore', 'ClusterSecretStore'] : ['SecretStore']
  const controllers = new Map(kinds.map((kind) => [kind, secretStoreController({ ...options, kind })]))
  const get = (kind: StoreKind, key: Key): ClusterObject | null => controllers.get(kind)?.store(key) ?? null
  const named = (externalSecret: ExternalSecret): Named[] =>
    storeRefs(externalSecret).flatMap(({ kind, name }) => {
      const controller = controllers.get(kind)
      const namespace = kind === 'SecretStore' ? externalSecret.namespace : ''
      return controller === undefined ? [] : [{ controller, key: { namespace, name } }]
    })
  return {
    controllers: [...controllers.values()],
    get,
    isForeign: (externalSecret) =>
      named(externalSecret).some(({ controller, key }) => isOfOther(controller.store(key), options.controllerClass)),
    isPending: (externalSecret) =>
      options.floodGate && named(externalSecret).some(({ controller, key }) => controller.isPending(key)),
    isNew: (externalSecret) =>
      options.floodGate &&
      named(externalSecret).some(({ controller, key }) => controller.store(key) === null || controller.isPending(key)),
    probe(externalSecret) {
      for (const { controller, key } of named(externalSecret)) controller.probe(key)
    },
  }
}

interface Named {
  readonly controller: SecretStoreController
  readonly key: Key
}

function isOfOther(store: ClusterObject | null, controllerClass: string): boolean {
  const { controller = '' } = (store?.['spec'] ?? {}) as { readonly controller?: string }
  return controller !== '' && controller !== controllerClass
}
