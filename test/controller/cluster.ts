import { setTimeout as delay } from 'node:timers/promises'
import {
  createLog,
  type ExternalSecretSettings,
  type Ports,
  type RunOptions,
  runController,
  type SealedSecretSettings,
  type Settings,
  type SopsSecretSettings,
} from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type GeneratedKey, generateSealingKey, parseCertificate, sealSecret } from '@sealkit/core/sealed'
import {
  type ApiServer,
  type Cluster,
  type ClusterObject,
  connect,
  type Key,
  type Resource,
  resources,
} from '@sealkit/kubernetes'
import { eventually } from '../eventually.ts'
import type { ControlPlane } from '../servers/controlplane.ts'

/** A client of the test's own cluster, as its administrator. */
export function clientOf(plane: ControlPlane): Promise<ApiServer> {
  return connect({ kubeconfig: plane.kubeconfig })
}

/**
 * Waits on a watch until the object satisfies `test`, and gives it; a null is an object that is not there. An API server
 * that is away for a moment is asked again.
 *
 * Fails with the last state after `timeoutMs`, which is long: only a failure waits for it.
 */
export async function until(
  cluster: Cluster,
  resource: Resource,
  key: Key,
  test: (object: ClusterObject | null) => boolean,
  timeoutMs = 120_000,
): Promise<ClusterObject | null> {
  const stop = AbortSignal.timeout(timeoutMs)
  let last: ClusterObject | null = null
  let cause: unknown
  for (; !stop.aborted; await delay(50)) {
    try {
      const options = { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}` }
      const { items, resourceVersion } = await cluster.list(resource, options)
      last = items[0] ?? null
      if (test(last)) return last
      for await (const event of cluster.watch(resource, { ...options, resourceVersion, signal: stop })) {
        if (event.type === 'bookmark') continue
        last = event.type === 'deleted' ? null : event.object
        if (test(last)) return last
      }
    } catch (error) {
      if (!stop.aborted) cause = error
    }
  }
  const place = `${resource.kind} ${key.namespace}/${key.name}`
  throw new Error(`${place} did not become what was waited for: ${JSON.stringify(last)}`, { cause })
}

/** The Synced condition of a SealedSecret, once a controller has looked at its current generation. */
export function syncedOf(object: ClusterObject | null): string | undefined {
  const { observedGeneration, conditions } = (object?.['status'] ?? {}) as {
    observedGeneration?: number
    conditions?: { type: string; status: string }[]
  }
  return object?.metadata.generation === observedGeneration ? conditions?.[0]?.status : undefined
}

/** Waits for the Synced condition of a SealedSecret's current generation. */
export function untilSynced(cluster: Cluster, key: Key, status: 'True' | 'False'): Promise<ClusterObject | null> {
  return until(cluster, resources.sealedSecret, key, (object) => syncedOf(object) === status)
}

/** Default settings of a SealedSecrets controller in a test: small keys, free ports. */
export function sealedSettings(settings: Partial<SealedSecretSettings> = {}): SealedSecretSettings {
  return {
    keyPrefix: 'sealed-secrets-key',
    keySize: 2048,
    keyTtl: 86_400_000,
    commonName: '',
    keyRenewPeriod: 0,
    keyOrder: 'CertNotBefore',
    keyCutoff: null,
    keyLabels: {},
    keyAnnotations: {},
    watchKeys: true,
    acceptV1Data: true,
    namespaces: null,
    labelSelector: '',
    rateLimit: 1000,
    rateLimitBurst: 1000,
    oldGcBehavior: false,
    updateStatus: true,
    conditionMetric: true,
    watchSecrets: true,
    workers: 4,
    maxRetries: null,
    address: '127.0.0.1:0',
    readTimeout: 10_000,
    writeTimeout: 10_000,
    ...settings,
  }
}

/** Default settings of an ExternalSecrets controller in a test. */
export function externalSettings(settings: Partial<ExternalSecretSettings> = {}): ExternalSecretSettings {
  return {
    namespaces: null,
    controllerClass: 'default',
    workers: 8,
    storeRequeueInterval: 300_000,
    floodGate: true,
    clusterStores: true,
    clusterExternalSecrets: true,
    pushSecrets: true,
    notices: null,
    genericTargets: null,
    leftDelimiter: '{{',
    rightDelimiter: '}}',
    healthAddress: '',
    ...settings,
  }
}

/** Default settings of a SopsSecrets controller in a test. */
export function sopsSettings(settings: Partial<SopsSecretSettings> = {}): SopsSecretSettings {
  return {
    namespaces: null,
    workers: 4,
    rulesFile: '',
    mac: 'required',
    enforceOwnership: false,
    healthAddress: '',
    ...settings,
  }
}

/** A controller that runs in this process. */
export interface Running {
  readonly ports: Ports
  readonly log: () => string
  stop(): Promise<void>
}

/** Starts a controller and waits until it has listed everything. */
export async function startController(
  cluster: Cluster,
  settings: Partial<Settings>,
  more: Pick<RunOptions, 'environment' | 'mintToken' | 'discover' | 'reviewToken'> = {},
): Promise<Running> {
  const stop = new AbortController()
  const lines: string[] = []
  const ready = Promise.withResolvers<Ports>()
  const running = runController({
    cluster,
    settings: {
      version: 'v0',
      namespace: 'kube-system',
      sealedSecrets: null,
      externalSecrets: null,
      sopsSecrets: null,
      metricsAddress: '',
      leaderElection: false,
      identity: '',
      takeover: false,
      ...settings,
    },
    log: createLog({ level: 'debug', out: (line) => void lines.push(line) }),
    signal: stop.signal,
    ...more,
    onReady: ready.resolve,
  })
  running.catch(ready.reject)
  const ports = await ready.promise
  return {
    ports,
    log: () => lines.join(''),
    async stop() {
      stop.abort()
      await running
    },
  }
}

/** The certificate that a running controller gives out. */
export function certificate({ ports }: Running): Promise<string> {
  return certificateAt(`http://127.0.0.1:${ports.api}`)
}

/** The certificate that a controller gives out at its address, once it has a key. */
export function certificateAt(url: string): Promise<string> {
  return eventually(
    async () => {
      const response = await fetch(`${url}/v1/cert.pem`)
      const text = await response.text()
      return response.ok ? text : ''
    },
    (text) => text !== '',
  )
}

/** Resolves when a controller's metrics say so many looks at ExternalSecrets. */
export async function looked({ ports }: Running, times: number): Promise<void> {
  const line = /^controller_runtime_reconcile_total\{controller="externalsecret",result="\w+"\} (\d+)$/gm
  await eventually(
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text()
      return [...text.matchAll(line)].reduce((sum, [, number]) => sum + Number(number), 0)
    },
    (looks) => looks >= times,
  )
}

/** Seals a Secret of plain texts for a certificate. */
export async function seal(
  pem: string,
  {
    namespace,
    name,
    ...rest
  }: Key & { readonly stringData: Record<string, string>; readonly [field: string]: unknown },
): Promise<Manifest> {
  const { metadata = {}, ...secret } = rest as { metadata?: object }
  const manifest = { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, namespace, name }, ...secret }
  return sealSecret(manifest, { publicKey: parseCertificate(pem).publicKey })
}

/** A sealing key that no controller has. It is older than any that a controller makes. */
export function foreignKey(): Promise<GeneratedKey> {
  return generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() - 3_600_000) })
}

/** A Secret that holds a sealing key for a controller to find. */
export function keySecret(name: string, { privateKeyPem, certificatePem }: GeneratedKey): Manifest {
  const labels = { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' }
  const stringData = { 'tls.key': privateKeyPem, 'tls.crt': certificatePem }
  const metadata = { name, namespace: 'kube-system', labels }
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', stringData }
}

/** The data of a Secret as texts. */
export function texts(secret: ClusterObject | null): Record<string, string> {
  const data = (secret?.['data'] ?? {}) as Record<string, string>
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}
