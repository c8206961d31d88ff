import {
  type ClusterObject,
  findCondition,
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
import { forgetReady } from '../readiness.ts'
import type { ExternalSecretContext } from './context.ts'
import { createDemands, type Demands } from './demands.ts'
import { keptExternalSecret, keptTarget } from './kept.ts'
import { externalSecretIndexes, readKey, storeKey } from './keys.ts'
import { createLeases } from './leases.ts'
import { names } from './names.ts'
import { reconcileExternalSecret } from './reconcile.ts'
import { createRefreshes, type Refreshes } from './refreshes.ts'
import { statusOf } from './status.ts'
import { createTargets } from './targets.ts'
import { createTurns } from './turns.ts'
import { createWrites, type Writes } from './writes.ts'

/** How ExternalSecrets are watched. */
export interface ExternalSecretControllerOptions
  extends Omit<
    ExternalSecretContext,
    'externalSecret' | 'createdSecrets' | 'targets' | 'demands' | 'refreshes' | 'turns' | 'leases' | 'writes'
  > {
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
  const queue = workQueue({ backoff: externalSecretsBackoff })
  const externalSecrets = externalSecretInformer(options, () => parts)
  const readers = (store: string, key: string): ClusterObject[] => externalSecrets.by('read', readKey(store, key))
  const secrets = secretInformer(options, {
    changed(secret) {
      // What this process wrote is seen by the watch too, and needs no second look.
      if (targets.isKnown(secret)) return
      const id = keyText(keyOf(secret))
      for (const object of externalSecrets.by('target', id)) demands.ask(keyOf(object))
    },
    deleted(secret) {
      targets.forget(keyOf(secret))
      const id = keyText(keyOf(secret))
      for (const object of externalSecrets.by('target', id)) demands.ask(keyOf(object))
    },
  })
  const targets = createTargets(secrets)
  const demands = createDemands({
    queue,
    moment: options.resolve.sessions.moment,
    readers: (store, key) => readers(storeKey(store.kind, store.namespace, store.name), key).map(idOf),
  })
  const refreshes = createRefreshes({
    clock: systemClock,
    now: options.now,
    onDue: (keys) => {
      for (const key of keys) demands.ask(key, { priority: 'refresh', timed: true })
    },
  })
  const leases = createLeases({
    clock: systemClock,
    onEnding: (key) => {
      // Only what is refreshed by time may be refreshed before its time.
      if (refreshes.refreshed(key) !== undefined) demands.ask(key, { priority: 'refresh', timed: true })
    },
  })
  const writes = createWrites(lookup(externalSecrets))
  const parts = { demands, refreshes, queue, writes }
  return {
    name: 'externalsecret',
    informers: [externalSecrets, secrets],
    queue,
    workers: Math.max(options.workers, leastWorkers),
    reconcile: reconcileExternalSecret({
      ...options,
      externalSecret: lookup(externalSecrets),
      createdSecrets: createdSecrets(secrets),
      targets,
      demands,
      refreshes,
      writes,
      leases,
      turns: createTurns(mostOfStore, (key) => demands.resume(key)),
    }),
    storeChanged(kind, { metadata }) {
      for (const object of externalSecrets.by('store', storeKey(kind, metadata.namespace ?? '', metadata.name))) {
        if (findCondition(statusOf(object).conditions, 'Ready')?.status !== 'True')
          demands.ask(keyOf(object), { priority: 'refresh' })
      }
    },
    remoteChanged(kind, { namespace, name }, key) {
      for (const object of readers(storeKey(kind, namespace, name), key))
        demands.ask(keyOf(object), { timed: true, changed: true })
    },
    async close() {
      refreshes.stop()
      await leases.close()
    },
  }
}

function idOf(object: ClusterObject): string {
  return keyText(keyOf(object))
}

interface Parts {
  readonly demands: Demands
  readonly refreshes: Refreshes
  readonly queue: WorkQueue
  readonly writes: Writes
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
          forgetReady(metrics.condition, last)
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
