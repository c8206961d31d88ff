import { type ClusterObject, type Index, type Key, keyText } from '@sealkit/kubernetes'
import { type ExternalSecret, readExternalSecret, type StoreKind, type StoreRef } from '@sealkit/resolver'

/** The store that an ExternalSecret of a namespace means by a reference, as a key. */
export function storeKey(kind: StoreKind, namespace: string, name: string): string {
  return kind === 'SecretStore' ? `${kind}/${namespace}/${name}` : `${kind}/${name}`
}

/** A kind as `spec.target.manifest` names it. */
export interface GenericKind {
  readonly apiVersion: string
  readonly kind: string
}

/** A target of another kind than Secret, as a key. */
export function genericKey({ apiVersion, kind }: GenericKind, target: Key): string {
  return `${apiVersion}/${kind}/${keyText(target)}`
}

/** Indexes of ExternalSecrets: by the Secret that they write, the stores that they name and what they read there. */
export function externalSecretIndexes(): Readonly<Record<'target' | 'store' | 'read', Index>> {
  let last: { readonly object: ClusterObject; readonly view: ExternalSecret | null } | undefined
  const by =
    (keys: (view: ExternalSecret) => readonly string[]): Index =>
    (object) => {
      // All indexes ask about one object, one after the other.
      if (last?.object !== object) last = { object, view: view(object) }
      return last.view === null ? [] : keys(last.view)
    }
  return {
    target: by(({ namespace, target: { manifest, name } }) => {
      const key = { namespace, name }
      return [manifest === null ? keyText(key) : genericKey(manifest, key)]
    }),
    store: by(storesOf),
    read: by(readsOf),
  }
}

/** The typed view; null for an object that cannot be read, which its own reconcile reports. */
function view(object: ClusterObject): ExternalSecret | null {
  try {
    return readExternalSecret(object)
  } catch {
    return null
  }
}

/** The stores that an ExternalSecret names, as often as it names them. */
export function storeRefs({ dataFrom, data }: ExternalSecret): StoreRef[] {
  return [...dataFrom, ...data].flatMap((entry) => ('store' in entry ? [entry.store] : []))
}

/** Keys of the stores that an ExternalSecret names. */
export function storesOf(externalSecret: ExternalSecret): string[] {
  const keys = storeRefs(externalSecret).map(({ kind, name }) => storeKey(kind, externalSecret.namespace, name))
  return [...new Set(keys)]
}

/** Keys of what it reads: one for each remote secret, and one for all searches of a store. */
export function readsOf({ namespace, dataFrom, data }: ExternalSecret): string[] {
  const keys = [...dataFrom, ...data].flatMap((entry) => {
    if (!('store' in entry)) return []
    const { kind, name } = entry.store
    const key = 'remoteRef' in entry ? entry.remoteRef.key : entry.use === 'extract' ? entry.extract.key : ''
    return [readKey(storeKey(kind, namespace, name), key)]
  })
  return [...new Set(keys)]
}

/** What is read under a key of a store; the empty key stands for searches. */
export function readKey(store: string, key: string): string {
  return `${store}|${key}`
}
