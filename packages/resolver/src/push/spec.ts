import { quote } from '@sealkit/core/go'
import type { Manifest } from '@sealkit/core/manifest'
import { ResolverError } from '../error.ts'
import type { GeneratorRef, Rewrite, TargetTemplate } from '../externalsecret.ts'
import { readGeneratorRef, readRewrite, readTemplate } from '../manifest.ts'
import { isStoreKind, type LabelSelector, readSelector, type StoreKind } from '../store.ts'
import { type Json, list, object, optionalObject, text } from '../view.ts'

/** A PushSecret with the CRD's defaults applied. */
export interface PushSecret {
  readonly namespace: string
  readonly name: string
  /** A Go duration, as written. */
  readonly refreshInterval: string
  readonly updatePolicy: 'Replace' | 'IfNotExists'
  readonly deletionPolicy: 'None' | 'Delete'
  readonly stores: readonly PushStoreRef[]
  readonly source: PushSource
  readonly data: readonly PushEntry[]
  readonly dataTo: readonly PushDataTo[]
  /** Null = the source is pushed as it is. */
  readonly template: TargetTemplate | null
}

/** The stores that a reference names: one, or all that have the labels. */
export interface PushStoreRef {
  readonly kind: StoreKind
  readonly name: string
  readonly selector: LabelSelector | null
}

/** Where the values come from. */
export type PushSource =
  | { readonly use: 'secret'; readonly name: string }
  | { readonly use: 'selector'; readonly selector: LabelSelector }
  | { readonly use: 'generator'; readonly generator: GeneratorRef }

/** How keys are changed before they are looked up: `ReverseUnicode` turns `_U0040_` back into `@`. */
export type PushConversion = 'None' | 'ReverseUnicode'

/** One thing to push. */
export interface PushEntry {
  /** Empty = the whole Secret, as one JSON object. */
  readonly secretKey: string
  readonly remoteKey: string
  readonly property: string
  readonly metadata: unknown
  readonly conversion: PushConversion
  /** The keys that a whole Secret is made of; null = all. */
  readonly keys: ReadonlySet<string> | null
}

/** `spec.dataTo[]`: many keys of the Secret at once. */
export interface PushDataTo {
  readonly store: PushStoreRef
  /** Empty = one remote secret for each key. */
  readonly remoteKey: string
  /** RE2 that keys must match; empty = all. */
  readonly match: string
  readonly rewrite: readonly Rewrite[]
  readonly metadata: unknown
  readonly conversion: PushConversion
}

/**
 * The typed view of a PushSecret (`external-secrets.io/v1alpha1`).
 *
 * @throws {ResolverError} `INVALID_PUSH_SECRET` naming the field
 */
export function readPushSecret(manifest: Manifest): PushSecret {
  const { metadata = {} } = manifest
  const spec = object(manifest['spec'])
  const template = optionalObject(spec['template'])
  const stores = list(spec['secretStoreRefs']).map((ref, index) =>
    readStoreRef(`spec.secretStoreRefs[${index}]`, object(ref)),
  )
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    refreshInterval: text(spec['refreshInterval'], '1h0m0s'),
    updatePolicy: spec['updatePolicy'] === 'IfNotExists' ? 'IfNotExists' : 'Replace',
    deletionPolicy: spec['deletionPolicy'] === 'Delete' ? 'Delete' : 'None',
    stores,
    source: readSource(object(spec['selector'])),
    data: list(spec['data']).map((entry, index) => readEntry(`spec.data[${index}]`, object(entry))),
    dataTo: list(spec['dataTo']).map((entry, index) => readDataTo(index, object(entry), stores)),
    template: template === null ? null : readTemplate(template),
  }
}

function readSource(selector: Json): PushSource {
  const generator = optionalObject(selector['generatorRef'])
  if (generator !== null) return { use: 'generator', generator: readGeneratorRef(generator) }
  const secret = object(selector['secret'])
  const labels = optionalObject(secret['selector'])
  const name = text(secret['name'])
  if (name !== '') return { use: 'secret', name }
  if (labels !== null) return { use: 'selector', selector: readSelector(labels) }
  throw invalid('spec.selector names neither a Secret nor a generator')
}

function readStoreRef(field: string, ref: Json): PushStoreRef {
  const kind = text(ref['kind'], 'SecretStore')
  const selector = optionalObject(ref['labelSelector'])
  const name = text(ref['name'])
  if (!isStoreKind(kind)) throw invalid(`${field}.kind must be SecretStore or ClusterSecretStore`)
  if (name === '' && selector === null) throw invalid(`${field} needs a name or a labelSelector`)
  return { kind, name, selector: selector === null ? null : readSelector(selector) }
}

function readEntry(field: string, entry: Json): PushEntry {
  const match = object(entry['match'])
  const ref = object(match['remoteRef'])
  const remoteKey = text(ref['remoteKey'])
  if (remoteKey === '') throw invalid(`${field}.match.remoteRef.remoteKey is required`)
  return {
    secretKey: text(match['secretKey']),
    remoteKey,
    property: text(ref['property']),
    metadata: entry['metadata'],
    conversion: readConversion(entry['conversionStrategy']),
    keys: null,
  }
}

function readDataTo(index: number, entry: Json, stores: readonly PushStoreRef[]): PushDataTo {
  const field = `spec.dataTo[${index}]`
  return {
    store: readDataToStore(`dataTo[${index}]: storeRef`, optionalObject(entry['storeRef']), stores),
    remoteKey: text(entry['remoteKey']),
    match: text(object(entry['match'])['regexp']),
    rewrite: list(entry['rewrite']).map((rule, index) => readRewrite(`${field}.rewrite[${index}]`, object(rule))),
    metadata: entry['metadata'],
    conversion: readConversion(entry['conversionStrategy']),
  }
}

/** The store of an entry of `dataTo`, in External Secrets' words where it is none of the PushSecret's. */
function readDataToStore(field: string, ref: Json | null, stores: readonly PushStoreRef[]): PushStoreRef {
  if (ref === null) throw invalid(`${field} is required`)
  if (text(ref['name']) === '' && optionalObject(ref['labelSelector']) === null) {
    throw invalid(`${field} must have name or labelSelector`)
  }
  const store = readStoreRef(field, ref)
  const { kind, name } = store
  const isNamed = stores.some((other) => other.kind === kind && (other.name === name || other.selector !== null))
  if (name !== '' && !isNamed) throw invalid(`${field} ${quote(name)} not found in secretStoreRefs`)
  return store
}

function readConversion(value: unknown): PushConversion {
  return value === 'ReverseUnicode' ? 'ReverseUnicode' : 'None'
}

function invalid(message: string): ResolverError {
  return new ResolverError('INVALID_PUSH_SECRET', message)
}
