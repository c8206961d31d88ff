import { existsSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { KubernetesError } from '../error.ts'
import { type Session, type SessionSource, sessionSource } from './credentials.ts'
import { emptyKubeconfig, type Kubeconfig, mergeKubeconfigs, readKubeconfig } from './kubeconfig.ts'
import { type ConfigOverrides, confirmUsable, type Selection, select, selectLoosely } from './select.ts'

/** All that a transport needs to reach one API server. */
export interface ConnectionConfig {
  /** `https://host:port` with an optional path, without a slash at its end. */
  readonly server: string
  /** Name to expect in the server's certificate, where it is not the host. */
  readonly serverName?: string
  /** True = the server's certificate is not checked. */
  readonly insecure?: boolean
  /** `http://`, `https://` or `socks5://`; absent = as `HTTPS_PROXY` and `NO_PROXY` say. */
  readonly proxyUrl?: string
  /** Milliseconds for one request; absent or 0 = none. */
  readonly timeout?: number
  /** Sent with every request: impersonation. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly session: SessionSource
}

/** A loaded configuration. Its two questions fail apart, as client-go's do. */
export interface ClientConfig {
  /** @throws KUBECONFIG_INVALID, KUBECONFIG_MISSING */
  connection(): ConnectionConfig
  /**
   * The namespace to work in, and whether a flag said so.
   *
   * @throws KUBECONFIG_INVALID, KUBECONFIG_MISSING
   */
  namespace(): { readonly namespace: string; readonly overridden: boolean }
}

/** Where to look, and what wins over what is found there. */
export interface LoadOptions {
  /** `--kubeconfig`: this file alone. */
  readonly kubeconfig?: string
  readonly overrides?: ConfigOverrides
  /** The process's environment, unless a test gives another. */
  readonly env?: NodeJS.ProcessEnv
  /** The ServiceAccount's folder in a pod. */
  readonly serviceAccountFolder?: string
}

const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Loads configuration in client-go's order: the file that was named; else the files of `KUBECONFIG`, merged; else
 * `~/.kube/config`; and where these say nothing, the ServiceAccount of the pod that this process runs in.
 *
 * @throws KUBECONFIG_INVALID where a file cannot be read or parsed
 */
export async function loadConfig(options: LoadOptions = {}): Promise<ClientConfig> {
  const env = options.env ?? process.env
  const overrides = options.overrides ?? {}
  const config = await loadKubeconfig(options.kubeconfig, env)
  const pod = inCluster(env, options.serviceAccountFolder ?? podFolder, overrides)
  return {
    connection() {
      try {
        const selection = select(config, overrides)
        confirmUsable(config, selection)
        return connectionConfig(selection, overrides, env)
      } catch (error) {
        if (pod !== undefined && isMissing(error)) return pod.connection()
        throw error
      }
    },
    namespace: () => namespaceOf(config, overrides, pod),
  }
}

async function loadKubeconfig(explicit: string | undefined, env: NodeJS.ProcessEnv): Promise<Kubeconfig> {
  if (explicit) {
    if (existsSync(explicit)) return mergeKubeconfigs([await loadFile(explicit)])
    const upstream = `stat ${explicit}: no such file or directory`
    throw new KubernetesError('KUBECONFIG_INVALID', upstream, { upstream, hint: 'check the path of --kubeconfig' })
  }
  const list = env['KUBECONFIG'] ?? ''
  const home = env['HOME'] || homedir()
  const paths = list === '' ? [join(home, '.kube', 'config')] : [...new Set(list.split(delimiter))]
  const present = paths.filter((path) => path !== '' && existsSync(path))
  return mergeKubeconfigs(await Promise.all(present.map(loadFile)))
}

async function loadFile(path: string): Promise<Kubeconfig> {
  try {
    const text = await readFile(path, 'utf8')
    return text.length === 0 ? emptyKubeconfig() : readKubeconfig(await parse(text), path)
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : ''
    const exact = (cause as { upstream?: string }).upstream ?? detail
    throw new KubernetesError('KUBECONFIG_INVALID', `error loading config file ${JSON.stringify(path)}: ${detail}`, {
      cause,
      upstream: `error loading config file "${path}": ${exact}`,
      hint: 'correct the file, or name another with --kubeconfig',
    })
  }
}

/** A kubeconfig that is JSON needs no YAML parser, which is the slower of the two to load. */
async function parse(text: string): Promise<unknown> {
  if (text.startsWith('{')) {
    try {
      return JSON.parse(text)
    } catch {
      // Flow-style YAML begins with a brace too.
    }
  }
  const { yamlToJson } = await import('@sealkit/core/yaml')
  return JSON.parse(yamlToJson(text))
}

function connectionConfig(selection: Selection, overrides: ConfigOverrides, env: NodeJS.ProcessEnv): ConnectionConfig {
  const { cluster, user } = selection
  const server = serverUrl(cluster.server ?? '')
  const timeout = overrides.requestTimeout ? requestTimeout(overrides.requestTimeout) : 0
  const common = { server, timeout, headers: impersonation(selection) }
  const proxy = cluster.proxyUrl ? { proxyUrl: cluster.proxyUrl } : {}
  // Credentials never travel over plain HTTP.
  if (server.startsWith('http:')) {
    const session: Session = { headers: {} }
    return { ...common, ...proxy, session: () => Promise.resolve(session) }
  }
  return {
    ...common,
    ...proxy,
    ...(cluster.tlsServerName && { serverName: cluster.tlsServerName }),
    ...(cluster.insecureSkipTlsVerify && { insecure: true }),
    session: sessionSource(cluster, user, env),
  }
}

/** `host:port` without a scheme is plain HTTP, as client-go has it. */
function serverUrl(server: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `http://${server}`
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
    const upstream = `host must be a URL or a host:port pair: ${JSON.stringify(server)}`
    throw new KubernetesError('KUBECONFIG_INVALID', 'the server is neither a URL nor host:port', { upstream })
  }
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 }

function requestTimeout(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text.replace(/^\+/, '')) {
    return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0), 0)
  }
  const upstream =
    'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)'
  throw new KubernetesError('KUBECONFIG_INVALID', 'the request timeout is no duration', {
    upstream,
    hint: 'write it as 30s, 2m or 1h',
  })
}

