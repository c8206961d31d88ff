import { accessSync, constants } from 'node:fs'
import { KubernetesError } from '../error.ts'
import type { Kubeconfig, KubeconfigCluster, KubeconfigContext, KubeconfigUser } from './kubeconfig.ts'

/** What kubectl's override flags say; each wins over the kubeconfig. Absent and empty mean "not given". */
export interface ConfigOverrides {
  /** `--context` */
  readonly context?: string
  /** `--cluster`: name of an entry. */
  readonly cluster?: string
  /** `--user`: name of an entry. */
  readonly user?: string
  /** `--namespace`, without a `ns/` prefix. */
  readonly namespace?: string
  /** `--server` */
  readonly server?: string
  /** `--tls-server-name` */
  readonly tlsServerName?: string
  /** `--insecure-skip-tls-verify` */
  readonly insecureSkipTlsVerify?: boolean
  /** `--certificate-authority`: a path. */
  readonly certificateAuthority?: string
  /** `--proxy-url` */
  readonly proxyUrl?: string
  /** `--client-certificate`: a path. */
  readonly clientCertificate?: string
  /** `--client-key`: a path. */
  readonly clientKey?: string
  /** `--token` */
  readonly token?: string
  /** `--username` */
  readonly username?: string
  /** `--password` */
  readonly password?: string
  /** `--as` */
  readonly as?: string
  /** `--as-uid` */
  readonly asUid?: string
  /** `--as-group`, repeatable. */
  readonly asGroups?: readonly string[]
  /** `--request-timeout`: seconds (`30`) or a Go duration (`1m30s`); `0` is none. */
  readonly requestTimeout?: string
}

/** The entries of a kubeconfig that one connection uses, overrides applied. */
export interface Selection {
  readonly contextName: string
  readonly clusterName: string
  readonly userName: string
  readonly context: KubeconfigContext
  readonly cluster: KubeconfigCluster
  readonly user: KubeconfigUser
}

const clusterFlags = ['server', 'tlsServerName', 'insecureSkipTlsVerify', 'certificateAuthority', 'proxyUrl'] as const
const userFlags = [
  ...(['clientCertificate', 'clientKey', 'token', 'username', 'password'] as const),
  ...(['as', 'asUid', 'asGroups'] as const),
]
const contextFlags = ['cluster', 'user', 'namespace'] as const

/**
 * Chooses context, user and cluster. An entry that an override names must exist; the others may be missing, which
 * {@link confirmUsable} reports.
 *
 * @throws KUBECONFIG_INVALID with client-go's texts (`context "x" does not exist`, ...)
 */
export function select(config: Kubeconfig, overrides: ConfigOverrides): Selection {
  const selection = selectLoosely(config, overrides)
  // client-go looks for the user first, then the context, then the cluster, and reports the first that is missing.
  if (overrides.user && !config.users.has(selection.userName)) missing('auth info', selection.userName)
  if (overrides.context && !config.contexts.has(selection.contextName)) missing('context', selection.contextName)
  if (overrides.cluster && !config.clusters.has(selection.clusterName)) missing('cluster', selection.clusterName)
  return selection
}

/** Chooses like {@link select}, and leaves what is missing to {@link confirmUsable}. */
export function selectLoosely(config: Kubeconfig, overrides: ConfigOverrides): Selection {
  const contextName = overrides.context || config.currentContext
  const context = { ...config.contexts.get(contextName), ...given(overrides, contextFlags) }
  const userName = context.user ?? ''
  const clusterName = context.cluster ?? ''
  const user = overrideUser(config.users.get(userName), overrides)
  return { contextName, clusterName, userName, context, user, cluster: overrideCluster(config, clusterName, overrides) }
}

function overrideCluster(config: Kubeconfig, name: string, overrides: ConfigOverrides): KubeconfigCluster {
  const cluster = { ...config.clusters.get(name) }
  // A flag about trust replaces all that the file says about trust; a server of one's own drops the file's TLS name.
  if (overrides.insecureSkipTlsVerify || overrides.certificateAuthority) {
    delete cluster.insecureSkipTlsVerify
    delete cluster.certificateAuthority
    delete cluster.certificateAuthorityData
  }
  if (overrides.tlsServerName || overrides.server) delete cluster.tlsServerName
  return Object.assign(cluster, given(overrides, clusterFlags))
}

function overrideUser(entry: KubeconfigUser | undefined, overrides: ConfigOverrides): KubeconfigUser {
  const user = { ...entry }
  if (overrides.clientKey) delete user.clientKeyData
  if (overrides.clientCertificate) delete user.clientCertificateData
  return Object.assign(user, given(overrides, userFlags))
}

function given<Name extends keyof ConfigOverrides>(
  overrides: ConfigOverrides,
  names: readonly Name[],
): Partial<Pick<ConfigOverrides, Name>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = overrides[name]
      return value === undefined || value === '' || value === false || (Array.isArray(value) && value.length === 0)
        ? []
        : [[name, value]]
    }),
  ) as Partial<Pick<ConfigOverrides, Name>>
}

function missing(what: string, name: string): never {
  throw invalid(`${what} ${JSON.stringify(name)} does not exist`)
}

function invalid(upstream: string, message: string = upstream): KubernetesError {
  return new KubernetesError('KUBECONFIG_INVALID', message, {
    upstream,
    hint: 'correct the kubeconfig, or pass --kubeconfig, --context, --user or --cluster',
  })
}

