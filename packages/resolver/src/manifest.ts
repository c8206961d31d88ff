import type { Manifest } from '@sealkit/core/manifest'
import { ResolverError } from './error.ts'
import type {
  DataEntry,
  DataFrom,
  DecodingStrategy,
  ExternalSecret,
  Find,
  GeneratorRef,
  Otherwise,
  RemoteRef,
  Rewrite,
  RewriteMerge,
  StoreRef,
  SyncWindowsSpec,
  Target,
  TargetTemplate,
  TemplateFrom,
  TemplateObject,
} from './externalsecret.ts'
import { isStoreKind } from './store.ts'
import { type Json, list, object, optionalObject, text, textMap } from './view.ts'

const apiVersions: ReadonlySet<string> = new Set(['external-secrets.io/v1', 'external-secrets.io/v1beta1'])

/**
 * The typed view of an ExternalSecret; v1beta1 is read as v1, of which it is a part.
 *
 * It refuses what the CRD's schema refuses and the evaluation cannot work with; the admission webhook's further rules
 * are not enforced, as the controller without a webhook does not.
 *
 * @throws {ResolverError} `INVALID_EXTERNAL_SECRET` naming the field
 */
export function readExternalSecret(manifest: Manifest): ExternalSecret {
  const { metadata = {} } = manifest
  const name = metadata.name ?? ''
  if (manifest.kind !== 'ExternalSecret' || !apiVersions.has(manifest.apiVersion ?? '') || name === '') {
    throw invalid('not an ExternalSecret of external-secrets.io/v1 or v1beta1 with a name')
  }
  const spec = object(manifest['spec'])
  const store = object(spec['secretStoreRef'])
  return {
    namespace: metadata.namespace ?? '',
    name,
    uid: metadata.uid ?? '',
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    refreshPolicy: oneOf('spec.refreshPolicy', spec['refreshPolicy'], ['Periodic', 'OnChange', 'CreatedOnce']),
    refreshInterval: text(spec['refreshInterval'], '1h0m0s'),
    syncWindows: readSyncWindows(optionalObject(spec['syncWindows'])),
    target: readTarget(name, object(spec['target'])),
    dataFrom: list(spec['dataFrom']).map((item, index) => readDataFrom(`spec.dataFrom[${index}]`, object(item), store)),
    data: list(spec['data']).map((item, index) => readData(`spec.data[${index}]`, object(item), store)),
  }
}

function readSyncWindows(spec: Json | null): SyncWindowsSpec | null {
  if (spec === null) return null
  return {
    kind: oneOf('spec.syncWindows.kind', spec['kind'], ['deny', 'allow']),
    windows: list(spec['windows']).map((item) => ({
      schedule: text(object(item)['schedule']),
      duration: text(object(item)['duration']),
    })),
  }
}

function readTarget(name: string, target: Json): Target {
  const template = optionalObject(target['template'])
  const manifest = optionalObject(target['manifest'])
  return {
    name: text(target['name'], name),
    creationPolicy: oneOf('spec.target.creationPolicy', target['creationPolicy'], [
      'Owner',
      'Orphan',
      'Merge',
      'None',
      'CreateOrMerge',
    ]),
    deletionPolicy: oneOf('spec.target.deletionPolicy', target['deletionPolicy'], ['Retain', 'Delete', 'Merge']),
    immutable: target['immutable'] === true,
    template: template === null ? null : readTemplate(template),
    manifest: manifest === null ? null : { apiVersion: text(manifest['apiVersion']), kind: text(manifest['kind']) },
  }
}

/** The typed view of a template, of an ExternalSecret or a PushSecret. @throws as {@link readExternalSecret} */
export function readTemplate(template: Json): TargetTemplate {
  const metadata = object(template['metadata'])
  const data = optionalObject(template['data'])
  const field = 'spec.target.template'
  return {
    type: text(template['type']),
    engineVersion: text(template['engineVersion'], 'v2'),
    mergePolicy: oneOf(`${field}.mergePolicy`, template['mergePolicy'], ['Replace', 'Merge']),
    labels: textMap(metadata['labels']),
    annotations: textMap(metadata['annotations']),
    finalizers: list(metadata['finalizers']).map(String),
    data: data === null ? null : textMap(data),
    templateFrom: list(template['templateFrom']).flatMap((item, index) =>
      readTemplateFrom(`${field}.templateFrom[${index}]`, object(item)),
    ),
  }
}

