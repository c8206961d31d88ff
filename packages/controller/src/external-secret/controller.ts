import {
  apiVersion,
  type ClusterObject,
  type Informer,
  type Key,
  keyOf,
  keyText,
  type ObjectStore,
  resources,
  systemClock,
  type WorkQueue,
  workQueue,
} from '@sealkit/kubernetes'
import type { StoreKind } from '@sealkit/resolver'
import { externalSecretsBackoff } from '../backoff.ts'
import { equal } from '../equal.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { isReady } from '../readiness.ts'
import type { ExternalSecretContext } from './context.ts'
import { createDemands } from './demands.ts'
import { keptExternalSecret, keptTarget } from './kept.ts'
import { externalSecretIndexes, genericKey, readKey, storeKey } from './keys.ts'
import { createLeases } from './leases.ts'
import { names } from './names.ts'
import { reconcileExternalSecret } from './reconcile.ts'
import { createRefreshes } from './refreshes.ts'
import { createTargets, type Targets } from './targets.ts'
import { createTurns } from './turns.ts'
import { createGenericWatches } from './watches.ts'
import { createWrites } from './writes.ts'

/** How ExternalSecrets are watched. */
export interface ExternalSecretControllerOptions
  extends Omit<ExternalSecretContext, keyof Parts | 'externalSecret' | 'createdSecrets'> {
  readonly namespaces: Namespaces
  readonly workers: number
  readonly onWatchError: (error: unknown) => void
  /** Told of every ExternalSecret that was changed or deleted after the first listing. */
  readonly onChange?: (externalSecret: ClusterObject) => void
}

/** The controller of ExternalSecrets, and ways to look again at some of them. */
export interface ExternalSecretController extends Controller {
  /** To be called when a store became ready: whatever waits for it need not wait for its next try. */
  storeChanged(kind: StoreKind, store: ClusterObject): void
  /** Looks again at those that read a key of a store, past what was read before; an event said that it changed. */
  remoteChanged(kind: StoreKind, store: Key, key: string): void
  /** Ends the timers, and leaves generated credentials to the Secrets that hold them. */
  close(): Promise<void>
}

/**
 * ExternalSecrets worked on at once: most of them only wait for a provider. How many calls it gets at once is the limit
 * of its store, and no store has more than a quarter of the workers.
 */
const leastWorkers = 64
const mostOfStore = 16

/** Watches ExternalSecrets whole and the Secrets that they manage as metadata only. */
export function externalSecretController(options: ExternalSecretControllerOptions): ExternalSecretController {
  const externalSecrets = externalSecretInformer(options, () => parts)
  const askOwners = (secret: ClusterObject): void => {
    for (const object of externalSecrets.by('target', idOf(secret))) parts.demands.ask(keyOf(object))
  }
  const secrets = secretInformer(options, {
    changed(secret) {
      // What this process wrote is seen by the watch too, and needs no second look.
      if (!parts.targets.isKnown(secret)) askOwners(secret)
    },
    deleted(secret) {
      parts.targets.forget(keyOf(secret))
      askOwners(secret)
    },
  })
  const parts = createParts(options, { externalSecrets, secrets })
  return {
    name: 'externalsecret',
    informers: [externalSecrets, secrets],
    queue: parts.queue,
    workers: Math.max(options.workers, leastWorkers),
    reconcile: reconcileExternalSecret({
      ...options,
      ...parts,
      externalSecret: lookup(externalSecrets),
      createdSecrets: createdSecrets(secrets),
    }),
    storeChanged(kind, { metadata }) {
      for (const object of externalSecrets.by('store', storeKey(kind, metadata.namespace ?? '', metadata.name))) {
        if (!isReady(object)) parts.demands.ask(keyOf(object), { priority: 'refresh' })
      }
    },
    remoteChanged(kind, { namespace, name }, key) {
      for (const object of externalSecrets.by('read', readKey(storeKey(kind, namespace, name), key)))
        parts.demands.ask(keyOf(object), { timed: true, changed: true })
    },
    async close() {
      parts.refreshes.stop()
      await Promise.all([parts.leases.close(), parts.watches.stop()])
    },
  }
}

/** What a controller keeps from one reconcile to the next. */
interface Parts
  extends Pick<ExternalSecretContext, 'demands' | 'refreshes' | 'leases' | 'turns' | 'watches' | 'writes'> {
  readonly queue: WorkQueue
  readonly targets: Targets
}

