import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { crds } from '@sealkit/controller'
import {
  type ApiServer,
  apiserverCluster,
  type ConnectionConfig,
  connect,
  eventRecorder,
  informer,
  isKubernetesError,
  keyOf,
  lead,
  resources,
  serviceProxyPath,
  systemClock,
} from '@sealkit/kubernetes'
import { contract, manifest, refuses, watching } from '../../kubernetes/contract.ts'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { needs } from './needs.ts'

const { after, before, test } = await needs('etcd', 'kube-apiserver')

let plane: ControlPlane
let cluster: ApiServer
before(async () => {
  plane = await startControlPlane({ crds: crds('sealed-secrets') })
  // The watch cache of a server that has just started remembers nothing of what was before it.
  await plane.createNamespace('before')
  await plane.restartApiserver()
  cluster = await connect({ kubeconfig: plane.kubeconfig })
})
after(async () => {
  cluster?.close()
  await plane?.stop()
})

let count = 0
async function namespace(): Promise<string> {
  const name = `case-${++count}`
  await plane.createNamespace(name)
  return name
}

for (const [name, check] of Object.entries(contract)) {
  test(`the contract of Cluster, over a real API server: ${name}`, { timeout: 300_000 }, async () => {
    await check({ cluster, namespace: await namespace() })
  })
}

test('server-side apply: creates, owns fields, refuses those of others unless forced', async () => {
  const key = { namespace: await namespace(), name: 'a' }
  const body = { ...manifest(key.namespace, 'a', {}, { a: 'MQ==' }) }
  await cluster.patch(resources.secret, key, { type: 'apply', body }, { fieldManager: 'one' })
  const other = { ...body, data: { a: 'Mg==' } }
  await refuses(
    'CONFLICT',
    cluster.patch(resources.secret, key, { type: 'apply', body: other }, { fieldManager: 'two' }),
  )
  const forced = await cluster.patch(
    resources.secret,
    key,
    { type: 'apply', body: other, force: true },
    { fieldManager: 'two' },
  )
  assert.deepEqual(forced['data'], { a: 'Mg==' })
  const managers = (forced.metadata.managedFields as { manager: string }[]).map(({ manager }) => manager)
  assert.ok(managers.includes('two'))
})

test('a kind that is not installed is NOT_FOUND, not an absent object', async () => {
  await refuses('NOT_FOUND', cluster.get(resources.externalSecret, { namespace: 'default', name: 'a' }))
  await refuses('NOT_FOUND', cluster.list(resources.externalSecret))
})

test('a list of more than one page, and of smaller pages', async () => {
  const space = await namespace()
  for (let n = 0; n < 23; n++)
    await cluster.create(resources.configMap, { metadata: { namespace: space, name: `c-${n}` } })
  const paged = apiserverCluster(await config(), { pageSize: 5 })
  const { items } = await paged.list(resources.configMap, { namespace: space })
  assert.equal(new Set(items.map(({ metadata }) => metadata.name)).size, 23)
  paged.close()
})

async function config(): Promise<ConnectionConfig> {
  const { server, ca, cert, key } = plane.adminConfig
  return { server, session: async () => ({ headers: {}, ca, cert, key }) }
}

test('tokens of a ServiceAccount: who they are, what they may, for whom, for how long', async () => {
  const space = await namespace()
  const account = { namespace: space, name: 'robot' }
  await refuses('NOT_FOUND', cluster.createToken(account))
  await cluster.create(resources.serviceAccount, { metadata: account })
  const { token, expires } = await cluster.createToken(account, { expirationSeconds: 600 })
  assert.ok(Math.abs(expires - Date.now() - 600_000) < 30_000)
  const { server, ca } = plane.adminConfig
  const bearer = (text: string): ApiServer =>
    apiserverCluster({ server, session: async () => ({ ca, headers: { authorization: `Bearer ${text}` } }) })
  const robot = bearer(token)
  await assert.rejects(robot.list(resources.secret), {
    code: 'FORBIDDEN',
    message: `secrets is forbidden: User "system:serviceaccount:${space}:robot" cannot list resource "secrets" in API group "" at the cluster scope`,
  })
  robot.close()
  const elsewhere = await cluster.createToken(account, { audiences: ['vault'] })
  const stranger = bearer(elsewhere.token)
  await refuses('UNAUTHORIZED', stranger.list(resources.secret))
  stranger.close()
})

