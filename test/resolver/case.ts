import { readdirSync, readFileSync } from 'node:fs'
import type { Manifest } from '@sealkit/core/manifest'
import {
  type ClusterAccess,
  createRenderer,
  createSessions,
  manifestAccess,
  type Resolution,
  ResolverError,
  readStore,
  resolveExternalSecret,
  type Sessions,
} from '@sealkit/resolver'

/** A case recorded from the real External Secrets Operator; see `test/vectors/external-secrets/README.md`. */
export interface Case {
  readonly name: string
  readonly group: string
  readonly provider?: Readonly<Record<string, unknown>>
  readonly objects: readonly Manifest[]
  readonly steps?: readonly Step[]
  readonly ns_labels?: Readonly<Record<string, string>>
  readonly normalize?: readonly Rule[]
  readonly expect: { readonly results: readonly Expected[] }
}

/** A later change of a case. */
export interface Step {
  readonly provider?: Readonly<Record<string, unknown>>
  readonly objects?: readonly Manifest[]
  readonly patch?: readonly { readonly kind: string; readonly name: string; readonly patch: unknown }[]
  readonly delete?: readonly { readonly kind: string; readonly name: string }[]
  readonly sync?: readonly string[]
}

interface Rule {
  readonly secret?: string
  readonly key: string
  readonly how: string
  readonly re?: string
}

/** What the cluster held after the apply, or after a step. */
export interface Expected {
  readonly secrets?: Readonly<Record<string, ExpectedSecret>>
  readonly externalSecrets?: Readonly<Record<string, { readonly conditions?: readonly Condition[] }>>
  readonly events?: readonly {
    readonly kind: string
    readonly name: string
    readonly reason: string
    readonly message: string
  }[]
}

interface Condition {
  readonly status: string
  readonly reason: string
  readonly message: string
}

interface ExpectedSecret {
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

/** What resolving an ExternalSecret came to. */
export type Outcome = { readonly resolution: Resolution } | { readonly error: ResolverError }

const folder = new URL('../vectors/external-secrets/', import.meta.url)

/** The recorded cases whose names satisfy a test. */
export function cases(filter: (name: string) => boolean): Case[] {
  const names = readdirSync(new URL('cases/', folder)).map((file) => file.replace(/\.json$/, ''))
  return names.filter(filter).map((name) => parseExact(readFileSync(new URL(`cases/${name}.json`, folder), 'utf8')))
}

/** JSON whose numbers keep their digits when they are written again. */
function parseExact(text: string): Case {
  const exact = (_key: string, value: unknown, { source }: { source?: string } = {}): unknown =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value
  return JSON.parse(text, exact)
}

/** A number's text, which `JSON.stringify` writes as it is (not yet in the compiler's library). */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}

/** A cluster of manifests that a case's steps change. */
class CaseCluster {
  readonly namespace: string
  readonly objects: Manifest[] = []
  readonly access: ClusterAccess
  readonly #variables: Readonly<Record<string, string>>

  constructor(
    recorded: Case,
    variables: Readonly<Record<string, string>> = {},
    token?: ClusterAccess['serviceAccountToken'],
  ) {
    this.namespace = `v-${recorded.name}`
    this.#variables = variables
    const labels = { 'kubernetes.io/metadata.name': this.namespace, ...recorded.ns_labels }
    this.objects.push({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace, labels } })
    const read = (): ClusterAccess => manifestAccess(this.objects, this.namespace)
    this.access = {
      get: (kind, key) => read().get(kind, key),
      list: (kind, namespace, wanted) => read().list(kind, namespace, wanted),
      serviceAccountToken: token ?? ((account, options) => read().serviceAccountToken(account, options)),
    }
    for (const object of recorded.objects) this.apply(object)
  }

  apply(manifest: Manifest): void {
    const object = this.#substituted(manifest)
    const at = this.#find(object.kind ?? '', object.metadata?.name ?? '')
    const named = { ...object, metadata: { namespace: this.namespace, ...object.metadata } }
    if (at === -1) this.objects.push(named)
    else this.objects[at] = merged(this.objects[at], named) as Manifest
  }

  change({ objects = [], patch = [], delete: gone = [], sync = [] }: Step): void {
    for (const object of objects) this.apply(object)
    for (const change of patch) {
      const at = this.#find(change.kind, change.name)
      if (Array.isArray(change.patch)) throw new Error('JSON patches are not part of this runner')
      this.objects[at] = merged(this.objects[at], this.#substituted(change.patch)) as Manifest
    }
    for (const { kind, name } of gone) this.objects.splice(this.#find(kind, name), 1)
    for (const name of sync) {
      const at = this.#find('ExternalSecret', name)
      this.objects[at] = merged(this.objects[at], { metadata: { annotations: { 'force-sync': 's' } } }) as Manifest
    }
  }

  #find(kind: string, name: string): number {
    return this.objects.findIndex((object) => object.kind === kind && object.metadata?.name === name)
  }

  #substituted<Value>(value: Value): Value {
    return substituted(value, this.#variables)
  }
}

