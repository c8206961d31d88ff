import type { Manifest } from '@sealkit/core/manifest'
import { definition } from './definition.ts'
import { pushColumns, pushSecretSpec } from './push-secret.ts'
import { kindSchema, listOf, mapOf, opaque, record, text } from './schema.ts'
import { labelSelector, objectName } from './selectors.ts'

/**
 * `clusterpushsecrets.external-secrets.io`, which no controller of ours acts on: where External Secrets ran before, its
 * objects stay as they are, because its definition does.
 */
export function clusterPushSecretCrd(): Manifest {
  const spec = record(
    {
      namespaceSelectors: listOf(labelSelector),
      pushSecretMetadata: record({ annotations: mapOf(), labels: mapOf() }),
      pushSecretName: objectName,
      pushSecretSpec,
      refreshTime: text(),
    },
    ['pushSecretSpec'],
  )
  return definition({
    group: 'external-secrets.io',
    kind: 'ClusterPushSecret',
    plural: 'clusterpushsecrets',
    scope: 'Cluster',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        additionalPrinterColumns: pushColumns.slice(0, 2),
        schema: { openAPIV3Schema: kindSchema(spec, opaque()) },
        subresources: { status: {} },
      },
    ],
  })
}
