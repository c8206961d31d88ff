import { LoginError, prefixed, ResolverError } from '../../error.ts'
import type { OpenOptions } from '../../provider.ts'
import { type Json, optionalObject, text, texts } from '../../view.ts'
import type { Answer } from './api.ts'
import { encodePath } from './path.ts'

/** A way to a token: one that is there already, or a login. */
export type Login =
  | { readonly token: string }
  | {
      readonly path: string
      readonly data: Readonly<Record<string, unknown>>
      /** What stands before a failure of it. */
      readonly failure: string
    }

type Request = Omit<Extract<Login, { readonly path: string }>, 'failure'>

/** What a login may draw on. */
export type LoginOptions = OpenOptions

type Method = (auth: Json, options: LoginOptions) => Promise<Request | { readonly token: string }>

/** Seconds for which a ServiceAccount's token is asked. */
const tokenSeconds = 600

/**
 * Auth methods by their key in `spec.provider.vault.auth`, in the order of precedence: the first that is there is used.
 */
const methods: readonly (readonly [key: string, method: Method, failure?: string])[] = [
  ['tokenSecretRef', async (ref, { credentials }) => ({ token: await credentials.secretText(ref) })],
  ['appRole', appRole, authMethod('app role')],
  ['kubernetes', kubernetes, authMethod('Kubernetes')],
  ['ldap', (auth, options) => passwordLogin('ldap', auth, options), authMethod('LDAP')],
  ['userPass', (auth, options) => passwordLogin('userpass', auth, options), authMethod('userpass')],
  ['jwt', jwt],
  [
    'cert',
    async (auth) => ({ path: loginPath(auth, 'path', 'cert'), data: { name: text(auth['vaultRole']) } }),
    'error from Vault request: ',
  ],
  ['iam', iam, authMethod('AWS')],
  ['gcp', gcp, authMethod('GCP')],
]

/**
 * What the store's auth block comes to; null when it has none.
 *
 * @throws {ResolverError} `CREDENTIAL_MISSING`, `NOT_SUPPORTED` for a block without a method that we have
 */
export async function readLogin(auth: Json | null, options: LoginOptions): Promise<Login | null> {
  if (auth === null) return null
  for (const [key, method, failure = ''] of methods) {
    const block = optionalObject(auth[key])
    if (block !== null) return { ...(await method(block, options)), failure }
  }
  throw new ResolverError('NOT_SUPPORTED', 'vault.auth has no method that is supported', {
    hint: `the methods are ${methods.map(([key]) => key).join(', ')}`,
  })
}

async function appRole(auth: Json, { credentials }: LoginOptions): Promise<Request> {
  const ref = optionalObject(auth['roleRef'])
  const roleId = ref === null ? text(auth['roleId']).trim() : await credentials.secretText(ref)
  const secretId = await credentials.secretText(auth['secretRef'])
  return { path: loginPath(auth, 'path', 'approle'), data: { role_id: roleId, secret_id: secretId } }
}

async function kubernetes(auth: Json, options: LoginOptions): Promise<Request> {
  const data = { jwt: await kubernetesToken(auth, options), role: text(auth['role']) }
  // An `openBao` store says `path` where a `vault` store says `mountPath`.
  return { path: loginPath(auth, auth['mountPath'] === undefined ? 'path' : 'mountPath', 'kubernetes'), data }
}

/** Where a pod finds its own token. */
const podToken = '/var/run/secrets/kubernetes.io/serviceaccount/token'

async function kubernetesToken(auth: Json, { credentials, environment }: LoginOptions): Promise<string> {
  const account = optionalObject(auth['serviceAccountRef'])
  if (account !== null) return credentials.serviceAccountToken(account, [], tokenSeconds)
  const secret = optionalObject(auth['secretRef'])
  if (secret !== null) return credentials.secretText(secret, 'token')
  if (environment.ambient === undefined || environment.readFile === undefined) {
    throw new ResolverError('POLICY_DENIED', "vault.auth.kubernetes names no token, and the pod's own is not allowed", {
      hint: 'name a ServiceAccount in serviceAccountRef',
    })
  }
  const token = await environment.readFile(podToken).catch((cause: unknown) => {
    throw new ResolverError('CREDENTIAL_MISSING', "the pod's own token cannot be read", { cause })
  })
  return token.trim()
}

async function passwordLogin(mount: string, auth: Json, { credentials }: LoginOptions): Promise<Request> {
  const username = encodePath(text(auth['username']).trim())
  const password = await credentials.secretText(auth['secretRef'])
  return { path: `${loginPath(auth, 'path', mount)}/${username}`, data: { password } }
}

async function jwt(auth: Json, { credentials }: LoginOptions): Promise<Request> {
  const account = optionalObject(auth['kubernetesServiceAccountToken'])
  const path = loginPath(auth, 'path', 'jwt')
  const role = text(auth['role']).trim()
  if (account === null) return { path, data: { role, jwt: await credentials.secretText(auth['secretRef']) } }
  const audiences = account['audiences'] === undefined ? ['vault'] : texts(account['audiences'])
  const seconds = Number(account['expirationSeconds'] ?? tokenSeconds)
  const token = await credentials.serviceAccountToken(account['serviceAccountRef'], audiences, seconds)
  return { path, data: { role, jwt: token } }
}

async function iam(auth: Json, options: LoginOptions): Promise<Request> {
  const { iamData } = await import('./iam.ts')
  return { path: loginPath(auth, 'path', 'aws'), data: await iamData(auth, options) }
}

async function gcp(auth: Json, options: LoginOptions): Promise<Request> {
  const { gcpData } = await import('./gcp.ts')
  return { path: loginPath(auth, 'path', 'gcp'), data: await gcpData(auth, options) }
}

function loginPath(auth: Json, field: string, otherwise: string): string {
  // Mount paths are written with or without slashes at their ends.
  return `auth/${encodePath(text(auth[field], otherwise).replace(/^\/+|\/+$/g, ''))}/login`
}

/** A token, and when it must be replaced. */
export interface Token {
  readonly value: string
  /** Milliseconds since 1970; `Infinity` for one that we did not ask for. */
  readonly until: number
  /** Whether we made it, and so must end it. */
  readonly ours: boolean
}

/** Milliseconds before its end at which a token counts as expired, as in External Secrets' token cache. */
const margin = 60_000

/** The token of a login's answer. @throws {ResolverError} `ACCESS_DENIED` when there is none */
export function readToken(answer: Answer, now: number): Token {
  const auth = answer?.get('auth')
  const members = auth?.kind === 'object' ? new Map(auth.members.map(({ key, value }) => [key, value])) : new Map()
  const token = members.get('client_token')
  const seconds = members.get('lease_duration')
  if (token?.kind !== 'string' || token.value === '') {
    throw new ResolverError('ACCESS_DENIED', 'the login gave no token')
  }
  const lifetime = seconds?.kind === 'number' ? Number(seconds.text) * 1000 : 0
  // No lifetime (0) means a token without an end.
  const until = lifetime === 0 ? Number.POSITIVE_INFINITY : now + Math.max(lifetime - margin, lifetime / 2)
  return { value: token.value, until, ours: true }
}

/** What Vault's client library says before a failure of a method that it knows. */
function authMethod(name: string): string {
  return `unable to log in to auth method: unable to log in with ${name} auth: `
}

/** A login's failure in the words of External Secrets. */
export function loginFailed(failure: string, error: unknown): LoginError {
  const { code, message, hint, upstream } = prefixed(failure, error, 'ACCESS_DENIED')
  return new LoginError(code, message, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(upstream === undefined ? {} : { upstream }),
  })
}
