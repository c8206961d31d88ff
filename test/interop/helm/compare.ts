import type { Manifest } from '@sealkit/core/manifest'

type Json = Readonly<Record<string, unknown>>

/** Objects by kind, namespace and name, so that two charts can be held against each other. */
export function byName(objects: readonly Manifest[], change: (object: Manifest) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    objects.map((object) => {
      const { namespace, name } = object.metadata ?? {}
      return [`${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`, plain(change(object))]
    }),
  )
}

/** The same value without what is null, empty lists and maps included: charts write those in different ways. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, part]) => [key, plain(part)] as const)
  return Object.fromEntries(entries.filter(([, part]) => !isEmpty(part)))
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** An object's metadata without the labels that hold versions. */
export function metadataOf(object: Manifest): Json {
  const { labels = {}, ...rest } = (object.metadata ?? {}) as { labels?: Record<string, string> }
  const { 'helm.sh/chart': _chart, 'app.kubernetes.io/version': _version, ...kept } = labels
  return { ...rest, labels: kept }
}

/** The rules of a role as `verb group/resource name`, sorted. */
export function rightsOf(object: Manifest): string[] {
  const rules = (object['rules'] ?? []) as readonly {
    apiGroups: readonly string[]
    resources: readonly string[]
    resourceNames?: readonly string[]
    verbs: readonly string[]
  }[]
  const rights = rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.flatMap((name) =>
          verbs.map((verb) => `${verb} ${group === '' ? '' : `${group}/`}${resource} ${name}`.trim()),
        ),
      ),
    ),
  )
  return [...new Set(rights)].sort()
}

/** A command line in Go's manner as flags and values, whichever way they are written. */
export function flagsOf(args: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {}
  for (let index = 0; index < args.length; index += 1) {
    const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(args[index] ?? '') ?? []
    const next = args[index + 1]
    const takesNext = value === undefined && next !== undefined && !next.startsWith('--')
    flags[name] = value ?? (takesNext ? next : 'true')
    if (takesNext) index += 1
  }
  return flags
}

/** The pod template of a Deployment, and its first container. */
export function podOf(deployment: Manifest): { readonly pod: Json; readonly container: Container } {
  const pod = (deployment['spec'] as { template: Json }).template
  const { containers } = pod['spec'] as { containers: Container[] }
  const [container] = containers
  if (container === undefined) throw new Error('a Deployment without containers')
  return { pod, container }
}

/** The parts of a container that are looked at. */
export interface Container {
  readonly args: readonly string[]
  readonly command?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly image: string
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly [field: string]: unknown
}
