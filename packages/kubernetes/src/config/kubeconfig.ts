import { dirname, isAbsolute, join, resolve } from 'node:path'
import { KubernetesError } from '../error.ts'
import { decodeGo, type GoStruct, type GoType, kind } from './gotype.ts'

/** How a cluster is reached: one entry of a kubeconfig's `clusters`. Absent fields are not set. */
export interface KubeconfigCluster {
  server?: string
  tlsServerName?: string
  insecureSkipTlsVerify?: boolean
  /** Path of a PEM file. */
  certificateAuthority?: string
  /** PEM in base64. */
  certificateAuthorityData?: string
  proxyUrl?: string
  /** Extension `client.authentication.k8s.io/exec`: what the exec plugin is told about this cluster. */
  execConfig?: unknown
}

/** A credential plugin: a command that prints an ExecCredential. */
export interface ExecConfig {
  readonly command: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly apiVersion: string
  readonly installHint: string
  readonly interactiveMode: string
  readonly provideClusterInfo: boolean
}

/** Who is calling: one entry of a kubeconfig's `users`. Absent fields are not set. */
export interface KubeconfigUser {
  clientCertificate?: string
  clientCertificateData?: string
  clientKey?: string
  clientKeyData?: string
  token?: string
  tokenFile?: string
  username?: string
  password?: string
  as?: string
  asUid?: string
  asGroups?: readonly string[]
  asUserExtra?: Readonly<Record<string, readonly string[]>>
  authProvider?: { readonly name: string; readonly config: Readonly<Record<string, string>> }
  exec?: ExecConfig
}

/** Which cluster, user and namespace go together: one entry of a kubeconfig's `contexts`. */
export interface KubeconfigContext {
  cluster?: string
  user?: string
  namespace?: string
}

/** A kubeconfig: one file's, or several merged. */
export interface Kubeconfig {
  readonly clusters: Map<string, KubeconfigCluster>
  readonly users: Map<string, KubeconfigUser>
  readonly contexts: Map<string, KubeconfigContext>
  currentContext: string
}

interface FileCluster extends Readonly<Record<string, unknown>> {
  readonly 'certificate-authority'?: string
  readonly extensions?: readonly { readonly name?: string; readonly extension?: unknown }[]
}

interface FileExec extends Partial<ExecConfig> {
  readonly env?: readonly { readonly name: string; readonly value: string }[]
}

interface FileUser extends Readonly<Record<string, unknown>> {
  readonly 'client-certificate'?: string
  readonly 'client-key'?: string
  readonly tokenFile?: string
  readonly 'auth-provider'?: { readonly name?: string; readonly config?: Readonly<Record<string, string>> }
  readonly exec?: FileExec
}

/** A kubeconfig as {@link kubeconfigType} reads it. */
interface File {
  readonly clusters?: readonly { readonly name?: string; readonly cluster?: FileCluster }[]
  readonly users?: readonly { readonly name?: string; readonly user?: FileUser }[]
  readonly contexts?: readonly { readonly name?: string; readonly context?: Readonly<Record<string, unknown>> }[]
  readonly 'current-context'?: string
}

const strings: GoType = { list: 'string' }
const extensions: GoType = { list: { struct: 'NamedExtension', fields: { name: 'string', extension: 'any' } } }

const clusterType: GoStruct = {
  struct: 'Cluster',
  fields: {
    server: 'string',
    'tls-server-name': 'string',
    'insecure-skip-tls-verify': 'bool',
    'certificate-authority': 'string',
    'certificate-authority-data': 'bytes',
    'proxy-url': 'string',
    'disable-compression': 'bool',
    extensions,
  },
}

const execType: GoStruct = {
  struct: 'ExecConfig',
  fields: {
    command: 'string',
    args: strings,
    env: { list: { struct: 'ExecEnvVar', fields: { name: 'string', value: 'string' } } },
    apiVersion: 'string',
    installHint: 'string',
    interactiveMode: { string: 'v1.ExecInteractiveMode' },
    provideClusterInfo: 'bool',
  },
}

const userType: GoStruct = {
  struct: 'AuthInfo',
  fields: {
    'client-certificate': 'string',
    'client-certificate-data': 'bytes',
    'client-key': 'string',
    'client-key-data': 'bytes',
    token: 'string',
    tokenFile: 'string',
    as: 'string',
    'as-uid': 'string',
    'as-groups': strings,
    'as-user-extra': { map: strings },
    username: 'string',
    password: 'string',
    'auth-provider': { struct: 'AuthProviderConfig', fields: { name: 'string', config: { map: 'string' } } },
    exec: execType,
    extensions,
  },
}

/** `k8s.io/client-go/tools/clientcmd/api/v1`. */
const kubeconfigType: GoStruct = {
  struct: 'Config',
  fields: {
    preferences: { struct: 'Preferences', fields: { colors: 'bool', extensions } },
    clusters: { list: { struct: 'NamedCluster', fields: { name: 'string', cluster: clusterType } } },
    users: { list: { struct: 'NamedAuthInfo', fields: { name: 'string', user: userType } } },
    contexts: {
      list: {
        struct: 'NamedContext',
        fields: {
          name: 'string',
          context: {
            struct: 'Context',
            fields: { cluster: 'string', user: 'string', namespace: 'string', extensions },
          },
        },
      },
    },
    'current-context': 'string',
    extensions,
  },
}

/** A kubeconfig with nothing in it. */
export function emptyKubeconfig(): Kubeconfig {
  return { clusters: new Map(), users: new Map(), contexts: new Map(), currentContext: '' }
}

