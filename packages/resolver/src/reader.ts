import type { Demand } from './demand.ts'
import { isTransient, ResolverError, retryAfterOf } from './error.ts'
import { createJoiner, type Need } from './fetch.ts'
import { createLimit } from './limit.ts'
import type { Location, Provider, RemoteSecret } from './provider.ts'
import type { Session } from './session.ts'
import type { Store } from './store.ts'

/** A location as a key: two entries with the same one need one read. */
function locationKey(location: Location): string {
  return JSON.stringify([location.key, location.version, location.metadataPolicy, location.property ?? null])
}

/** What calls of one store are made with. */
export interface ReaderOptions {
  readonly store: Store
  readonly concurrency: number
  readonly moment: () => number
}

/** A provider's reads: identical ones joined, the number of calls at once bounded. */
export function createReader(
  provider: Provider,
  { store, concurrency, moment }: ReaderOptions,
): Pick<Session, 'read' | 'find'> {
  const limit = createLimit(concurrency, { isOverload: isTransient })
  const gets = createJoiner<RemoteSecret | null>(moment)
  const finds = createJoiner<ReadonlyMap<string, Uint8Array> | null>(moment)
  const need = (demand: Demand | undefined, key: string): Need | undefined =>
    demand && { since: demand.since, others: () => demand.others(store, key) }
  return {
    read(locations, signal, demand): Promise<RemoteSecret | null>[] {
      const { getMany } = provider
      const missing = locations.filter((location) => !gets.has(locationKey(location), need(demand, location.key)))
      const batch =
        getMany === undefined || missing.length < 2
          ? undefined
          : startBatch((shared) => limit(shared, () => getMany.call(provider, missing, shared), overloadIn))
      return locations.map((location) => {
        const place = missing.indexOf(location)
        const start = async (shared: AbortSignal): Promise<RemoteSecret | null> =>
          batch === undefined || place < 0
            ? limit(shared, () => provider.get(location, shared))
            : take(await batch(shared), place)
        return gets.join(locationKey(location), signal, start, need(demand, location.key))
      })
    },
    find: (query, signal, demand) =>
      finds.join(
        JSON.stringify(query),
        signal,
        (shared) => limit(shared, () => provider.find(query, shared)),
        need(demand, ''),
      ),
  }
}

/** One of several that was refused for the backend's load says as much as a call that was. */
function overloadIn(results: readonly (RemoteSecret | null | Error)[]): unknown {
  return results.find((result) => retryAfterOf(result) !== undefined) ?? results.find(isTransient)
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