/**
 * Checks a selection as client-go's `ConfirmUsable` does: all faults at once.
 *
 * @throws KUBECONFIG_MISSING where nothing says which cluster is meant, KUBECONFIG_INVALID for all else
 */
export function confirmUsable(config: Kubeconfig, selection: Selection): void {
  const faults: string[] = []
  if (selection.contextName !== '' && !config.contexts.has(selection.contextName)) {
    faults.push(`context was not found for specified context: ${selection.contextName}`)
  }
  faults.push(...userFaults(selection.userName, selection.user))
  if (Object.keys(selection.cluster).length === 0 && !config.clusters.has(selection.clusterName)) {
    if (faults.length === 0) throw missingConfig()
    faults.push('cluster has no server defined')
  } else faults.push(...clusterFaults(selection.clusterName, selection.cluster))
  if (faults.length === 0) return
  const unique = [...new Set(faults)]
  const all = unique.length === 1 ? unique.join() : `[${unique.join(', ')}]`
  throw invalid(
    `invalid configuration: ${all}`,
    `invalid configuration: ${all.replace(/invalid 'proxy-url' "[^"]*"/, 'invalid proxy-url')}`,
  )
}

/** The error of a process that was told of no cluster. */
function missingConfig(): KubernetesError {
  const upstream =
    'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable'
  return new KubernetesError('KUBECONFIG_MISSING', 'no kubeconfig was found', {
    upstream,
    hint: 'set KUBECONFIG or pass --kubeconfig',
  })
}

function clusterFaults(name: string, cluster: KubeconfigCluster): string[] {
  const faults: string[] = []
  if (!cluster.server) {
    faults.push(
      name === '' ? 'default cluster has no server defined' : `no server found for cluster ${JSON.stringify(name)}`,
    )
  }
  if (cluster.proxyUrl) {
    const fault = proxyFault(cluster.proxyUrl)
    if (fault) {
      const [url, of] = [JSON.stringify(cluster.proxyUrl), JSON.stringify(name)]
      faults.push(`invalid 'proxy-url' ${url} for cluster ${of}: ${fault}`)
    }
  }
  if (cluster.certificateAuthority && cluster.certificateAuthorityData) {
    const fields = 'certificate-authority-data and certificate-authority'
    faults.push(`${fields} are both specified for ${name}. certificate-authority-data will override.`)
  }
  if (cluster.certificateAuthority)
    faults.push(...unreadable('certificate-authority', cluster.certificateAuthority, name))
  return faults
}

function proxyFault(proxyUrl: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(proxyUrl)?.[1]?.toLowerCase() ?? ''
  if (['http', 'https', 'socks5'].includes(scheme)) return undefined
  return `unsupported scheme ${JSON.stringify(scheme)}, must be http, https, or socks5`
}

function userFaults(name: string, user: KubeconfigUser): string[] {
  const faults: string[] = []
  if (user.clientCertificate || user.clientCertificateData) faults.push(...certificateFaults(name, user))
  if (user.exec) faults.push(...execFaults(name, user))
  if (user.token && (user.username || user.password)) {
    faults.push(`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`)
  }
  if (!user.as && (user.asUid || user.asGroups?.length || Object.keys(user.asUserExtra ?? {}).length > 0)) {
    faults.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`)
  }
  return faults
}

function certificateFaults(name: string, user: KubeconfigUser): string[] {
  const faults: string[] = []
  if (user.clientCertificate && user.clientCertificateData) {
    const fields = 'client-cert-data and client-cert'
    faults.push(`${fields} are both specified for ${name}. client-cert-data will override.`)
  }
  if (user.clientKey && user.clientKeyData) {
    const fields = 'client-key-data and client-key'
    faults.push(`${fields} are both specified for ${name}; client-key-data will override`)
  }
  if (!user.clientKey && !user.clientKeyData) {
    const fields = 'client-key-data or client-key'
    faults.push(`${fields} must be specified for ${name} to use the clientCert authentication method.`)
  }
  if (user.clientCertificate) faults.push(...unreadable('client-cert', user.clientCertificate, name))
  if (user.clientKey) faults.push(...unreadable('client-key', user.clientKey, name))
  return faults
}

function execFaults(name: string, user: KubeconfigUser): string[] {
  const { exec } = user
  if (exec === undefined) return []
  const use = `for ${name} to use exec authentication plugin`
  const faults: string[] = []
  if (user.authProvider) faults.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`)
  if (exec.command === '') faults.push(`command must be specified ${use}`)
  if (exec.apiVersion === '') faults.push(`apiVersion must be specified ${use}`)
  for (const variable of exec.env) if (variable.name === '') faults.push(`env variable name must be specified ${use}`)
  if (exec.interactiveMode === '') faults.push(`interactiveMode must be specified ${use}`)
  else if (!['Never', 'IfAvailable', 'Always'].includes(exec.interactiveMode)) {
    faults.push(`invalid interactiveMode for ${name}: ${JSON.stringify(exec.interactiveMode)}`)
  }
  return faults
}

function unreadable(field: string, path: string, name: string): string[] {
  try {
    accessSync(path, constants.R_OK)
    return []
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES'
    const cause = denied ? 'permission denied' : 'no such file or directory'
    return [`unable to read ${field} ${path} for ${name} due to open ${path}: ${cause}`]
  }
}
