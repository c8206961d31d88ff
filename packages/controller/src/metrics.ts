import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Listening, type ListenOptions, listen, pathOf } from './api/listen.ts'
import type { ConditionGauge } from './readiness.ts'
import { type SyncSeries, syncSeries } from './series.ts'

/** Metrics of Sealed Secrets' controller, under its names. */
export interface SealedSecretMetrics {
  readonly unsealRequests: Counter
  readonly unsealErrors: Counter<'reason' | 'namespace'>
  readonly condition: Gauge<'namespace' | 'name' | 'condition' | 'ss_app_kubernetes_io_instance'>
  readonly httpRequests: Counter<'path' | 'code' | 'method'>
  readonly httpDuration: Histogram<'path' | 'method'>
}

/** Metrics of External Secrets' controller, under its names. */
export interface ExternalSecretMetrics {
  /** Of ExternalSecrets, which may be tens of thousands. */
  readonly syncs: SyncSeries
  readonly storeCondition: ConditionGauge
  readonly clusterStoreCondition: ConditionGauge
  /** Of ClusterExternalSecrets. */
  readonly clusterCondition: ConditionGauge
  readonly clusterReconcileDuration: Gauge<'name' | 'namespace'>
  /** Reports of changes at a provider, by what became of them: the sender is told nothing. */
  readonly refreshReports: Counter<'result'>
  /** Of PushSecrets. */
  readonly pushCondition: ConditionGauge
  readonly pushReconcileDuration: Gauge<'name' | 'namespace'>
}

/** Metrics of sops-secrets-operator, under its names (and its spelling). */
export interface SopsSecretMetrics {
  readonly successes: Counter
  readonly failures: Counter
  readonly suspends: Counter
  /** 1 (true), 0 (unknown) or -1 (false); upstream has none. */
  readonly condition: Gauge<'name' | 'namespace' | 'condition'>
}

/** Metrics of the work queues, under controller-runtime's names. */
export interface QueueMetrics {
  readonly reconciles: Counter<'controller' | 'result'>
  readonly reconcileSeconds: Histogram<'controller'>
  readonly depth: Gauge<'name'>
}

/** Every metric of a controller. */
export interface Metrics {
  /** All but the series of each ExternalSecret. */
  readonly registry: Registry
  readonly sealedSecret: SealedSecretMetrics
  readonly externalSecret: ExternalSecretMetrics
  readonly sopsSecret: SopsSecretMetrics
  readonly queue: QueueMetrics
}