/** One entry may name a ConfigMap, a Secret and a literal at once; they then apply in this order. */
function readTemplateFrom(field: string, from: Json): TemplateFrom[] {
  const shared = {
    target: text(from['target'], 'Data'),
    valuesDecodingStrategy: decoding(`${field}.valuesDecodingStrategy`, from['valuesDecodingStrategy']),
  }
  const sources: TemplateFrom['source'][] = []
  for (const [member, kind] of [
    ['configMap', 'ConfigMap'],
    ['secret', 'Secret'],
  ] as const) {
    const source = optionalObject(from[member])
    if (source !== null) sources.push({ kind, name: text(source['name']), items: readItems(field, source) })
  }
  if (typeof from['literal'] === 'string') sources.push({ literal: from['literal'] })
  return sources.map((source) => ({ source, ...shared }))
}

function readItems(field: string, source: Json): TemplateObject['items'] {
  return list(source['items']).map((item) => ({
    key: text(object(item)['key']),
    templateAs: oneOf(`${field}.items[].templateAs`, object(item)['templateAs'], ['Values', 'KeysAndValues']),
  }))
}

function readData(field: string, entry: Json, store: Json): DataEntry {
  const secretKey = text(entry['secretKey'])
  if (secretKey === '') throw invalid(`${field}.secretKey is required`)
  return {
    secretKey,
    remoteRef: readRemoteRef(`${field}.remoteRef`, object(entry['remoteRef'])),
    store: readStoreRef(field, entry, store),
    ...readOtherwise(field, entry),
  }
}

/** A default is a text in a manifest: it is no secret, and nothing decodes it. */
function readOtherwise(field: string, entry: Json): { otherwise?: Otherwise } {
  const { optional, default: text } = entry
  if (text === undefined || text === null) return optional === true ? { otherwise: 'optional' } : {}
  if (typeof text === 'string') return { otherwise: { default: text } }
  throw invalid(`${field}.default must be a text`)
}

function readDataFrom(field: string, entry: Json, store: Json): DataFrom {
  const rewrite = list(entry['rewrite']).map((item, index) => readRewrite(`${field}.rewrite[${index}]`, object(item)))
  const otherwise = entry['optional'] === true ? { otherwise: 'optional' as const } : {}
  const extract = optionalObject(entry['extract'])
  const find = optionalObject(entry['find'])
  // With several at once (the webhook refuses that) External Secrets takes find, then extract, then the generator.
  if (find !== null) {
    const place = readStoreRef(field, entry, store)
    return { use: 'find', find: readFind(`${field}.find`, find), store: place, rewrite, ...otherwise }
  }
  if (extract !== null) {
    const ref = readRemoteRef(`${field}.extract`, extract)
    return { use: 'extract', extract: ref, store: readStoreRef(field, entry, store), rewrite, ...otherwise }
  }
  const generator = optionalObject(object(entry['sourceRef'])['generatorRef'])
  if (generator === null) throw invalid(`${field} needs one of extract, find and sourceRef.generatorRef`)
  return { use: 'generator', generator: readGeneratorRef(generator), rewrite }
}

/** The typed view of a `generatorRef`. */
export function readGeneratorRef(ref: Json): GeneratorRef {
  const apiVersion = text(ref['apiVersion'], 'generators.external-secrets.io/v1alpha1')
  return { apiVersion, kind: text(ref['kind']), name: text(ref['name']) }
}

