import type { Manifest } from '@sealkit/core/manifest'
import { definition } from './definition.ts'
import { generatorRef, rewriteRegexp, rewriteTransform, template } from './external-secret.ts'
import {
  conditions,
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
import { labelSelector, objectName } from './selectors.ts'

const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true }
const conversion = withDefault(word('None', 'ReverseUnicode'), 'None')

const storeRef: Schema = record({
  kind: withDefault(word('SecretStore', 'ClusterSecretStore'), 'SecretStore'),
  labelSelector,
  name: objectName,
})

const pushed: Schema = record(
  {
    conversionStrategy: conversion,
    match: record({ remoteRef: record({ property: text(), remoteKey: text() }, ['remoteKey']), secretKey: text() }, [
      'remoteRef',
    ]),
    metadata: anything,
  },
  ['match'],
)

const dataTo: Schema = record({
  conversionStrategy: conversion,
  match: record({ regexp: text() }),
  metadata: anything,
  remoteKey: text(),
  rewrite: listOf(
    record({ regexp: rewriteRegexp, transform: rewriteTransform }, [], { minProperties: 1, maxProperties: 1 }),
  ),
  storeRef,
})

/** `spec` of a PushSecret. */
export const pushSecretSpec: Schema = record(
  {
    data: listOf(pushed),
    dataTo: listOf(dataTo),
    deletionPolicy: withDefault(word('Delete', 'None'), 'None'),
    refreshInterval: withDefault(text(), '1h0m0s'),
    secretStoreRefs: listOf(storeRef),
    selector: record({ generatorRef, secret: record({ name: objectName, selector: labelSelector }) }, [], {
      minProperties: 1,
      maxProperties: 1,
    }),
    template,
    updatePolicy: withDefault(word('Replace', 'IfNotExists'), 'Replace'),
  },
  ['secretStoreRefs', 'selector'],
)

const status: Schema = record({
  conditions: conditions(),
  refreshTime: text({ format: 'date-time', nullable: true }),
  syncedPushSecrets: mapOf(mapOf(opaque())),
  syncedResourceVersion: text(),
})

/** Columns of PushSecrets; External Secrets 2.9 has the last one besides those of 1.3. */
export const pushColumns: readonly object[] = [
  { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Status', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  { name: 'Last Sync', type: 'date', jsonPath: '.status.refreshTime' },
]

/** `pushsecrets.external-secrets.io`: v1alpha1 of External Secrets 2.9. */
export function pushSecretCrd(): Manifest {
  return definition({
    group: 'external-secrets.io',
    kind: 'PushSecret',
    plural: 'pushsecrets',
    shortNames: ['ps'],
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        additionalPrinterColumns: pushColumns,
        schema: { openAPIV3Schema: kindSchema(pushSecretSpec, status) },
        subresources: { status: {} },
      },
    ],
  })
}
