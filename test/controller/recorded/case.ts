import { readdirSync, readFileSync } from 'node:fs'
import { dataHash, names } from '@sealkit/controller/external-secret'
import type { Manifest } from '@sealkit/core/manifest'
import {
  type ApiServer,
  type ClusterObject,
  isKubernetesError,
  type Resource,
  resourceOf,
  resources,
} from '@sealkit/kubernetes'
import type { Observe } from './observe.ts'
import type { ProviderState } from './provider.ts'

/** A case that was recorded from the real External Secrets; the README beside the cases says what each field means. */
export interface Case {
  readonly name: string
  readonly group: string
  readonly provider?: ProviderState
  readonly objects?: readonly Manifest[]
  readonly steps?: readonly Step[]
  readonly namespaces?: readonly { readonly name: string; readonly labels?: Record<string, string> }[]
  /** What of the providers the results hold. */
  readonly observe?: Observe
  /** Whether results hold the metadata of ExternalSecrets. */
  readonly es_meta?: boolean
  readonly ns_labels?: Readonly<Record<string, string>>
  readonly ignore_events?: readonly string[]
  readonly no_condition?: readonly string[]
  readonly normalize?: readonly Normalize[]
  readonly expect: {
    readonly results: readonly Snapshot[]
    readonly applyErrors?: readonly { readonly name: string }[]
  }
}

/** A later change of a case. */
export interface Step {
  readonly provider?: ProviderState
  readonly objects?: readonly Manifest[]
  readonly patch?: readonly {
    readonly kind: string
    readonly name: string
    readonly namespace?: string
    readonly patch: unknown
  }[]
  readonly delete?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[]
  readonly sync?: readonly string[]
}

interface Normalize {
  readonly secret?: string
  readonly key: string
  readonly how: 're' | 'len' | 'pkcs12'
  readonly re?: string
  readonly annotation?: string
}

/** What the cluster held: the part of a recorded result that is compared. */
export interface Snapshot {
  readonly secrets: Readonly<Record<string, unknown>>
  readonly externalSecrets?: Readonly<Record<string, unknown>>
  readonly stores?: Readonly<Record<string, unknown>>
  readonly clusterExternalSecrets?: Readonly<Record<string, unknown>>
  readonly pushSecrets?: Readonly<Record<string, unknown>>
  readonly provider?: Readonly<Record<string, unknown>>
  readonly events: readonly unknown[]
}

const folder = new URL('../../vectors/external-secrets/cases/', import.meta.url)

/** Every recorded case. */
export function cases(): Case[] {
  return readdirSync(folder).map((file) => parseJson(readFileSync(new URL(file, folder), 'utf8')) as Case)
}

/** Reads JSON and keeps the digits of numbers that a double does not hold. */
export function parseJson(text: string): unknown {
  const keep = (_key: string, value: unknown, { source }: { source?: string } = {}): unknown =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value
  return JSON.parse(text, keep)
}

/** JSON.rawJSON, which the compiler's library does not have yet. */
const rawJson = Reflect.get(JSON, 'rawJSON') as (source: string) => unknown

/** Kinds that the cases use besides those of `resources`. */
const more: Readonly<Record<string, Resource>> = Object.fromEntries(
  [
    ['Password', 'passwords'],
    ['UUID', 'uuids'],
    ['Fake', 'fakes'],
    ['SSHKey', 'sshkeys'],
    ['MFA', 'mfas'],
    ['VaultDynamicSecret', 'vaultdynamicsecrets'],
  ].map(([kind = '', plural = '']) => [
    kind,
    { group: 'generators.external-secrets.io', version: 'v1alpha1', plural, kind, namespaced: true },
  ]),
)

/** Kinds of RBAC, which a case gives its ServiceAccounts. */
const rbac: Readonly<Record<string, Resource>> = Object.fromEntries(
  ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'].map((kind) => {
    const place = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: `${kind.toLowerCase()}s` }
    return [kind, { ...place, kind, namespaced: !kind.startsWith('Cluster') }]
  }),
)

