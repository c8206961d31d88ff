import type { ClusterAccess } from './cluster.ts'
import { type CredentialSource, type Credentials, storeCredentials } from './credentials.ts'
import { createMoments, type Demand } from './demand.ts'
import { ResolverError } from './error.ts'
import type { FindQuery } from './externalsecret.ts'
import { type Place, type Policy, reachOf } from './policy.ts'
import type { Environment, Location, Provider, ProviderRow, RemoteSecret } from './provider.ts'
import { providers as builtin } from './providers/index.ts'
import { createReader } from './reader.ts'
import type { Store } from './store.ts'

/** One opened store: its provider, with identical reads joined and the number of calls at once bounded. */
export interface Session {
  readonly provider: Provider
  /**
   * Reads distinct locations, in one call where the backend has one; an error stands in the place of its location. With
   * a demand, reads that began before it arose are not joined.
   */
  read(locations: readonly Location[], signal: AbortSignal, demand?: Demand): Promise<RemoteSecret | null>[]
  find(query: FindQuery, signal: AbortSignal, demand?: Demand): Promise<ReadonlyMap<string, Uint8Array> | null>
  /** Must be called once by whoever opened it; a session that was replaced ends when its last user releases it. */
  release(): void
}

/** The stores that are open, so that ExternalSecrets of the same store share one login. */
export interface Sessions {
  readonly environment: Environment
  /** The next moment, for demands: reads that begin afterwards have later ones. */
  moment(): number
  /**
   * The session of a store for an ExternalSecret of `namespace`: the one that is open, unless the store or a credential
   * object changed.
   *
   * @throws {ResolverError} `INVALID_STORE`, `NOT_SUPPORTED` for a provider that Sealkit does not have
   */
  open(store: Store, namespace: string, cluster: ClusterAccess, options?: SessionOptions): Promise<Session>
  /** The row of a store's provider. @throws {ResolverError} `NOT_SUPPORTED` */
  row(store: Store): ProviderRow
  /** A store as a policy sees it. @throws as `row` */
  place(store: Store): Place
  /** Ends the sessions of a store that was deleted. */
  forget(store: Pick<Store, 'kind' | 'namespace' | 'name'>): Promise<void>
  /** Ends all. */
  close(): Promise<void>
}

/** How one session is opened. */
export interface SessionOptions {
  /** Looks at the credential objects now, however short ago they were looked at. */
  readonly fresh?: boolean
  /** What the store may reach; it was checked against it already. */
  readonly policy?: Policy | undefined
}

/** How sessions are opened. */
export interface SessionsOptions {
  readonly environment: Environment
  /** Providers by their key in `spec.provider`; the built-in table unless given. */
  readonly providers?: Readonly<Record<string, ProviderRow>>
  /** Calls of one store at once; what its provider's row says, or 8, unless given. */
  readonly concurrency?: number
  /** Milliseconds for which credential objects count as unchanged after they were looked at; 0 unless given. */
  readonly recheck?: number
}

/** Calls of one store at once, where neither the caller nor the provider's row says a number. */
const defaultConcurrency = 8

interface OpenSession {
  readonly store: string
  readonly config: string
  readonly provider: Provider
  readonly credentials: Credentials
  readonly read: Session['read']
  readonly find: Session['find']
  users: number
  dropped: boolean
  /** When its credential objects were last looked at, by the environment's clock. */
  checked: number
}

/** {@link Sessions} with nothing open. */
export function createSessions(options: SessionsOptions): Sessions {
  return new OpenSessions(options)
}

class OpenSessions implements Sessions {
  readonly environment: Environment
  readonly moment: () => number = createMoments()
  readonly #providers: Readonly<Record<string, ProviderRow>>
  readonly #concurrency: number | undefined
  readonly #recheck: number
  readonly #open = new Map<string, OpenSession>()
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor({ environment, providers = builtin, concurrency, recheck = 0 }: SessionsOptions) {
    this.environment = environment
    this.#providers = providers
    this.#concurrency = concurrency
    this.#recheck = recheck
  }

