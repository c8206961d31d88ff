import type { Manifest } from '@sealkit/core/manifest'
import { conditions, flag, kindSchema, listOf, mapOf, opaque, record, type Schema, text, whole } from './schema.ts'

/** A field that went missing would break the MAC. */
const kept = { 'x-kubernetes-preserve-unknown-fields': true } as const

const secretTemplate: Schema = record(
  {
    annotations: mapOf(),
    data: mapOf(),
    labels: mapOf(),
    name: text(),
    stringData: mapOf(),
    type: text(),
  },
  ['name'],
  kept,
)

const spec: Schema = record(
  { enforceOwnership: flag(), secretTemplates: { ...listOf(secretTemplate), minItems: 1 }, suspend: flag() },
  ['secretTemplates'],
  kept,
)

/** What SOPS writes about its keys: kept whole, because the MAC says whether it is right. */
const sops: Schema = opaque()

/** Upstream's definition keeps `message` alone. */
const status: Schema = record({
  conditions: conditions({ observedGeneration: whole('int64') }),
  message: text(),
  observedGeneration: whole('int64'),
})

/** `sopssecrets.isindir.github.com`: v1alpha3 (and v1alpha2, which is of the same form) of isindir's sops-secrets-operator, a manifest that SOPS encrypted in place. */
export function sopsSecretCrd(): Manifest {
  const { properties, ...schema } = kindSchema(spec, status)
  const version = {
    additionalPrinterColumns: [{ name: 'Status', type: 'string', jsonPath: '.status.message' }],
    schema: { openAPIV3Schema: { ...schema, properties: { ...(properties as object), sops } } },
    subresources: { status: {} },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'sopssecrets.isindir.github.com' },
    spec: {
      group: 'isindir.github.com',
      names: {
        kind: 'SopsSecret',
        listKind: 'SopsSecretList',
        plural: 'sopssecrets',
        shortNames: ['sops'],
        singular: 'sopssecret',
      },
      scope: 'Namespaced',
      versions: [
        { name: 'v1alpha3', served: true, storage: true, ...version },
        { name: 'v1alpha2', served: true, storage: false, deprecated: true, ...version },
      ],
    },
  }
}
