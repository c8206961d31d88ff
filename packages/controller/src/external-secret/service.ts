import { parseDuration } from '@sealkit/core/go'
import type { Cluster } from '@sealkit/kubernetes'
import { createSessions, type Environment } from '@sealkit/resolver'
import { clusterExternalSecretController } from '../cluster-external-secret/controller.ts'
import type { RecordEvent } from '../event.ts'
import { errorFields, type Log } from '../log.ts'
import type { Controller } from '../manager.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import type { ReviewToken } from '../notices/sender.ts'
import type { NoticesOptions } from '../notices/service.ts'
import { pushSecretController } from '../push-secret/controller.ts'
import { externalSecretRender, storeTextRender } from '../render.ts'
import type { ExternalSecretSettings } from '../settings.ts'
import { clusterAccess, type MintToken } from './access.ts'
import { type ExternalSecretController, externalSecretController } from './controller.ts'
import type { Discover, GenericTargets } from './generic.ts'
import { createStores, type Stores } from './stores.ts'

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
  const { settings, log, now } = options
  const storeTexts = storeTextRender(now)
  const environment = { ...options.environment, renderText: storeTexts.render }
  const sessions = createSessions({ environment, recheck: credentialRecheck })
  const access = clusterAccess({ ...options, moment: sessions.moment, store: (kind, key) => stores.get(kind, key) })
  const watching = {
    ...options,
    ...settings,
    access,
    sessions,
    requeueInterval: settings.storeRequeueInterval,
    duration,
    onWatchError: (error: unknown) => log.warn('watch failed, trying again', errorFields(error)),
  }
  const stores: Stores = createStores({ ...watching, onChange: (kind, store) => main.storeChanged(kind, store) })
  const above = settings.clusterExternalSecrets ? clusterExternalSecretController(watching) : null
  const templates = externalSecretRender({ ...settings, now })
  const { controllerClass, floodGate: requireReady } = settings
  const resolving = { ...watching, resolve: { sessions, render: templates.render, requireReady, controllerClass } }
  const main: ExternalSecretController = externalSecretController({
    ...resolving,
    stores,
    generic: genericTargets(options),
    onChange: (object) => above?.childChanged(object),
  })
  const push = settings.pushSecrets ? pushSecretController(resolving) : null
  return {
    controllers: [...stores.controllers, listening(options, main, stores), above, push].filter((each) => each !== null),
    async close() {
      await main.close()
      await Promise.all([sessions.close(), templates.close(), storeTexts.close()])
    },
  }
}

/** The controller with its listener for reports of changes beside it, where one is wanted. */
function listening(
  options: ExternalSecretServiceOptions,
  controller: ExternalSecretController,
  stores: Stores,
): Controller {
  const { notices } = options.settings
  if (notices === null) return controller
  const taking: NoticesOptions = {
    ...options,
    listen: notices,
    store: stores.get,
    onChange: (kind, store, key) => controller.remoteChanged(kind, store, key),
  }
  return {
    ...controller,
    background: async (signal) => (await import('../notices/service.ts')).takeNotices(taking, signal),
  }
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
