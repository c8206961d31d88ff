import type { Unwrap } from '@sealkit/core/sops'
import { type KeyserviceError, keyServices } from '@sealkit/keyservice'
import { type Cluster, type ClusterObject, type Key, keyText, resources } from '@sealkit/kubernetes'
import { ControllerError } from '../error.ts'
import { errorFields, type Log } from '../log.ts'
import { ownIdentity } from './identity.ts'
import { type KeySet, keySet } from './keyset.ts'
import { type KeyRule, type KeyRules, ruleFor } from './rules.ts'

/** The label by which a namespace's own key Secrets are found. */
export const keysLabel = 'sops.sealkit.dev/keys'

/** What {@link sopsKeys} works with. */
export interface SopsKeysOptions {
  readonly cluster: Cluster
  readonly rules: () => KeyRules
  /** Names of the Secrets of a namespace that carry {@link keysLabel}. */
  readonly labelled: (namespace: string) => readonly string[]
  /** Labels of a namespace, as far as they are known. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>
  /** Keys that decrypt for every namespace: those of a folder, where there is no cluster. */
  readonly common?: KeySet
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
}

/** Keys by namespace. */
export interface SopsKeys {
  /**
   * What decrypts for a namespace: the keys of the first rule that chooses it, and no others.
   *
   * @throws {ControllerError} `KEY_RULE_MISSING`, `KEY_SECRET_MISSING`, `KEY_SECRET_INVALID`
   */
  unwrapFor(namespace: string): Promise<Unwrap>
  /** Removes key rings. */
  close(): Promise<void>
}

/** Milliseconds for which a key ring whose Secret has changed stays for decryptions that use it. */
const lingering = 60_000

/** Keys by namespace, read when they are used; what a Secret holds is prepared once for each version of it. */
export function sopsKeys(options: SopsKeysOptions): SopsKeys {
  const rings = new Rings(options)
  return {
    async unwrapFor(namespace) {
      const rule = ruleFor(options.rules(), namespace, options.namespaceLabels(namespace))
      const common = options.common === undefined ? [] : [options.common]
      if (rule === null && common.length === 0) throw noRule(namespace)
      const sets = [...(rule === null ? [] : await setsOf(rule, namespace, rings, options)), ...common]
      if (sets.length === 0) throw noSecret(namespace)
      return keyServices(sets.map(({ unwrap }) => ({ unwrap, wrap: refuseWrap }))).unwrap
    },
    close: () => rings.close(),
  }
}

async function refuseWrap(): Promise<never> {
  throw new TypeError('keys of the controller only decrypt')
}

async function setsOf(
  rule: KeyRule,
  namespace: string,
  rings: Rings,
  { labelled, env, log }: SopsKeysOptions,
): Promise<KeySet[]> {
  const own = rule.own ? labelled(namespace).map((name) => ({ namespace, name })) : []
  const named = rule.secrets.map((ref) => ({ namespace: ref.namespace ?? namespace, name: ref.name }))
  const sets: KeySet[] = []
  const failures: (ControllerError | KeyserviceError)[] = []
  for (const key of [...own, ...named]) {
    try {
      // A token of another namespace goes only where the operator says: the file names the server.
      const vaults = rule.vaults ?? (key.namespace === namespace ? null : [])
      const set = await rings.open(key, vaults)
      if (set !== null) sets.push(set)
    } catch (error) {
      if (!(error instanceof ControllerError)) throw error
      log.warn('a key Secret cannot be used', { key: keyText(key), ...errorFields(error) })
      failures.push(error)
    }
  }
  if (rule.identity.length > 0) sets.push(ownIdentity(rule.identity, env))
  const [failure] = failures
  if (sets.length === 0 && failure !== undefined) throw failure
  return sets
}

/** What key Secrets hold, by Secret and version. */
class Rings {
  readonly #options: SopsKeysOptions
  readonly #open = new Map<string, { version: string; set: Promise<KeySet> }>()
  readonly #retired = new Map<Promise<KeySet>, NodeJS.Timeout>()

  constructor(options: SopsKeysOptions) {
    this.#options = options
  }

  /** The keys of a Secret; null where it is not there. */
  async open(key: Key, vaults: readonly string[] | null): Promise<KeySet | null> {
    const { cluster, env } = this.#options
    const id = `${keyText(key)} ${JSON.stringify(vaults)}`
    const secret = await cluster.get(resources.secret, key)
    const known = this.#open.get(id)
    const version = secret === null ? '' : `${secret.metadata.uid} ${secret.metadata.resourceVersion}`
    if (known !== undefined && known.version === version) return known.set
    if (known !== undefined) this.#retire(id, known.set)
    if (secret === null) return null
    const set = keySet(entriesOf(secret), { env, vaults })
    this.#open.set(id, { version, set })
    set.catch(() => this.#open.delete(id))
    return set
  }

  #retire(id: string, set: Promise<KeySet>): void {
    this.#open.delete(id)
    const timer = setTimeout(() => {
      this.#retired.delete(set)
      void closed(set)
    }, lingering)
    this.#retired.set(set, timer.unref())
  }

  async close(): Promise<void> {
    for (const timer of this.#retired.values()) clearTimeout(timer)
    const sets = [...this.#retired.keys(), ...[...this.#open.values()].map(({ set }) => set)]
    this.#open.clear()
    this.#retired.clear()
    await Promise.all(sets.map(closed))
  }
}

async function closed(set: Promise<KeySet>): Promise<void> {
  const opened = await set.catch(() => null)
  await opened?.close()
}

function entriesOf(secret: ClusterObject): ReadonlyMap<string, Uint8Array> {
  const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>
  return new Map(Object.entries(data).map(([name, text]) => [name, Buffer.from(text, 'base64')]))
}

function noRule(namespace: string): ControllerError {
  return new ControllerError('KEY_RULE_MISSING', `no rule gives the namespace ${namespace} keys`, {
    hint: 'add a rule to the file of --sops-keys',
  })
}

function noSecret(namespace: string): ControllerError {
  return new ControllerError('KEY_SECRET_MISSING', `there is no key Secret for the namespace ${namespace}`, {
    hint: `make the Secret that the rule names, or label one of the namespace ${keysLabel}=true`,
  })
}
