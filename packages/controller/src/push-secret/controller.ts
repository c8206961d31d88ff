import { keyOf, resources, workQueue } from '@sealkit/kubernetes'
import { externalSecretsBackoff } from '../backoff.ts'
import { equal } from '../equal.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { forgetReady } from '../readiness.ts'
import { type PushSecretContext, reconcilePushSecret } from './reconcile.ts'

/** How PushSecrets are watched. */
export interface PushSecretControllerOptions extends Omit<PushSecretContext, 'pushSecret'> {
  readonly namespaces: Namespaces
  readonly workers: number
  readonly onWatchError: (error: unknown) => void
}

/** Watches PushSecrets. Their Secrets are not watched, as External Secrets does not: they are read when a push is due. */
export function pushSecretController(options: PushSecretControllerOptions): Controller {
  const { cluster, namespaces, onWatchError, metrics } = options
  const queue = workQueue({ backoff: externalSecretsBackoff })
  const pushSecrets = informers(
    {
      cluster,
      resource: resources.pushSecret,
      onError: onWatchError,
      handlers: {
        added: (object, occasion) =>
          queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' }),
        updated: (object, last) => {
          const relevant = ({ metadata }: typeof object): unknown => {
            const { generation, labels = {}, annotations = {}, deletionTimestamp } = metadata
            return { generation, labels, annotations, deletionTimestamp }
          }
          if (!equal(relevant(object), relevant(last))) queue.add(keyOf(object))
        },
        deleted: (last) => {
          forgetReady(metrics.pushCondition, last)
          queue.forget(keyOf(last))
        },
      },
    },
    namespaces,
  )
  return {
    name: 'pushsecret',
    informers: [pushSecrets],
    queue,
    workers: options.workers,
    reconcile: reconcilePushSecret({ ...options, pushSecret: lookup(pushSecrets) }),
  }
}