function impersonation({ user }: Selection): Record<string, string | readonly string[]> {
  if (!user.as) return {}
  const headers: Record<string, string | readonly string[]> = { 'impersonate-user': user.as }
  if (user.asUid) headers['impersonate-uid'] = user.asUid
  if (user.asGroups?.length) headers['impersonate-group'] = user.asGroups
  for (const [name, values] of Object.entries(user.asUserExtra ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(name.toLowerCase())}`] = values
  }
  return headers
}

function namespaceOf(
  config: Kubeconfig,
  overrides: ConfigOverrides,
  pod: InCluster | undefined,
): { namespace: string; overridden: boolean } {
  if (overrides.namespace) return { namespace: overrides.namespace, overridden: true }
  try {
    const selection = selectLoosely(config, overrides)
    confirmUsable(config, selection)
    const namespace = selection.context.namespace || (pod?.namespace() ?? 'default')
    return { namespace, overridden: false }
  } catch (error) {
    if (pod !== undefined && isMissing(error)) return { namespace: pod.namespace(), overridden: false }
    throw error
  }
}

interface InCluster {
  connection(): ConnectionConfig
  namespace(): string
}

function inCluster(env: NodeJS.ProcessEnv, folder: string, overrides: ConfigOverrides): InCluster | undefined {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT']]
  const tokenFile = join(folder, 'token')
  if (!host || !port || !statSync(tokenFile, { throwIfNoEntry: false })?.isFile()) return undefined
  return {
    connection() {
      const server = overrides.server || `https://${host.includes(':') ? `[${host}]` : host}:${port}`
      const certificateAuthority = overrides.certificateAuthority || join(folder, 'ca.crt')
      const user = overrides.token ? { token: overrides.token } : { tokenFile }
      return { server: serverUrl(server), session: sessionSource({ server, certificateAuthority }, user, env) }
    },
    namespace() {
      if (env['POD_NAMESPACE']) return env['POD_NAMESPACE']
      try {
        return readFileSync(join(folder, 'namespace'), 'utf8').trim() || 'default'
      } catch {
        return 'default'
      }
    },
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof KubernetesError && error.code === 'KUBECONFIG_MISSING'
}
