import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Authority, createAuthority, keyPair } from './certificates.ts'
import { answers, freePort, type Server, startServer } from './process.ts'
import { program } from './programs.ts'

/** Everything that a client needs to be the cluster's administrator; certificates and key in PEM. */
export interface AdminConfig {
  readonly server: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** An answer of the API server. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** A real etcd and kube-apiserver of the test's own, with no kubelet. */
export interface ControlPlane {
  readonly url: string
  /** Path of a kubeconfig for the administrator (group system:masters). */
  readonly kubeconfig: string
  readonly adminConfig: AdminConfig
  /** A request as the administrator; refusals are answers, not errors. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>
  createNamespace(name: string): Promise<void>
  /** Stops the API server in order and starts it again on the same port and data. */
  restartApiserver(): Promise<void>
  /** SIGKILL: watches break, the port is closed. `restartApiserver` brings it back. */
  killApiserver(): Promise<void>
  /** SIGKILL of etcd, and its start on the same ports and data; requests in between fail. */
  restartEtcd(): Promise<void>
  stop(): Promise<void>
}

export interface ControlPlaneOptions {
  /** CustomResourceDefinitions to apply; awaited until the API serves them. */
  readonly crds?: readonly CustomResource[]
  /** Garbage collection by owner, namespace deletion, default ServiceAccounts. Slower to start. */
  readonly controllerManager?: boolean
  /** More arguments for kube-apiserver. */
  readonly apiserverArgs?: readonly string[]
}

/** The part of a CustomResourceDefinition that is read here. */
export interface CustomResource {
  readonly metadata?: { readonly name?: string }
  readonly [field: string]: unknown
}

/** Starts a control plane on free ports of 127.0.0.1; its data goes when it stops. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'sealkit-controlplane-'))
  const running: Server[] = []
  const stop = async (): Promise<void> => {
    for (const server of running.splice(0).reverse()) await server.stop(2_000)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const [etcd, port, authority] = [await startEtcd(folder), await freePort(), createAuthority('sealkit-test')]
    running.push({ stop: (graceMs?: number) => etcd.server().stop(graceMs) } as Server)
    const admin = authority.issue({ name: 'admin', groups: ['system:masters'] })
    const url = `https://127.0.0.1:${port}`
    const adminConfig = { server: url, ca: authority.certificate, cert: admin.certificate, key: admin.key }
    const kubeconfig = join(folder, 'kubeconfig.yaml')
    await writeFile(kubeconfig, kubeconfigText(adminConfig), { mode: 0o600 })
    await writeServingFiles(folder, authority)
    const request = requester(adminConfig)
    const start = (): Promise<Server> =>
      startApiserver({ folder, etcd: etcd.url, port, request, more: options.apiserverArgs ?? [] })
    let apiserver = await start()
    const atStop = { stop: (graceMs?: number) => apiserver.stop(graceMs) }
    running.push(atStop as Server)
    if (options.controllerManager === true) running.push(await startControllerManager(folder, kubeconfig))
    for (const crd of options.crds ?? []) await applyCrd(request, crd)
    return {
      url,
      kubeconfig,
      adminConfig,
      request,
      async createNamespace(name) {
        const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
        expectStatus(await request('POST', '/api/v1/namespaces', body), [201, 409])
      },
      async restartApiserver() {
        await apiserver.stop()
        apiserver = await start()
      },
      killApiserver: () => apiserver.kill(),
      restartEtcd: () => etcd.restart(),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Etcd {
  readonly url: string
  server(): Server
  restart(): Promise<void>
}

async function startEtcd(folder: string): Promise<Etcd> {
  const [client, peer] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${client}`
  const peerUrl = `http://127.0.0.1:${peer}`
  const command = await program('etcd')
  const start = (): Promise<Server> =>
    startServer({
      name: 'etcd',
      command,
      args: [
        '--unsafe-no-fsync',
        `--data-dir=${join(folder, 'etcd')}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=default=${peerUrl}`,
        '--log-level=warn',
      ],
      ready: () => answers(`${url}/health`),
    })
  let server = await start()
  return {
    url,
    server: () => server,
    async restart() {
      await server.kill()
      server = await start()
    },
  }
}

interface ApiserverOptions {
  readonly folder: string
  readonly etcd: string
  readonly port: number
  readonly request: ControlPlane['request']
  readonly more: readonly string[]
}

async function startApiserver({ folder, etcd, port, request, more }: ApiserverOptions): Promise<Server> {
  return startServer({
    name: 'kube-apiserver',
    command: await program('kube-apiserver'),
    args: [
      `--etcd-servers=${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      // Never used, but without a default route the server refuses to start unless told one that is not loopback.
      '--advertise-address=10.255.255.1',
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=RBAC',
      // Pods of a cluster without kubelet and controllers have no ServiceAccount to wait for.
      '--disable-admission-plugins=ServiceAccount',
      `--cert-dir=${folder}`,
      `--client-ca-file=${join(folder, 'ca.pem')}`,
      `--tls-cert-file=${join(folder, 'server.pem')}`,
      `--tls-private-key-file=${join(folder, 'server.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${join(folder, 'tokens.key')}`,
      `--service-account-key-file=${join(folder, 'tokens.pem')}`,
      '--allow-privileged=true',
      '--profiling=false',
      '--v=0',
      ...more,
    ],
    // The namespace is made by a hook that runs after the server calls itself ready.
    ready: async () =>
      (await request('GET', '/readyz')).status === 200 &&
      (await request('GET', '/api/v1/namespaces/default')).status === 200 &&
      (await request('GET', '/api/v1/namespaces/kube-system')).status === 200,
  })
}

async function startControllerManager(folder: string, kubeconfig: string): Promise<Server> {
  const port = await freePort()
  return startServer({
    name: 'kube-controller-manager',
    command: await program('kube-controller-manager'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${join(folder, 'server.pem')}`,
      `--tls-private-key-file=${join(folder, 'server.key')}`,
      `--service-account-private-key-file=${join(folder, 'tokens.key')}`,
      `--root-ca-file=${join(folder, 'ca.pem')}`,
      '--use-service-account-credentials=false',
      '--leader-elect=false',
      '--v=0',
    ],
    ready: async () => (await send({ server: `https://127.0.0.1:${port}` }, 'GET', '/healthz')).status === 200,
  })
}

async function writeServingFiles(folder: string, authority: Authority): Promise<void> {
  const server = authority.issue({
    name: 'kube-apiserver',
    names: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
  })
  const tokens = keyPair()
  const files = {
    'ca.pem': authority.certificate,
    'server.pem': server.certificate,
    'server.key': server.key,
    'tokens.key': tokens.privateKey,
    'tokens.pem': tokens.publicKey,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
}

function kubeconfigText(admin: AdminConfig): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin', namespace: 'default' } }],
    clusters: [{ name: 'test', cluster: { server: admin.server, 'certificate-authority-data': base64(admin.ca) } }],
    users: [
      {
        name: 'admin',
        user: { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) },
      },
    ],
  })
}

function requester(admin: AdminConfig): ControlPlane['request'] {
  const agent = new Agent({ keepAlive: false, ca: admin.ca, cert: admin.cert, key: admin.key })
  return (method, path, body, contentType) => send({ server: admin.server, agent }, method, path, body, contentType)
}

function send(
  to: { readonly server: string; readonly agent?: Agent },
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      ...(to.agent === undefined ? { rejectUnauthorized: false } : { agent: to.agent }),
      headers: body === undefined ? {} : { 'content-type': contentType },
      timeout: 30_000,
    }
    const request = httpsRequest(new URL(path, to.server), options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }))
    })
    request.on('timeout', () => request.destroy(new Error('timed out')))
    request.on('error', reject)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function parsed(bytes: Buffer): unknown {
  const text = bytes.toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Creates or replaces a CustomResourceDefinition and waits until its kind is served. */
export async function applyCrd(request: ControlPlane['request'], crd: CustomResource): Promise<void> {
  const base = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const path = `${base}/${crd.metadata?.name ?? ''}`
  const existing = await request('GET', path)
  if (existing.status === 200) {
    const { resourceVersion } = (existing.body as { metadata: { resourceVersion: string } }).metadata
    expectStatus(await request('PUT', path, { ...crd, metadata: { ...crd.metadata, resourceVersion } }), [200])
  } else {
    expectStatus(await request('POST', base, crd), [201])
  }
  const deadline = Date.now() + 120_000
  while (!(await isServed(request, path))) {
    if (Date.now() > deadline) throw new Error(`${crd.metadata?.name} is not served in time`)
    await delay(50)
  }
}

async function isServed(request: ControlPlane['request'], path: string): Promise<boolean> {
  const { body } = await request('GET', path)
  const { spec, status } = body as {
    spec: { group: string; names: { plural: string }; versions: { name: string; served: boolean }[] }
    status?: { conditions?: { type: string; status: string }[] }
  }
  if (!status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return false
  // Established comes a moment before the endpoint answers.
  const version = spec.versions.find(({ served }) => served)?.name ?? ''
  return (await request('GET', `/apis/${spec.group}/${version}/${spec.names.plural}`)).status === 200
}

function expectStatus(answer: Answer, allowed: readonly number[]): void {
  if (!allowed.includes(answer.status))
    throw new Error(`${answer.status}: ${JSON.stringify(answer.body).slice(0, 2000)}`)
}
