import type { Values } from './convert.ts'
import { ResolverError } from './error.ts'
import type { ExternalSecret } from './externalsecret.ts'
import { generate, secureRandom } from './generators/index.ts'
import type { Read } from './plan.ts'
import { checkLocation } from './policy.ts'
import type { RemoteSecret } from './provider.ts'
import type { ResolveContext } from './resolve.ts'
import type { Session } from './session.ts'
import { type OpenedStore, storeRefKey } from './stores.ts'

/** What a read gives: a secret for `get`, values for `find` and `generate`. Asking twice is free. */
export interface ReadResult {
  secret(): Promise<RemoteSecret | null>
  values(): Promise<Values | null>
}

/** What reads are started with. */
export interface ReadsOptions {
  readonly stores: ReadonlyMap<string, OpenedStore>
  readonly externalSecret: ExternalSecret
  readonly context: ResolveContext
  readonly signal: AbortSignal
}

/**
 * Starts all reads of a plan at once, the `get`s of one store together, and gives their results in the plan's order. A
 * failure waits for whoever asks for its result.
 */
export function startReads(reads: readonly Read[], options: ReadsOptions): readonly ReadResult[] {
  const gets = new Map<Read, Promise<RemoteSecret | null>>()
  for (const [store, group] of groupByStore(reads)) {
    const promises = startGets(options.stores.get(store), group, options)
    for (const [index, read] of group.entries()) gets.set(read, promises[index] ?? none())
  }
  return reads.map((read) => {
    const secret = gets.get(read) ?? none()
    const values = read.use === 'get' ? none() : quiet(startValues(read, options))
    return { secret: () => secret, values: () => values }
  })
}

type Get = Read & { readonly use: 'get' }

function groupByStore(reads: readonly Read[]): Map<string, Get[]> {
  const groups = new Map<string, Get[]>()
  for (const read of reads) {
    if (read.use !== 'get') continue
    const key = storeRefKey(read.store)
    groups.set(key, [...(groups.get(key) ?? []), read])
  }
  return groups
}

function startGets(
  store: OpenedStore | undefined,
  reads: readonly Get[],
  { context, signal }: ReadsOptions,
): Promise<RemoteSecret | null>[] {
  const failures = new Map<number, unknown>()
  const allowed = reads.filter((read, index) => {
    try {
      if (context.policy !== undefined && store?.store !== undefined) {
        checkLocation(context.policy, context.sessions.place(store.store), read.location.key)
      }
      return true
    } catch (error) {
      failures.set(index, error)
      return false
    }
  })
  let started: Promise<RemoteSecret | null>[]
  try {
    started = sessionOf(store).read(
      allowed.map(({ location }) => location),
      signal,
      context.demand,
    )
  } catch (error) {
    started = allowed.map(() => Promise.reject(error))
  }
  const results = started.values()
  return reads.map((_, index) => {
    if (failures.has(index)) return quiet(Promise.reject<RemoteSecret | null>(failures.get(index)))
    return quiet(results.next().value ?? none())
  })
}

async function startValues(read: Exclude<Read, Get>, options: ReadsOptions): Promise<Values | null> {
  const { context, externalSecret, signal } = options
  if (read.use === 'generate') {
    const { cluster, sessions, policy, leases, random = secureRandom } = context
    const { environment } = sessions
    return generate(read.generator, {
      namespace: externalSecret.namespace,
      cluster,
      environment,
      policy,
      random,
      leases,
      signal,
    })
  }
  const store = options.stores.get(storeRefKey(read.store))
  const { policy } = context
  if (policy === undefined || store?.store === undefined)
    return sessionOf(store).find(read.query, signal, context.demand)
  const place = context.sessions.place(store.store)
  checkLocation(policy, place, read.query.path ?? '')
  const found = await sessionOf(store).find(read.query, signal, context.demand)
  // A path bounds what some backends search and not what others do, so every name is checked too.
  for (const name of found?.keys() ?? []) checkLocation(policy, place, name)
  return found
}

function sessionOf(store: OpenedStore | undefined): Session {
  if (store?.session !== undefined) return store.session
  throw store?.error ?? new ResolverError('STORE_NOT_FOUND', 'the store was not opened')
}

/** The same promise, whose rejection may go unseen: an entry before it may fail first. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined)
  return promise
}

function none(): Promise<null> {
  return Promise.resolve(null)
}
