import type { Manifest } from '@sealkit/core/manifest'
import { conditions, flag, kindSchema, listOf, mapOf, record, type Schema, text, whole } from './schema.ts'

const template: Schema = record({
  data: { ...mapOf(), nullable: true },
  immutable: flag(),
  metadata: record(
    {
      annotations: mapOf(),
      finalizers: listOf(text()),
      labels: mapOf(),
      name: text(),
      namespace: text(),
    },
    [],
    { nullable: true, 'x-kubernetes-preserve-unknown-fields': true },
  ),
  type: text(),
})

const spec: Schema = record(
  {
    data: text({ format: 'byte' }),
    encryptedData: { ...mapOf(), 'x-kubernetes-preserve-unknown-fields': true },
    template,
  },
  ['encryptedData'],
)

const status: Schema = record({
  conditions: conditions({ lastUpdateTime: text({ format: 'date-time' }) }),
  observedGeneration: whole('int64'),
})

/** `sealedsecrets.bitnami.com`: the same schema, columns and subresources as Sealed Secrets 0.38. */
export function sealedSecretCrd(): Manifest {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'sealedsecrets.bitnami.com' },
    spec: {
      group: 'bitnami.com',
      names: { kind: 'SealedSecret', listKind: 'SealedSecretList', plural: 'sealedsecrets', singular: 'sealedsecret' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          additionalPrinterColumns: [
            { name: 'Status', type: 'string', jsonPath: '.status.conditions[0].message' },
            { name: 'Synced', type: 'string', jsonPath: '.status.conditions[0].status' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: { openAPIV3Schema: kindSchema(spec, status, ['spec']) },
          subresources: { status: {} },
        },
      ],
    },
  }
}
