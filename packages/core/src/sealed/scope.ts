/** How far a sealed item may travel: one name, one namespace, or the cluster. */
export type Scope = 'strict' | 'namespace-wide' | 'cluster-wide'

/** One row of {@link scopes}. */
export interface ScopeRow {
  readonly name: Scope
  /** Annotation that selects the scope by the value `true`; none selects the default. */
  readonly annotation: string | null
  /** Text whose UTF-8 bytes are the OAEP label. */
  label(namespace: string, name: string): string
}

/** Every scope; where an object carries several annotations the first row wins. */
export const scopes: readonly ScopeRow[] = [
  { name: 'cluster-wide', annotation: 'sealedsecrets.bitnami.com/cluster-wide', label: () => '' },
  {
    name: 'namespace-wide',
    annotation: 'sealedsecrets.bitnami.com/namespace-wide',
    label: (namespace) => namespace,
  },
  { name: 'strict', annotation: null, label: (namespace, name) => `${namespace}/${name}` },
]

/** Every annotation and label of Sealed Secrets that is no scope. */
export const names = {
  /** On an existing Secret: the controller may overwrite it. */
  managed: 'sealedsecrets.bitnami.com/managed',
  /** On an existing Secret: the controller merges into it. */
  patch: 'sealedsecrets.bitnami.com/patch',
  /** In the template: the Secret gets no ownerReference. */
  skipOwnerReferences: 'sealedsecrets.bitnami.com/skip-set-owner-references',
  /** Label of the Secrets that hold sealing keys; the value `active` loads them. */
  sealingKey: 'sealedsecrets.bitnami.com/sealed-secrets-key',
} as const

type Annotations = Readonly<Record<string, string>>

/** Whether a text names a scope. */
export function isScope(text: string): text is Scope {
  return scopes.some((row) => row.name === text)
}

/** Scope that the annotations of a Secret (when sealing) or a SealedSecret (when unsealing) select. */
export function scopeOf(annotations: Annotations | undefined): Scope {
  const row = scopes.find(({ annotation }) => annotation !== null && annotations?.[annotation] === 'true')
  return row?.name ?? 'strict'
}

/** The annotations with those of every scope removed and that of the given scope set. */
export function withScope(annotations: Annotations | undefined, scope: Scope): Record<string, string> {
  const others = Object.entries(annotations ?? {}).filter(([key]) => !scopes.some((row) => row.annotation === key))
  const own = scopes.flatMap(({ name, annotation }) => (name === scope && annotation !== null ? [annotation] : []))
  return Object.fromEntries([...others, ...own.map((annotation) => [annotation, 'true'] as const)])
}
