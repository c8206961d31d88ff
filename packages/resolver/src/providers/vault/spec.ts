import { parseDuration } from '@sealkit/core/go'
import { ResolverError } from '../../error.ts'
import type { Scope } from '../../policy.ts'
import type { Store } from '../../store.ts'
import { type Json, object, optionalObject, text, textMap } from '../../view.ts'

/** `spec.provider.vault` with the CRD's defaults. */
export interface VaultSpec {
  readonly server: URL
  /** The KV mount; null = keys start with theirs. */
  readonly path: string | null
  readonly version: 'v1' | 'v2'
  /** `X-Vault-Namespace` of data requests; empty = none. */
  readonly namespace: string
  /** Of login requests, where it differs. */
  readonly authNamespace: string
  readonly headers: Readonly<Record<string, string>>
  readonly readYourWrites: boolean
  readonly forwardInconsistent: boolean
  /** A push sends `options.cas`. */
  readonly checkAndSet: boolean
  /** Null = no login: an agent in front of the server adds the token. */
  readonly auth: Json | null
  readonly trust: Json
  readonly maxRetries: number
  readonly retryInterval: string
}

/** The Vault client's own number of retries, where the store says nothing. */
const defaultRetries = 2

/** Reads the spec of a Vault store. @throws {ResolverError} `INVALID_STORE` */
export function readSpec(store: Store): VaultSpec {
  const spec = store.provider.spec
  const auth = optionalObject(spec['auth'])
  const namespace = text(spec['namespace'])
  return {
    server: serverUrl(store.name, spec['server']),
    path: text(spec['path']) || null,
    version: version(store.name, spec['version']),
    namespace,
    authNamespace: text(auth?.['namespace'], namespace),
    headers: textMap(spec['headers']),
    readYourWrites: spec['readYourWrites'] === true,
    forwardInconsistent: spec['forwardInconsistent'] === true,
    checkAndSet: object(spec['checkAndSet'])['required'] === true,
    auth,
    trust: spec,
    maxRetries: store.retry?.maxRetries ?? defaultRetries,
    retryInterval: store.retry?.retryInterval ?? '',
  }
}

function serverUrl(name: string, server: unknown): URL {
  // Query and fragment are no part of an address: what is asked for would become a part of them.
  const url = withoutQuery(parseUrl(server))
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new ResolverError('INVALID_STORE', `store "${name}": vault.server must be an http or https URL`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new ResolverError('INVALID_STORE', `store "${name}": vault.server must not hold credentials`)
  }
  return url
}

function parseUrl(value: unknown): URL | null {
  return typeof value === 'string' && URL.canParse(value) ? new URL(value) : null
}

function withoutQuery(url: URL | null): URL | null {
  return url === null ? null : Object.assign(url, { search: '', hash: '' })
}

/** What a policy may bound: the mount, and the namespaces of logins and reads, which headers may name as well. */
export function scope(spec: Json): Scope {
  const namespace = text(spec['namespace'])
  const named = Object.entries(textMap(spec['headers']))
    .filter(([header]) => header.toLowerCase() === 'x-vault-namespace')
    .map(([, value]) => value)
  const namespaces = [namespace, text(object(spec['auth'])['namespace'], namespace), ...named]
  return { mounts: [[trimmed(text(spec['path']))]], namespaces: namespaces.map((each) => [trimmed(each)]) }
}

/** Vault takes mounts and namespaces with or without slashes at their ends. */
function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '')
}

function version(name: string, value: unknown): 'v1' | 'v2' {
  if (value === undefined || value === null || value === '' || value === 'v2') return 'v2'
  if (value === 'v1') return 'v1'
  throw new ResolverError('INVALID_STORE', `store "${name}": vault.version must be v1 or v2`)
}

/** Milliseconds of a Go duration; a second where there is none. */
export function retryDelay(interval: string): number {
  return interval === '' ? 1000 : Number(parseDuration(interval) / 1_000_000n)
}

/**
 * Whether credentials are looked up in the caller's namespace, so that only a caller can tell whether the store works.
 */
export function isReferent(store: Store): boolean {
  return store.kind === 'ClusterSecretStore' && hasOpenSelector(object(store.provider.spec['auth']))
}

const selectors: ReadonlySet<string> = new Set([
  'tokenSecretRef',
  'secretRef',
  'roleRef',
  'serviceAccountRef',
  'clientCert',
])

function hasOpenSelector(block: Json): boolean {
  return Object.entries(block).some(([key, value]) => {
    const inner = optionalObject(value)
    if (inner === null) return false
    if (!selectors.has(key) || 'accessKeyIDSecretRef' in inner) return hasOpenSelector(inner)
    return text(inner['namespace']) === ''
  })
}
