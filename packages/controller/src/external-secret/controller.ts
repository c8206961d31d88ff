import {
  type ClusterObject,
  type Informer,
  keyOf,
  type ObjectStore,
  resources,
  type WorkQueue,
  workQueue,
} from '@sealkit/kubernetes'
import { type ExternalSecret, readExternalSecret, type StoreKind } from '@sealkit/resolver'
import { equal } from '../equal.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import type { ExternalSecretContext } from './context.ts'
import { names } from './names.ts'
import { reconcileExternalSecret } from './reconcile.ts'
import { statusOf } from './status.ts'

/** How ExternalSecrets are watched. */
export interface ExternalSecretControllerOptions
  extends Omit<ExternalSecretContext, 'externalSecret' | 'createdSecrets' | 'onWritten'> {
  readonly namespaces: Namespaces
  readonly workers: number
  readonly onWatchError: (error: unknown) => void
  /** Told of every ExternalSecret that was changed or deleted after the first listing. */
  readonly onChange?: (externalSecret: ClusterObject) => void
}

/** The controller of ExternalSecrets, and a way to look again at those of a store. */
export interface ExternalSecretController extends Controller {
  /** To be called when a store became ready: whatever waits for it need not wait for its next try. */
  storeChanged(kind: StoreKind, store: ClusterObject): void
}

/** Watches ExternalSecrets whole and the Secrets that they manage as metadata only. */
export function externalSecretController(options: ExternalSecretControllerOptions): ExternalSecretController {
  // External Secrets' own waits: from 1 s to 7 min.
  const queue = workQueue({ backoff: { initial: 1_000, maximum: 420_000, jitter: 0.2 } })
  const externalSecrets = externalSecretInformer(options, queue)
  const own = new Map<string, string>()
  const secrets = secretInformer(options, (secret) => {
    const id = `${secret.metadata.namespace}/${secret.metadata.name}`
    // What this process wrote is seen by the watch too, and needs no second look.
    if (own.get(id) === secret.metadata.resourceVersion) return void own.delete(id)
    for (const object of externalSecrets.by('target', id)) queue.add(keyOf(object))
  })
  return {
    name: 'externalsecret',
    informers: [externalSecrets, secrets],
    queue,
    workers: options.workers,
    reconcile: reconcileExternalSecret({
      ...options,
      externalSecret: lookup(externalSecrets),
      createdSecrets: createdSecrets(secrets),
      onWritten: ({ metadata }) => {
        own.set(`${metadata.namespace}/${metadata.name}`, metadata.resourceVersion ?? '')
      },
    }),
    storeChanged(kind, { metadata }) {
      for (const object of externalSecrets.by('store', storeKey(kind, metadata.namespace ?? '', metadata.name))) {
        if (statusOf(object).conditions?.[0]?.status !== 'True') queue.add(keyOf(object))
      }
    },
  }
}

function externalSecretInformer(options: ExternalSecretControllerOptions, queue: WorkQueue): Informer {
  const { cluster, namespaces, onWatchError, metrics, onChange } = options
  return informers(
    {
      cluster,
      resource: resources.externalSecret,
      onError: onWatchError,
      indexes: { store: storeKeys, target: targetKeys },
      handlers: {
        added: (object, occasion) =>
          queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' }),
        updated: (object, last) => {
          if (!changed(object, last)) return
          queue.add(keyOf(object))
          onChange?.(object)
        },
        deleted: (last) => {
          const { name, namespace = '' } = last.metadata
          for (const status of ['True', 'False']) {
            metrics.condition.remove({ name, namespace, condition: 'Ready', status })
          }
          queue.forget(keyOf(last))
          queue.add(keyOf(last))
          onChange?.(last)
        },
      },
    },
    namespaces,
  )
}

/** The managed Secrets; `drifted` is told of each that was changed or deleted. */
function secretInformer(
  { cluster, namespaces, onWatchError }: ExternalSecretControllerOptions,
  drifted: (secret: ClusterObject) => void,
): Informer {
  return informers(
    {
      cluster,
      resource: resources.secret,
      list: { labelSelector: `${names.managed}=true`, metadataOnly: true },
      onError: onWatchError,
      indexes: { createdBy: createdByKeys },
      handlers: {
        added: (secret, occasion) => {
          if (occasion !== 'initial') drifted(secret)
        },
        updated: (secret) => drifted(secret),
        deleted: (secret) => drifted(secret),
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

function targetKeys(object: ClusterObject): string[] {
  const spec = read(object)
  return spec === null ? [] : [`${object.metadata.namespace ?? ''}/${spec.target.name}`]
}

function storeKeys(object: ClusterObject): string[] {
  const spec = read(object)
  if (spec === null) return []
  const refs = [...spec.dataFrom, ...spec.data].flatMap((entry) => ('store' in entry ? [entry.store] : []))
  return [...new Set(refs.map(({ kind, name }) => storeKey(kind, object.metadata.namespace ?? '', name)))]
}

function storeKey(kind: StoreKind, namespace: string, name: string): string {
  return kind === 'SecretStore' ? `${kind}/${namespace}/${name}` : `${kind}/${name}`
}

/** The typed view; null for an object that cannot be read, which its own reconcile reports. */
function read(object: ClusterObject): ExternalSecret | null {
  try {
    return readExternalSecret(object)
  } catch {
    return null
  }
}

function changed(object: ClusterObject, last: ClusterObject): boolean {
  const relevant = ({ metadata }: ClusterObject): unknown => {
    const { generation, labels = {}, annotations = {}, finalizers = [], deletionTimestamp } = metadata
    return { generation, labels, annotations, finalizers, deletionTimestamp }
  }
  return !equal(relevant(object), relevant(last))
}
