// What ExternalSecrets cost: reads, logins, calls of the API, writes. Times are the benchmark's matter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterObject, type Key, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { externalSettings, looked, type Running, startController, texts, until } from '../cluster.ts'
import {
  appRole,
  counting,
  externalSecret,
  readyOf,
  startWorld,
  tally,
  untilReady,
  vaultStore,
  type World,
  writeRemote,
} from './world.ts'

const count = 30
const namespace = 'default'
const entries = 10

function keys(prefix: string): Key[] {
  return Array.from({ length: count }, (_, index) => ({ namespace, name: `${prefix}-${index}` }))
}

/** Requests of a kind: reads of secrets, logins, questions about the token. */
function kinds(requests: readonly string[]): Record<string, number> {
  const kind = (text: string): string =>
    text.includes('secret/data/') ? 'read' : text.includes('/login') ? 'login' : text.replace(/^\w+ auth\/token\//, '')
  return tally(requests.map(kind))
}

/** Resolves when so many more reads have come, and says how many: more can come between two looks. */
async function waitForReads({ proxy }: World, wanted: number): Promise<number> {
  let reads = 0
  return eventually(
    () => {
      reads += kinds(proxy.take())['read'] ?? 0
      return reads
    },
    (count) => count >= wanted,
  )
}

/** Whether the status is that of the spec as it is now. */
function isTakenUp(object: ClusterObject | null): boolean {
  const { syncedResourceVersion = '' } = (object?.['status'] ?? {}) as { syncedResourceVersion?: string }
  return readyOf(object).status === 'True' && syncedResourceVersion.startsWith(`${object?.metadata.generation}-`)
}

async function versions({ cluster }: World): Promise<string[]> {
  const lists = [resources.secret, resources.externalSecret, resources.event].map((resource) =>
    cluster.list(resource, { namespace }),
  )
  return (await Promise.all(lists)).flatMap(({ items }) =>
    items.map(({ kind, metadata }) => `${kind}/${metadata.name}@${metadata.resourceVersion}`),
  )
}

test('what ExternalSecrets cost', async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { cluster, proxy } = world
  const calls = counting(cluster)
  const start = async (): Promise<Running> => {
    const settings = { externalSecrets: externalSettings(), metricsAddress: '127.0.0.1:0' }
    const controller = await startController(calls, settings)
    t.after(() => controller.stop())
    return controller
  }
  const auth = await appRole(world, { namespace, name: 'st' })
  await cluster.create(resources.secretStore, vaultStore({ namespace, name: 'st' }, { server: proxy.url, auth }))
  for (const { name } of keys('own')) await writeRemote(world, name, entries)
  await writeRemote(world, 'shared', entries)

  await t.test('each with a path of its own: one read each, one login, three calls and no list', async () => {
    const wanted = { store: 'st', entries, interval: '1h' }
    for (const key of keys('own'))
      await cluster.create(resources.externalSecret, externalSecret(key, { ...wanted, path: key.name }))
    const controller = await start()
    for (const key of keys('own')) await untilReady(cluster, key, 'True')
    await controller.stop()
    assert.deepEqual(kinds(proxy.take()), { read: count, login: 1, 'lookup-self': 1, 'revoke-self': 1 })
    const { calls: made, events } = calls.takeCalls()
    const number = tally(made)
    // Each kind is listed once, when its watch begins.
    assert.deepEqual(
      Object.keys(number).filter((call) => call.startsWith('list') && (number[call] ?? 0) > 1),
      [],
    )
    const own = ['patch externalsecrets', 'create secrets', 'status externalsecrets'] as const
    assert.deepEqual(
      own.map((call) => number[call]),
      [count, count, count],
    )
    // The store and its credentials are read now and then, however many use them.
    assert.ok((number['get secretstores'] ?? 0) <= count / 3, JSON.stringify(number))
    assert.ok((number['get secrets'] ?? 0) <= count / 3, JSON.stringify(number))
    assert.ok(events <= count + 1, `${events} events`)
    for (const key of keys('own')) {
      assert.equal(texts(await cluster.get(resources.secret, key))['k9'], 'v-9')
      await cluster.delete(resources.secret, key)
    }
  })

  await t.test('a write of the status takes no finalizer with it, nor a write of the object a status', async () => {
    const key = { namespace, name: 'apart' }
    const finalizers = ['externalsecrets.external-secrets.io/externalsecret-cleanup']
    const status = { binding: { name: 'apart' } }
    const made = await cluster.create(
      resources.externalSecret,
      externalSecret(key, { store: 'st', path: 'shared', entries }),
    )
    const both = { ...made, metadata: { ...made.metadata, finalizers }, status }
    const written = await cluster.updateStatus(resources.externalSecret, both)
    assert.deepEqual([written.metadata.finalizers, written['status']], [undefined, status])
    const again = { ...written, metadata: { ...written.metadata, finalizers }, status: { binding: { name: 'other' } } }
    const whole = await cluster.update(resources.externalSecret, again)
    assert.deepEqual([whole.metadata.finalizers, whole['status']], [finalizers, status])
    await cluster.patch(resources.externalSecret, key, { type: 'merge', body: { metadata: { finalizers: null } } })
    await cluster.delete(resources.externalSecret, key)
    calls.takeCalls()
  })

  await t.test('what is gone is healed at the start, the rest is not read: one GET each and nothing else', async () => {
    const controller = await start()
    for (const key of keys('own')) await until(cluster, resources.secret, key, (secret) => secret !== null)
    await controller.stop()
    assert.equal(kinds(proxy.take())['read'], count)
    calls.takeCalls()
    const before = await versions(world)
    const again = await start()
    await looked(again, count)
    await again.stop()
    assert.equal(kinds(proxy.take())['read'], undefined)
    const { calls: made } = calls.takeCalls()
    const number = tally(made.filter((call) => !/^(list|watch) /.test(call)))
    assert.deepEqual(
      { ...number, 'get secretstores': 0 },
      { 'get secrets': number['get secrets'], 'get secretstores': 0 },
    )
    assert.ok((number['get secrets'] ?? 0) <= count + 3, JSON.stringify(number))
    const after = new Set(await versions(world))
    assert.deepEqual(
      before.filter((version) => !after.has(version)),
      [],
    )
    for (const key of keys('own')) await cluster.delete(resources.externalSecret, key)
  })

  await t.test('all on one path: one read for all, and again one for each round, with no write', async () => {
    for (const key of keys('same')) {
      await cluster.create(
        resources.externalSecret,
        externalSecret(key, { store: 'st', entries, path: 'shared', interval: '1h' }),
      )
    }
    const controller = await start()
    for (const key of keys('same')) await untilReady(cluster, key, 'True')
    assert.equal(kinds(proxy.take())['read'], 1)
    const often = { type: 'merge', body: { spec: { refreshInterval: '2s' } } } as const
    for (const key of keys('same')) await cluster.patch(resources.externalSecret, key, often)
    // The patches came one after the other; some rounds after the last has been taken up all are in step.
    for (const key of keys('same')) await until(cluster, resources.externalSecret, key, isTakenUp)
    proxy.take()
    await waitForReads(world, 2)
    const before = await versions(world)
    calls.takeCalls()
    const started = performance.now()
    const reads = await waitForReads(world, 3)
    // A round of 2 s comes up to a tenth early, and the first one at any time.
    const rounds = 1 + (performance.now() - started) / 1_800
    assert.ok(reads <= rounds, `${reads} reads in ${rounds} rounds`)
    const after = new Set(await versions(world))
    assert.deepEqual(
      before.filter((version) => !after.has(version)),
      [],
    )
    const written = calls.takeCalls().calls.filter((call) => !/^(get|watch|list) /.test(call))
    assert.deepEqual(written, [])
    await writeRemote(world, 'shared', entries, 'new')
    for (const key of keys('same')) {
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === 'new-0')
    }
    for (const key of keys('same')) await cluster.delete(resources.externalSecret, key)
    await controller.stop()
  })
})
