import { compile } from '@sealkit/core/go/regexp'
import { patternError, ResolverError } from './error.ts'
import type { Reaches } from './provider.ts'
import { serverPlace } from './providers/text.ts'
import type { Store } from './store.ts'

/**
 * What the stores of manifests that somebody else wrote may reach. An operator keeps it outside of these manifests;
 * what no rule allows is refused.
 */
export interface Policy {
  readonly rules: readonly PolicyRule[]
}

/** Fields of a rule that bound what a store's spec says beside its host. */
export type ScopeField = 'mounts' | 'namespaces' | 'regions' | 'prefixes' | 'roles'

/**
 * One kind of backend that is allowed. What a store asks for must all be allowed by one rule. But for hosts everything
 * is a list of RE2 patterns, of which one must match a text whole; a list that is absent bounds nothing.
 */
export interface PolicyRule extends Readonly<Partial<Record<ScopeField, readonly string[]>>> {
  /** The key of `spec.provider`. */
  readonly provider: string
  /**
   * Host names that the store may name, exactly, each with its port where the store names one, and with the path where
   * its server has one.
   */
  readonly hosts: readonly string[]
  /** What a remote key, or the path of a find, must match. */
  readonly paths?: readonly string[]
  /** What the path, with its query, of every request must match. */
  readonly urlPaths?: readonly string[]
}

/** The fields that a rule for a built-in provider may have beside `provider`, `hosts` and `paths`. */
export const ruleFields: Readonly<Record<string, readonly (ScopeField | 'urlPaths')[]>> = {
  aws: ['regions', 'prefixes', 'roles'],
  fake: [],
  kubernetes: ['namespaces'],
  openBao: ['mounts', 'namespaces'],
  vault: ['mounts', 'namespaces'],
  webhook: ['urlPaths'],
}

/**
 * What a store's spec says of each field: a list of demands, all of which must be allowed. A demand is met by any one
 * of its texts; the empty text stands for what the spec leaves out.
 */
export type Scope = Readonly<Partial<Record<ScopeField, readonly (readonly string[])[]>>>

/** A store as a policy sees it. */
export interface Place {
  readonly store: Store
  /** The hosts that its spec names. */
  readonly hosts: readonly string[]
  readonly scope: Scope
}

/** Checks a store before it is opened. @throws {ResolverError} `POLICY_DENIED` */
export function checkStore(policy: Policy, place: Place): void {
  if (allowing(policy, place).length > 0) return
  const { store, hosts } = place
  const where = hosts.length === 0 ? '' : ` at ${hosts.join(', ')}`
  const what = `${store.kind} "${store.name}" uses ${store.provider.name}${where}${outOfScope(policy, place)}`
  throw denied(`${what}, which the policy does not allow`)
}

/** Which part of the spec no rule allows, where its host is allowed. */
function outOfScope(policy: Policy, place: Place): string {
  const rules = rulesAt(policy, place)
  const field = scopeFields.find((each) => !rules.some((rule) => meets(rule, place, each)))
  if (rules.length === 0 || field === undefined) return ''
  const texts = (place.scope[field] ?? []).map(([text = '']) => JSON.stringify(text))
  return ` with the ${words[field]} ${texts.join(', ')}`
}

/** What a store may reach that its spec need not name: by a redirect, a kubeconfig, a template. */
export function reachOf(policy: Policy | undefined, place: Place): { readonly reaches?: Reaches } {
  if (policy === undefined) return {}
  const rules = allowing(policy, place)
  return {
    reaches(url, as = 'request') {
      if (as === 'server') return rules.some(({ hosts }) => hosts.includes(serverPlace(url.href)))
      const near = rules.filter(({ hosts }) => hosts.some((host) => isAt(url, host)))
      return near.some(({ urlPaths }) => as === 'host' || allowsPath(url, urlPaths))
    },
  }
}

/** Checks a remote key, or the path of a find, before it is read. @throws {ResolverError} `POLICY_DENIED` */
export function checkLocation(policy: Policy, place: Place, key: string): void {
  if (allowing(policy, place).some(({ paths }) => matchesOne(paths, key))) return
  throw denied(`the policy does not allow the key "${key}" of ${place.store.provider.name}`)
}

/** The rules that allow a store as it is: what one of them bounds, another's keys or hosts do not widen. */
function allowing(policy: Policy, place: Place): PolicyRule[] {
  return rulesAt(policy, place).filter((rule) => scopeFields.every((field) => meets(rule, place, field)))
}

function rulesAt({ rules }: Policy, { store, hosts }: Place): PolicyRule[] {
  const { name } = store.provider
  return rules.filter((rule) => rule.provider === name && hosts.every((host) => rule.hosts.includes(host)))
}

const words: Readonly<Record<ScopeField, string>> = {
  mounts: 'mount',
  namespaces: 'namespace',
  regions: 'region',
  prefixes: 'prefix',
  roles: 'role',
}
const scopeFields = Object.keys(words) as readonly ScopeField[]

/** A field that a rule bounds and the provider says nothing of is not allowed. */
function meets(rule: PolicyRule, { scope }: Place, field: ScopeField): boolean {
  const patterns = rule[field]
  if (patterns === undefined) return true
  return scope[field]?.every((texts) => texts.some((text) => matchesOne(patterns, text))) === true
}

/** Whether an URL is at a host, and below its path where the host has one. */
function isAt({ host, pathname }: URL, allowed: string): boolean {
  const at = allowed.indexOf('/')
  if (at === -1) return host === allowed
  return (
    host === allowed.slice(0, at) && (pathname.startsWith(`${allowed.slice(at)}/`) || pathname === allowed.slice(at))
  )
}

/**
 * Whether a request's path is allowed in every way in which a server may read it: as it is sent, and decoded, however
 * often it was encoded.
 */
function allowsPath({ pathname, search }: URL, patterns: readonly string[] | undefined): boolean {
  if (patterns === undefined) return true
  const forms = decodings(pathname)
  return forms?.every((form) => !hasDots(form) && matchesOne(patterns, `${form}${search}`)) === true
}

/** How often a path may be encoded. */
const mostDecodings = 4

/** A path and all that decoding makes of it, one after the other; null where it does not come to an end. */
function decodings(path: string): readonly string[] | null {
  const forms = [path]
  for (let last = path; forms.length <= mostDecodings; last = forms.at(-1) ?? '') {
    const next = decoded(last)
    if (next === null) return null
    if (next === last) return forms
    forms.push(next)
  }
  return null
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

/** Some servers take `\` for `/`, and leave out what follows a `;` in a segment. */
function hasDots(path: string): boolean {
  return path.split(/[/\\]/).some((segment) => /^\.\.?$/.test(segment.replace(/;.*$/s, '')))
}

function matchesOne(patterns: readonly string[] | undefined, text: string): boolean {
  return patterns === undefined || patterns.some((pattern) => matchesWhole(pattern, text))
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
