import type { Key, Resource } from './cluster.ts'

/** A kind that Sealkit reads or writes. */
export type ResourceName =
  | 'secret'
  | 'configMap'
  | 'namespace'
  | 'service'
  | 'serviceAccount'
  | 'event'
  | 'pod'
  | 'deployment'
  | 'lease'
  | 'sealedSecret'
  | 'sopsSecret'
  | 'sopsManifest'
  | 'externalSecret'
  | 'clusterExternalSecret'
  | 'secretStore'
  | 'clusterSecretStore'
  | 'pushSecret'
  | 'customResourceDefinition'

/** The kinds that Sealkit reads or writes, as the API addresses them. */
export const resources: Readonly<Record<ResourceName, Resource>> = {
  secret: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
  configMap: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  namespace: { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
  service: { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true },
  serviceAccount: { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
  event: { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
  pod: { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
  deployment: { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  lease: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true },
  sealedSecret: {
    group: 'bitnami.com',
    version: 'v1alpha1',
    plural: 'sealedsecrets',
    kind: 'SealedSecret',
    namespaced: true,
  },
  sopsSecret: {
    group: 'isindir.github.com',
    version: 'v1alpha3',
    older: ['v1alpha2'],
    plural: 'sopssecrets',
    kind: 'SopsSecret',
    namespaced: true,
  },
  // No kind of the API: a Secret manifest that SOPS encrypted in place, which only a directory can hold.
  sopsManifest: {
    group: 'sops.sealkit.local',
    version: 'v1',
    plural: 'sopsmanifests',
    kind: 'SopsManifest',
    namespaced: true,
  },
  externalSecret: {
    group: 'external-secrets.io',
    version: 'v1',
    plural: 'externalsecrets',
    kind: 'ExternalSecret',
    namespaced: true,
  },
  clusterExternalSecret: {
    group: 'external-secrets.io',
    version: 'v1',
    plural: 'clusterexternalsecrets',
    kind: 'ClusterExternalSecret',
    namespaced: false,
  },
  secretStore: {
    group: 'external-secrets.io',
    version: 'v1',
    plural: 'secretstores',
    kind: 'SecretStore',
    namespaced: true,
  },
  clusterSecretStore: {
    group: 'external-secrets.io',
    version: 'v1',
    plural: 'clustersecretstores',
    kind: 'ClusterSecretStore',
    namespaced: false,
  },
  pushSecret: {
    group: 'external-secrets.io',
    version: 'v1alpha1',
    plural: 'pushsecrets',
    kind: 'PushSecret',
    namespaced: true,
  },
  customResourceDefinition: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
  },
}

/** `apiVersion` of a resource's objects: `v1`, `bitnami.com/v1alpha1`. */
export function apiVersion(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

function apiVersions(resource: Resource): string[] {
  return [resource.version, ...(resource.older ?? [])].map((version) => apiVersion({ ...resource, version }))
}

/** The known resource of a manifest's `apiVersion`, the newest or an older one, and `kind`; undefined for any other. */
export function resourceOf(manifest: { apiVersion?: string; kind?: string }): Resource | undefined {
  return Object.values<Resource>(resources).find(
    (resource) => resource.kind === manifest.kind && apiVersions(resource).includes(manifest.apiVersion ?? ''),
  )
}

/** One text per key, and never the same for two: `namespace/name`. */
export function keyText(key: Key): string {
  // Keys of maps that live long: a template would give a chain of strings, which takes three times the memory.
  return [key.namespace, key.name].join('/')
}

/** The key of an object that a cluster gave. */
export function keyOf(object: { metadata: { namespace?: string; name: string } }): Key {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
}