/** The resource of a kind that a case names. */
export function resourceFor(kind: string): Resource {
  const known =
    Object.values<Resource>(resources).find((resource) => resource.kind === kind) ?? more[kind] ?? rbac[kind]
  if (known === undefined) throw new Error(`no resource for ${kind}`)
  return known
}

/** Creates an object, or merges it into the one that is there; the refusal's text, or null. */
export async function apply(cluster: ApiServer, namespace: string, manifest: Manifest): Promise<string | null> {
  const resource = resourceOf(manifest) ?? resourceFor(manifest.kind ?? '')
  const name = manifest.metadata?.name ?? ''
  const place = resource.namespaced ? (manifest.metadata?.namespace ?? namespace) : ''
  const object = {
    ...manifest,
    metadata: { ...manifest.metadata, name, ...(place === '' ? {} : { namespace: place }) },
  }
  try {
    await cluster.create(resource, object)
  } catch (error) {
    if (isKubernetesError(error, 'ALREADY_EXISTS')) {
      await cluster.patch(resource, { namespace: place, name }, { type: 'merge', body: object })
    } else if (isKubernetesError(error, 'INVALID')) return error.message
    else throw error
  }
  return null
}

/** What the cluster holds now, in the recorder's form. */
export async function snapshot(
  cluster: ApiServer,
  test: Case,
  namespace: string,
  inputs: ReadonlySet<string>,
): Promise<Snapshot> {
  const [secrets, externalSecrets, stores, events, pushSecrets] = await Promise.all(
    [resources.secret, resources.externalSecret, resources.secretStore, resources.event, resources.pushSecret].map(
      async (resource) => (await cluster.list(resource, { namespace })).items,
    ),
  )
  const named = (objects: readonly ClusterObject[] = [], prefix = ''): [string, ClusterObject][] =>
    objects.map((object) => [`${prefix}${object.metadata.name}`, object])
  const result: { -readonly [Part in keyof Snapshot]: Snapshot[Part] } = {
    secrets: Object.fromEntries(
      named(secrets).flatMap(([name, secret]) => (inputs.has(name) ? [] : [[name, secretView(secret, test)]])),
    ),
    events: [...new Set((events ?? []).flatMap((event) => eventView(event, test)))]
      .sort()
      .map((text) => JSON.parse(text)),
  }
  const views = Object.fromEntries(
    named(externalSecrets).map(([name, object]) => [name, externalSecretView(object, test)]),
  )
  if (Object.keys(views).length > 0) result.externalSecrets = views
  const clusterStores = await Promise.all(
    namesOf(test, 'ClusterSecretStore').map((name) =>
      cluster.get(resources.clusterSecretStore, { namespace: '', name }),
    ),
  )
  const present = clusterStores.filter((store) => store !== null)
  const storeViews = [...named(stores, 'SecretStore/'), ...named(present, 'ClusterSecretStore/')].map(
    ([name, store]) => [name, storeView(store)] as const,
  )
  if (storeViews.length > 0) result.stores = Object.fromEntries(storeViews)
  const pushed = named(pushSecrets).map(([name, object]) => [name, pushSecretView(object)] as const)
  if (pushed.length > 0) result.pushSecrets = Object.fromEntries(pushed)
  const above = await Promise.all(
    namesOf(test, 'ClusterExternalSecret').map((name) =>
      cluster.get(resources.clusterExternalSecret, { namespace: '', name }),
    ),
  )
  const seen = above.filter((object) => object !== null)
  const aboveViews = named(seen).map(([name, object]) => [name, clusterExternalSecretView(object)] as const)
  if (aboveViews.length > 0) result.clusterExternalSecrets = Object.fromEntries(aboveViews)
  return result
}

/** Names of the objects of a kind that a case makes. */
export function namesOf(test: Case, wanted: string): string[] {
  const all = [...(test.objects ?? []), ...(test.steps ?? []).flatMap(({ objects = [] }) => objects)]
  return [...new Set(all.flatMap(({ kind, metadata }) => (kind === wanted ? [metadata?.name ?? ''] : [])))]
}

