import type { Manifest } from '@sealkit/core/manifest'
import { externalSecretSpec } from './external-secret.ts'
import { kindSchema, listOf, mapOf, record, type Schema, text } from './schema.ts'
import { labelSelector, namespaceName, objectName } from './selectors.ts'

const spec: Schema = record(
  {
    externalSecretMetadata: record({ annotations: mapOf(), labels: mapOf() }),
    externalSecretName: objectName,
    externalSecretSpec,
    namespaceSelector: labelSelector,
    namespaceSelectors: listOf(labelSelector),
    namespaces: listOf(namespaceName),
    refreshTime: text(),
  },
  ['externalSecretSpec'],
)

const condition: Schema = record({ message: text(), status: text(), type: text() }, ['status', 'type'])

const status: Schema = record({
  conditions: listOf(condition),
  externalSecretName: text(),
  failedNamespaces: listOf(record({ namespace: text(), reason: text() }, ['namespace'])),
  provisionedNamespaces: listOf(text()),
})

const columns = [
  { name: 'Store', type: 'string', jsonPath: '.spec.externalSecretSpec.secretStoreRef.name' },
  { name: 'Refresh Interval', type: 'string', jsonPath: '.spec.refreshTime' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
]

/** `clusterexternalsecrets.external-secrets.io`: External Secrets' v1, with v1beta1 served in the same shape. */
export function clusterExternalSecretCrd(): Manifest {
  const version = (name: string, storage: boolean): Record<string, unknown> => ({
    name,
    served: true,
    storage,
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: kindSchema(spec, status) },
    subresources: { status: {} },
  })
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'clusterexternalsecrets.external-secrets.io',
      labels: { 'external-secrets.io/component': 'controller' },
    },
    spec: {
      group: 'external-secrets.io',
      names: {
        categories: ['external-secrets'],
        kind: 'ClusterExternalSecret',
        listKind: 'ClusterExternalSecretList',
        plural: 'clusterexternalsecrets',
        shortNames: ['ces'],
        singular: 'clusterexternalsecret',
      },
      scope: 'Cluster',
      versions: [version('v1', true), version('v1beta1', false)],
    },
  }
}
