import { compile } from '@sealkit/core/go/regexp'
import { patternError, ResolverError } from './error.ts'
import type { LabelSelector, Store } from './store.ts'

/**
 * Whether a ClusterSecretStore may be used from a namespace: any condition, and any field of it, that matches allows;
 * no condition allows all. Regexps are RE2, unanchored.
 *
 * @throws {ResolverError} `INVALID_STORE` for a regexp that does not compile or an unknown selector operator
 */
export function allowsNamespace(
  store: Store,
  namespace: string,
  labels: Readonly<Record<string, string>> | null,
): boolean {
  if (store.kind !== 'ClusterSecretStore' || store.conditions.length === 0) return true
  return store.conditions.some(
    (condition) =>
      (condition.namespaceSelector !== null && labels !== null && selects(condition.namespaceSelector, labels)) ||
      condition.namespaces.includes(namespace) ||
      condition.namespaceRegexes.some((pattern) => matches(pattern, namespace)),
  )
}

function matches(pattern: string, namespace: string): boolean {
  try {
    return compile(pattern).test(namespace)
  } catch (cause) {
    throw patternError(`failed to compile regex ${pattern}: `, cause, 'INVALID_STORE')
  }
}

type Operator = (value: string | undefined, values: readonly string[]) => boolean

/** Operators of metav1.LabelSelector. */
const operators: Readonly<Record<string, Operator>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
}

/** Whether a label selector matches labels; an empty selector matches all. @throws {ResolverError} `INVALID_STORE` */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const byLabel = Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value)
  return (
    byLabel &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const rule = Object.hasOwn(operators, operator) ? operators[operator] : undefined
      if (rule === undefined)
        throw new ResolverError('INVALID_STORE', `"${operator}" is not a valid label selector operator`)
      return rule(labels[key], values)
    })
  )
}
