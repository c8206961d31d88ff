import { randomBytes } from 'node:crypto'
import { type Cluster, eventRecorder, lead } from '@sealkit/kubernetes'
import type { Environment } from '@sealkit/resolver'
import { serveHealth } from './api/health.ts'
import type { Listening } from './api/listen.ts'
import { serveSealedSecretsApi } from './api/sealed-secrets.ts'
import type { RecordEvent } from './event.ts'
import type { MintToken } from './external-secret/access.ts'
import type { Discover } from './external-secret/generic.ts'
import type { ExternalSecretService } from './external-secret/service.ts'
import { errorFields, type Log } from './log.ts'
import { type Controller, runControllers } from './manager.ts'
import { createMetrics, type Metrics, serveMetrics } from './metrics.ts'
import type { ReviewToken } from './notices/sender.ts'
import { type SealedSecretService, sealedSecretService } from './sealed-secret/service.ts'
import type { Settings } from './settings.ts'
import type { KeySet } from './sops-keys/keyset.ts'
import type { SopsSecretService } from './sops-secret/service.ts'
import { refuseBesideUpstream } from './takeover.ts'

/** What a controller runs with besides its settings. */
export interface RunOptions {
  readonly cluster: Cluster
  /** Keeps the lease of the election; `cluster` unless given. */
  readonly election?: Cluster
  readonly settings: Settings
  readonly log: Log
  /** Aborts to stop: no new work, what is under way is finished. */
  readonly signal: AbortSignal
  readonly now?: () => Date
  /** What providers may take of this process; nothing but the clock unless given. */
  readonly environment?: Environment
  /** Tokens of ServiceAccounts, where the cluster mints them. */
  readonly mintToken?: MintToken
  /** How kinds that ExternalSecrets may write besides Secrets are found. */
  readonly discover?: Discover
  /** Whom tokens are of, where the cluster knows. */
  readonly reviewToken?: ReviewToken
  /** Keys for all that SOPS encrypted, where the cluster is a directory: Secrets, which only a directory can hold, too. */
  readonly sops?: KeySet
  /** Gives the controllers that are run in the place of those that were put together. */
  readonly prepare?: (controllers: readonly Controller[]) => readonly Controller[]
  /** Called when a key shall be made at once (SIGUSR1). */
  readonly onKeyRequest?: (handler: () => void) => void
  /** Told the ports when everything listens and has listed. */
  readonly onReady?: (ports: Ports) => void
}

/** Ports that a controller listens on. */
export interface Ports {
  readonly api?: number
  readonly metrics?: number
  readonly health?: number
}

/** Runs the controllers of the settings until the signal aborts. */
export async function runController(options: RunOptions): Promise<void> {
  const { cluster, settings, log, signal } = options
  if (!settings.takeover) await refuseBesideUpstream(cluster, settings, log)
  const metrics = createMetrics(settings.version)
  const servers: Listening[] = []
  const recorders = new Map<string, ReturnType<typeof eventRecorder>>()
  const recorder = (component: string): RecordEvent => {
    const events = eventRecorder({
      cluster,
      component,
      onError: (error) => log.warn('event not written', errorFields(error)),
    })
    recorders.set(component, events)
    return (object, { type, reason, message }) => events.record(object, type, reason, message)
  }
  const office: Office = { assert: () => undefined }
  let parts: Parts | null = null
  try {
    parts = await assemble(options, { metrics, recorder, office, now: options.now ?? ((): Date => new Date()) })
    let ready = false
    const ports = await serve(options, parts, { metrics, servers, isReady: () => ready })
    const controllers = options.prepare?.(parts.controllers) ?? parts.controllers
    await runControllers({
      controllers: controllers.map((controller) => inOffice(controller, office)),
      log,
      metrics: metrics.queue,
      signal,
      onSynced: () => {
        ready = true
        options.onReady?.(ports)
      },
      whenLeading: leadership(options, office),
    })
  } finally {
    await Promise.all(servers.map((server) => server.close()))
    await Promise.all([parts?.external?.close(), parts?.sealed?.close(), parts?.sops?.close()])
    await Promise.race([
      Promise.all([...recorders.values()].map((events) => events.flush())),
      new Promise((resolve) => setTimeout(resolve, 2_000).unref()),
    ])
    await Promise.all([...recorders.values()].map((events) => events.close()))
  }
}

interface Parts {
  readonly controllers: readonly Controller[]
  readonly sealed: SealedSecretService | null
  readonly external: ExternalSecretService | null
  readonly sops: SopsSecretService | null
}

interface Assembly {
  readonly metrics: Metrics
  /** An event recorder for one component. */
  readonly recorder: (component: string) => RecordEvent
  readonly office: Office
  readonly now: () => Date
}

async function assemble(options: RunOptions, assembly: Assembly): Promise<Parts> {
  const { cluster, log } = options
  const { recorder, office, now } = assembly
  const controllers: Controller[] = []
  const sealed = await sealedPart(options, assembly)
  if (sealed !== null) {
    controllers.push({ ...sealed.controller, background: (leading) => sealed.renew(leading, () => office.assert()) })
  }
  const external = await externalPart(options, assembly)
  if (external !== null) controllers.push(...external.controllers)
  const sops = await sopsPart(options, assembly)
  if (sops !== null) controllers.push(sops.controller)
  if (options.sops !== undefined) {
    const onWatchError = (error: unknown): void => log.warn('watch failed, trying again', errorFields(error))
    const recordEvent = recorder('sealkit')
    const own = { sops: options.sops, namespaces: null, workers: 8, fieldManager: 'sealkit', recordEvent, onWatchError }
    const { sopsManifestController } = await import('./sops-manifest/controller.ts')
    controllers.push(sopsManifestController({ cluster, log, now, ...own }))
  }
  return { controllers, sealed, external, sops }
}

