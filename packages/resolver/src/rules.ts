import { ResolverError } from './error.ts'

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
 * Refuses an ExternalSecret that External Secrets' admission webhook would refuse.
 *
 * @throws {ResolverError} `INVALID_EXTERNAL_SECRET`
 */
export function checkRules(manifest: Readonly<Record<string, unknown>>): void {
  const spec = manifest['spec']
  if (typeof spec !== 'object' || spec === null) return
  const rule = externalSecretRules.find(({ broken }) => broken(spec as Spec))
  if (rule !== undefined) throw new ResolverError('INVALID_EXTERNAL_SECRET', rule.message)
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
