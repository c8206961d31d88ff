import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { crds } from '@sealkit/controller'
import type { ApiServer } from '@sealkit/kubernetes'
import { clientOf } from '../../controller/cluster.ts'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { answers, freePort, type Server, startServer } from '../../servers/process.ts'
import { available } from '../../servers/programs.ts'

/** The real Sealed Secrets controller, running against a test's control plane. */
export interface Upstream {
  readonly url: string
  /** Address of `/metrics`. */
  readonly metrics: string
  readonly server: Server
  certificate(): Promise<string>
  stop(): Promise<void>
}

/**
 * Why the real controller cannot run here, or null. It only reads its credentials from the place where a pod has them, so
 * it gets a mount namespace of its own, which root alone may make.
 */
export async function cannotRun(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'a mount namespace needs root'
  const missing = await access('/usr/bin/unshare').then(
    () => false,
    () => true,
  )
  return missing ? 'unshare is not installed' : null
}

/** A control plane with the kinds of Sealed Secrets, and the real controller's program. */
export interface Stage {
  readonly program: string
  readonly plane: ControlPlane
  readonly cluster: ApiServer
}

/** Starts what comparisons with the real controller need; null, and a skipped test, where it cannot run. */
export async function startStage(t: TestContext): Promise<Stage | null> {
  const programs = await available(t, 'etcd', 'kube-apiserver', 'sealed-secrets-controller')
  if (programs === null) return null
  const reason = await cannotRun()
  if (reason !== null) {
    t.skip(`sealed-secrets-controller: ${reason}`)
    return null
  }
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  return { program: programs['sealed-secrets-controller'], plane, cluster }
}

const script = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
cp "$1"/token "$1"/ca.crt "$1"/namespace /run/secrets/kubernetes.io/serviceaccount/
shift
exec "$@"`

/** Starts the real controller as kube-system's ServiceAccount `upstream`, who may do everything. */
export async function startUpstream(
  program: string,
  plane: ControlPlane,
  cluster: ApiServer,
  { keySize = 2048, more = [] }: { readonly keySize?: number; readonly more?: readonly string[] } = {},
): Promise<Upstream> {
  const folder = await mkdtemp(join(tmpdir(), 'sealkit-upstream-'))
  const account = { namespace: 'kube-system', name: 'upstream' }
  await plane.request('POST', '/api/v1/namespaces/kube-system/serviceaccounts', { metadata: account })
  await plane.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'upstream' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  })
  const { token } = await cluster.createToken(account, { expirationSeconds: 3_600 })
  await writeFile(join(folder, 'token'), token)
  await writeFile(join(folder, 'ca.crt'), plane.adminConfig.ca)
  await writeFile(join(folder, 'namespace'), 'kube-system')
  const [api, metrics] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${api}`
  const { hostname, port } = new URL(plane.url)
  const flags = [
    `--listen-addr=127.0.0.1:${api}`,
    `--listen-metrics-addr=127.0.0.1:${metrics}`,
    `--key-size=${keySize}`,
    '--kubeclient-qps=1000',
    '--kubeclient-burst=2000',
    ...more,
  ]
  const server = await startServer({
    name: 'sealed-secrets-controller (upstream)',
    command: '/usr/bin/unshare',
    args: ['--mount', '/bin/sh', '-c', script, 'sh', folder, program, ...flags],
    env: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    ready: () => answers(`${url}/healthz`),
  })
  return {
    url,
    metrics: `http://127.0.0.1:${metrics}/metrics`,
    server,
    async certificate() {
      const response = await fetch(`${url}/v1/cert.pem`)
      return response.text()
    },
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
