import { readFile } from 'node:fs/promises'
import { KubernetesError } from '../error.ts'
import { runExecPlugin } from './exec.ts'
import type { KubeconfigCluster, KubeconfigUser } from './kubeconfig.ts'

/** What one connection proves and trusts: headers for each request, PEM texts for TLS. */
export interface Session {
  readonly headers: Readonly<Record<string, string>>
  /** Absent = the system's roots. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Milliseconds since 1970; absent = only files and plugins say. */
  readonly expires?: number
}

/**
 * Gives the session to use now. `refresh` says that the server refused the last one (401): read files again, run the
 * plugin again.
 */
export type SessionSource = (refresh: boolean) => Promise<Session>

/** Tokens and certificates in files are rotated by others (kubelet: at 80 % of an hour), so they are read again. */
const rereadAfter = 60_000

/**
 * A session source for a kubeconfig's cluster and user. Files are read and plugins run at first use, never before; calls
 * at the same time share one reading.
 *
 * @throws (the source) CREDENTIALS_FAILED, KUBECONFIG_INVALID
 */
export function sessionSource(
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
  env: NodeJS.ProcessEnv = process.env,
): SessionSource {
  if (cluster.insecureSkipTlsVerify && (cluster.certificateAuthority || cluster.certificateAuthorityData)) {
    throw invalid('specifying a root certificates file with the insecure flag is not allowed')
  }
  checkProvider(user)
  let current: { session: Session; read: number } | undefined
  let pending: Promise<Session> | undefined
  const read = async (): Promise<Session> => {
    const session = await readSession(cluster, user, env)
    current = { session, read: Date.now() }
    return session
  }
  const fresh = (): boolean => {
    if (current === undefined) return false
    const { expires } = current.session
    return expires === undefined ? Date.now() - current.read < rereadAfter : Date.now() < expires
  }
  return (refresh) => {
    if (pending === undefined && current !== undefined && !refresh && fresh()) return Promise.resolve(current.session)
    pending ??= read().finally(() => {
      pending = undefined
    })
    return pending
  }
}

async function readSession(cluster: KubeconfigCluster, user: KubeconfigUser, env: NodeJS.ProcessEnv): Promise<Session> {
  const ca = await pem(cluster.certificateAuthorityData, cluster.certificateAuthority)
  const cert = await pem(user.clientCertificateData, user.clientCertificate)
  const key = await pem(user.clientKeyData, user.clientKey)
  const fixed = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  const token = await bearerToken(user)
  if (token) return { ...fixed, headers: { authorization: `Bearer ${token}` } }
  if (user.username || user.password) {
    const pair = Buffer.from(`${user.username ?? ''}:${user.password ?? ''}`).toString('base64')
    return { ...fixed, headers: { authorization: `Basic ${pair}` } }
  }
  if (cert) return { ...fixed, headers: {} }
  if (user.exec) return { ...fixed, ...(await pluginSession(user.exec, cluster, env)) }
  if (user.authProvider) return { ...fixed, headers: await providerHeaders(cluster, user) }
  return { ...fixed, headers: {} }
}

async function pluginSession(
  exec: NonNullable<KubeconfigUser['exec']>,
  cluster: KubeconfigCluster,
  env: NodeJS.ProcessEnv,
): Promise<Session> {
  const credential = await runExecPlugin(exec, cluster, env)
  return {
    headers: credential.token === undefined ? {} : { authorization: `Bearer ${credential.token}` },
    ...(credential.clientCertificate && { cert: credential.clientCertificate }),
    ...(credential.clientKey && { key: credential.clientKey }),
    expires: credential.expires ?? Number.POSITIVE_INFINITY,
  }
}

/** A token in a file wins over one in the kubeconfig, which is what remains where the file cannot be read. */
async function bearerToken(user: KubeconfigUser): Promise<string | undefined> {
  if (!user.tokenFile) return user.token
  try {
    const token = (await readFile(user.tokenFile, 'utf8')).trim()
    if (token !== '') return token
  } catch (cause) {
    if (!user.token) throw unreadable(user.tokenFile, cause)
  }
  return user.token
}

async function pem(data: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8')
  if (!path) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Auth providers that client-go once had; their plugins took their place. */
const removedProviders: Readonly<Record<string, { readonly plugin: string; readonly page: string }>> = {
  gcp: {
    plugin: '"gke-gcloud-auth-plugin"',
    page: 'https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke',
  },
  azure: {
    plugin: 'https://github.com/Azure/kubelogin',
    page: 'https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins',
  },
}

function checkProvider(user: KubeconfigUser): void {
  const name = user.authProvider?.name
  if (name === undefined || name === 'oidc') return
  const removed = removedProviders[name]
  if (removed === undefined) throw invalid(`no Auth Provider found for name ${JSON.stringify(name)}`)
  const { plugin, page } = removed
  const upstream = `The ${name} auth plugin has been removed.
Please use the ${plugin} kubectl/client-go credential plugin instead.
See ${page} for further details`
  throw new KubernetesError('KUBECONFIG_INVALID', `the ${name} auth provider no longer exists`, {
    upstream,
    hint: `use the credential plugin ${plugin}, see ${page}`,
  })
}

/** OpenID Connect, whose tokens client-node knows how to renew. It is heavy, so only these users load it. */
async function providerHeaders(cluster: KubeconfigCluster, user: KubeconfigUser): Promise<Record<string, string>> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: [{ name: 'cluster', server: cluster.server ?? '', skipTLSVerify: false }],
    users: [{ name: 'user', authProvider: user.authProvider }],
    contexts: [{ name: 'context', cluster: 'cluster', user: 'user' }],
    currentContext: 'context',
  })
  const options: { headers: Record<string, string> } = { headers: {} }
  const failed = (upstream: string, cause?: unknown): KubernetesError =>
    new KubernetesError('CREDENTIALS_FAILED', 'the OpenID Connect token has expired and cannot be renewed', {
      cause,
      upstream,
      hint: 'log in again with the tool that wrote the kubeconfig',
    })
  try {
    await config.applyToHTTPSOptions(options)
  } catch (cause) {
    throw failed('failed to refresh token', cause)
  }
  const authorization = options.headers['Authorization']
  if (authorization === undefined) throw failed('No valid id-token, and cannot refresh without refresh-token')
  return { authorization }
}

function unreadable(path: string, cause: unknown): KubernetesError {
  const denied = (cause as NodeJS.ErrnoException).code === 'EACCES'
  const upstream = `open ${path}: ${denied ? 'permission denied' : 'no such file or directory'}`
  return new KubernetesError('CREDENTIALS_FAILED', upstream, { cause, upstream })
}

function invalid(upstream: string): KubernetesError {
  return new KubernetesError('KUBECONFIG_INVALID', upstream, { upstream, hint: 'correct the kubeconfig' })
}
