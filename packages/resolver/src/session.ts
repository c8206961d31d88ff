import type { ClusterAccess } from './cluster.ts'
import { type CredentialSource, type Credentials, storeCredentials } from './credentials.ts'
import { isTransient, ResolverError } from './error.ts'
import type { FindQuery } from './externalsecret.ts'
import { createJoiner, createLimit } from './fetch.ts'
import type { Environment, Location, Provider, ProviderRow, RemoteSecret } from './provider.ts'
import { providers as builtin } from './providers/index.ts'
import type { Store } from './store.ts'

/** One opened store: its provider, with identical reads joined and the number of calls at once bounded. */
export interface Session {
  readonly provider: Provider
  /** Reads distinct locations, in one call where the backend has one; an error stands in the place of its location. */
  read(locations: readonly Location[], signal: AbortSignal): Promise<RemoteSecret | null>[]
  find(query: FindQuery, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array> | null>
  /** Must be called once by whoever opened it; a session that was replaced ends when its last user releases it. */
  release(): void
}

/** The stores that are open, so that ExternalSecrets of the same store share one login. */
export interface Sessions {
  readonly environment: Environment
  /**
   * The session of a store for an ExternalSecret of `namespace`: the one that is open, unless the store or a credential
   * object changed.
   *
   * @throws {ResolverError} `INVALID_STORE`, `NOT_SUPPORTED` for a provider that Sealkit does not have
   */
  open(store: Store, namespace: string, cluster: ClusterAccess): Promise<Session>
  /** The row of a store's provider. @throws {ResolverError} `NOT_SUPPORTED` */
  row(store: Store): ProviderRow
  /** The hosts that a store names, for a policy. @throws as `row` */
  hosts(store: Store): readonly string[]
  /** Ends the sessions of a store that was deleted. */
  forget(store: Pick<Store, 'kind' | 'namespace' | 'name'>): Promise<void>
  /** Ends all. */
  close(): Promise<void>
}

/** How sessions are opened. */
export interface SessionsOptions {
  readonly environment: Environment
  /** Providers by their key in `spec.provider`; the built-in table unless given. */
  readonly providers?: Readonly<Record<string, ProviderRow>>
  /** Calls of one store at once; 8 unless given. */
  readonly concurrency?: number
}

interface OpenSession {
  readonly store: string
  readonly config: string
  readonly provider: Provider
  readonly credentials: Credentials
  readonly read: Session['read']
  readonly find: Session['find']
  users: number
  dropped: boolean
}

/** {@link Sessions} with nothing open. */
export function createSessions(options: SessionsOptions): Sessions {
  const { environment, providers = builtin, concurrency = 8 } = options
  const open = new Map<string, OpenSession>()
  const turns = new Map<string, Promise<unknown>>()
  const row = (store: Store): ProviderRow => providerRow(providers, store)

  const replace = async (key: string, opening: Opening): Promise<OpenSession> => {
    const session = await openSession(row(opening.store), opening, { environment, concurrency })
    const before = open.get(key)
    open.set(key, session)
    if (before !== undefined) await drop(before)
    return session
  }
  return {
    environment,
    row,
    hosts: (store) => row(store).hosts?.(store.provider.spec) ?? [],
    async open(store, namespace, cluster): Promise<Session> {
      const key = sessionKey(store, namespace, row(store))
      // One after the other for each key, so that two who come at once do not both log in.
      return inTurn(turns, key, async () => {
        const current = open.get(key)
        const usable = current !== undefined && current.config === configuration(store)
        const kept = usable && (await unchanged(cluster, current.credentials.sources))
        return lease(kept ? current : await replace(key, { store, namespace, cluster }))
      })
    },
    async forget(store): Promise<void> {
      const gone = [...open].filter(([, session]) => session.store === storeKey(store))
      for (const [key] of gone) open.delete(key)
      await Promise.all(gone.map(([, session]) => drop(session)))
    },
    async close(): Promise<void> {
      const sessions = [...open.values()]
      open.clear()
      await Promise.all(sessions.map(drop))
    },
  }
}

/** A store on its way to a session. */
interface Opening {
  readonly store: Store
  readonly namespace: string
  readonly cluster: ClusterAccess
}

async function openSession(
  row: ProviderRow,
  { store, namespace, cluster }: Opening,
  { environment, concurrency }: Required<Pick<SessionsOptions, 'environment' | 'concurrency'>>,
): Promise<OpenSession> {
  const module = await row.load()
  const credentials = storeCredentials(cluster, store, namespace)
  const provider = module.open({ store, namespace, credentials, environment })
  const calls = reader(provider, concurrency)
  const identity = { store: storeKey(store), config: configuration(store) }
  return { ...identity, provider, credentials, ...calls, users: 0, dropped: false }
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

function configuration(store: Store): string {
  return JSON.stringify([store.uid, store.generation, store.provider, store.retry])
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

/** A location as a key: two entries with the same one need one read. */
export function locationKey(location: Location): string {
  return JSON.stringify([location.key, location.version, location.metadataPolicy, location.property ?? null])
}

function reader(provider: Provider, concurrency: number): Pick<Session, 'read' | 'find'> {
  const limit = createLimit(concurrency, isTransient)
  const gets = createJoiner<RemoteSecret | null>()
  const finds = createJoiner<ReadonlyMap<string, Uint8Array> | null>()
  const one = (location: Location, signal: AbortSignal): Promise<RemoteSecret | null> =>
    gets.join(locationKey(location), signal, (shared) => limit(shared, () => provider.get(location, shared)))
  return {
    read(locations, signal): Promise<RemoteSecret | null>[] {
      const { getMany } = provider
      if (getMany === undefined || locations.length < 2) return locations.map((location) => one(location, signal))
      const batch = startBatch((shared) => limit(shared, () => getMany.call(provider, locations, shared)))
      return locations.map((location, index) =>
        gets.join(locationKey(location), signal, async (member) => take(await batch(member), index)),
      )
    },
    find: (query, signal) =>
      finds.join(JSON.stringify(query), signal, (shared) => limit(shared, () => provider.find(query, shared))),
  }
}

/** One call for several members: begun by the first that needs it, aborted when the last of them is. */
function startBatch<Value>(start: (signal: AbortSignal) => Promise<Value>): (member: AbortSignal) => Promise<Value> {
  const controller = new AbortController()
  let call: Promise<Value> | undefined
  let members = 0
  return (member) => {
    members += 1
    const leave = (): void => {
      members -= 1
      if (members === 0) controller.abort(member.reason)
    }
    member.addEventListener('abort', leave, { once: true })
    call ??= start(controller.signal)
    return call
  }
}

function take(results: readonly (RemoteSecret | null | Error)[], index: number): RemoteSecret | null {
  const result = results[index]
  if (result instanceof Error) throw result
  if (result === undefined)
    throw new ResolverError('PROVIDER_FAILED', 'the provider answered fewer secrets than it was asked for')
  return result
}
