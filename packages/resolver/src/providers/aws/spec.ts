import { ResolverError } from '../../error.ts'
import type { Scope } from '../../policy.ts'
import type { Store } from '../../store.ts'
import { type Json, list, object, optionalObject, text, textMap, texts } from '../../view.ts'

/** `spec.provider.aws` with the CRD's defaults. */
export interface AwsSpec {
  readonly service: string
  readonly region: string
  readonly prefix: string
  readonly auth: Json | null
  /** Roles to assume, one after the other; `additionalRoles` first, as External Secrets chains them. */
  readonly roles: readonly string[]
  readonly externalId: string
  readonly sessionTags: readonly { readonly Key: string; readonly Value: string }[]
  readonly transitiveTagKeys: readonly string[]
  /** How Secrets Manager deletes. */
  readonly deletion: Json
  readonly maxAttempts: number
}

/** Attempts of the AWS SDKs, where the store says nothing. */
const defaultAttempts = 3

/** Reads the spec of an AWS store. @throws {ResolverError} `INVALID_STORE` */
export function readSpec(store: Store, namespace: string): AwsSpec {
  const spec = store.provider.spec
  const region = text(spec['region'])
  if (!/^[a-z0-9-]+$/.test(region)) {
    throw new ResolverError('INVALID_STORE', `store "${store.name}": aws.region must be the name of a region`)
  }
  return {
    service: text(spec['service']),
    region,
    prefix: text(spec['prefix']),
    auth: optionalObject(spec['auth']),
    roles: rolesOf(spec),
    externalId: text(spec['externalID']),
    sessionTags: sessionTags(store, namespace),
    transitiveTagKeys: texts(spec['transitiveTagKeys']),
    deletion: object(spec['secretsManager']),
    maxAttempts: store.retry === null ? defaultAttempts : Math.max(1, store.retry.maxRetries),
  }
}

function sessionTags(store: Store, namespace: string): AwsSpec['sessionTags'] {
  const spec = store.provider.spec
  const own = list(spec['sessionTags']).map((tag) => ({
    Key: text(object(tag)['key']),
    Value: text(object(tag)['value']),
  }))
  const policy = text(spec['sessionTagsPolicy'], 'None')
  if (policy === 'None') return own
  const simple = { esoNamespace: namespace, esoStoreName: store.name, esoStoreKind: store.kind }
  const extra = { ...simple, ...(policy === 'Custom' ? textMap(spec['customSessionTags']) : {}) }
  return [...own, ...Object.entries(extra).map(([Key, Value]) => ({ Key, Value }))]
}

/** Domains of AWS partitions by the start of a region's name; the first that fits counts. */
const domains: readonly (readonly [string, string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['eusc-', 'amazonaws.eu'],
  ['', 'amazonaws.com'],
]

/** The host of a service in a region. */
export function serviceHost(service: string, region: string): string {
  const [, domain = ''] = domains.find(([start]) => region.startsWith(start)) ?? []
  return `${service}.${region}.${domain}`
}

/** Services' names in addresses, by `spec.provider.aws.service`. */
export const hostNames: Readonly<Record<string, string>> = { SecretsManager: 'secretsmanager', ParameterStore: 'ssm' }

/** The host that a policy is asked about. */
export function specHost(spec: Json): string {
  return serviceHost(hostNames[text(spec['service'])] ?? '', text(spec['region']))
}

/** The role of a ServiceAccount: its annotation names it, not the store. */
const accountRole = 'serviceaccount'

/** What a policy may bound; a store without a role works as whoever its keys belong to. */
export function scope(spec: Json): Scope {
  const account = optionalObject(object(spec['auth'])['jwt']) === null ? [] : [accountRole]
  const roles = [...account, ...rolesOf(spec)]
  return {
    regions: [[text(spec['region'])]],
    prefixes: [[text(spec['prefix'])]],
    roles: (roles.length === 0 ? [''] : roles).map((role) => [role]),
  }
}

function rolesOf(spec: Json): readonly string[] {
  const role = text(spec['role'])
  return [...texts(spec['additionalRoles']), ...(role === '' ? [] : [role])]
}

/** Whether the caller's namespace has a say: credentials are looked up there, or sessions are tagged with it. */
export function isReferent(store: Store): boolean {
  const spec = store.provider.spec
  const auth = object(spec['auth'])
  const selectors = [
    ...Object.values(object(auth['secretRef'])),
    ...(auth['jwt'] === undefined ? [] : [object(auth['jwt'])['serviceAccountRef']]),
  ]
  const isOpen = selectors.some((selector) => text(object(selector)['namespace']) === '')
  return store.kind === 'ClusterSecretStore' && (isOpen || text(spec['sessionTagsPolicy'], 'None') !== 'None')
}
