import { parseDuration } from '@sealkit/core/go'
import type { Cluster, ClusterObject } from '@sealkit/kubernetes'
import { createSessions, type Environment, type ExternalSecret, type StoreKind, type StoreRef } from '@sealkit/resolver'
import {
  type ClusterExternalSecretController,
  clusterExternalSecretController,
} from '../cluster-external-secret/controller.ts'
import type { RecordEvent } from '../event.ts'
import { errorFields, type Log } from '../log.ts'
import type { Controller } from '../manager.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import type { ReviewToken } from '../notices/sender.ts'
import type { NoticesOptions } from '../notices/service.ts'
import { pushSecretController } from '../push-secret/controller.ts'
import { externalSecretRender, storeTextRender } from '../render.ts'

import { type SecretStoreController, secretStoreController } from '../secret-store/controller.ts'
import type { ExternalSecretSettings } from '../settings.ts'
import { clusterAccess, type MintToken } from './access.ts'
import { type ExternalSecretController, externalSecretController } from './controller.ts'
import type { Discover, GenericTargets } from './generic.ts'

/** What the service of ExternalSecrets works with. */
export interface ExternalSecretServiceOptions {
  readonly cluster: Cluster
  readonly settings: ExternalSecretSettings
  /** What providers may take of this process. */
  readonly environment: Environment
  readonly mintToken?: MintToken
  /** How other kinds than Secret are found; absent = ExternalSecrets write Secrets only. */
  readonly discover?: Discover
  readonly reviewToken?: ReviewToken
  readonly metrics: ExternalSecretMetrics
  readonly recordEvent: RecordEvent
  readonly log: Log
  readonly now: () => Date
}

/** Everything about ExternalSecrets in one process. */
export interface ExternalSecretService {
  /** Stores first: an ExternalSecret waits for its store. */
  readonly controllers: readonly Controller[]
  /** Ends the sessions with providers. */
  close(): Promise<void>
}

/** Puts the controllers of ExternalSecrets and their stores together. Nothing runs yet. */
export function externalSecretService(options: ExternalSecretServiceOptions): ExternalSecretService {
  const { cluster, settings, log, now, mintToken } = options
  const { leftDelimiter, rightDelimiter } = settings
  const templates = externalSecretRender({ now, leftDelimiter, rightDelimiter })
  const storeTexts = storeTextRender(now)
  const environment = { ...options.environment, renderText: storeTexts.render }
  const sessions = createSessions({ environment, recheck: credentialRecheck })
  const onWatchError = (error: unknown): void => log.warn('watch failed, trying again', errorFields(error))
  const stores = new Map<StoreKind, SecretStoreController>()
  const access = clusterAccess({
    cluster,
    moment: sessions.moment,
    store: (kind, key) => stores.get(kind)?.store(key) ?? null,
    ...(mintToken === undefined ? {} : { mintToken }),
  })
  let controller: ExternalSecretController | null = null
  const onChange = (kind: StoreKind, store: ClusterObject): void => controller?.storeChanged(kind, store)
  const kinds: readonly StoreKind[] = settings.clusterStores ? ['SecretStore', 'ClusterSecretStore'] : ['SecretStore']
  for (const kind of kinds) {
    const requeueInterval = settings.storeRequeueInterval
    const own = { kind, access, sessions, requeueInterval, duration, onWatchError, onChange }
    stores.set(kind, secretStoreController({ ...options, ...settings, ...own }))
  }
  const above = settings.clusterExternalSecrets ? clusterController(options, onWatchError) : null
  const resolve = {
    sessions,
    render: templates.render,
    requireReady: settings.floodGate,
    controllerClass: settings.controllerClass,
  }
  controller = externalSecretController({
    ...options,
    ...settings,
    resolve,
    access,
    generic: genericTargets(options),
    onUnavailable: (externalSecret) => {
      for (const [kind, { probe }] of stores) {
        for (const { name } of storeRefs(externalSecret).filter((ref) => ref.kind === kind)) {
          probe({ namespace: kind === 'SecretStore' ? externalSecret.namespace : '', name })
        }
      }
    },
    isPending: (externalSecret) => settings.floodGate && isPending(externalSecret, stores),
    isForeign: (externalSecret) => isForeign(externalSecret, stores, settings.controllerClass),
    duration,
    onWatchError,
    ...(above === null ? {} : { onChange: (object) => above.childChanged(object) }),
  })
  const push = settings.pushSecrets
    ? pushSecretController({ ...options, ...settings, resolve, access, duration, onWatchError })
    : null
  const main = listening(options, { controller, stores })
  return {
    controllers: [...stores.values(), main, above, push].filter((each) => each !== null),
    async close() {
      await controller?.close()
      await Promise.all([sessions.close(), templates.close(), storeTexts.close()])
    },
  }
}

/** The controller with its listener for reports of changes beside it, where one is wanted. */
function listening(
  { cluster, settings, metrics, log, now, reviewToken }: ExternalSecretServiceOptions,
  {
    controller,
    stores,
  }: { controller: ExternalSecretController; stores: ReadonlyMap<StoreKind, SecretStoreController> },
): Controller {
  const { notices } = settings
  if (notices === null) return controller
  const options: NoticesOptions = {
    listen: notices,
    cluster,
    store: (kind, key) => stores.get(kind)?.store(key) ?? null,
    onChange: (kind, store, key) => controller.remoteChanged(kind, store, key),
    metrics,
    log,
    now,
    ...(reviewToken === undefined ? {} : { reviewToken }),
  }
  return {
    ...controller,
    background: async (signal) => (await import('../notices/service.ts')).takeNotices(options, signal),
  }
}

function clusterController(
  { cluster, settings, metrics, log }: ExternalSecretServiceOptions,
  onWatchError: (error: unknown) => void,
): ClusterExternalSecretController {
  const requeueInterval = settings.storeRequeueInterval
  return clusterExternalSecretController({ cluster, metrics, log, requeueInterval, duration, onWatchError })
}

/** Milliseconds for which a store's credentials are taken to be those that were read; a refusal looks at once. */
const credentialRecheck = 1_000

function genericTargets({ settings, discover }: ExternalSecretServiceOptions): GenericTargets | null {
  const { genericTargets: kinds } = settings
  return kinds === null || discover === undefined ? null : { kinds, discover }
}

/** Milliseconds of a Go duration. */
function duration(text: string): number {
  return Number(parseDuration(text) / 1_000_000n)
}

/** Whether any store that an ExternalSecret names is of another controller's class: it is then left to that one. */
function isForeign(
  externalSecret: ExternalSecret,
  stores: ReadonlyMap<StoreKind, SecretStoreController>,
  controllerClass: string,
): boolean {
  return storeRefs(externalSecret).some(({ kind, name }) => {
    const namespace = kind === 'SecretStore' ? externalSecret.namespace : ''
    const store = stores.get(kind)?.store({ namespace, name })
    const { controller = '' } = (store?.['spec'] ?? {}) as { readonly controller?: string }
    return controller !== '' && controller !== controllerClass
  })
}

function isPending(externalSecret: ExternalSecret, stores: ReadonlyMap<StoreKind, SecretStoreController>): boolean {
  return storeRefs(externalSecret).some(({ kind, name }) => {
    const namespace = kind === 'SecretStore' ? externalSecret.namespace : ''
    return stores.get(kind)?.isPending({ namespace, name }) === true
  })
}

function storeRefs({ dataFrom, data }: ExternalSecret): StoreRef[] {
  return [...dataFrom, ...data].flatMap((entry) => ('store' in entry ? [entry.store] : []))
}
