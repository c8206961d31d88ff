import {
  type ClusterObject,
  type Informer,
  informer,
  keyOf,
  resources,
  type WorkQueue,
  workQueue,
} from '@sealkit/kubernetes'
import { externalSecretsBackoff } from '../backoff.ts'
import { equal } from '../equal.ts'
import { lookup } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { forgetReady } from '../readiness.ts'
import { type ClusterExternalSecretContext, reconcileClusterExternalSecret } from './reconcile.ts'
import { chooses, readClusterExternalSecret } from './spec.ts'

/** How ClusterExternalSecrets are watched. */
export interface ClusterExternalSecretControllerOptions
  extends Omit<ClusterExternalSecretContext, 'clusterExternalSecret' | 'namespaces'> {
  readonly onWatchError: (error: unknown) => void
}

/** The controller of ClusterExternalSecrets, and a way to look again after one of its ExternalSecrets. */
export interface ClusterExternalSecretController extends Controller {
  /** To be told of every ExternalSecret that was changed or deleted. */
  childChanged(externalSecret: ClusterObject): void
}

/** Watches ClusterExternalSecrets whole and namespaces as metadata only. */
export function clusterExternalSecretController(
  options: ClusterExternalSecretControllerOptions,
): ClusterExternalSecretController {
  const queue = workQueue({ backoff: externalSecretsBackoff })
  const objects = objectInformer(options, queue)
  const namespaces = namespaceInformer(options, (states) => {
    for (const object of objects.values()) {
      const wanted = readClusterExternalSecret(object)
      if (states.some((state) => chooses(wanted, state))) queue.add(keyOf(object))
    }
  })
  return {
    name: 'clusterexternalsecret',
    informers: [objects, namespaces],
    queue,
    workers: 1,
    reconcile: reconcileClusterExternalSecret({
      ...options,
      clusterExternalSecret: lookup(objects),
      namespaces: () => namespaces.values(),
    }),
    childChanged({ metadata: { ownerReferences = [] } }) {
      const owner = ownerReferences.find(({ controller }) => controller === true)
      if (owner?.kind === resources.clusterExternalSecret.kind) queue.add({ namespace: '', name: owner.name })
    },
  }
}

function objectInformer(
  { cluster, onWatchError, metrics }: ClusterExternalSecretControllerOptions,
  queue: WorkQueue,
): Informer {
  return informer({
    cluster,
    resource: resources.clusterExternalSecret,
    onError: onWatchError,
    handlers: {
      added: (object, occasion) =>
        queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' }),
      updated: (object, last) => {
        if (!equal({ ...object, ...unwatched }, { ...last, ...unwatched }) || !sameMeta(object, last))
          queue.add(keyOf(object))
      },
      deleted: (last) => {
        forgetReady(metrics.clusterCondition, last)
        queue.forget(keyOf(last))
      },
    },
  })
}

/** `onChange` is given the states of a namespace of which some may be chosen and others not. */
function namespaceInformer(
  { cluster, onWatchError }: ClusterExternalSecretControllerOptions,
  onChange: (states: readonly ClusterObject[]) => void,
): Informer {
  return informer({
    cluster,
    resource: resources.namespace,
    list: { metadataOnly: true },
    onError: onWatchError,
    handlers: {
      added: (namespace, occasion) => {
        if (occasion !== 'initial') onChange([namespace])
      },
      updated: (namespace, last) => {
        if (!equal(namespace.metadata.labels ?? {}, last.metadata.labels ?? {})) onChange([namespace, last])
      },
    },
  })
}

/** What a status update changes needs no second look. */
const unwatched = { status: undefined, metadata: undefined }

function sameMeta({ metadata: a }: ClusterObject, { metadata: b }: ClusterObject): boolean {
  const relevant = ({ annotations = {}, finalizers = [], deletionTimestamp }: ClusterObject['metadata']): unknown => ({
    annotations,
    finalizers,
    deletionTimestamp,
  })
  return equal(relevant(a), relevant(b))
}
