import type { Manifest } from '@sealkit/core/manifest'
import { flag, kindSchema, listOf, mapOf, opaque, record, type Schema, text } from './schema.ts'

/** A field that went missing would break the MAC. */
const whole = { 'x-kubernetes-preserve-unknown-fields': true } as const

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
  whole,
)

const spec: Schema = record(
  { secretTemplates: { ...listOf(secretTemplate), minItems: 1 }, suspend: flag() },
  ['secretTemplates'],
  whole,
)

/** What SOPS writes about its keys: kept whole, because the MAC says whether it is right. */
const sops: Schema = opaque()

/** `sopssecrets.isindir.github.com`: v1alpha3 of isindir's sops-secrets-operator, a manifest that SOPS encrypted in place. */
export function sopsSecretCrd(): Manifest {
  const { properties, ...schema } = kindSchema(spec, record({ message: text() }))
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
        {
          name: 'v1alpha3',
          served: true,
          storage: true,
          additionalPrinterColumns: [{ name: 'Status', type: 'string', jsonPath: '.status.message' }],
          schema: { openAPIV3Schema: { ...schema, properties: { ...(properties as object), sops } } },
          subresources: { status: {} },
        },
      ],
    },
  }
}
