import { keyOf, resources, workQueue } from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { reconcileSopsManifest, type SopsManifestContext } from './reconcile.ts'

/** How SOPS-encrypted manifests are watched. */
export interface SopsManifestControllerOptions extends Omit<SopsManifestContext, 'manifest'> {
  readonly namespaces: Namespaces
  readonly workers: number
  readonly onWatchError: (error: unknown) => void
}

/** Watches encrypted manifests and the Secrets that they stand for, which come back when they are deleted. */
export function sopsManifestController(options: SopsManifestControllerOptions): Controller {
  const { cluster, namespaces, onWatchError, workers } = options
  const queue = workQueue()
  const manifests = informers(
    {
      cluster,
      resource: resources.sopsManifest,
      onError: onWatchError,
      handlers: {
        added: (object) => queue.add(keyOf(object)),
        updated: (object, last) => {
          if (!equal(object['spec'], last['spec'])) queue.add(keyOf(object))
        },
        deleted: (last) => queue.forget(keyOf(last)),
      },
    },
    namespaces,
  )
  const again = (secret: Parameters<typeof keyOf>[0]): void => {
    if (manifests.get(keyOf(secret)) !== undefined) queue.add(keyOf(secret))
  }
  const secrets = informers(
    {
      cluster,
      resource: resources.secret,
      list: { metadataOnly: true },
      onError: onWatchError,
      handlers: { updated: again, deleted: again },
    },
    namespaces,
  )
  return {
    name: 'sopsmanifest',
    informers: [manifests, secrets],
    queue,
    workers,
    reconcile: reconcileSopsManifest({ ...options, manifest: lookup(manifests) }),
  }
}
