import type { Manifest } from '@sealkit/core/manifest'
import { definition, versions1 } from './definition.ts'
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

/** `clusterexternalsecrets.external-secrets.io`: an ExternalSecret for every namespace that is selected. */
export function clusterExternalSecretCrd(): Manifest {
  const version = {
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: kindSchema(spec, status) },
    subresources: { status: {} },
  }
  return definition({
    group: 'external-secrets.io',
    kind: 'ClusterExternalSecret',
    plural: 'clusterexternalsecrets',
    shortNames: ['ces'],
    scope: 'Cluster',
    versions: versions1(version),
  })
}
