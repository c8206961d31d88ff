import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Listening, type ListenOptions, listen, pathOf } from './api/listen.ts'
import type { ConditionGauge } from './readiness.ts'

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
  readonly syncCalls: Counter<'name' | 'namespace'>
  readonly syncErrors: Counter<'name' | 'namespace'>
  readonly condition: ConditionGauge
  /** Nanoseconds, as upstream's. */
  readonly reconcileDuration: Gauge<'name' | 'namespace'>
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

/** Every metric of a controller, in one registry. */
export interface Metrics {
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
    syncCalls: new Counter({
      name: 'externalsecret_sync_calls_total',
      help: 'Total number of the External Secret sync calls',
      labelNames: object,
      registers,
    }),
    syncErrors: new Counter({
      name: 'externalsecret_sync_calls_error',
      help: 'Total number of the External Secret sync errors',
      labelNames: object,
      registers,
    }),
    condition: condition('externalsecret', 'The status condition of a specific External Secret'),
    reconcileDuration: new Gauge({
      name: 'externalsecret_reconcile_duration',
      help: 'The duration time to reconcile the External Secret',
      labelNames: object,
      registers,
    }),
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
export function serveMetrics(registry: Registry, options: ListenOptions): Promise<Listening> {
  return listen(options, (request, response) => {
    if (pathOf(request) !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
      return
    }
    registry.metrics().then(
      (body) => response.writeHead(200, { 'content-type': registry.contentType }).end(body),
      () => response.writeHead(500).end(),
    )
  })
}