async function sealedPart(
  { cluster, settings, log, onKeyRequest }: RunOptions,
  { metrics, recorder, now }: Assembly,
): Promise<SealedSecretService | null> {
  if (settings.sealedSecrets === null) return null
  const service = sealedSecretService({
    cluster,
    namespace: settings.namespace,
    // A replica that takes over needs the keys that the one before it made.
    settings: { ...settings.sealedSecrets, watchKeys: settings.sealedSecrets.watchKeys || settings.leaderElection },
    metrics: metrics.sealedSecret,
    recordEvent: recorder('sealed-secrets'),
    log,
    now,
  })
  await service.prepare()
  onKeyRequest?.(() => {
    service.keys.generate().catch((error: unknown) => log.error('Failed to generate new key', errorFields(error)))
  })
  return service
}

async function externalPart(
  { cluster, settings, environment, mintToken, discover, reviewToken, log }: RunOptions,
  { metrics, recorder, now }: Assembly,
): Promise<ExternalSecretService | null> {
  if (settings.externalSecrets === null) return null
  // Providers and templates are a third of the program: not in memory where only SealedSecrets are taken care of.
  const { externalSecretService } = await import('./external-secret/service.ts')
  return externalSecretService({
    cluster,
    settings: settings.externalSecrets,
    environment: environment ?? { now: () => now().getTime() },
    ...(mintToken === undefined ? {} : { mintToken }),
    ...(discover === undefined ? {} : { discover }),
    ...(reviewToken === undefined ? {} : { reviewToken }),
    metrics: metrics.externalSecret,
    recordEvent: recorder('external-secrets'),
    log,
    now,
  })
}

async function sopsPart(
  { cluster, settings, environment, sops, log }: RunOptions,
  { metrics, recorder, now }: Assembly,
): Promise<SopsSecretService | null> {
  if (settings.sopsSecrets === null) return null
  const { sopsSecretService } = await import('./sops-secret/service.ts')
  return sopsSecretService({
    cluster,
    settings: settings.sopsSecrets,
    env: environment?.ambient ?? {},
    ...(sops === undefined ? {} : { common: sops }),
    metrics: metrics.sopsSecret,
    recordEvent: recorder('sops-secrets'),
    log,
    now,
  })
}

async function serve(
  { settings, log }: RunOptions,
  parts: Parts,
  {
    metrics,
    servers,
    isReady,
  }: { readonly metrics: Metrics; readonly servers: Listening[]; readonly isReady: () => boolean },
): Promise<Ports> {
  const ports: { -readonly [Name in keyof Ports]: Ports[Name] } = {}
  if (parts.sealed !== null && settings.sealedSecrets !== null && settings.sealedSecrets.address !== '') {
    const { address, rateLimit, rateLimitBurst, readTimeout, writeTimeout } = settings.sealedSecrets
    const api = await serveSealedSecretsApi({
      address,
      rateLimit,
      rateLimitBurst,
      readTimeout,
      writeTimeout,
      handlers: parts.sealed.handlers(isReady),
      metrics: metrics.sealedSecret,
      log,
    })
    servers.push(api)
    ports.api = api.port
    log.info('HTTP server serving', { addr: address })
  }
  const healthAddress = settings.externalSecrets?.healthAddress || settings.sopsSecrets?.healthAddress || ''
  if (healthAddress !== '') {
    const health = await serveHealth(isReady, { address: healthAddress })
    servers.push(health)
    ports.health = health.port
  }
  if (settings.metricsAddress !== '') {
    const server = await serveMetrics(metrics, { address: settings.metricsAddress })
    servers.push(server)
    ports.metrics = server.port
    log.info('HTTP metrics server serving', { addr: settings.metricsAddress })
  }
  return ports
}

/**
 * How patiently replicas wait for each other: one that was killed is followed within 12 seconds, at most two tries and
 * the duration after its last renewal. Milliseconds.
 */
const patience = { duration: 10_000, renewDeadline: 7_000, retryPeriod: 1_500 } as const

/** Whether this replica may write. */
interface Office {
  /** Throws LEASE_LOST once another may lead. */
  assert: () => void
}

/** Runs the work at once, or, with leader election, whenever this replica leads. */
function leadership({ cluster, election = cluster, settings, log, signal }: RunOptions, office: Office) {
  return async (work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    if (!settings.leaderElection) return work(signal)
    // Deployments of one namespace that take care of different kinds do not stand against each other.
    const kinds = [
      settings.sealedSecrets && 'sealed-secrets',
      settings.externalSecrets && 'external-secrets',
      settings.sopsSecrets && 'sops-secrets',
    ]
    const key = { namespace: settings.namespace, name: ['sealkit', ...kinds.filter((kind) => kind !== null)].join('-') }
    // Two processes of one pod, one after the other, are two candidates.
    const identity = [settings.identity, randomBytes(8).toString('hex')].filter((part) => part !== '').join('_')
    const onError = (error: unknown): void => log.warn('lease not renewed', errorFields(error))
    await lead({ cluster: election, key, identity, ...patience, onError, signal }, async (leadership) => {
      office.assert = (): void => leadership.assertLeading()
      log.info('leading', { identity })
      await work(leadership.signal)
    })
  }
}

/** A controller that starts no work once another may lead: timers of a process that was suspended come late. */
function inOffice(controller: Controller, office: Office): Controller {
  return {
    ...controller,
    reconcile(key, signal, priority) {
      office.assert()
      return controller.reconcile(key, signal, priority)
    },
  }
}
