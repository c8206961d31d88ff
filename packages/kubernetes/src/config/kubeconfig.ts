import { dirname, isAbsolute, join, resolve } from 'node:path'
import { KubernetesError } from '../error.ts'

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

type Fields = Record<string, unknown>
type Reader = (value: unknown, field: string) => unknown

/** A kubeconfig with nothing in it. */
export function emptyKubeconfig(): Kubeconfig {
  return { clusters: new Map(), users: new Map(), contexts: new Map(), currentContext: '' }
}

/**
 * Reads a parsed kubeconfig. Relative paths in it become absolute, seen from the folder of `path`.
 *
 * @throws KUBECONFIG_INVALID
 */
export function readKubeconfig(document: unknown, path: string): Kubeconfig {
  const config = emptyKubeconfig()
  if (document === null || document === undefined) return config
  const root = fields(document, 'the kubeconfig')
  const kind = root['kind'] ?? 'Config'
  if (kind !== 'Config') {
    const upstream = `no kind ${JSON.stringify(kind)} is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"`
    throw new KubernetesError('KUBECONFIG_INVALID', 'the file is no kubeconfig: its kind is not Config', { upstream })
  }
  const file = (value: unknown, field: string): string => {
    const name = text(value, field)
    return name === '' || isAbsolute(name) ? name : join(resolve(dirname(path)), name)
  }
  named(root, 'clusters', 'cluster', (name, entry) => config.clusters.set(name, readCluster(entry, file)))
  named(root, 'users', 'user', (name, entry) => config.users.set(name, readUser(entry, file)))
  named(root, 'contexts', 'context', (name, entry) => {
    config.contexts.set(name, pick<KubeconfigContext>(entry, { cluster: text, user: text, namespace: text }))
  })
  config.currentContext = text(root['current-context'] ?? '', 'current-context')
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

function readCluster(entry: Fields, file: Reader): KubeconfigCluster {
  const cluster = pick<KubeconfigCluster>(entry, {
    server: text,
    'tls-server-name': text,
    'insecure-skip-tls-verify': flag,
    'certificate-authority': file,
    'certificate-authority-data': base64,
    'proxy-url': text,
  })
  for (const extension of list(entry['extensions'], 'extensions')) {
    const { name, extension: value } = fields(extension, 'extensions')
    if (name === 'client.authentication.k8s.io/exec') cluster.execConfig = value
  }
  return cluster
}

function readUser(entry: Fields, file: Reader): KubeconfigUser {
  const user = pick<KubeconfigUser>(entry, {
    'client-certificate': file,
    'client-certificate-data': base64,
    'client-key': file,
    'client-key-data': base64,
    token: text,
    tokenFile: file,
    username: text,
    password: text,
    as: text,
    'as-uid': text,
    'as-groups': (value, field) => list(value, field).map((item) => text(item, field)),
    'as-user-extra': (value, field) =>
      Object.fromEntries(
        Object.entries(fields(value, field)).map(([key, values]) => [
          key,
          list(values, field).map((item) => text(item, field)),
        ]),
      ),
    'auth-provider': (value, field) => {
      const provider = fields(value, field)
      const config = Object.entries(fields(provider['config'] ?? {}, field))
      return {
        name: text(provider['name'] ?? '', field),
        config: Object.fromEntries(config.map(([key, setting]) => [key, text(setting, key)])),
      }
    },
  })
  const exec = entry['exec']
  if (exec !== undefined && exec !== null) user.exec = readExec(fields(exec, 'exec'), file)
  return user
}

function readExec(entry: Fields, file: Reader): ExecConfig {
  const version = text(entry['apiVersion'] ?? '', 'apiVersion')
  const command = text(entry['command'] ?? '', 'command')
  const beta = version === 'client.authentication.k8s.io/v1beta1'
  return {
    // A bare name is looked up in PATH; only a path is seen from the kubeconfig's folder.
    command: command.includes('/') ? String(file(command, 'command')) : command,
    args: list(entry['args'], 'args').map((argument) => text(argument, 'args')),
    env: list(entry['env'], 'env').map((variable) => {
      const { name, value } = fields(variable, 'env')
      return { name: text(name ?? '', 'env'), value: text(value ?? '', 'env') }
    }),
    apiVersion: version,
    installHint: text(entry['installHint'] ?? '', 'installHint'),
    interactiveMode: text(entry['interactiveMode'] ?? '', 'interactiveMode') || (beta ? 'IfAvailable' : ''),
    provideClusterInfo: flag(entry['provideClusterInfo'] ?? false, 'provideClusterInfo'),
  }
}

/** Calls `add` with each `{ name, [inner]: {...} }` of a list. */
function named(root: Fields, outer: string, inner: string, add: (name: string, entry: Fields) => void): void {
  const names = new Set<string>()
  for (const item of list(root[outer], outer)) {
    const entry = fields(item, outer)
    const name = text(entry['name'] ?? '', `${outer}.name`)
    if (names.has(name)) invalid(`${outer} holds ${JSON.stringify(name)} twice`)
    names.add(name)
    add(name, fields(entry[inner] ?? {}, `${outer}.${inner}`))
  }
}

/** The fields of an entry that are set, read by their readers; `tls-server-name` becomes `tlsServerName`. */
function pick<Entry>(entry: Fields, readers: Readonly<Record<string, Reader>>): Entry {
  const found: Fields = {}
  for (const [field, read] of Object.entries(readers)) {
    const value = entry[field]
    if (value === undefined || value === null || value === '') continue
    found[field.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())] = read(value, field)
  }
  return found as Entry
}

function invalid(message: string, upstream: string = message): never {
  throw new KubernetesError('KUBECONFIG_INVALID', message, { upstream })
}

function fields(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) invalid(`${field} is no map`)
  return value as Fields
}

function list(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) invalid(`${field} is no list`)
  return value
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string') invalid(`${field} is no text`)
  return value
}

function flag(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') invalid(`${field} is neither true nor false`)
  return value
}

function base64(value: unknown, field: string): string {
  const encoded = text(value, field).replace(/[\r\n]/g, '')
  const offset = encoded.search(/[^A-Za-z0-9+/=]/)
  if (offset >= 0) invalid(`${field} is no base64`, `illegal base64 data at input byte ${offset}`)
  return encoded
}
