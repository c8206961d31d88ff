import type { Manifest } from '@sealkit/core/manifest'
import { KeyRing } from '@sealkit/core/sealed'
import {
  type Cluster,
  type ClusterObject,
  type Informer,
  informer,
  keyOf,
  resources,
  sleep,
  systemClock,
} from '@sealkit/kubernetes'
import { type ManifestReader, manifestReader } from '../api/manifest.ts'
import type { SealedSecretsHandlers } from '../api/sealed-secrets.ts'
import { ControllerError } from '../error.ts'
import type { RecordEvent } from '../event.ts'
import { errorFields, type Log } from '../log.ts'
import type { SealedSecretMetrics } from '../metrics.ts'
import { sealedSecretRender } from '../render.ts'
import { parallelDecrypt } from '../sealing-key/decrypt.ts'
import { keySelector, type SealingKeys, sealingKeys } from '../sealing-key/keys.ts'
import type { SealedSecretSettings } from '../settings.ts'
import { type SealedSecretController, sealedSecretController } from './controller.ts'
import { isDecryptable, resealed } from './rotate.ts'

/** What the service of SealedSecrets works with. */
export interface SealedSecretServiceOptions {
  readonly cluster: Cluster
  readonly namespace: string
  readonly settings: SealedSecretSettings
  readonly metrics: SealedSecretMetrics
  readonly recordEvent: RecordEvent
  readonly log: Log
  readonly now: () => Date
}

/** Everything about SealedSecrets in one process: keys, controller, and the answers of the HTTP API. */
export interface SealedSecretService {
  readonly controller: SealedSecretController
  readonly keys: SealingKeys
  readonly keyRing: KeyRing
  /** Answers of the HTTP API; `isReady` says whether every object was seen once. */
  handlers(isReady: () => boolean): SealedSecretsHandlers
  /** Reads the keys. Must be done before anything is reconciled. */
  prepare(): Promise<void>
  /** Makes a key where there is none, and renews: for the one replica that leads, of which `assertLeading` makes sure. */
  renew(signal: AbortSignal, assertLeading: () => void): Promise<void>
  /** Ends the threads that render templates and read bodies. */
  close(): Promise<void>
}

/** Names under which this controller and upstream's write Secrets. */
const fieldManager = 'sealed-secrets-controller'
const upstreamManager = 'controller'

/** Puts the parts of SealedSecrets' controller together. Nothing runs yet. */
export function sealedSecretService(options: SealedSecretServiceOptions): SealedSecretService {
  const { cluster, namespace, settings, log, now } = options
  const templates = sealedSecretRender(now)
  const reader = manifestReader()
  const keyRing = new KeyRing([], { decrypt: parallelDecrypt() })
  const keys = sealingKeys({
    cluster,
    namespace,
    keyRing,
    prefix: settings.keyPrefix,
    order: settings.keyOrder,
    keySize: settings.keySize,
    validFor: settings.keyTtl,
    commonName: settings.commonName,
    renewPeriod: settings.keyRenewPeriod,
    cutoff: settings.keyCutoff,
    labels: settings.keyLabels,
    annotations: settings.keyAnnotations,
    log,
    now,
  })
  const onWatchError = (error: unknown): void => log.warn('watch failed, trying again', errorFields(error))
  const controller = sealedSecretController({
    ...options,
    ...settings,
    keyRing,
    render: templates.render,
    fieldManager,
    managers: new Set([fieldManager, upstreamManager]),
    onWatchError,
  })
  const keyInformer = settings.watchKeys ? watchKeys({ cluster, namespace, keys, controller, onWatchError }) : null
  return {
    controller:
      keyInformer === null ? controller : { ...controller, informers: [keyInformer, ...controller.informers] },
    keys,
    keyRing,
    handlers: (isReady) => handlers(keyRing, reader, isReady),
    prepare: () => keys.load(),
    renew: (signal, assertLeading) => renew({ keys, log, assertLeading }, signal),
    async close() {
      await Promise.all([templates.close(), reader.close()])
    },
  }
}

function watchKeys({
  cluster,
  namespace,
  keys,
  controller,
  onWatchError,
}: {
  readonly cluster: Cluster
  readonly namespace: string
  readonly keys: SealingKeys
  readonly controller: SealedSecretController
  readonly onWatchError: (error: unknown) => void
}): Informer {
  const observe = (secret: ClusterObject): void => {
    keys.observe(secret).then((changed) => {
      if (changed) controller.retryFailed()
    }, onWatchError)
  }
  return informer({
    cluster,
    resource: resources.secret,
    list: { namespace, labelSelector: keySelector },
    onError: onWatchError,
    handlers: {
      added: observe,
      updated: observe,
      // A key that lost its label leaves the selection, which looks like a deletion.
      deleted: (secret) => void keys.forget(keyOf(secret).name),
    },
  })
}

function handlers(keyRing: KeyRing, reader: ManifestReader, isReady: () => boolean): SealedSecretsHandlers {
  const read = async (content: Uint8Array): Promise<Manifest> => sealedSecretOf(await reader.read(content))
  return {
    certificate: () => keyRing.newest()?.certificatePem ?? null,
    verify: async (content) => isDecryptable(await read(content), keyRing),
    rotate: async (content) => JSON.stringify(await resealed(await read(content), keyRing)),
    ready: isReady,
  }
}

function sealedSecretOf(manifest: Manifest): Manifest {
  if (manifest.kind === 'SealedSecret' && manifest.apiVersion === 'bitnami.com/v1alpha1') return manifest
  throw new ControllerError('CONTROLLER_USAGE', 'unexpected resource type')
}

/** Makes the first key and then one whenever the newest is older than the period. A failure is tried again. */
async function renew(
  { keys, log, assertLeading }: { readonly keys: SealingKeys; readonly log: Log; readonly assertLeading: () => void },
  signal: AbortSignal,
): Promise<void> {
  let make = (): Promise<void> => keys.ensure()
  let wait = 0
  while (!signal.aborted) {
    await sleep(systemClock, wait, signal)
    if (signal.aborted) return
    try {
      assertLeading()
      await make()
      const due = keys.renewalDelay()
      if (due === null) return
      make = (): Promise<void> => (keys.renewalDelay() === 0 ? keys.generate() : Promise.resolve())
      wait = due
    } catch (error) {
      log.error('Failed to generate new key', errorFields(error))
      wait = 5_000
    }
  }
}