/** The value with `${NAME}` replaced in its texts. */
function substituted<Value>(value: Value, variables: Readonly<Record<string, string>>): Value {
  const text = JSON.stringify(value).replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole)
  return JSON.parse(text)
}

function merged(base: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = { ...(typeof base === 'object' && !Array.isArray(base) ? base : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value)
  }
  return result
}

/** Validates the stores as a controller does, so that the flood gate knows them. */
async function validateStores(cluster: CaseCluster, sessions: Sessions): Promise<void> {
  for (const object of cluster.objects) {
    if (object.kind !== 'SecretStore' && object.kind !== 'ClusterSecretStore') continue
    let status = 'True'
    try {
      const store = readStore(object)
      const session = await sessions.open(store, store.namespace, cluster.access)
      try {
        await session.provider.validate(AbortSignal.timeout(120_000))
      } finally {
        session.release()
      }
    } catch (error) {
      if (!(error instanceof ResolverError)) throw error
      status = 'False'
    }
    object['status'] = { conditions: [{ type: 'Ready', status }] }
  }
}

/** Resolves every ExternalSecret of a case's cluster. */
async function resolveAll(cluster: CaseCluster, sessions: Sessions): Promise<Map<string, Outcome>> {
  const render = createRenderer({ now: () => BigInt(Date.now()) * 1_000_000n })
  const outcomes = new Map<string, Outcome>()
  for (const object of cluster.objects.filter(({ kind }) => kind === 'ExternalSecret')) {
    const name = object.metadata?.name ?? ''
    const context = { cluster: cluster.access, sessions, render, requireReady: true, controllerClass: 'default' }
    try {
      outcomes.set(name, { resolution: await resolveExternalSecret(object, context) })
    } catch (error) {
      if (!(error instanceof ResolverError)) throw error
      outcomes.set(name, { error })
    }
  }
  return outcomes
}

/** Sessions for tests, with the emulators' addresses. */
function testSessions(endpoints: Readonly<Record<string, string>> = {}): Sessions {
  return createSessions({ environment: { now: Date.now, endpoints } })
}

const bookkeeping = /^reconcile\.external-secrets\.io\/|^force-sync$|^h3\//

/** What differs between an outcome and the record; empty when nothing does. */
function differences(
  recorded: Case,
  step: number,
  outcomes: ReadonlyMap<string, Outcome>,
  variables: Readonly<Record<string, string>> = {},
): string[] {
  const result = recorded.expect.results[step]
  if (result === undefined) return ['no record']
  const expected = substituted(result, variables)
  return [...outcomes].flatMap(([name, outcome]) =>
    'error' in outcome
      ? errorDifferences(expected, name, outcome.error)
      : resolutionDifferences(recorded, expected, outcome.resolution),
  )
}

function errorDifferences(expected: Expected, name: string, error: ResolverError): string[] {
  const failed = isFailed(expected, name) ? messages(expected, name, 'UpdateFailed') : []
  const texts = [error.upstream, error.message]
  if (failed.some((message) => texts.includes(message))) return []
  return [`${name}: ${error.upstream ?? error.message} [recorded: ${failed.join(' | ') || 'no failure'}]`]
}

function isFailed({ externalSecrets = {} }: Expected, name: string): boolean {
  return externalSecrets[name]?.conditions?.[0]?.status === 'False'
}

