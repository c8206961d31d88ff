import type { Manifest } from '@sealkit/core/manifest'
import type { ClusterAccess, ObjectKey, TokenOptions } from './cluster.ts'
import { ResolverError } from './error.ts'
import type { Store } from './store.ts'
import { type Json, object, text, textMap, texts } from './view.ts'

/** One object that a session's credentials came from, as it was when it was read. */
export interface CredentialSource {
  readonly kind: 'Secret' | 'ConfigMap' | 'ServiceAccount'
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/** The credentials that a store names; each read is remembered, so that a changed object ends the session. */
export interface Credentials {
  readonly sources: readonly CredentialSource[]
  /**
   * The bytes that a `SecretKeySelector` (`{ name, key, namespace? }`) points at.
   *
   * @throws {ResolverError} `CREDENTIAL_MISSING` when the Secret or the key is not there
   */
  secretKey(selector: unknown, defaultKey?: string): Promise<Uint8Array>
  /** A whole Secret: its labels, and its data as bytes. @throws {ResolverError} `CREDENTIAL_MISSING` */
  secret(selector: unknown): Promise<CredentialSecret>
  /** The same as text without surrounding white space, as External Secrets takes tokens and passwords. */
  secretText(selector: unknown, defaultKey?: string): Promise<string>
  /** A `caBundle` (base64) or what a `caProvider` points at; null when the store names neither. */
  certificateAuthority(spec: { readonly caBundle?: unknown; readonly caProvider?: unknown }): Promise<string | null>
  /**
   * A token for a `ServiceAccountSelector` (`{ name, namespace?, audiences? }`).
   *
   * @throws {ResolverError} `CREDENTIAL_MISSING`
   */
  serviceAccountToken(selector: unknown, audiences: readonly string[], expirationSeconds: number): Promise<string>
  /** The annotations of a ServiceAccount. @throws {ResolverError} `CREDENTIAL_MISSING` */
  serviceAccountAnnotations(selector: unknown): Promise<Readonly<Record<string, string>>>
}

/** A Secret that a store names whole. */
export interface CredentialSecret {
  readonly labels: Readonly<Record<string, string>>
  readonly data: ReadonlyMap<string, Uint8Array>
}

/** Credentials of a store, for an ExternalSecret of `namespace`. */
export function storeCredentials(cluster: ClusterAccess, store: Store, namespace: string): Credentials {
  const reader = objectReader(cluster)
  const place = (selector: unknown): ObjectKey => locate(store, namespace, selector)
  const secretKey = async (selector: unknown, defaultKey = ''): Promise<Uint8Array> => {
    const key = place(selector)
    const { data } = await reader.read('Secret', key)
    return entry(object(data), key, text(object(selector)['key'], defaultKey))
  }
  return {
    get sources(): readonly CredentialSource[] {
      return reader.sources()
    },
    secretKey,
    async secretText(selector, defaultKey): Promise<string> {
      return Buffer.from(await secretKey(selector, defaultKey))
        .toString('utf8')
        .trim()
    },
    async secret(selector): Promise<CredentialSecret> {
      const { metadata, data } = await reader.read('Secret', place(selector))
      const bytes = Object.entries(textMap(data)).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const)
      return { labels: metadata?.labels ?? {}, data: new Map(bytes) }
    },
    async certificateAuthority({ caBundle, caProvider }): Promise<string | null> {
      if (typeof caBundle === 'string' && caBundle !== '') return Buffer.from(caBundle, 'base64').toString('utf8')
      const provider = object(caProvider)
      return provider['name'] === undefined ? null : readAuthority(reader, provider, place(provider))
    },
    async serviceAccountToken(selector, audiences, expirationSeconds): Promise<string> {
      const all = [...audiences, ...texts(object(selector)['audiences'])]
      return reader.token(place(selector), { audiences: all, expirationSeconds })
    },
    async serviceAccountAnnotations(selector): Promise<Readonly<Record<string, string>>> {
      return (await reader.read('ServiceAccount', place(selector))).metadata?.annotations ?? {}
    },
  }
}

interface ObjectReader {
  /** The objects that were read, each as it was when it was last read. */
  sources(): readonly CredentialSource[]
  read(kind: CredentialSource['kind'], key: ObjectKey): Promise<Manifest>
  token(account: ObjectKey, options: TokenOptions): Promise<string>
}

function objectReader(cluster: ClusterAccess): ObjectReader {
  const sources = new Map<string, CredentialSource>()
  const remember = (kind: CredentialSource['kind'], key: ObjectKey, found: Manifest | null): void => {
    const { uid = '', resourceVersion = '' } = found?.metadata ?? {}
    sources.set(JSON.stringify([kind, key.namespace, key.name]), { kind, ...key, uid, resourceVersion })
  }
  return {
    sources: () => [...sources.values()],
    async read(kind, key): Promise<Manifest> {
      const found = await cluster.get(kind, key)
      if (found === null) throw absent('cannot get Kubernetes', kind, key)
      remember(kind, key, found)
      return found
    },
    async token(account, options): Promise<string> {
      const token = await cluster.serviceAccountToken(account, options)
      if (token === null) throw absent('cannot get a token for', 'ServiceAccount', account)
      remember('ServiceAccount', account, await cluster.get('ServiceAccount', account))
      return token
    },
  }
}

function absent(what: string, kind: CredentialSource['kind'], { namespace, name }: ObjectKey): ResolverError {
  return missing(`${what} ${kind.toLowerCase()} "${name}" from namespace "${namespace}"`)
}

async function readAuthority(reader: ObjectReader, provider: Json, key: ObjectKey): Promise<string> {
  const kind = provider['type'] === 'ConfigMap' ? 'ConfigMap' : 'Secret'
  const data = object((await reader.read(kind, key))['data'])
  const name = text(provider['key'], 'ca.crt')
  return kind === 'Secret' ? Buffer.from(entry(data, key, name)).toString('utf8') : plain(data, key, name)
}

/**
 * Where a selector points. A SecretStore reads its own namespace whatever the selector says; a ClusterSecretStore reads
 * the namespace that the selector names, else the caller's (referent credentials).
 */
function locate(store: Store, namespace: string, selector: unknown): ObjectKey {
  const { name, namespace: named } = object(selector)
  if (typeof name !== 'string' || name === '') {
    throw new ResolverError('INVALID_STORE', `${store.kind} "${store.name}" has a credential reference without a name`)
  }
  return { name, namespace: store.kind === 'SecretStore' ? store.namespace || namespace : text(named, namespace) }
}

function entry(data: Json, key: ObjectKey, name: string): Uint8Array {
  return Buffer.from(plain(data, key, name), 'base64')
}

function plain(data: Json, key: ObjectKey, name: string): string {
  const value = Object.hasOwn(data, name) ? data[name] : undefined
  if (typeof value === 'string') return value
  throw missing(`cannot find secret data for key: "${name}" in "${key.name}" of namespace "${key.namespace}"`)
}

function missing(message: string): ResolverError {
  return new ResolverError('CREDENTIAL_MISSING', message, {
    hint: 'create the object, or correct the store that names it',
  })
}