function createParts(
  { cluster, namespaces, onWatchError, resolve, now }: ExternalSecretControllerOptions,
  { externalSecrets, secrets }: Readonly<Record<'externalSecrets' | 'secrets', Informer>>,
): Parts {
  const queue = workQueue({ backoff: externalSecretsBackoff })
  const demands = createDemands({
    queue,
    moment: resolve.sessions.moment,
    readers: ({ kind, namespace, name }, key) =>
      externalSecrets.by('read', readKey(storeKey(kind, namespace, name), key)).map(idOf),
  })
  const askInTime = (key: Key): void => demands.ask(key, { priority: 'refresh', timed: true })
  const refreshes = createRefreshes({
    clock: systemClock,
    now,
    onDue: (keys) => {
      for (const key of keys) askInTime(key)
    },
  })
  const leases = createLeases({
    clock: systemClock,
    onEnding: (key) => {
      // Only what is refreshed by time may be refreshed before its time.
      if (refreshes.refreshed(key) !== undefined) askInTime(key)
    },
  })
  return {
    queue,
    demands,
    refreshes,
    leases,
    targets: createTargets(secrets),
    watches: createGenericWatches({
      cluster,
      namespaces,
      onError: onWatchError,
      onChange(resource, target) {
        const kind = { apiVersion: apiVersion(resource), kind: resource.kind }
        for (const object of externalSecrets.by('target', genericKey(kind, keyOf(target)))) demands.ask(keyOf(object))
      },
    }),
    turns: createTurns(mostOfStore, (key) => demands.resume(key)),
    writes: createWrites(lookup(externalSecrets)),
  }
}

function idOf(object: ClusterObject): string {
  return keyText(keyOf(object))
}

function externalSecretInformer(options: ExternalSecretControllerOptions, parts: () => Parts): Informer {
  const { cluster, namespaces, onWatchError, metrics, onChange } = options
  return informers(
    {
      cluster,
      resource: resources.externalSecret,
      list: { transform: keptExternalSecret },
      onError: onWatchError,
      indexes: externalSecretIndexes(),
      handlers: {
        added: (object, occasion) =>
          parts().demands.ask(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' }),
        updated: (object, last) => {
          parts().writes.seen(object)
          if (!changed(object, last)) return
          parts().demands.ask(keyOf(object))
          onChange?.(object)
        },
        deleted: (last) => {
          metrics.syncs.gone(keyOf(last))
          const { queue, demands, refreshes } = parts()
          queue.forget(keyOf(last))
          demands.forget(keyOf(last))
          refreshes.forget(keyOf(last))
          queue.add(keyOf(last))
          onChange?.(last)
        },
      },
    },
    namespaces,
  )
}

/** The managed Secrets. */
function secretInformer(
  { cluster, namespaces, onWatchError }: ExternalSecretControllerOptions,
  { changed, deleted }: Readonly<Record<'changed' | 'deleted', (secret: ClusterObject) => void>>,
): Informer {
  return informers(
    {
      cluster,
      resource: resources.secret,
      list: { labelSelector: `${names.managed}=true`, metadataOnly: true, transform: keptTarget },
      onError: onWatchError,
      indexes: { createdBy: createdByKeys },
      handlers: {
        added: (secret, occasion) => {
          if (occasion !== 'initial') changed(secret)
        },
        updated: changed,
        deleted,
      },
    },
    namespaces,
  )
}

/** Secrets by their `created-by` label. */
function createdSecrets(secrets: ObjectStore): ExternalSecretContext['createdSecrets'] {
  return (namespace, value) => secrets.by('createdBy', `${namespace}/${value}`)
}

function createdByKeys({ metadata }: ClusterObject): string[] {
  const value = metadata.labels?.[names.createdBy]
  return value === undefined ? [] : [`${metadata.namespace ?? ''}/${value}`]
}

/** Whether there is something to do: the finalizer that this controller adds itself is no news, its loss is. */
function changed(object: ClusterObject, last: ClusterObject): boolean {
  const isMarked = ({ metadata }: ClusterObject): boolean => metadata.finalizers?.includes(names.finalizer) === true
  const relevant = ({ metadata }: ClusterObject): unknown => {
    const { generation, labels = {}, annotations = {}, finalizers = [], deletionTimestamp } = metadata
    const others = finalizers.filter((finalizer) => finalizer !== names.finalizer)
    return { generation, labels, annotations, others, deletionTimestamp }
  }
  return (isMarked(last) && !isMarked(object)) || !equal(relevant(object), relevant(last))
}