/** Events pile up: a record holds those of the steps before it too. */
function messages({ events = [] }: Expected, name: string, reason: string): string[] {
  return events
    .filter((event) => event.kind === 'ExternalSecret' && event.name === name && event.reason === reason)
    .map(({ message }) => message)
}

function resolutionDifferences(recorded: Case, expected: Expected, resolution: Resolution): string[] {
  const { externalSecret, action, secret, missing } = resolution
  const { name, target } = externalSecret
  const found: string[] = []
  const expectedMissing = messages(expected, name, 'MissingProviderSecret')
  for (const { message } of missing) {
    if (!expectedMissing.includes(message)) found.push(`${name}: ${message} [not recorded]`)
  }
  if (isFailed(expected, name)) {
    found.push(`${name}: resolved [recorded: ${messages(expected, name, 'UpdateFailed').join(' | ')}]`)
  }
  const recordedSecret = expected.secrets?.[target.name]
  if (action !== 'apply' || secret === null || target.creationPolicy === 'None') return found
  if (recordedSecret === undefined)
    return target.creationPolicy === 'Merge' ? found : [...found, `${name}: not created`]
  for (const [key, bytes] of secret.data) {
    const want = recordedSecret.data?.[key]
    if (!sameValue(recorded, key, Buffer.from(bytes), want)) {
      found.push(`${name}: data.${key} = ${Buffer.from(bytes).toString('base64')} [recorded: ${want}]`)
    }
  }
  const exclusive = target.creationPolicy === 'Owner' || target.creationPolicy === 'Orphan'
  const extra = Object.keys(recordedSecret.data ?? {}).filter((key) => !secret.data.has(key))
  if (exclusive && extra.length > 0) found.push(`${name}: recorded only: ${extra.join(', ')}`)
  if (secret.type !== undefined && secret.type !== recordedSecret.type) found.push(`${name}: type ${secret.type}`)
  for (const part of ['labels', 'annotations'] as const) {
    for (const [key, value] of Object.entries(secret[part])) {
      if (!bookkeeping.test(key) && recordedSecret[part]?.[key] !== value) found.push(`${name}: ${part} ${key}`)
    }
  }
  return found
}

function sameValue({ normalize = [] }: Case, key: string, bytes: Buffer, want: string | undefined): boolean {
  if (want === undefined) return false
  if (want.startsWith('~re:')) return new RegExp(`^(?:${want.slice(4)})$`, 's').test(bytes.toString())
  if (want.startsWith('~len:')) return bytes.length === Number(want.slice(5))
  if (want.startsWith('~')) return normalize.some((rule) => rule.key === key)
  return bytes.toString('base64') === want
}

/** What differs between a case's record and ours, over all of its steps. */
export async function differencesOf(
  recorded: Case,
  { endpoints = {}, variables = {}, applyState = async () => undefined, token }: CaseOptions = {},
): Promise<string[]> {
  const sessions = testSessions(endpoints)
  const cluster = new CaseCluster(recorded, variables, token)
  const found: string[] = []
  try {
    for (const step of recorded.expect.results.keys()) {
      const change = recorded.steps?.[step - 1]
      await applyState((step === 0 ? recorded.provider : change?.provider) ?? {})
      if (change !== undefined) cluster.change(change)
      await validateStores(cluster, sessions)
      const outcomes = await resolveAll(cluster, sessions)
      found.push(...differences(recorded, step, outcomes, variables).map((text) => `${step}: ${text}`))
    }
  } finally {
    await sessions.close()
  }
  return found
}

/** What a case needs besides manifests. */
export interface CaseOptions {
  readonly endpoints?: Readonly<Record<string, string>>
  readonly variables?: Readonly<Record<string, string>>
  readonly token?: ClusterAccess['serviceAccountToken']
  applyState?(state: Readonly<Record<string, unknown>>): Promise<void>
}

/** The template function whose absence alone makes a case differ. */
export function pendingFunction(found: readonly string[]): string | null {
  const names = found.map((text) => /function "(\w+)" not defined \[recorded: (?!.*not defined)/.exec(text)?.[1])
  return found.length > 0 && names.every((name) => name !== undefined) ? (names[0] ?? null) : null
}