test("the service proxy: what kubeseal asks, and the API server's words where nobody answers", async () => {
  const space = await namespace()
  const path = serviceProxyPath({ namespace: space, name: 'controller' }, { port: 'http', path: '/v1/cert.pem' })
  assert.equal(path, `/api/v1/namespaces/${space}/services/http:controller:http/proxy/v1/cert.pem`)
  const about = { resource: 'services', name: 'http:controller:http' }
  await assert.rejects(cluster.request('GET', path, about), {
    code: 'NOT_FOUND',
    message: 'services "controller" not found',
  })
  const portless = serviceProxyPath({ namespace: space, name: 'controller' }, { port: '', path: '/v1/verify' })
  assert.match(portless, /services\/http:controller:\/proxy\/v1\/verify$/)
})

test('an informer over kill -9 and restart of the API server misses nothing and goes back nowhere', {
  timeout: 540_000,
}, async () => {
  const space = await namespace()
  const first = await cluster.create(resources.secret, manifest(space, 'kept'))
  const gone = await cluster.create(resources.secret, manifest(space, 'gone'))
  const told: string[] = []
  const errors = new Set<string>()
  let wake = (): void => undefined
  const note = (text: string): void => {
    told.push(text)
    wake()
  }
  const secrets = informer({
    cluster,
    resource: resources.secret,
    list: { namespace: space, metadataOnly: true },
    backoff: { initial: 50, maximum: 500, jitter: 0.5 },
    onError: (error) => errors.add(isKubernetesError(error) ? error.code : String(error)),
    handlers: {
      added: (object) => note(`added ${object.metadata.name}`),
      updated: (object) => note(`updated ${object.metadata.name} ${object.metadata.labels?.['n'] ?? ''}`),
      deleted: (object) => note(`deleted ${object.metadata.name}`),
    },
  })
  const abort = new AbortController()
  const running = secrets.run(abort.signal)
  await secrets.synced
  assert.deepEqual(told.splice(0).toSorted(), ['added gone', 'added kept'])
  for (const [n, restart] of [plane.restartApiserver, plane.restartApiserver].entries()) {
    if (n === 1) await plane.killApiserver()
    await restart()
    const key = keyOf(first)
    await cluster.patch(resources.secret, key, { type: 'merge', body: { metadata: { labels: { n: String(n) } } } })
    if (n === 1) await cluster.delete(resources.secret, keyOf(gone))
    const last = n === 1 ? 'deleted gone' : 'updated kept 0'
    while (told.at(-1) !== last) await new Promise<void>((resolve) => (wake = resolve))
  }
  assert.deepEqual(told, ['updated kept 0', 'updated kept 1', 'deleted gone'])
  assert.equal(secrets.get(keyOf(first))?.['data'], undefined)
  assert.equal(secrets.size, 1)
  assert.ok(
    [...errors].every((code) => ['UNAVAILABLE', 'FORBIDDEN', 'SERVER_ERROR'].includes(code)),
    [...errors].join(),
  )
  abort.abort()
  await running
})

test('events: one object, a count that grows, combined when they are many', async () => {
  const space = await namespace()
  const secret = await cluster.create(resources.secret, manifest(space, 'a'))
  const errors: unknown[] = []
  const recorder = eventRecorder({ cluster, component: 'sealkit-test', onError: (error) => errors.push(error) })
  for (let n = 0; n < 3; n++) recorder.record(secret, 'Normal', 'Unsealed', 'SealedSecret unsealed successfully')
  for (let n = 0; n < 12; n++) recorder.record(secret, 'Warning', 'ErrUnsealFailed', `failure ${n}`)
  await recorder.flush()
  const { items } = await cluster.list(resources.event, { namespace: space })
  const seen = items.map((event) => `${event['count']} ${event['reason']} ${event['message']}`).toSorted()
  assert.deepEqual(errors, [])
  assert.deepEqual(
    seen,
    [
      ...Array.from({ length: 9 }, (_, n) => `1 ErrUnsealFailed failure ${n}`),
      '3 ErrUnsealFailed (combined from similar events): failure 11',
      '3 Unsealed SealedSecret unsealed successfully',
    ].toSorted(),
  )
  await recorder.close()
})

