import type { Manifest } from '@sealkit/core/manifest'
import { definition, type Scope, versions1 } from './definition.ts'
import { providerSchema } from './providers.ts'
import { conditions, kindSchema, listOf, record, type Schema, text, whole } from './schema.ts'
import { labelSelector, namespaceName } from './selectors.ts'

const columns = [
  { name: 'AGE', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Status', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  { name: 'Capabilities', type: 'string', jsonPath: '.status.capabilities' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
]

function spec(): Schema {
  return record(
    {
      conditions: listOf(
        record({
          namespaceRegexes: listOf(text()),
          namespaceSelector: labelSelector,
          namespaces: listOf(namespaceName),
        }),
      ),
      controller: text(),
      provider: providerSchema(),
      // Seconds as a number, or a Go duration.
      refreshInterval: { 'x-kubernetes-int-or-string': true },
      retrySettings: record({ maxRetries: whole('int32'), retryInterval: text() }),
    },
    ['provider'],
  )
}

const status: Schema = record({ capabilities: text(), conditions: conditions() })

/** `secretstores.external-secrets.io` (a store of one namespace). */
export function secretStoreCrd(): Manifest {
  return storeCrd({ kind: 'SecretStore', plural: 'secretstores', scope: 'Namespaced', shortName: 'ss' })
}

/** `clustersecretstores.external-secrets.io` (a store for every namespace that its conditions let in). */
export function clusterSecretStoreCrd(): Manifest {
  return storeCrd({ kind: 'ClusterSecretStore', plural: 'clustersecretstores', scope: 'Cluster', shortName: 'css' })
}

function storeCrd(names: {
  readonly kind: string
  readonly plural: string
  readonly scope: Scope
  readonly shortName: string
}): Manifest {
  const { kind, plural, scope, shortName } = names
  const version = {
    additionalPrinterColumns: columns,
    schema: { openAPIV3Schema: kindSchema(spec(), status) },
    subresources: { status: {} },
  }
  return definition({
    group: 'external-secrets.io',
    kind,
    plural,
    shortNames: [shortName],
    scope,
    versions: versions1(version),
  })
}