const sealedSecrets = 'sealed_secrets_controller_'
/** Go's prometheus.DefBuckets. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Makes the metrics of one controller process. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const build = new Gauge({
    name: `${sealedSecrets}build_info`,
    help: 'Build information.',
    labelNames: ['revision'],
    registers: [registry],
  })
  // Upstream's value is 0: it never sets it.
  build.set({ revision: version }, 0)
  return {
    registry,
    sealedSecret: sealedSecretMetrics(registry),
    externalSecret: externalSecretMetrics(registry),
    sopsSecret: sopsSecretMetrics(registry),
    queue: queueMetrics(registry),
  }
}

function sealedSecretMetrics(registry: Registry): SealedSecretMetrics {
  const registers = [registry]
  return {
    unsealRequests: new Counter({
      name: `${sealedSecrets}unseal_requests_total`,
      help: 'Total number of sealed secret unseal requests',
      registers,
    }),
    unsealErrors: new Counter({
      name: `${sealedSecrets}unseal_errors_total`,
      help: 'Total number of sealed secret unseal errors by reason',
      labelNames: ['reason', 'namespace'],
      registers,
    }),
    condition: new Gauge({
      name: `${sealedSecrets}condition_info`,
      help: 'Current SealedSecret condition status. Values are -1 (false), 0 (unknown or absent), 1 (true)',
      labelNames: ['namespace', 'name', 'condition', 'ss_app_kubernetes_io_instance'],
      registers,
    }),
    httpRequests: new Counter({
      name: `${sealedSecrets}http_requests_total`,
      help: 'A counter for requests to the wrapped handler.',
      labelNames: ['path', 'code', 'method'],
      registers,
    }),
    httpDuration: new Histogram({
      name: `${sealedSecrets}http_request_duration_seconds`,
      help: 'A histogram of latencies for requests.',
      labelNames: ['path', 'method'],
      buckets,
      registers,
    }),
  }
}

function externalSecretMetrics(registry: Registry): ExternalSecretMetrics {
  const registers = [registry]
  const object = ['name', 'namespace'] as const
  const condition = (kind: string, help: string): ConditionGauge =>
    new Gauge({ name: `${kind}_status_condition`, help, labelNames: [...object, 'condition', 'status'], registers })
  return {
    syncs: syncSeries(),
    storeCondition: condition('secretstore', 'The status condition of a specific Secret Store'),
    clusterStoreCondition: condition('clustersecretstore', 'The status condition of a specific Cluster Secret Store'),
    clusterCondition: condition('clusterexternalsecret', 'The status condition of a specific Cluster External Secret'),
    clusterReconcileDuration: new Gauge({
      name: 'clusterexternalsecret_reconcile_duration',
      help: 'The duration time to reconcile the Cluster External Secret',
      labelNames: object,
      registers,
    }),
    refreshReports: new Counter({
      name: 'sealkit_refresh_reports_total',
      help: 'Reports of changes at a provider, by result: accepted or refused',
      labelNames: ['result'],
      registers,
    }),
    pushCondition: condition('pushsecret', 'The status condition of a specific Push Secret'),
    pushReconcileDuration: new Gauge({
      name: 'pushsecret_reconcile_duration',
      help: 'The duration time to reconcile the Push Secret',
      labelNames: object,
      registers,
    }),
  }
}

function sopsSecretMetrics(registry: Registry): SopsSecretMetrics {
  const counter = (what: string, help: string): Counter =>
    new Counter({ name: `sopssecrets_reconcilation_${what}_total`, help, registers: [registry] })
  return {
    successes: counter('successes', 'Number of SopsSecrets reconciliations'),
    failures: counter('failures', 'Number of SopsSecrets reconciliations that failed'),
    suspends: counter('suspends', 'Number of looks at suspended SopsSecrets'),
    condition: new Gauge({
      name: 'sopssecret_condition_info',
      help: 'Condition of a SopsSecret: 1 (true), 0 (unknown) or -1 (false)',
      labelNames: ['name', 'namespace', 'condition'],
      registers: [registry],
    }),
  }
}

function queueMetrics(registry: Registry): QueueMetrics {
  const registers = [registry]
  return {
    reconciles: new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Total number of reconciliations per controller',
      labelNames: ['controller', 'result'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Length of time per reconciliation per controller',
      labelNames: ['controller'],
      buckets,
      registers,
    }),
    depth: new Gauge({
      name: 'workqueue_depth',
      help: 'Current depth of workqueue',
      labelNames: ['name'],
      registers,
    }),
  }
}

/** Serves `/metrics`, and nothing else, on its own port. */
export function serveMetrics(metrics: Metrics, options: ListenOptions): Promise<Listening> {
  const { contentType } = metrics.registry
  return listen(options, (request, response) => {
    if (pathOf(request) !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
      return
    }
    response.writeHead(200, { 'content-type': contentType })
    // Whoever asks may hang up while it is written.
    pipeline(Readable.from(exposition(metrics)), response).catch(() => undefined)
  })
}

/** All metrics as Prometheus reads them, piece by piece: the whole text can be tens of megabytes. */
export async function* exposition({ registry, externalSecret }: Metrics): AsyncGenerator<string> {
  yield await registry.metrics()
  yield* externalSecret.syncs.text()
}