/**
 * Reads a parsed kubeconfig. Relative paths in it become absolute, seen from the folder of `path`.
 *
 * @throws KUBECONFIG_INVALID with client-go's text
 */
export function readKubeconfig(document: unknown, path: string): Kubeconfig {
  const config = emptyKubeconfig()
  if (document === null || document === undefined) return config
  checkVersion(document)
  const { clusters, users, contexts, ...root } = decodeGo(document, kubeconfigType) as File
  const file = (name: string | undefined): string | undefined =>
    !name || isAbsolute(name) ? name : join(resolve(dirname(path)), name)
  for (const [name, entry] of unique('Cluster', clusters))
    config.clusters.set(name, readCluster(entry.cluster ?? {}, file))
  for (const [name, entry] of unique('AuthInfo', users)) config.users.set(name, readUser(entry.user ?? {}, file))
  for (const [name, entry] of unique('Context', contexts)) config.contexts.set(name, camelCase(entry.context ?? {}))
  config.currentContext = root['current-context'] ?? ''
  return config
}

/** Merges kubeconfigs as client-go does: the first file that has an entry, or a current context, keeps it. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged = emptyKubeconfig()
  for (const config of configs) {
    for (const [name, cluster] of config.clusters) if (!merged.clusters.has(name)) merged.clusters.set(name, cluster)
    for (const [name, user] of config.users) if (!merged.users.has(name)) merged.users.set(name, user)
    for (const [name, context] of config.contexts) if (!merged.contexts.has(name)) merged.contexts.set(name, context)
    if (merged.currentContext === '') merged.currentContext = config.currentContext
  }
  return merged
}

type Locate = (name: string | undefined) => string | undefined

function readCluster({ extensions: found = [], ...cluster }: FileCluster, file: Locate): KubeconfigCluster {
  const exec = found.find(({ name }) => name === 'client.authentication.k8s.io/exec')
  const fields = { ...cluster, 'certificate-authority': file(cluster['certificate-authority']) }
  return { ...camelCase<KubeconfigCluster>(fields), ...(exec && { execConfig: exec.extension }) }
}

function readUser({ exec, 'auth-provider': provider, ...user }: FileUser, file: Locate): KubeconfigUser {
  const fields = camelCase<KubeconfigUser>({
    ...user,
    'client-certificate': file(user['client-certificate']),
    'client-key': file(user['client-key']),
    tokenFile: file(user.tokenFile),
  })
  return {
    ...fields,
    ...(provider && { authProvider: { name: provider.name ?? '', config: provider.config ?? {} } }),
    ...(exec && { exec: readExec(exec, file) }),
  }
}

function readExec(exec: FileExec, file: Locate): ExecConfig {
  const { command = '', apiVersion = '' } = exec
  const beta = apiVersion === 'client.authentication.k8s.io/v1beta1'
  return {
    // A bare name is looked up in PATH; only a path is seen from the kubeconfig's folder.
    command: command.includes('/') ? (file(command) ?? '') : command,
    args: exec.args ?? [],
    env: (exec.env ?? []).map(({ name = '', value = '' }) => ({ name, value })),
    apiVersion,
    installHint: exec.installHint ?? '',
    interactiveMode: exec.interactiveMode || (beta ? 'IfAvailable' : ''),
    provideClusterInfo: exec.provideClusterInfo ?? false,
  }
}

/** What apimachinery's decoder looks at first; both fields may be absent. */
function checkVersion(document: unknown): void {
  const about = "couldn't get version/kind; json parse error: json: cannot unmarshal"
  if (kind(document) !== 'object') {
    const type =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    throw invalid('the kubeconfig is no map', `${about} ${kind(document)} into Go value of type ${type}`)
  }
  const { apiVersion, kind: named } = document as { readonly apiVersion?: unknown; readonly kind?: unknown }
  for (const [field, value] of Object.entries({ apiVersion, kind: named })) {
    if (value === undefined || value === null || typeof value === 'string') continue
    throw invalid(`${field} is no text`, `${about} ${kind(value)} into Go struct field .${field} of type string`)
  }
  const [version, type] = [apiVersion || 'v1', named || 'Config']
  if (version === 'v1' && type === 'Config') return
  const exact = `no kind ${JSON.stringify(type)} is registered for version ${JSON.stringify(version)} in scheme`
  throw invalid('the file is no kubeconfig: its kind is not Config of v1', `${exact} "pkg/runtime/scheme.go:111"`)
}

/** The entries of a list, of which no two may have one name. Null among them is an entry without any field. */
function unique<Entry extends { readonly name?: string }>(
  type: string,
  entries: readonly (Entry | undefined)[] = [],
): [string, Partial<Entry>][] {
  const names = new Set<string>()
  return entries.map((entry) => {
    const { name = '' } = entry ?? {}
    if (names.has(name)) {
      const text = `error converting *[]Named${type} into *map[string]*api.${type}: duplicate name "${name}" in list`
      throw invalid(`two entries have the name ${JSON.stringify(name)}`, text)
    }
    names.add(name)
    return [name, entry ?? {}]
  })
}

/** The fields that are set: `tls-server-name` becomes `tlsServerName`. */
function camelCase<Entry extends object>(entry: Readonly<Record<string, unknown>>): Entry {
  const set = Object.entries(entry).filter(([, value]) => value !== undefined && value !== '' && value !== false)
  const renamed = set.map(([field, value]) => [
    field.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ])
  return Object.fromEntries(renamed) as Entry
}

function invalid(message: string, upstream: string): KubernetesError {
  return new KubernetesError('KUBECONFIG_INVALID', message, { upstream })
}
