import type { Manifest } from '@sealkit/core/manifest'
import { object } from './view.ts'

/** The kinds that the resolver may ask a cluster for. */
export type ClusterKind =
  | 'Secret'
  | 'ConfigMap'
  | 'ServiceAccount'
  | 'Namespace'
  | 'SecretStore'
  | 'ClusterSecretStore'
  | 'Password'
  | 'UUID'
  | 'Fake'
  | 'SSHKey'
  | 'MFA'
  | 'VaultDynamicSecret'
  | 'Webhook'
  | 'ClusterGenerator'

/** A kind as the API addresses it. */
export interface ClusterResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

const core = { group: '', version: 'v1' }
const stores = { group: 'external-secrets.io', version: 'v1' }
const generators = { group: 'generators.external-secrets.io', version: 'v1alpha1' }

/** How the API addresses each {@link ClusterKind}. */
export const clusterKinds: Readonly<Record<ClusterKind, ClusterResource>> = {
  Secret: { ...core, plural: 'secrets', namespaced: true },
  ConfigMap: { ...core, plural: 'configmaps', namespaced: true },
  ServiceAccount: { ...core, plural: 'serviceaccounts', namespaced: true },
  Namespace: { ...core, plural: 'namespaces', namespaced: false },
  SecretStore: { ...stores, plural: 'secretstores', namespaced: true },
  ClusterSecretStore: { ...stores, plural: 'clustersecretstores', namespaced: false },
  Password: { ...generators, plural: 'passwords', namespaced: true },
  UUID: { ...generators, plural: 'uuids', namespaced: true },
  Fake: { ...generators, plural: 'fakes', namespaced: true },
  SSHKey: { ...generators, plural: 'sshkeys', namespaced: true },
  MFA: { ...generators, plural: 'mfas', namespaced: true },
  VaultDynamicSecret: { ...generators, plural: 'vaultdynamicsecrets', namespaced: true },
  Webhook: { ...generators, plural: 'webhooks', namespaced: true },
  ClusterGenerator: { ...generators, plural: 'clustergenerators', namespaced: false },
}

/** Namespace and name; the namespace of a cluster-scoped object is empty. */
export interface ObjectKey {
  readonly namespace: string
  readonly name: string
}

/**
 * All that the resolver sees of a cluster: the controller gives its caches, the command line a kubeconfig or a folder
 * of manifests, a pull request nothing but its own files.
 *
 * "Not there" is `null`. A refusal or an outage throws, and its error's message holds no data of the object.
 */
export interface ClusterAccess {
  get(kind: ClusterKind, key: ObjectKey): Promise<Manifest | null>
  /** Objects of a namespace (empty = every namespace) whose labels hold all of `labels`. */
  list(kind: ClusterKind, namespace: string, labels?: Readonly<Record<string, string>>): Promise<readonly Manifest[]>
  /** A token of the TokenRequest API for a ServiceAccount; `null` when the account does not exist. */
  serviceAccountToken(account: ObjectKey, options: TokenOptions): Promise<string | null>
}

/** What a ServiceAccount token is asked for. */
export interface TokenOptions {
  /** Empty = the API server's own audience. */
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
}

/** {@link ClusterAccess} over manifests in memory, for `render`, `resolve` and tests; it mints no tokens. */
export function manifestAccess(manifests: readonly Manifest[], defaultNamespace = 'default'): ClusterAccess {
  const objects = manifests.filter((object) => object.kind !== undefined && object.kind in clusterKinds).map(asStored)
  const namespaceOf = (object: Manifest): string =>
    isNamespaced(object.kind) ? (object.metadata?.namespace ?? defaultNamespace) : ''
  return {
    async get(kind, key): Promise<Manifest | null> {
      const same = (object: Manifest): boolean =>
        object.kind === kind &&
        object.metadata?.name === key.name &&
        (!isNamespaced(kind) || namespaceOf(object) === key.namespace)
      return objects.findLast(same) ?? null
    },
    async list(kind, namespace, labels = {}): Promise<readonly Manifest[]> {
      const wanted = Object.entries(labels)
      return objects.filter(
        (object) =>
          object.kind === kind &&
          (namespace === '' || namespaceOf(object) === namespace) &&
          wanted.every(([name, value]) => object.metadata?.labels?.[name] === value),
      )
    },
    async serviceAccountToken(): Promise<null> {
      return null
    },
  }
}

/** A manifest as the API server would give it: `stringData` of a Secret is in its `data`. */
function asStored(manifest: Manifest): Manifest {
  const { stringData, ...rest } = manifest as Manifest & { readonly stringData?: Readonly<Record<string, unknown>> }
  if (manifest.kind !== 'Secret' || stringData === undefined) return manifest
  const texts = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')])
  return { ...rest, data: { ...object(rest['data']), ...Object.fromEntries(texts) } }
}

function isNamespaced(kind: string | undefined): boolean {
  return kind !== undefined && kind in clusterKinds ? clusterKinds[kind as ClusterKind].namespaced : true
}
