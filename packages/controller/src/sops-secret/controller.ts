import {
  type ClusterObject,
  type Informer,
  type Key,
  keyOf,
  keyText,
  resources,
  sourceField,
  type WorkQueue,
  workQueue,
} from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { informers, lookup, type Namespaces } from '../informers.ts'
import type { Controller } from '../manager.ts'
import { keysLabel } from '../sops-keys/keys.ts'
import { reconcileSopsSecret, type SopsSecretContext } from './reconcile.ts'
import { isHealthy } from './status.ts'

/** How SopsSecrets are watched. */
export interface SopsSecretControllerOptions
  extends Omit<SopsSecretContext, 'sopsSecret' | 'controlled' | 'claim' | 'wrote'> {
  readonly namespaces: Namespaces
  readonly workers: number
  /** Whether a Secret holds keys that a rule names. */
  readonly isKeySecret: (key: Key) => boolean
  readonly onWatchError: (error: unknown) => void
}

/** The controller of SopsSecrets. */
export interface SopsSecretController extends Controller {
  /** To be called when keys were added or rules have changed: looks again at what could not be decrypted. */
  retryFailed(): void
  /** Names of the key Secrets of a namespace. */
  labelled(namespace: string): readonly string[]
}

/** Watches SopsSecrets whole and Secrets as metadata only. */
export function sopsSecretController(options: SopsSecretControllerOptions): SopsSecretController {
  const queue = workQueue({ backoff: { initial: 1_000, maximum: 300_000, jitter: 0.2 } })
  const claims = new Claims()
  const sopsSecrets = sopsSecretInformer(options, queue, claims)
  const retryFailed = (): void => {
    for (const object of sopsSecrets.values()) if (!isHealthy(object)) queue.add(keyOf(object))
  }
  const secrets = secretInformer(options, { queue, claims, sopsSecrets, retryFailed })
  const reconcile = reconcileSopsSecret({
    ...options,
    sopsSecret: lookup(sopsSecrets),
    controlled: ({ metadata: { uid = '' } }) => secrets.by('owner', uid),
    claim: (sopsSecret, keys) => claims.set(keyOf(sopsSecret), keys),
    wrote: (secret) => claims.wrote(secret),
  })
  return {
    name: 'sopssecret',
    informers: [sopsSecrets, secrets],
    queue,
    workers: options.workers,
    reconcile,
    retryFailed,
    labelled: (namespace) =>
      secrets
        .by('keys', namespace)
        .map(({ metadata }) => metadata.name)
        .sort(),
  }
}

/** Which SopsSecret wants which Secrets, as its last decryption said: the names are encrypted. */
class Claims {
  readonly #owners = new Map<string, Set<string>>()
  readonly #wanted = new Map<string, readonly string[]>()
  readonly #versions = new Map<string, string>()

  set(owner: Key, secrets: readonly Key[]): void {
    this.forget(owner)
    this.#wanted.set(keyText(owner), secrets.map(keyText))
    for (const secret of secrets) {
      const owners = this.#owners.get(keyText(secret)) ?? new Set()
      this.#owners.set(keyText(secret), owners.add(owner.name))
    }
  }

  forget(owner: Key): void {
    for (const secret of this.#wanted.get(keyText(owner)) ?? []) {
      const owners = this.#owners.get(secret)
      if (owners?.delete(owner.name) && owners.size === 0) {
        this.#owners.delete(secret)
        this.#versions.delete(secret)
      }
    }
    this.#wanted.delete(keyText(owner))
  }

  owners(secret: Key): Key[] {
    return [...(this.#owners.get(keyText(secret)) ?? [])].map((name) => ({ namespace: secret.namespace, name }))
  }

  wrote(secret: ClusterObject): void {
    this.#versions.set(keyText(keyOf(secret)), secret.metadata.resourceVersion ?? '')
  }

  /** Whether this is how a Secret was left by its owner. */
  isKnown({ metadata }: ClusterObject): boolean {
    return this.#versions.get(keyText(keyOf({ metadata }))) === metadata.resourceVersion
  }
}

function sopsSecretInformer(options: SopsSecretControllerOptions, queue: WorkQueue, claims: Claims): Informer {
  const { cluster, namespaces, onWatchError, metrics } = options
  return informers(
    {
      cluster,
      resource: resources.sopsSecret,
      onError: onWatchError,
      handlers: {
        added: (object, occasion) =>
          queue.add(keyOf(object), { priority: occasion === 'initial' ? 'refresh' : 'change' }),
        updated: (object, last) => {
          if (changed(object, last)) queue.add(keyOf(object))
        },
        deleted: (last) => {
          const { name, namespace = '' } = last.metadata
          metrics.condition.remove({ name, namespace, condition: 'Ready' })
          claims.forget(keyOf(last))
          queue.forget(keyOf(last))
        },
      },
    },
    namespaces,
  )
}

/** Whether a change asks for work: of anything but the status. The MAC covers labels and annotations, too. */
function changed(object: ClusterObject, last: ClusterObject): boolean {
  const relevant = ({ spec, sops, metadata: { labels = {}, annotations = {} }, ...rest }: ClusterObject): unknown => ({
    spec,
    sops,
    file: rest[sourceField],
    labels,
    annotations,
  })
  return !equal(relevant(object), relevant(last))
}

interface Watched {
  readonly queue: WorkQueue
  readonly claims: Claims
  readonly sopsSecrets: Informer
  readonly retryFailed: () => void
}

function secretInformer(
  { cluster, namespaces, onWatchError, isKeySecret }: SopsSecretControllerOptions,
  { queue, claims, sopsSecrets, retryFailed }: Watched,
): Informer {
  const again = (secret: ClusterObject, gone = false): void => {
    if (isKeySecret(keyOf(secret)) || isLabelled(secret)) retryFailed()
    if (!gone && claims.isKnown(secret)) return
    const owner = ownerOf(secret)
    const { namespace = '' } = secret.metadata
    const keys = [...(owner === undefined ? [] : [{ namespace, name: owner.name }]), ...claims.owners(keyOf(secret))]
    for (const key of keys) if (sopsSecrets.get(key) !== undefined) queue.add(key)
  }
  return informers(
    {
      cluster,
      resource: resources.secret,
      list: { metadataOnly: true },
      indexes: {
        owner: (secret) => [ownerOf(secret)?.uid ?? ''],
        keys: (secret) => (isLabelled(secret) ? [secret.metadata.namespace ?? ''] : []),
      },
      onError: onWatchError,
      handlers: {
        added: (secret, occasion) => {
          if (occasion !== 'initial') again(secret)
        },
        updated: (secret) => again(secret),
        deleted: (secret) => again(secret, true),
      },
    },
    namespaces,
  )
}

function isLabelled({ metadata: { labels = {} } }: ClusterObject): boolean {
  return labels[keysLabel] === 'true'
}

function ownerOf({ metadata: { ownerReferences = [] } }: ClusterObject) {
  return ownerReferences.find(({ controller, kind }) => controller === true && kind === resources.sopsSecret.kind)
}
