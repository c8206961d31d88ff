import assert from 'node:assert/strict'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, type ClusterObject, resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { type OpenBao, startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, externalSettings, looked, type Running, startController, texts, until } from '../cluster.ts'

/** A way to OpenBao that counts requests, and that can be cut. */
interface Counter {
  readonly url: string
  /** Requests since the last call, as `GET secret/data/app`. */
  take(): string[]
  cut: boolean
  close(): void
}

async function countRequests(bao: OpenBao): Promise<Counter> {
  let seen: string[] = []
  const state = { cut: false }
  const server: Server = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${(incoming.url ?? '').replace('/v1/', '').split('?')[0]}`)
    if (state.cut) return void incoming.socket.destroy()
    const forwarded = request(new URL(incoming.url ?? '/', bao.url), {
      method: incoming.method,
      headers: incoming.headers,
    })
    forwarded.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => seen.splice(0),
    get cut() {
      return state.cut
    },
    set cut(cut) {
      state.cut = cut
    },
    close: () => {
      seen = []
      server.closeAllConnections()
      server.close()
    },
  }
}

const namespace = 'default'
const storeToken = 'token-of-the-store'

function object(kind: string, name: string, spec: object): Manifest {
  return { apiVersion: 'external-secrets.io/v1', kind, metadata: { name, namespace }, spec }
}

function externalSecret(name: string, interval = '1h'): Manifest {
  const data = ['user', 'password', 'host'].map((property) => ({
    secretKey: property,
    remoteRef: { key: 'app', property },
  }))
  return object('ExternalSecret', name, { secretStoreRef: { name: 'st' }, refreshInterval: interval, data })
}

async function ready(cluster: ApiServer, name: string, status: 'True' | 'False'): Promise<ClusterObject | null> {
  return until(cluster, resources.externalSecret, { namespace, name }, (found) => {
    const { conditions = [] } = (found?.['status'] ?? {}) as { conditions?: { status: string }[] }
    return conditions[0]?.status === status
  })
}

async function versions(cluster: ApiServer): Promise<string[]> {
  const lists = await Promise.all(
    [resources.secret, resources.externalSecret, resources.event].map((resource) =>
      cluster.list(resource, { namespace }),
    ),
  )
  return lists.flatMap(({ items }) =>
    items.map(({ kind, metadata }) => `${kind}/${metadata.name}@${metadata.resourceVersion}`),
  )
}

test('ExternalSecrets and their provider', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver', 'bao')) === null) return
  const [plane, bao] = await Promise.all([startControlPlane({ crds: crds('external-secrets') }), startOpenBao()])
  t.after(() => Promise.all([plane.stop(), bao.stop()]))
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const counter = await countRequests(bao)
  t.after(() => counter.close())
  await bao.request('PUT', 'sys/policies/acl/all', { policy: 'path "*" { capabilities=["read"] }' })
  await bao.request('POST', 'auth/token/create', { id: storeToken, policies: ['all'], ttl: '1h' })
  await bao.request('POST', 'secret/data/app', { data: { user: 'u', password: 'hunter2', host: 'h' } })
  const token = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'token', namespace },
    stringData: { token: bao.token },
  }
  await cluster.create(resources.secret, token)
  const vault = { server: counter.url, path: 'secret', auth: { tokenSecretRef: { name: 'token', key: 'token' } } }
  await cluster.create(resources.secretStore, object('SecretStore', 'st', { provider: { vault } }))
  const start = (): Promise<Running> =>
    startController(cluster, { externalSecrets: externalSettings(), metricsAddress: '127.0.0.1:0' })
  const names = Array.from({ length: 10 }, (_, index) => `es-${index}`)
  let controller = await start()
  t.after(() => controller.stop())

  await t.test('an ExternalSecret reads one secret once, however many properties it takes', async () => {
    for (const name of names) await cluster.create(resources.externalSecret, externalSecret(name))
    for (const name of names) await ready(cluster, name, 'True')
    const reads = counter.take().filter((call) => call.includes('data/app'))
    assert.ok(reads.length <= names.length, `${reads.length} reads for ${names.length * 3} entries`)
    assert.deepEqual(texts(await cluster.get(resources.secret, { namespace, name: 'es-3' })), {
      host: 'h',
      password: 'hunter2',
      user: 'u',
    })
  })

  await t.test('a restart reads nothing from the provider and writes nothing', async () => {
    await controller.stop()
    const before = await versions(cluster)
    counter.take()
    controller = await start()
    await cluster.create(resources.externalSecret, externalSecret('after-restart'))
    await ready(cluster, 'after-restart', 'True')
    await looked(controller, names.length + 1)
    await controller.stop()
    const reads = counter.take().filter((call) => call.includes('data/app'))
    assert.equal(reads.length, 1)
    const after = new Set(await versions(cluster))
    assert.deepEqual(
      before.filter((version) => !after.has(version)),
      [],
    )
    controller = await start()
  })

  await t.test(
    'a provider that is away leaves every Secret as it is, and is taken up again when it is back',
    async () => {
      await cluster.create(resources.externalSecret, externalSecret('polled', '1s'))
      await ready(cluster, 'polled', 'True')
      const written = await cluster.get(resources.secret, { namespace, name: 'polled' })
      counter.cut = true
      const failed = await ready(cluster, 'polled', 'False')
      assert.match(JSON.stringify(failed?.['status']), /"could not get secret data from provider: /)
      const during = await cluster.get(resources.secret, { namespace, name: 'polled' })
      assert.equal(during?.metadata.resourceVersion, written?.metadata.resourceVersion)
      counter.cut = false
      await bao.request('POST', 'secret/data/app', { data: { user: 'u2', password: 'hunter2', host: 'h' } })
      await until(cluster, resources.secret, { namespace, name: 'polled' }, (secret) => texts(secret)['user'] === 'u2')
      assert.deepEqual(texts(await cluster.get(resources.secret, { namespace, name: 'es-0' }))['user'], 'u')
    },
  )

  await t.test('a webhook store may use functions that take long: they run in a worker', async (t) => {
    const echo = createServer((incoming, outgoing) => void incoming.pipe(outgoing))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    t.after(() => echo.close())
    const url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}/`
    const webhook = { url, method: 'POST', body: '{{ .remoteRef.key | bcrypt }}', result: {} }
    await cluster.create(resources.secretStore, object('SecretStore', 'hook', { provider: { webhook } }))
    const data = [{ secretKey: 'hash', remoteRef: { key: 'password' } }]
    await cluster.create(
      resources.externalSecret,
      object('ExternalSecret', 'hooked', { secretStoreRef: { name: 'hook' }, data }),
    )
    await ready(cluster, 'hooked', 'True')
    assert.match(texts(await cluster.get(resources.secret, { namespace, name: 'hooked' }))['hash'] ?? '', /^\$2a\$10\$/)
  })

  await t.test('no log, event or status holds a value or the token', async () => {
    const lists = [resources.event, resources.externalSecret, resources.secretStore]
    const said = await Promise.all(lists.map((resource) => cluster.list(resource)))
    const text = controller.log() + JSON.stringify(said)
    for (const value of ['hunter2', storeToken]) assert.ok(!text.includes(value))
  })
})
