import { compareUtf8, quote } from '@sealkit/core/go'
import type { ClusterObject } from '@sealkit/kubernetes'
import { type LabelSelector, readSelector, selects } from '@sealkit/resolver'

/** The typed view of a ClusterExternalSecret. */
export interface ClusterExternalSecret {
  /** Name of the ExternalSecrets that it makes. */
  readonly childName: string
  readonly childSpec: unknown
  readonly childLabels: Readonly<Record<string, string>> | undefined
  readonly childAnnotations: Readonly<Record<string, string>> | undefined
  /** Any of them chooses a namespace. */
  readonly selectors: readonly LabelSelector[]
  readonly namespaces: readonly string[]
  /** Go duration between two looks; null = the controller's own. */
  readonly refreshTime: string | null
}

/** What went wrong in one namespace. */
export interface NamespaceFailure {
  readonly namespace: string
  readonly reason: string
}

/** The part of the status that a reconcile goes by. */
export interface ClusterExternalSecretStatus {
  readonly externalSecretName?: string
  readonly provisionedNamespaces?: readonly string[]
  readonly failedNamespaces?: readonly NamespaceFailure[]
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
}

interface Spec {
  readonly externalSecretName?: string
  readonly externalSecretSpec?: unknown
  readonly externalSecretMetadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly namespaceSelector?: unknown
  readonly namespaceSelectors?: readonly unknown[]
  readonly namespaces?: readonly string[]
  readonly refreshTime?: string
}

/** Annotation that makes External Secrets read again; it is handed down to the ExternalSecrets. */
const forceSync = 'external-secrets.io/force-sync'

/** The typed view of a ClusterExternalSecret that the API server let in. */
export function readClusterExternalSecret({ metadata, ...object }: ClusterObject): ClusterExternalSecret {
  const spec = (object['spec'] ?? {}) as Spec
  const { labels, annotations } = spec.externalSecretMetadata ?? {}
  const force = metadata.annotations?.[forceSync]
  const selectors = [spec.namespaceSelector, ...(spec.namespaceSelectors ?? [])]
  return {
    childName: spec.externalSecretName || metadata.name,
    childSpec: spec.externalSecretSpec ?? {},
    childLabels: labels,
    childAnnotations: force === undefined ? annotations : { ...annotations, [forceSync]: force },
    selectors: selectors.flatMap((selector) => (selector === undefined ? [] : [readSelector(selector)])),
    namespaces: spec.namespaces ?? [],
    refreshTime: spec.refreshTime ?? null,
  }
}

/** The status of a ClusterExternalSecret; an empty one where it has none. */
export function statusOf(object: ClusterObject): ClusterExternalSecretStatus {
  return (object['status'] ?? {}) as ClusterExternalSecretStatus
}

/** Whether a namespace is chosen, by its name or its labels. One that is being deleted is not. */
export function chooses({ namespaces, selectors }: ClusterExternalSecret, { metadata }: ClusterObject): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  if (namespaces.includes(metadata.name)) return true
  return selectors.some((selector) => selects(selector, metadata.labels ?? {}))
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist']

/** What is wrong with the first selector that cannot be asked, in the words of External Secrets; null = nothing. */
export function selectorProblem(selectors: readonly LabelSelector[]): string | null {
  for (const selector of selectors) {
    const wrong = selector.matchExpressions.find(({ operator }) => !operators.includes(operator))
    if (wrong === undefined) continue
    const operator = `${quote(wrong.operator)} is not a valid label selector operator`
    return `failed to convert label selector ${selectorText(selector)}: ${operator}`
  }
  return null
}

/** A selector as Kubernetes' Go types print it. */
function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([key, value]) => `${key}: ${value},`)
  const expressions = matchExpressions.map(
    ({ key, operator, values }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  const parts = [
    `MatchLabels:map[string]string{${labels.join('')}},`,
    `MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},`,
  ]
  return `&LabelSelector{${parts.join('')}}`
}
