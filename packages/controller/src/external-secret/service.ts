import { parseDuration } from '@sealkit/core/go'
import type { Cluster, ClusterObject } from '@sealkit/kubernetes'
import { createSessions, type Environment, type ExternalSecret, type StoreKind } from '@sealkit/resolver'
import {
  type ClusterExternalSecretController,
  clusterExternalSecretController,
} from '../cluster-external-secret/controller.ts'
import type { RecordEvent } from '../event.ts'
import { errorFields, type Log } from '../log.ts'
import type { Controller } from '../manager.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import { externalSecretRender, storeTextRender } from '../render.ts'
import { type SecretStoreController, secretStoreController } from '../secret-store/controller.ts'
import type { ExternalSecretSettings } from '../settings.ts'
import { clusterAccess, type MintToken } from './access.ts'
import { type ExternalSecretController, externalSecretController } from './controller.ts'

/** What the service of ExternalSecrets works with. */
export interface ExternalSecretServiceOptions {
  readonly cluster: Cluster
  readonly settings: ExternalSecretSettings
  /** What providers may take of this process. */
  readonly environment: Environment
  readonly mintToken?: MintToken
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
  const sessions = createSessions({ environment: { ...options.environment, renderText: storeTexts.render } })
  const onWatchError = (error: unknown): void => log.warn('watch failed, trying again', errorFields(error))
  const stores = new Map<StoreKind, SecretStoreController>()
  const access = clusterAccess({ cluster, ...(mintToken === undefined ? {} : { mintToken }) })
  let controller: ExternalSecretController | null = null
  const onChange = (kind: StoreKind, store: ClusterObject): void => controller?.storeChanged(kind, store)
  const kinds: readonly StoreKind[] = settings.clusterStores ? ['SecretStore', 'ClusterSecretStore'] : ['SecretStore']
  for (const kind of kinds) {
    const requeueInterval = settings.storeRequeueInterval
    const own = { kind, access, sessions, requeueInterval, duration, onWatchError, onChange }
    stores.set(kind, secretStoreController({ ...options, ...settings, ...own }))
  }
  const above = settings.clusterExternalSecrets ? clusterController(options, onWatchError) : null
  controller = externalSecretController({
    ...options,
    ...settings,
    resolve: {
      cluster: access,
      sessions,
      render: templates.render,
      requireReady: settings.floodGate,
      controllerClass: settings.controllerClass,
    },
    isForeign: (externalSecret) => isForeign(externalSecret, stores, settings.controllerClass),
    duration,
    onWatchError,
    ...(above === null ? {} : { onChange: (object) => above.childChanged(object) }),
  })
  return {
    controllers: [...stores.values(), controller, ...(above === null ? [] : [above])],
    async close() {
      await Promise.all([sessions.close(), templates.close(), storeTexts.close()])
    },
  }
}

function clusterController(
  { cluster, settings, metrics, log }: ExternalSecretServiceOptions,
  onWatchError: (error: unknown) => void,
): ClusterExternalSecretController {
  const requeueInterval = settings.storeRequeueInterval
  return clusterExternalSecretController({ cluster, metrics, log, requeueInterval, duration, onWatchError })
}

/** Milliseconds of a Go duration. */
function duration(text: string): number {
  return Number(parseDuration(text) / 1_000_000n)
}

/** Whether any store that an ExternalSecret names is of another controller's class: it is then left to that one. */
function isForeign(
  { namespace, dataFrom, data }: ExternalSecret,
  stores: ReadonlyMap<StoreKind, SecretStoreController>,
  controllerClass: string,
): boolean {
  return [...dataFrom, ...data].some((entry) => {
    if (!('store' in entry)) return false
    const { kind, name } = entry.store
    const store = stores.get(kind)?.store({ namespace: kind === 'SecretStore' ? namespace : '', name })
    const { controller = '' } = (store?.['spec'] ?? {}) as { readonly controller?: string }
    return controller !== '' && controller !== controllerClass
  })
}