test('leases: one of two leads, the other takes over when it stops, and later when it is silent', {
  timeout: 300_000,
}, async () => {
  const key = { namespace: await namespace(), name: 'leader' }
  // So long that no slow machine loses the lease where it is to be handed over.
  const times = { duration: 15_000, renewDeadline: 10_000, retryPeriod: 300 }
  const short = { duration: 3000, renewDeadline: 2000, retryPeriod: 300 }
  const order: string[] = []
  const candidate = (identity: string, api: ApiServer, period = times) => {
    const abort = new AbortController()
    const leading = Promise.withResolvers<number>()
    const ended = lead(
      { cluster: api, key, identity, ...period, signal: abort.signal },
      async ({ signal, assertLeading }) => {
        assertLeading()
        order.push(`${identity} leads`)
        leading.resolve(systemClock.now())
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        order.push(`${identity} stops`)
      },
    ).catch((error: { code: string }) => error.code)
    return { leading: leading.promise, ended, stop: () => abort.abort() }
  }
  const one = candidate('one', cluster)
  await one.leading
  const two = candidate('two', cluster)
  one.stop()
  await one.ended
  const handedOver = systemClock.now()
  assert.ok((await two.leading) - handedOver < times.duration, 'a lease that is given up is taken at the next try')
  // Silence: the leader's way to the server is cut, as by a kill or a broken network.
  two.stop()
  await two.ended
  let cut = false
  const cutOff: ApiServer = Object.create(cluster, {
    get: {
      value: (...call: Parameters<ApiServer['get']>) => (cut ? new Promise(() => undefined) : cluster.get(...call)),
    },
  })
  const three = candidate('three', cutOff, short)
  await three.leading
  cut = true
  const since = systemClock.now()
  const four = candidate('four', cluster, short)
  assert.equal(await three.ended, 'LEASE_LOST')
  const stopped = systemClock.now() - since
  const taken = (await four.leading) - since
  assert.ok(taken > stopped && taken < 60_000, `stopped after ${stopped} ms, taken over after ${taken} ms`)
  assert.deepEqual(order, [
    'one leads',
    'one stops',
    'two leads',
    'two stops',
    'three leads',
    'three stops',
    'four leads',
  ])
  four.stop()
  assert.equal(await four.ended, undefined)
  const lease = await cluster.get(resources.lease, key)
  const spec = lease?.['spec'] as { leaseTransitions: number; holderIdentity?: string }
  assert.deepEqual([spec.leaseTransitions, spec.holderIdentity], [3, undefined])
})

test('leases: a leader that is killed is followed when its time is over, not before', {
  timeout: 300_000,
}, async (t) => {
  const key = { namespace: await namespace(), name: 'leader' }
  const script = join(import.meta.dirname, 'leader.ts')
  const args = ['--conditions=source', script, plane.kubeconfig, key.namespace, key.name, '3000']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const abort = new AbortController()
  t.after(() => abort.abort())
  const times = { duration: 3000, renewDeadline: 1800, retryPeriod: 300 }
  const ended = lead({ cluster, key, identity: 'heir', ...times, signal: abort.signal }, async () => undefined)
  const { resourceVersion } = await cluster.list(resources.lease, { namespace: key.namespace })
  let renewed = Number.NaN
  let acquired = Number.NaN
  for await (const event of cluster.watch(resources.lease, { ...key, resourceVersion, signal: abort.signal })) {
    if (event.type !== 'modified') continue
    const { holderIdentity, renewTime, acquireTime } = event.object['spec'] as Readonly<Record<string, string>>
    acquired = Date.parse(acquireTime ?? '')
    if (holderIdentity === 'heir') break
    // The leader has renewed its lease; what it may have sent before its end comes here too.
    renewed = Date.parse(renewTime ?? '')
    child.kill('SIGKILL')
  }
  // Both tell the time of this machine: the leader before it sends, the heir after its wait.
  assert.ok(acquired - renewed >= 2_990, `taken over ${acquired - renewed} ms after the last renewal`)
  abort.abort()
  await ended
})

test('a watch over a restart goes on from the last version seen', { timeout: 300_000 }, async () => {
  const space = await namespace()
  const { resourceVersion } = await cluster.list(resources.secret, { namespace: space })
  const before = watching(cluster, resources.secret, { namespace: space, resourceVersion })
  const created = await cluster.create(resources.secret, manifest(space, 'a'))
  await before.take(1)
  await plane.killApiserver()
  assert.match(await before.ended, /UNAVAILABLE|closed/)
  await plane.restartApiserver()
  await cluster.create(resources.secret, manifest(space, 'b'))
  const seen = watching(cluster, resources.secret, {
    namespace: space,
    resourceVersion: created.metadata.resourceVersion ?? '',
  })
  assert.deepEqual(await seen.take(1), ['added b key'])
  await seen.stop()
})
