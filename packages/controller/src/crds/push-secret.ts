import type { Manifest } from '@sealkit/core/manifest'
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

const storeRef: Schema = record({
  kind: withDefault(word('SecretStore', 'ClusterSecretStore'), 'SecretStore'),
  labelSelector,
  name: objectName,
})

const conversionStrategy: Schema = withDefault(word('None', 'ReverseUnicode'), 'None')

const metadata: Schema = { 'x-kubernetes-preserve-unknown-fields': true }

const remoteRef: Schema = record({ property: text(), remoteKey: text() }, ['remoteKey'])

const entry: Schema = record(
  { conversionStrategy, match: record({ remoteRef, secretKey: text() }, ['remoteRef']), metadata },
  ['match'],
)

const dataTo: Schema = record({
  conversionStrategy,
  match: record({ regexp: text() }),
  metadata,
  remoteKey: text(),
  rewrite: listOf(
    record({ regexp: rewriteRegexp, transform: rewriteTransform }, [], { minProperties: 1, maxProperties: 1 }),
  ),
  storeRef,
})

/** `spec` of a PushSecret. */
export const pushSecretSpec: Schema = record(
  {
    data: listOf(entry),
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

const columns = [
  { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Status', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  { name: 'Last Sync', type: 'date', jsonPath: '.status.refreshTime' },
]

/** `pushsecrets.external-secrets.io`: External Secrets' v1alpha1. */
export function pushSecretCrd(): Manifest {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'pushsecrets.external-secrets.io',
      labels: { 'external-secrets.io/component': 'controller' },
    },
    spec: {
      group: 'external-secrets.io',
      names: {
        categories: ['external-secrets'],
        kind: 'PushSecret',
        listKind: 'PushSecretList',
        plural: 'pushsecrets',
        shortNames: ['ps'],
        singular: 'pushsecret',
      },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: kindSchema(pushSecretSpec, status) },
          subresources: { status: {} },
        },
      ],
    },
  }
}
