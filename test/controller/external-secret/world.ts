import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import {
  type ApiServer,
  type Cluster,
  type ClusterObject,
  type Key,
  type Resource,
  resources,
} from '@sealkit/kubernetes'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { type OpenBao, startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, until } from '../cluster.ts'

/** Answers a request in the place of the server behind; true when it did. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean

/** A way to OpenBao that counts requests, that can be cut, and that can lie. */
export interface Proxy {
  readonly url: string
  /** Requests since the last call, as `GET secret/data/app`. */
  take(): string[]
  /** Connections break as soon as a request comes. */
  cut: boolean
  intercept: Intercept | null
}

/** A control plane, an OpenBao and a way between that the test sees and disturbs. */
export interface World {
  readonly plane: ControlPlane
  readonly bao: OpenBao
  readonly cluster: ApiServer
  readonly proxy: Proxy
}

/** Starts all that tests of ExternalSecrets need; null (and a skipped test) where a program is missing. */
export async function startWorld(t: TestContext): Promise<World | null> {
  if ((await available(t, 'etcd', 'kube-apiserver', 'bao')) === null) return null
  const [plane, bao] = await Promise.all([startControlPlane({ crds: crds('external-secrets') }), startOpenBao()])
  t.after(() => Promise.all([plane.stop(), bao.stop()]))
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const proxy = await startProxy(bao.url)
  t.after(() => proxy.close())
  await bao.request('PUT', 'sys/policies/acl/reader', { policy: 'path "secret/*" { capabilities=["read", "list"] }' })
  await bao.request('POST', 'sys/auth/approle', { type: 'approle' })
  return { plane, bao, cluster, proxy }
}

/** Requests pass to `target`, unless the test says otherwise. */
export async function startProxy(target: string): Promise<Proxy & { close(): void }> {
  const seen: string[] = []
  const server = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${(incoming.url ?? '').replace('/v1/', '').split('?')[0]}`)
    if (proxy.cut) return void incoming.socket.destroy()
    if (proxy.intercept?.(incoming, outgoing) === true) return
    forward(target, incoming, outgoing)
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: Proxy & { close(): void } = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: false,
    intercept: null,
    take: () => seen.splice(0),
    close(): void {
      server.closeAllConnections()
      server.close()
    },
  }
  return proxy
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers } = incoming
  const forwarded = request(new URL(incoming.url ?? '/', target), { method, headers })
  forwarded.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  forwarded.on('error', () => outgoing.destroy())
  incoming.pipe(forwarded)
}

/** An AppRole of its own with the Secret that holds its secret id; the store's `auth` block. */
export async function appRole({ bao, cluster }: World, key: Key, ttl = '1h', policy = 'reader'): Promise<object> {
  await bao.request('POST', `auth/approle/role/${key.name}`, {
    token_policies: policy,
    token_ttl: ttl,
    token_max_ttl: ttl,
  })
  await bao.request('POST', `auth/approle/role/${key.name}/role-id`, { role_id: `role-of-${key.name}` })
  await bao.request('POST', `auth/approle/role/${key.name}/custom-secret-id`, { secret_id: `secret-of-${key.name}` })
  await cluster.create(resources.secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...key },
    stringData: { id: `secret-of-${key.name}` },
  })
  return { appRole: { path: 'approle', roleId: `role-of-${key.name}`, secretRef: { name: key.name, key: 'id' } } }
}

/** A store of an OpenBao. */
export function vaultStore(key: Key, vault: object, spec: object = {}, kind = 'SecretStore'): Manifest {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind,
    metadata: kind === 'SecretStore' ? { ...key } : { name: key.name },
    spec: { ...spec, provider: { vault: { path: 'secret', ...vault } } },
  }
}

/** What an ExternalSecret reads. */
export interface Wanted {
  readonly store: string
  readonly kind?: string
  /** The path, whose properties `p0`, `p1`, ... become entries. */
  readonly path: string
  readonly entries?: number
  readonly interval?: string
  readonly spec?: object
}

/** An ExternalSecret of one path. */
export function externalSecret(
  key: Key,
  { store, kind = 'SecretStore', path, entries = 3, interval = '1h', spec = {} }: Wanted,
): Manifest {
  const data = Array.from({ length: entries }, (_, index) => ({
    secretKey: `k${index}`,
    remoteRef: { key: path, property: `p${index}` },
  }))
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: { ...key },
    spec: { secretStoreRef: { name: store, kind }, refreshInterval: interval, data, ...spec },
  }
}

/** Writes a secret of properties `p0`, `p1`, ... */
export async function writeRemote({ bao }: World, path: string, entries = 3, value = 'v'): Promise<void> {
  const data = Object.fromEntries(Array.from({ length: entries }, (_, index) => [`p${index}`, `${value}-${index}`]))
  await bao.request('POST', `secret/data/${path}`, { data })
}

/** The Ready condition of an object. */
export function readyOf(object: ClusterObject | null): { status?: string; reason?: string; message?: string } {
  const { conditions = [] } = (object?.['status'] ?? {}) as { conditions?: { type: string; status: string }[] }
  return conditions.find(({ type }) => type === 'Ready') ?? {}
}

/** Waits until an object is Ready, or is not; with a text, until its message holds that. */
export function untilReady(
  cluster: Cluster,
  key: Key,
  status: 'True' | 'False',
  text = '',
  resource: Resource = resources.externalSecret,
): Promise<ClusterObject | null> {
  return until(cluster, resource, key, (found) => {
    const ready = readyOf(found)
    return ready.status === status && (ready.message ?? '').includes(text)
  })
}

/** A cluster that counts the calls that go through it. */
export interface CountingCluster extends Cluster {
  /** Calls since the last time, as `create secrets`; events apart. */
  takeCalls(): { readonly calls: string[]; readonly events: number }
}

/** Counts the calls that a controller makes. Watches, and the lists that they begin with, are told by their names. */
export function counting(cluster: Cluster): CountingCluster {
  const calls: string[] = []
  const counted =
    <Arguments extends [Resource, ...unknown[]], Value>(verb: string, call: (...given: Arguments) => Value) =>
    (...given: Arguments): Value => {
      calls.push(`${verb} ${given[0].plural}`)
      return call(...given)
    }
  return {
    get: counted('get', cluster.get),
    list: counted('list', cluster.list),
    watch: counted('watch', cluster.watch),
    create: counted('create', cluster.create),
    update: counted('update', cluster.update),
    updateStatus: counted('status', cluster.updateStatus),
    patch: counted('patch', cluster.patch),
    delete: counted('delete', cluster.delete),
    takeCalls() {
      const all = calls.splice(0)
      return {
        calls: all.filter((call) => !call.endsWith(' events')),
        events: all.filter((call) => call.endsWith(' events')).length,
      }
    },
  }
}

/** How often each text is there. */
export function tally(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}
