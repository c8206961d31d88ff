import { decodeUtf8 } from '@sealkit/core/go'
import { parseYaml } from '@sealkit/core/yaml'
import type { Credentials } from '../../credentials.ts'
import { ResolverError } from '../../error.ts'
import type { Scope } from '../../policy.ts'
import type { Store } from '../../store.ts'
import { type Json, list, object, optionalObject, text } from '../../view.ts'

/** How an API server is reached, and as whom. */
export interface Access {
  readonly server: string
  /** PEM; null = the platform's roots. */
  readonly certificateAuthority: string | null
  readonly clientCertificate: { readonly cert: string; readonly key: string } | null
  /** Empty with a client certificate. */
  readonly token: string
}

/** Seconds for which a ServiceAccount's token is asked. */
export const tokenSeconds = 3600

/** The namespace whose Secrets a store reads. */
export function remoteNamespace(store: Pick<Store, 'provider'>): string {
  return namespaceOf(store.provider.spec)
}

/** What a policy may bound. */
export function scope(spec: Json): Scope {
  return { namespaces: [[namespaceOf(spec)]] }
}

function namespaceOf(spec: Json): string {
  return text(spec['remoteNamespace'], 'default')
}

/**
 * Reads the access of a Kubernetes store: a kubeconfig in a Secret (`authRef`), or `server` with one of the ways of
 * `auth`.
 *
 * @throws {ResolverError} `INVALID_STORE`, `CREDENTIAL_MISSING`
 */
export async function readAccess(store: Store, credentials: Credentials): Promise<Access> {
  const spec = store.provider.spec
  const authRef = optionalObject(spec['authRef'])
  if (authRef !== null) return kubeconfigAccess(decodeUtf8(await credentials.secretKey(authRef)))
  const server = object(spec['server'])
  const auth = object(spec['auth'])
  const certificate = optionalObject(auth['cert'])
  return {
    server: serverUrl(text(server['url'], 'kubernetes.default')),
    certificateAuthority: await credentials.certificateAuthority(server),
    clientCertificate: certificate === null ? null : await clientCertificate(certificate, credentials),
    token: certificate === null ? await bearerToken(store, auth, credentials) : '',
  }
}

function serverUrl(url: string): string {
  const whole = url.includes('://') ? url : `https://${url}`
  if (URL.canParse(whole) && /^https?:$/.test(new URL(whole).protocol)) {
    // Query and fragment are no part of an address: what is asked for would become a part of them.
    return Object.assign(new URL(whole), { search: '', hash: '' }).href.replace(/\/$/, '')
  }
  throw new ResolverError('INVALID_STORE', 'kubernetes.server.url must be an http or https URL')
}

async function clientCertificate(block: Json, credentials: Credentials): Promise<{ cert: string; key: string }> {
  return {
    cert: await credentials.secretText(block['clientCert']),
    key: await credentials.secretText(block['clientKey']),
  }
}

async function bearerToken(store: Store, auth: Json, credentials: Credentials): Promise<string> {
  const account = optionalObject(auth['serviceAccount'])
  if (account !== null) return credentials.serviceAccountToken(account, [], tokenSeconds)
  const token = optionalObject(object(auth['token'])['bearerToken'])
  if (token !== null) return credentials.secretText(token)
  throw new ResolverError('INVALID_STORE', `store "${store.name}": no credentials provided`, {
    hint: 'set kubernetes.auth to serviceAccount, token or cert',
  })
}

/** What a kubeconfig's user may name beside its own data: programs, and files of this machine. */
const outside: readonly (readonly [field: string, inline?: string])[] = [
  ['exec'],
  ['auth-provider'],
  ['tokenFile', 'token'],
  ['client-certificate', 'client-certificate-data'],
  ['client-key', 'client-key-data'],
]

/** Whoever wrote the kubeconfig must not run programs here, nor have files of this machine sent to its server. */
function refuseOutside(user: Json): void {
  const field = outside.find(([name, inline]) => user[name] !== undefined && user[inline ?? ''] === undefined)?.[0]
  if (field === undefined) return
  throw new ResolverError('INVALID_STORE', `the kubeconfig's user has ${field}: programs and files are not used`, {
    hint: 'give token, or client-certificate-data and client-key-data',
  })
}

/** The current context of a kubeconfig. @throws {ResolverError} `INVALID_STORE` where its user names programs or files */
function kubeconfigAccess(text_: string): Access {
  const config = object(parseYaml(text_))
  const named = (section: string, name: unknown, member: string): Json =>
    object(object(list(config[section]).find((item) => object(item)['name'] === name))[member])
  const context = named('contexts', config['current-context'], 'context')
  const cluster = named('clusters', context['cluster'], 'cluster')
  const user = named('users', context['user'], 'user')
  refuseOutside(user)
  const pem = (value: unknown): string => Buffer.from(text(value), 'base64').toString()
  const cert = pem(user['client-certificate-data'])
  const key = pem(user['client-key-data'])
  return {
    server: serverUrl(text(cluster['server'])),
    certificateAuthority: pem(cluster['certificate-authority-data']) || null,
    clientCertificate: cert === '' || key === '' ? null : { cert, key },
    token: text(user['token']),
  }
}

/** Whether credentials are looked up in the caller's namespace, so that only a caller can tell if the store works. */
export function isReferent(store: Store): boolean {
  const auth = object(store.provider.spec['auth'])
  const cert = object(auth['cert'])
  const selectors = [
    cert['clientCert'],
    cert['clientKey'],
    object(auth['token'])['bearerToken'],
    auth['serviceAccount'],
    store.provider.spec['authRef'],
  ].map(optionalObject)
  const isOpen = (selector: Json | null): boolean => selector !== null && text(selector['namespace']) === ''
  return store.kind === 'ClusterSecretStore' && selectors.some(isOpen)
}