  row(store: Store): ProviderRow {
    return providerRow(this.#providers, store)
  }

  place(store: Store): Place {
    return placeOf(this.row(store), store)
  }

  async open(
    store: Store,
    namespace: string,
    cluster: ClusterAccess,
    { fresh = false, policy }: SessionOptions = {},
  ): Promise<Session> {
    const opening = { store, namespace, cluster, policy }
    const key = sessionKey(store, namespace, this.row(store))
    const checked = (): OpenSession | undefined => (fresh ? undefined : this.#checked(key, opening))
    const session = checked()
    if (session !== undefined) return lease(session)
    // One after the other for each key, so that two who come at once do not both log in.
    return inTurn(this.#turns, key, async () => lease(checked() ?? (await this.#check(key, opening))))
  }

  async forget(store: Pick<Store, 'kind' | 'namespace' | 'name'>): Promise<void> {
    const gone = [...this.#open].filter(([, session]) => session.store === storeKey(store))
    for (const [key] of gone) this.#open.delete(key)
    await Promise.all(gone.map(([, session]) => drop(session)))
  }

  async close(): Promise<void> {
    const sessions = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(sessions.map(drop))
  }

  /** The open session, unless the store changed. */
  #usable(key: string, { store, policy }: Opening): OpenSession | undefined {
    const session = this.#open.get(key)
    return session?.config === configuration(store, policy) ? session : undefined
  }

  /** The open session, where its credential objects were looked at a short while ago. */
  #checked(key: string, opening: Opening): OpenSession | undefined {
    const session = this.#usable(key, opening)
    const age = this.environment.now() - (session?.checked ?? Number.NaN)
    // A clock that was turned back proves nothing.
    return age >= 0 && age < this.#recheck ? session : undefined
  }

  /** The open session where its credential objects are as they were, else a new one. */
  async #check(key: string, opening: Opening): Promise<OpenSession> {
    const session = this.#usable(key, opening)
    const now = this.environment.now()
    const kept = session !== undefined && (await unchanged(opening.cluster, session.credentials.sources))
    const current = kept ? session : await this.#replace(key, opening)
    current.checked = now
    return current
  }

  async #replace(key: string, opening: Opening): Promise<OpenSession> {
    const row = this.row(opening.store)
    const { environment, moment } = this
    const concurrency = this.#concurrency ?? row.concurrency ?? defaultConcurrency
    const session = await openSession(row, opening, { environment, moment, concurrency })
    const before = this.#open.get(key)
    this.#open.set(key, session)
    if (before !== undefined) await drop(before)
    return session
  }
}

/** A store on its way to a session. */
interface Opening {
  readonly store: Store
  readonly namespace: string
  readonly cluster: ClusterAccess
  readonly policy: Policy | undefined
}

async function openSession(
  row: ProviderRow,
  { store, namespace, cluster, policy }: Opening,
  { environment, moment, concurrency }: Pick<Sessions, 'environment' | 'moment'> & { readonly concurrency: number },
): Promise<OpenSession> {
  const module = await row.load()
  const credentials = storeCredentials(cluster, store, namespace)
  const reach = reachOf(policy, placeOf(row, store))
  const provider = module.open({ store, namespace, credentials, environment, ...reach })
  const calls = createReader(provider, { store, concurrency, moment })
  const identity = { store: storeKey(store), config: configuration(store, policy) }
  return { ...identity, provider, credentials, ...calls, users: 0, dropped: false, checked: Number.NaN }
}

function placeOf({ hosts, scope }: ProviderRow, store: Store): Place {
  const { spec } = store.provider
  return { store, hosts: hosts?.(spec) ?? [], scope: scope?.(spec) ?? {} }
}

async function inTurn<Value>(
  turns: Map<string, Promise<unknown>>,
  key: string,
  call: () => Promise<Value>,
): Promise<Value> {
  const turn = (turns.get(key) ?? Promise.resolve()).then(call, call)
  turns.set(key, turn)
  try {
    return await turn
  } finally {
    if (turns.get(key) === turn) turns.delete(key)
  }
}

function providerRow(providers: Readonly<Record<string, ProviderRow>>, store: Store): ProviderRow {
  const row = Object.hasOwn(providers, store.provider.name) ? providers[store.provider.name] : undefined
  if (row !== undefined) return row
  throw new ResolverError('NOT_SUPPORTED', `${store.kind} "${store.name}" has a provider that is not supported`, {
    hint: `the providers are ${Object.keys(providers).join(', ')}`,
  })
}

function storeKey({ kind, namespace, name }: Pick<Store, 'kind' | 'namespace' | 'name'>): string {
  return JSON.stringify([kind, namespace, name])
}

/** A ClusterSecretStore that takes its credentials from the caller's namespace has a session for each. */
function sessionKey(store: Store, namespace: string, { isReferent = () => true }: ProviderRow): string {
  const place = store.kind === 'SecretStore' ? store.namespace || namespace : isReferent(store) ? namespace : ''
  return JSON.stringify([store.kind, place, store.name])
}

function configuration(store: Store, policy: Policy | undefined): string {
  return JSON.stringify([store.uid, store.generation, store.provider, store.retry, policy])
}

/** Objects without a resourceVersion come from files, which do not change under a session. */
async function unchanged(cluster: ClusterAccess, sources: readonly CredentialSource[]): Promise<boolean> {
  for (const { kind, namespace, name, uid, resourceVersion } of sources) {
    if (resourceVersion === '') continue
    const now = (await cluster.get(kind, { namespace, name }))?.metadata
    if (now?.uid !== uid || now.resourceVersion !== resourceVersion) return false
  }
  return true
}

function lease(session: OpenSession): Session {
  let released = false
  session.users += 1
  return {
    provider: session.provider,
    read: session.read,
    find: session.find,
    release(): void {
      if (released) return
      released = true
      session.users -= 1
      if (session.dropped && session.users === 0) void end(session)
    },
  }
}

async function drop(session: OpenSession): Promise<void> {
  session.dropped = true
  if (session.users === 0) await end(session)
}

/** A session that cannot be ended properly is left to its expiry: nobody waits for it. */
async function end(session: OpenSession): Promise<void> {
  await session.provider.close?.().catch(() => undefined)
}