function readStoreRef(field: string, entry: Json, fallback: Json): StoreRef {
  const source = object(entry['sourceRef'])
  if (optionalObject(source['generatorRef']) !== null && field.startsWith('spec.data[')) {
    throw new ResolverError('NOT_SUPPORTED', `${field}.sourceRef.generatorRef is not supported`, {
      hint: 'use a generator in spec.dataFrom',
    })
  }
  const ref = optionalObject(source['storeRef']) ?? fallback
  const kind = text(ref['kind'], 'SecretStore')
  const name = text(ref['name'])
  if (name === '') throw invalid(`${field} names no store`, 'set spec.secretStoreRef.name or sourceRef.storeRef.name')
  if (!isStoreKind(kind)) throw invalid(`${field} names a store of an unknown kind`)
  return { kind, name }
}

function readRemoteRef(field: string, ref: Json): RemoteRef {
  if (typeof ref['key'] !== 'string') throw invalid(`${field}.key is required`)
  return {
    key: ref['key'],
    property: text(ref['property']),
    version: text(ref['version']),
    metadataPolicy: oneOf(`${field}.metadataPolicy`, ref['metadataPolicy'], ['None', 'Fetch']),
    ...strategies(field, ref),
  }
}

function readFind(field: string, find: Json): Find {
  const name = optionalObject(find['name'])
  const tags = optionalObject(find['tags'])
  return {
    path: typeof find['path'] === 'string' ? find['path'] : null,
    name: name === null ? null : text(name['regexp']),
    tags: tags === null ? null : textMap(tags),
    ...strategies(field, find),
  }
}

function strategies(
  field: string,
  ref: Json,
): Pick<Find, 'conversionStrategy' | 'decodingStrategy' | 'nullBytePolicy'> {
  return {
    conversionStrategy: oneOf(`${field}.conversionStrategy`, ref['conversionStrategy'], ['', 'Default', 'Unicode']),
    decodingStrategy: decoding(`${field}.decodingStrategy`, ref['decodingStrategy']),
    nullBytePolicy: oneOf(`${field}.nullBytePolicy`, ref['nullBytePolicy'], ['Ignore', 'Fail']),
  }
}

/** The typed view of one rule of `rewrite`. @throws as {@link readExternalSecret} */
export function readRewrite(field: string, rewrite: Json): Rewrite {
  const regexp = optionalObject(rewrite['regexp'])
  if (regexp !== null) return { use: 'regexp', source: text(regexp['source']), target: text(regexp['target']) }
  const merge = optionalObject(rewrite['merge'])
  if (merge !== null) return readMerge(`${field}.merge`, merge)
  const transform = optionalObject(rewrite['transform'])
  if (transform !== null) return { use: 'transform', template: text(transform['template']) }
  throw invalid(`${field} needs one of regexp, transform and merge`)
}

function readMerge(field: string, merge: Json): RewriteMerge {
  return {
    use: 'merge',
    into: text(merge['into']),
    priority: list(merge['priority']).map(String),
    priorityPolicy: oneOf(`${field}.priorityPolicy`, merge['priorityPolicy'], ['Strict', 'IgnoreNotFound']),
    conflictPolicy: oneOf(`${field}.conflictPolicy`, merge['conflictPolicy'], ['Error', 'Ignore']),
    strategy: oneOf(`${field}.strategy`, merge['strategy'], ['Extract', 'JSON']),
  }
}

function decoding(field: string, value: unknown): DecodingStrategy {
  return oneOf(field, value, ['None', 'Base64', 'Base64URL', 'Auto'])
}

/** One of the words of a CRD's enum; the first is the default. */
function oneOf<const Word extends string>(field: string, value: unknown, words: readonly [Word, ...Word[]]): Word {
  if (value === undefined || value === null || value === '') return words[0]
  const word = words.find((candidate) => candidate === value)
  if (word === undefined) throw invalid(`${field} must be one of ${words.filter(String).join(', ')}`)
  return word
}

function invalid(message: string, hint?: string): ResolverError {
  return new ResolverError('INVALID_EXTERNAL_SECRET', message, hint === undefined ? {} : { hint })
}
