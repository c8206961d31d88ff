import { compile } from '@sealkit/core/go/regexp'
import { patternError, ResolverError } from './error.ts'
import type { Store } from './store.ts'

/**
 * What the stores of manifests that somebody else wrote may reach. An operator keeps it outside of these manifests;
 * what no rule allows is refused.
 */
export interface Policy {
  readonly rules: readonly PolicyRule[]
}

/** One kind of backend that is allowed. */
export interface PolicyRule {
  /** The key of `spec.provider`. */
  readonly provider: string
  /** Host names that the store may name, exactly, each with its port where the store names one. */
  readonly hosts: readonly string[]
  /** RE2 patterns; a remote key, or the path of a find, must match one of them whole. Absent = every key. */
  readonly paths?: readonly string[]
}

/** Checks a store, and the hosts that it would reach, before it is opened. @throws {ResolverError} `POLICY_DENIED` */
export function checkStore(policy: Policy, store: Store, hosts: readonly string[]): void {
  const rules = policy.rules.filter(({ provider }) => provider === store.provider.name)
  if (rules.some((rule) => hosts.every((host) => rule.hosts.includes(host)))) return
  const where = hosts.length === 0 ? '' : ` at ${hosts.join(', ')}`
  throw denied(`${store.kind} "${store.name}" uses ${store.provider.name}${where}, which the policy does not allow`)
}

/** Whether a store may reach a host that its spec does not name: a redirect's, a kubeconfig's, a rendered URL's. */
export function reachOf(policy: Policy | undefined, store: Store): { readonly reaches?: (host: string) => boolean } {
  if (policy === undefined) return {}
  const rules = policy.rules.filter(({ provider }) => provider === store.provider.name)
  return { reaches: (host) => rules.some(({ hosts }) => hosts.includes(host)) }
}

/** Checks a remote key, or the path of a find, before it is read. @throws {ResolverError} `POLICY_DENIED` */
export function checkLocation(policy: Policy, store: Store, key: string): void {
  const rules = policy.rules.filter(({ provider }) => provider === store.provider.name)
  const allowed = rules.some(({ paths }) => paths === undefined || paths.some((path) => matchesWhole(path, key)))
  if (!allowed) throw denied(`the policy does not allow the key "${key}" of ${store.provider.name}`)
}

function matchesWhole(pattern: string, key: string): boolean {
  try {
    return compile(`^(?:${pattern})$`).test(key)
  } catch (error) {
    throw patternError('the policy has a pattern that is not valid RE2: ', error, 'POLICY_DENIED')
  }
}

function denied(message: string): ResolverError {
  return new ResolverError('POLICY_DENIED', message, { hint: 'ask the operator who keeps the policy' })
}
