import type { Manifest } from '@sealkit/core/manifest'
import { definition, versions1 } from './definition.ts'
import {
  conditions,
  flag,
  kindSchema,
  listOf,
  mapOf,
  opaque,
  record,
  type Schema,
  text,
  withDefault,
  word,
} from './schema.ts'
import { dataKey, objectName } from './selectors.ts'

const decoding = word('Auto', 'Base64', 'Base64URL', 'None')
const conversion = word('Default', 'Unicode')
const nullBytes = word('Ignore', 'Fail')

const remoteRef: Schema = record(
  {
    conversionStrategy: conversion,
    decodingStrategy: decoding,
    key: text(),
    metadataPolicy: word('None', 'Fetch'),
    nullBytePolicy: nullBytes,
    property: text(),
    version: text(),
  },
  ['key'],
)

const storeRef: Schema = record({ kind: word('SecretStore', 'ClusterSecretStore'), name: objectName })

/** A generator. */
export const generatorRef: Schema = record(
  {
    apiVersion: withDefault(text(), 'generators.external-secrets.io/v1alpha1'),
    kind: text(),
    name: objectName,
  },
  ['kind', 'name'],
)

/** Keys changed by a pattern. */
export const rewriteRegexp: Schema = record({ source: text(), target: text() }, ['source', 'target'])

/** Keys changed by a template. */
export const rewriteTransform: Schema = record({ template: text() }, ['template'])

const rewrite: Schema = record(
  {
    merge: record({
      conflictPolicy: withDefault(word('Ignore', 'Error'), 'Error'),
      into: withDefault(text(), ''),
      priority: listOf(text()),
      priorityPolicy: withDefault(word('IgnoreNotFound', 'Strict'), 'Strict'),
      strategy: withDefault(word('Extract', 'JSON'), 'Extract'),
    }),
    regexp: rewriteRegexp,
    transform: rewriteTransform,
  },
  [],
  { minProperties: 1, maxProperties: 1 },
)

const templateObject: Schema = record(
  {
    items: listOf(
      record({ key: dataKey, templateAs: withDefault(word('Values', 'KeysAndValues'), 'Values') }, ['key']),
    ),
    name: objectName,
  },
  ['items', 'name'],
)

/** `spec.target.template`, and a PushSecret's. */
export const template: Schema = record({
  data: mapOf(),
  engineVersion: withDefault(word('v2'), 'v2'),
  mergePolicy: withDefault(word('Replace', 'Merge'), 'Replace'),
  metadata: record({ annotations: mapOf(), finalizers: listOf(text()), labels: mapOf() }),
  templateFrom: listOf(
    record({
      configMap: templateObject,
      literal: text(),
      secret: templateObject,
      target: withDefault(text(), 'Data'),
      valuesDecodingStrategy: decoding,
    }),
  ),
  type: text(),
})

const target: Schema = withDefault(
  record({
    creationPolicy: withDefault(word('Owner', 'Orphan', 'Merge', 'None', 'CreateOrMerge'), 'Owner'),
    deletionPolicy: withDefault(word('Delete', 'Merge', 'Retain'), 'Retain'),
    immutable: flag(),
    manifest: record({ apiVersion: text({ minLength: 1 }), kind: text({ minLength: 1 }) }, ['apiVersion', 'kind']),
    name: objectName,
    template,
  }),
  { creationPolicy: 'Owner', deletionPolicy: 'Retain' },
)

const source = (properties: Readonly<Record<string, Schema>>): Schema =>
  record(properties, [], { minProperties: 1, maxProperties: 1 })

// `optional` and `default` are Sealkit's own: External Secrets' definition drops them, and an entry is then required.
const data: Schema = listOf(
  record(
    {
      default: text(),
      optional: flag(),
      remoteRef,
      secretKey: dataKey,
      sourceRef: source({ generatorRef, storeRef }),
    },
    ['remoteRef', 'secretKey'],
  ),
)

const find: Schema = record({
  conversionStrategy: conversion,
  decodingStrategy: decoding,
  name: record({ regexp: text() }),
  nullBytePolicy: nullBytes,
  path: text(),
  tags: mapOf(),
})

const dataFrom: Schema = listOf(
  record({
    extract: remoteRef,
    find,
    optional: flag(),
    rewrite: listOf(rewrite),
    sourceRef: source({ generatorRef, storeRef }),
  }),
)

/** `spec` of an ExternalSecret. */
export const externalSecretSpec: Schema = record({
  data,
  dataFrom,
  refreshInterval: withDefault(text(), '1h0m0s'),
  refreshPolicy: word('CreatedOnce', 'Periodic', 'OnChange'),
  secretStoreRef: storeRef,
  syncWindows: opaque(),
  target,
})

const status: Schema = record({
  binding: record({ name: withDefault(text(), '') }, [], { 'x-kubernetes-map-type': 'atomic' }),
  conditions: conditions(),
  refreshTime: text({ format: 'date-time', nullable: true }),
  syncedResourceVersion: text(),
})

const columns = [
  { name: 'StoreType', type: 'string', jsonPath: '.spec.secretStoreRef.kind' },
  { name: 'Store', type: 'string', jsonPath: '.spec.secretStoreRef.name' },
  { name: 'Refresh Interval', type: 'string', jsonPath: '.spec.refreshInterval' },
  { name: 'Status', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Last Sync', type: 'date', jsonPath: '.status.refreshTime' },
]

const selectable = [
  '.spec.secretStoreRef.name',
  '.spec.secretStoreRef.kind',
  '.spec.target.name',
  '.spec.refreshInterval',
]

/** `externalsecrets.external-secrets.io`: External Secrets' v1, with v1beta1 served in the same shape. */
export function externalSecretCrd(): Manifest {
  const version = {
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: kindSchema(externalSecretSpec, status) },
    selectableFields: selectable.map((jsonPath) => ({ jsonPath })),
    subresources: { status: {} },
  }
  return definition({
    group: 'external-secrets.io',
    kind: 'ExternalSecret',
    plural: 'externalsecrets',
    shortNames: ['es'],
    scope: 'Namespaced',
    versions: versions1(version),
  })
}