function secretView(secret: ClusterObject, test: Case): unknown {
  const { labels = {}, annotations = {}, ownerReferences = [], finalizers, managedFields = [] } = secret.metadata
  const data = { ...((secret['data'] ?? {}) as Record<string, string>) }
  const hash = annotations[names.dataHash]
  const shown: Record<string, string> = { ...annotations }
  const valid = hash === undefined ? null : hash === dataHash(data)
  for (const rule of test.normalize ?? []) {
    if (rule.secret !== undefined && rule.secret !== secret.metadata.name) continue
    for (const [key, value] of Object.entries(data)) {
      if (!new RegExp(`^(?:${rule.key})$`).test(key)) continue
      data[key] = normalized(value, rule)
      if (hash !== undefined) shown[names.dataHash] = '<hash>'
    }
  }
  return {
    type: secret['type'],
    data,
    labels,
    annotations: shown,
    ownerReferences: ownerReferences.map(({ uid: _, ...reference }) => reference),
    ...(secret['immutable'] === undefined ? {} : { immutable: secret['immutable'] }),
    ...(finalizers === undefined ? {} : { finalizers }),
    managed: managedView(managedFields as readonly ManagedFields[]),
    dataHashValid: valid,
  }
}

interface ManagedFields {
  readonly manager: string
  readonly operation: string
  readonly fieldsV1?: Readonly<Record<string, unknown>>
}

/** Who wrote which fields; what the test itself wrote is left out, as the recorder's own writes are. */
function managedView(entries: readonly ManagedFields[]): unknown[] {
  return entries
    .filter(({ manager }) => manager !== 'sealkit' && manager !== 'sealkit-test')
    .map(({ manager, operation, fieldsV1 = {} }) => ({ manager, operation, fields: flat(fieldsV1).sort() }))
    .sort((a, b) => (`${a.manager} ${a.operation}` < `${b.manager} ${b.operation}` ? -1 : 1))
}

function flat(fields: Readonly<Record<string, unknown>>, prefix = ''): string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    if (key === '.') return []
    const path = `${prefix}${prefix === '' ? '' : '/'}${key.replace(/"uid":"[^"]*"/g, '"uid":"<uid>"')}`
    const inner = value as Readonly<Record<string, unknown>>
    return Object.keys(inner).length === 0 ? [path] : flat(inner, path)
  })
}

function normalized(value: string, rule: Normalize): string {
  const text = Buffer.from(value, 'base64').toString('utf8')
  if (rule.how === 'len') return `~len:${Buffer.from(value, 'base64').length}`
  // A key store is encrypted anew each time; what is in it is the templates' own test.
  if (rule.how === 'pkcs12' && Buffer.from(text, 'base64')[0] === 0x30) return '~pkcs12'
  if (rule.how === 're' && new RegExp(`^(?:${rule.re})$`, 's').test(text)) return `~re:${rule.re}`
  return value
}

function conditionsView(status: unknown): unknown[] {
  const { conditions = [] } = (status ?? {}) as { conditions?: Record<string, string>[] }
  return conditions
    .map(({ type, status: is, reason, message }) => ({ type, status: is, reason, message: scrub(message ?? '') }))
    .sort((a, b) => ((a.type ?? '') < (b.type ?? '') ? -1 : 1))
}

function pushSecretView(object: ClusterObject): unknown {
  const status = (object['status'] ?? {}) as Record<string, unknown>
  return {
    conditions: conditionsView(status),
    syncedPushSecrets: status['syncedPushSecrets'] ?? null,
    syncedResourceVersion: status['syncedResourceVersion'] ?? null,
    finalizers: object.metadata.finalizers ?? null,
  }
}

function clusterExternalSecretView(object: ClusterObject): unknown {
  const { conditions, externalSecretName, provisionedNamespaces, failedNamespaces } = (object['status'] ??
    {}) as Record<string, unknown>
  return {
    conditions: conditions ?? null,
    externalSecretName: externalSecretName ?? null,
    failedNamespaces: failedNamespaces ?? null,
    provisionedNamespaces: provisionedNamespaces ?? null,
    finalizers: object.metadata.finalizers ?? null,
  }
}

