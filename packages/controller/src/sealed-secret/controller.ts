import { availableParallelism } from 'node:os'
import { scopeOf } from '@sealkit/core/sealed'
import {
  type ClusterObject,
  type Informer,
  keyOf,
  keyText,
  resources,
  type WorkQueue,
  workQueue,
} from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { type Reconcile, TerminalError } from '../reconcile.ts'
import { keptSealedSecret, keptSecret } from './kept.ts'
import { conditionLabels, reconcileSealedSecret, type SealedSecretContext } from './reconcile.ts'
import { likelyKeys } from './searches.ts'
import { syncedCondition } from './status.ts'
import { inTurns } from './turns.ts'

/** How SealedSecrets are watched. */
export interface SealedSecretControllerOptions extends Omit<SealedSecretContext, 'sealedSecret' | 'secretMetadata'> {
  readonly namespaces: Namespaces
  /** For SealedSecrets, and for the Secrets that are watched. */
  readonly labelSelector: string
  /** Watch Secrets, to recreate those that are deleted. Off where RBAC does not allow it. */
  readonly watchSecrets: boolean
  readonly workers: number
  /** Tries after the first; null = without end. */
  readonly maxRetries: number | null
  readonly onWatchError: (error: unknown) => void
}

/** The controller of SealedSecrets, and a way to look again at all that could not be decrypted. */
export interface SealedSecretController extends Controller {
  /** To be called when a key was added. */
  retryFailed(): void
}

/** So long after the deletion of a Secret that was in the way its place is taken: upstream's tests look at once and want it gone. */
const vacantAfter = 2_000

/**
 * Objects that are tried with all keys at once: such a search takes a core for a fraction of a second, mostly for
 * nothing, and at least half of the cores are for the others.
 */
function searchesAtOnce(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2))
}

/** Watches SealedSecrets whole and Secrets as metadata only, and keeps the queue of those to look at. */
export function sealedSecretController(options: SealedSecretControllerOptions): SealedSecretController {
  const queue = workQueue({ backoff: { initial: 50, maximum: 300_000, jitter: 0.2 }, idle: searchesAtOnce() })
  const sealedSecrets = sealedSecretInformer(options, queue)
  const secrets = secretInformer(options, sealedSecrets, queue)
  return {
    name: 'sealedsecret',
    informers: options.watchSecrets ? [sealedSecrets, secrets] : [sealedSecrets],
    queue,
    workers: options.workers,
    reconcile: inTurns(
      withRetries(
        options.maxRetries,
        reconcileSealedSecret({
          ...options,
          sealedSecret: lookup(sealedSecrets),
          secretMetadata: options.watchSecrets ? lookup(secrets) : undefined,
        }),
      ),
      {
        workers: options.workers,
        sealedSecret: lookup(sealedSecrets),
        keys: (priority) => (priority === 'idle' ? options.keyRing.size : Math.min(likelyKeys, options.keyRing.size)),
        again: (key, priority) => queue.add(key, { priority }),
      },
    ),
    retryFailed() {
      for (const object of sealedSecrets.values()) {
        if (syncedCondition(object)?.status === 'True') continue
        options.log.debug('trying again with the new keys', { key: keyText(keyOf(object)) })
        queue.add(keyOf(object))
      }
    },
  }
}

/** Gives up on a key after so many tries in a row beyond the first, until something asks for it again. */
function withRetries(maxRetries: number | null, reconcile: Reconcile): Reconcile {
  if (maxRetries === null) return reconcile
  const failures = new Map<string, number>()
  return async (key, signal, priority) => {
    const id = keyText(key)
    const failed = failures.get(id) ?? 0
    failures.delete(id)
    try {
      return await reconcile(key, signal, priority)
    } catch (error) {
      if (error instanceof TerminalError) throw error
      if (failed >= maxRetries) throw new TerminalError('too many retries', { cause: error })
      failures.set(id, failed + 1)
      throw error
    }
  }
}

function sealedSecretInformer(options: SealedSecretControllerOptions, queue: WorkQueue): Informer {
  const { cluster, namespaces, labelSelector, onWatchError, metrics } = options
  return informers(
    {
      cluster,
      resource: resources.sealedSecret,
      list: { ...(labelSelector === '' ? {} : { labelSelector }), transform: keptSealedSecret },
      onError: onWatchError,
      handlers: {
        added: (object, occasion) =>
          queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' }),
        updated: (object, last) => {
          if (changed(object, last)) queue.add(keyOf(object))
        },
        deleted: (last) => {
          metrics.condition.remove(conditionLabels(last))
          queue.forget(keyOf(last))
          queue.add(keyOf(last))
        },
      },
    },
    namespaces,
  )
}

function secretInformer(options: SealedSecretControllerOptions, sealedSecrets: Informer, queue: WorkQueue): Informer {
  const { cluster, namespaces, labelSelector, onWatchError } = options
  const requeue = (secret: ClusterObject, after: number): void => {
    if (sealedSecrets.get(keyOf(secret)) !== undefined) queue.add(keyOf(secret), { after })
  }
  const isFailed = (secret: ClusterObject): boolean => {
    const sealedSecret = sealedSecrets.get(keyOf(secret))
    return sealedSecret !== undefined && syncedCondition(sealedSecret)?.status !== 'True'
  }
  return informers(
    {
      cluster,
      resource: resources.secret,
      list: { ...(labelSelector === '' ? {} : { labelSelector }), metadataOnly: true, transform: keptSecret },
      onError: onWatchError,
      handlers: {
        // Annotated by hand, a Secret that was in the way may now be written.
        updated: (secret, last) => {
          const annotated = !equal(secret.metadata.annotations ?? {}, last.metadata.annotations ?? {})
          if (annotated && isFailed(secret)) requeue(secret, 0)
        },
        deleted: (secret) => requeue(secret, isFailed(secret) ? vacantAfter : 0),
      },
    },
    namespaces,
  )
}

/** Whether a change asks for work: of the spec, or of the scope, which decides whether anything can be decrypted. */
function changed(object: ClusterObject, last: ClusterObject): boolean {
  const scope = ({ metadata }: ClusterObject): string => scopeOf(metadata.annotations)
  return scope(object) !== scope(last) || !equal(object['spec'], last['spec'])
}
