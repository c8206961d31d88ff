import type { Manifest } from '@sealkit/core/manifest'
import { ResolverError } from './error.ts'
import { list, object, optionalObject, text, textMap, texts } from './view.ts'

/** A SecretStore or ClusterSecretStore with the CRD's defaults applied. */
export interface Store {
  readonly kind: StoreKind
  readonly name: string
  /** Empty for a ClusterSecretStore. */
  readonly namespace: string
  readonly uid: string
  readonly generation: number
  readonly annotations: Readonly<Record<string, string>>
  /** The controller class, empty = any (`spec.controller`). */
  readonly controller: string
  readonly provider: StoreProvider
  /** Absent = the client's own default. */
  readonly retry: RetrySettings | null
  /** Seconds, or a Go duration; as written. */
  readonly refreshInterval: string
  readonly conditions: readonly StoreCondition[]
  /** The Ready condition of the status; null before the first validation. */
  readonly ready: boolean | null
}

/** The two kinds of store. */
export type StoreKind = 'SecretStore' | 'ClusterSecretStore'

/** The one key of `spec.provider` and what is under it. */
export interface StoreProvider {
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
}

/** A store's `spec.retrySettings`. */
export interface RetrySettings {
  readonly maxRetries: number
  /** A Go duration; empty = the client's own. */
  readonly retryInterval: string
}

/** Who may use a ClusterSecretStore; the fields of one condition are ORed, and so are conditions. */
export interface StoreCondition {
  readonly namespaces: readonly string[]
  readonly namespaceRegexes: readonly string[]
  readonly namespaceSelector: LabelSelector | null
}

/** A metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>
  readonly matchExpressions: readonly {
    readonly key: string
    readonly operator: string
    readonly values: readonly string[]
  }[]
}

const apiVersions: ReadonlySet<string> = new Set(['external-secrets.io/v1', 'external-secrets.io/v1beta1'])

/**
 * The typed view of a store manifest; v1beta1 is read as v1, of which it is a part.
 *
 * @throws {ResolverError} `INVALID_STORE` for another kind or version, or when `spec.provider` has not exactly one key
 */
export function readStore(manifest: Manifest): Store {
  const { kind, metadata = {} } = manifest
  const name = metadata.name ?? ''
  if (!isStoreKind(kind) || !apiVersions.has(manifest.apiVersion ?? '')) {
    throw new ResolverError('INVALID_STORE', `${kind ?? 'object'} "${name}" is not a SecretStore or ClusterSecretStore`)
  }
  const spec = object(manifest['spec'])
  return {
    kind,
    name,
    namespace: kind === 'SecretStore' ? (metadata.namespace ?? '') : '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    annotations: metadata.annotations ?? {},
    controller: text(spec['controller']),
    provider: readProvider(kind, name, spec['provider']),
    retry: readRetry(spec['retrySettings']),
    refreshInterval: String(spec['refreshInterval'] ?? ''),
    conditions: kind === 'ClusterSecretStore' ? list(spec['conditions']).map(readCondition) : [],
    ready: readReady(manifest['status']),
  }
}

/** Whether the word is the kind of a store. */
export function isStoreKind(kind: unknown): kind is StoreKind {
  return kind === 'SecretStore' || kind === 'ClusterSecretStore'
}

function readProvider(kind: StoreKind, name: string, value: unknown): StoreProvider {
  const entries = Object.entries(object(value)).filter(([, spec]) => spec !== null && spec !== undefined)
  const [first] = entries
  if (first === undefined || entries.length > 1) {
    const found = entries.map(([provider]) => provider).join(', ')
    throw new ResolverError(
      'INVALID_STORE',
      `${kind} "${name}" must have exactly one provider, has ${entries.length === 0 ? 'none' : found}`,
      {
        upstream: `secret stores must only have exactly one backend specified, found ${entries.length}`,
        hint: 'keep one key under spec.provider',
      },
    )
  }
  return { name: first[0], spec: object(first[1]) }
}

function readRetry(value: unknown): RetrySettings | null {
  const retry = optionalObject(value)
  if (retry === null) return null
  // Settings without a count mean no retries: Go's zero value.
  return { maxRetries: Number(retry['maxRetries'] ?? 0), retryInterval: text(retry['retryInterval']) }
}

function readCondition(value: unknown): StoreCondition {
  const condition = object(value)
  const selector = optionalObject(condition['namespaceSelector'])
  return {
    namespaces: texts(condition['namespaces']),
    namespaceRegexes: texts(condition['namespaceRegexes']),
    namespaceSelector: selector === null ? null : readSelector(selector),
  }
}

/** The typed view of a metav1.LabelSelector that the API server let in. */
export function readSelector(value: unknown): LabelSelector {
  const selector = object(value)
  return {
    matchLabels: textMap(selector['matchLabels']),
    matchExpressions: list(selector['matchExpressions']).map((item) => {
      const expression = object(item)
      return {
        key: text(expression['key']),
        operator: text(expression['operator']),
        values: texts(expression['values']),
      }
    }),
  }
}

function readReady(status: unknown): boolean | null {
  const ready = list(object(status)['conditions']).find((item) => object(item)['type'] === 'Ready')
  return ready === undefined ? null : object(ready)['status'] === 'True'
}
