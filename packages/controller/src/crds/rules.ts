import type { Manifest } from '@sealkit/core/manifest'
import { externalSecretRules } from '@sealkit/resolver'

/** Bounds that come with the rules: without them the API server finds the rules too costly and refuses the definition. */
export const ruleBounds: readonly { readonly path: string; readonly maxItems?: number; readonly maxLength?: number }[] =
  [
    { path: 'data', maxItems: 500 },
    { path: 'dataFrom', maxItems: 1000 },
    { path: 'target.template.templateFrom', maxItems: 1000 },
    { path: 'target.template.templateFrom[].target', maxLength: 1024 },
  ]

/**
 * The same definition with the rules in its schema, as the chart installs it: then the API server refuses what External
 * Secrets' admission webhook refuses. The rule about duplicate keys needs Kubernetes 1.35.
 */
export function withRules(crd: Manifest): Manifest {
  const copy = structuredClone(crd)
  const { names, versions } = copy['spec'] as { names: { kind: string }; versions: readonly Version[] }
  if (names.kind !== 'ExternalSecret') return copy
  const validations = externalSecretRules.map(({ cel, message }) => ({ rule: cel, message }))
  for (const { schema } of versions) {
    const { spec } = schema.openAPIV3Schema.properties
    spec['x-kubernetes-validations'] = validations
    for (const { path, ...bounds } of ruleBounds) Object.assign(schemaAt(spec, path), bounds)
  }
  return copy
}

function schemaAt(schema: Node, path: string): Node {
  return path.split('.').reduce((node, step) => {
    const inner = node.properties?.[step.replace('[]', '')] ?? {}
    return step.endsWith('[]') ? (inner.items ?? {}) : inner
  }, schema)
}

interface Node {
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  [keyword: string]: unknown
}

interface Version {
  readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: Node } } }
}
