import { allowsNamespace } from './condition.ts'
import { ResolverError } from './error.ts'
import type { ExternalSecret, StoreRef } from './externalsecret.ts'
import { checkStore } from './policy.ts'
import type { ResolveContext } from './resolve.ts'
import type { Session } from './session.ts'
import { readStore, type Store } from './store.ts'

/** A store that an ExternalSecret names: open, or the reason why it is not, which the entries that need it report. */
export interface OpenedStore {
  readonly store?: Store
  readonly session?: Session
  readonly readsProperty: boolean
  readonly error?: unknown
}

/** A store reference as a key. */
export function storeRefKey({ kind, name }: StoreRef): string {
  return JSON.stringify([kind, name])
}

/**
 * Opens every distinct store that the entries name. Never throws for a store: an entry may come first that fails for
 * another reason.
 */
export async function openStores(
  externalSecret: ExternalSecret,
  context: ResolveContext,
): Promise<Map<string, OpenedStore>> {
  const refs = new Map<string, StoreRef>()
  for (const entry of [...externalSecret.dataFrom, ...externalSecret.data]) {
    if ('store' in entry) refs.set(storeRefKey(entry.store), entry.store)
  }
  const open = async ([key, ref]: [string, StoreRef]): Promise<[string, OpenedStore]> => {
    try {
      return [key, await openStore(ref, externalSecret.namespace, context)]
    } catch (error) {
      return [key, { readsProperty: false, error }]
    }
  }
  return new Map(await Promise.all([...refs].map(open)))
}

async function openStore(ref: StoreRef, namespace: string, context: ResolveContext): Promise<OpenedStore> {
  const store = await usableStore(ref, namespace, context)
  const { cluster, fresh = false, policy } = context
  const session = await context.sessions.open(store, namespace, cluster, { fresh, policy })
  return { store, session, readsProperty: context.sessions.row(store).readsProperty ?? false }
}

/**
 * The store that a reference names, if an ExternalSecret of the namespace may use it.
 *
 * @throws {ResolverError} `STORE_NOT_FOUND`, `INVALID_STORE`, `STORE_DENIED`, `STORE_NOT_READY`, `POLICY_DENIED`
 */
export async function usableStore(
  { kind, name }: StoreRef,
  namespace: string,
  context: Pick<ResolveContext, 'cluster' | 'controllerClass' | 'requireReady' | 'policy' | 'sessions'>,
): Promise<Store> {
  const { cluster, controllerClass } = context
  const manifest = await cluster.get(kind, { namespace: kind === 'SecretStore' ? namespace : '', name })
  if (manifest === null) {
    throw new ResolverError(
      'STORE_NOT_FOUND',
      `could not get ${kind} "${name}", ${kind}.external-secrets.io "${name}" not found`,
    )
  }
  const store = readStore(manifest)
  if (controllerClass !== undefined && store.controller !== '' && store.controller !== controllerClass) {
    throw new ResolverError('STORE_DENIED', 'can not reference unmanaged store', {
      hint: 'spec.controller of the store names another controller class',
    })
  }
  const labels = await namespaceLabels(store, namespace, context)
  if (!allowsNamespace(store, namespace, labels)) {
    throw new ResolverError(
      'STORE_DENIED',
      `using cluster store "${name}" is not allowed from namespace "${namespace}": denied by spec.condition`,
    )
  }
  if (context.requireReady === true && store.ready !== true) {
    throw new ResolverError('STORE_NOT_READY', `${kind} "${name}" is not ready`)
  }
  if (context.policy !== undefined) checkStore(context.policy, context.sessions.place(store))
  return store
}

async function namespaceLabels(
  store: Store,
  namespace: string,
  { cluster }: Pick<ResolveContext, 'cluster'>,
): Promise<Readonly<Record<string, string>> | null> {
  if (!store.conditions.some(({ namespaceSelector }) => namespaceSelector !== null)) return null
  const found = await cluster.get('Namespace', { namespace: '', name: namespace })
  return found === null ? null : (found.metadata?.labels ?? {})
}
