import type { Manifest } from '@sealkit/core/manifest'

type Spec = Readonly<Record<string, unknown>>

/**
 * A rule about an ExternalSecret's spec that a schema cannot say: once as CEL for the API server, once for where there
 * is none. External Secrets' admission webhook has the same rules, and its words.
 */
export interface Rule {
  /** CEL over `spec` as `self`; true = all is well. */
  readonly cel: string
  readonly message: string
  /** The same question, the other way round. */
  readonly broken: (spec: Spec) => boolean
}

const owner =
  "deletionPolicy=Delete must not be used when the controller doesn't own the secret. Please set creationPolicy=Owner"
const policies = 'has(self.target) && has(self.target.deletionPolicy) && has(self.target.creationPolicy)'

/** Bounds that come with the rules: without them the API server finds the rules too costly and refuses the definition. */
export const ruleBounds: readonly { readonly path: string; readonly maxItems?: number; readonly maxLength?: number }[] =
  [
    { path: 'data', maxItems: 500 },
    { path: 'dataFrom', maxItems: 1000 },
    { path: 'target.template.templateFrom', maxItems: 1000 },
    { path: 'target.template.templateFrom[].target', maxLength: 1024 },
  ]

/** The rules of External Secrets' admission webhook for ExternalSecrets. */
export const externalSecretRules: readonly Rule[] = [
  {
    cel: 'has(self.data) && self.data.size() > 0 || has(self.dataFrom) && self.dataFrom.size() > 0',
    message: 'either data or dataFrom should be specified',
    broken: (spec) => list(spec['data']).length === 0 && list(spec['dataFrom']).length === 0,
  },
  {
    cel: `!(${policies}) || self.target.deletionPolicy != 'Delete' || self.target.creationPolicy in ['Owner', 'Orphan']`,
    message: owner,
    broken: ({ target }) =>
      part(target, 'deletionPolicy') === 'Delete' &&
      ['Merge', 'None', 'CreateOrMerge'].includes(String(part(target, 'creationPolicy'))),
  },
  {
    cel: `!(${policies}) || self.target.deletionPolicy != 'Merge' || self.target.creationPolicy != 'None'`,
    message: 'deletionPolicy=Merge must not be used with creationPolicy=None. There is no Secret to merge with',
    broken: ({ target }) => part(target, 'deletionPolicy') === 'Merge' && part(target, 'creationPolicy') === 'None',
  },
  {
    cel: '!has(self.dataFrom) || self.dataFrom.all(e, has(e.extract) || has(e.find) || has(e.sourceRef))',
    message: 'either extract, find, or sourceRef must be set to dataFrom',
    broken: (spec) =>
      list(spec['dataFrom']).some((entry) => sources(entry).every((there) => !there) && !has(entry, 'sourceRef')),
  },
  {
    cel: '!has(self.dataFrom) || self.dataFrom.all(e, !(has(e.extract) && has(e.find)))',
    message: 'extract, find, or generatorRef cannot be set at the same time',
    broken: (spec) => list(spec['dataFrom']).some((entry) => has(entry, 'extract') && has(entry, 'find')),
  },
  {
    cel: '!has(self.dataFrom) || self.dataFrom.all(e, !(has(e.extract) || has(e.find)) || !has(e.sourceRef) || !has(e.sourceRef.generatorRef))',
    message: 'extract, find, or generatorRef cannot be set at the same time',
    broken: (spec) =>
      list(spec['dataFrom']).some((entry) => {
        const [extract, find, generator] = sources(entry)
        return generator === true && (extract === true || find === true)
      }),
  },
  {
    cel: "!has(self.data) || has(self.target) && has(self.target.deletionPolicy) && self.target.deletionPolicy != 'Retain' || self.data.map(d, d.secretKey).distinct().size() == self.data.size()",
    message: 'duplicate secretKey found',
    broken: ({ data, target }) => {
      const keys = list(data).map((entry) => part(entry, 'secretKey'))
      return (part(target, 'deletionPolicy') ?? 'Retain') === 'Retain' && new Set(keys).size < keys.length
    },
  },
  {
    cel: "!has(self.target) || !has(self.target.template) || !has(self.target.template.type) || self.target.template.type != 'bootstrap.kubernetes.io/token'",
    message: 'a Secret of type bootstrap.kubernetes.io/token lets its holder join the cluster, and is not made',
    broken: ({ target }) => templateType(target) === 'bootstrap.kubernetes.io/token',
  },
  {
    cel:
      "!has(self.target) || !has(self.target.template) || !has(self.target.template.type) || self.target.template.type != 'kubernetes.io/service-account-token' || " +
      "!(has(self.target.template.metadata) && has(self.target.template.metadata.annotations) && 'kubernetes.io/service-account.name' in self.target.template.metadata.annotations) && " +
      "!(has(self.target.template.templateFrom) && self.target.template.templateFrom.exists(f, has(f.target) && f.target.matches('(?i)^annotations$')))",
    message:
      'a Secret of type kubernetes.io/service-account-token for a ServiceAccount makes Kubernetes fill in its token, and is not made',
    broken: ({ target }) => templateType(target) === 'kubernetes.io/service-account-token' && namesAccount(target),
  },
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

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function part(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Spec)[name] : undefined
}

function has(value: unknown, name: string): boolean {
  return part(value, name) !== undefined
}

/** Whether an entry of `dataFrom` has extract, find and a generator. */
function sources(entry: unknown): boolean[] {
  return [has(entry, 'extract'), has(entry, 'find'), has(part(entry, 'sourceRef'), 'generatorRef')]
}

function templateType(target: unknown): unknown {
  return part(part(target, 'template'), 'type')
}

function namesAccount(target: unknown): boolean {
  const template = part(target, 'template')
  const annotations = part(part(template, 'metadata'), 'annotations')
  const places = list(part(template, 'templateFrom')).map((from) => String(part(from, 'target')).toLowerCase())
  return has(annotations, 'kubernetes.io/service-account.name') || places.includes('annotations')
}