function externalSecretView(object: ClusterObject, test: Case): unknown {
  const { labels, annotations, ownerReferences } = object.metadata
  const meta = {
    labels: labels ?? null,
    annotations: annotations ?? null,
    ownerReferences: ownerReferences?.map(({ uid: _, ...reference }) => reference) ?? null,
  }
  const status = (object['status'] ?? {}) as Record<string, unknown>
  return {
    conditions: conditionsView(status),
    syncedResourceVersion: status['syncedResourceVersion'] ?? null,
    binding: status['binding'] ?? null,
    finalizers: object.metadata.finalizers ?? null,
    refreshed: Boolean(status['refreshTime']),
    ...(object.metadata.deletionTimestamp === undefined ? {} : { deleting: true }),
    ...(test.es_meta === true ? meta : {}),
  }
}

function storeView(object: ClusterObject): unknown {
  const status = (object['status'] ?? {}) as Record<string, unknown>
  return { conditions: conditionsView(status), capabilities: status['capabilities'] ?? null }
}

function eventView(event: ClusterObject, test: Case): string[] {
  const { involvedObject, type, reason, message } = event as unknown as {
    involvedObject: { kind: string; name: string }
    type: string
    reason: string
    message: string
  }
  if (test.ignore_events?.includes(reason) === true) return []
  const { kind, name } = involvedObject
  return [JSON.stringify({ kind, message: scrub(message), name, reason, type })]
}

/** Addresses and ids that differ from run to run, as the recorder took them out. */
function scrub(text: string): string {
  // The API server's list of errors is in the random order of a map.
  const [whole, head, errors] = /^(.* is invalid: \[)(data\[.*)\]$/s.exec(text) ?? []
  const sorted =
    whole === undefined
      ? text
      : `${head}${(errors ?? '')
          .split(/, (?=data\[)/)
          .sort()
          .join(', ')}]`
  return sorted
    .replace(/127\.0\.0\.1:\d+/g, '${HOSTPORT}')
    .replace(/resource_version="?\d+"?|resourceVersion: ?"?\d+"?/g, 'resourceVersion: <rv>')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>')
}

/** Differences between a recorded result and a snapshot; none = they agree. */
export function differences(expected: Snapshot, got: Snapshot): string[] {
  const parts = ['secrets', 'externalSecrets', 'stores', 'clusterExternalSecrets', 'pushSecrets', 'provider'] as const
  const found = parts.flatMap((part) => diff(expected[part] ?? {}, got[part] ?? {}, part))
  const texts = (events: readonly unknown[]): Set<string> => new Set(events.map((event) => eventText(event)))
  const [want, have] = [texts(expected.events), texts(got.events)]
  for (const event of want) if (!have.has(event)) found.push(`events: missing ${event}`)
  for (const event of have) if (!want.has(event)) found.push(`events: unexpected ${event}`)
  return found
}

function eventText(event: unknown): string {
  const { kind, name, type, reason, message } = event as Record<string, string>
  return JSON.stringify([kind, name, type, reason, message])
}

function diff(want: unknown, have: unknown, path: string): string[] {
  if (isRecord(want) && isRecord(have)) {
    const keys = [...new Set([...Object.keys(want), ...Object.keys(have)])]
    return keys.flatMap((key) => diff(want[key], have[key], `${path}/${key}`))
  }
  if (Array.isArray(want) && Array.isArray(have) && want.length === have.length) {
    return want.flatMap((item, index) => diff(item, have[index], `${path}/${index}`))
  }
  if (typeof want === 'string' && want.startsWith('~pkcs12:') && have === '~pkcs12') return []
  // A condition may carry the cause after upstream's words.
  if (path.endsWith('/message') && typeof want === 'string' && typeof have === 'string' && have.startsWith(`${want}: `))
    return []
  return JSON.stringify(want) === JSON.stringify(have)
    ? []
    : [`${path}: expected ${JSON.stringify(want)} got ${JSON.stringify(have)}`]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
