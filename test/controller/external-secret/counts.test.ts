// What ExternalSecrets cost: reads, logins, calls of the API, writes. Times are the benchmark's matter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Key, resources } from '@sealkit/kubernetes'
import { externalSettings, type Running, startController, texts, until } from '../cluster.ts'
import {
  appRole,
  counting,
  externalSecret,
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

async function waitForReads({ proxy }: World, wanted: number): Promise<string[]> {
  const seen: string[] = []
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    seen.push(...proxy.take())
    if ((kinds(seen)['read'] ?? 0) >= wanted) return seen
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${JSON.stringify(kinds(seen))} of ${wanted} reads`)
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
  const start = (): Promise<Running> =>
    startController(calls, { externalSecrets: externalSettings(), metricsAddress: '127.0.0.1:0' })
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
    t.after(() => controller.stop())
    for (const key of keys('same')) await untilReady(cluster, key, 'True')
    assert.equal(kinds(proxy.take())['read'], 1)
    const often = { type: 'merge', body: { spec: { refreshInterval: '2s' } } } as const
    for (const key of keys('same')) await cluster.patch(resources.externalSecret, key, often)
    // The patches came one after the other; from the second round on all are in step.
    await waitForReads(world, 2)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    proxy.take()
    const before = await versions(world)
    calls.takeCalls()
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    // A round of 2 s comes up to a tenth early.
    const rounds = kinds(proxy.take())
    assert.ok((rounds['read'] ?? 0) >= 2 && (rounds['read'] ?? 0) <= 4, JSON.stringify(rounds))
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

/** Resolves when the controller has looked at ExternalSecrets so many times. */
async function looked({ ports }: Running, times: number): Promise<void> {
  const line = /^controller_runtime_reconcile_total\{controller="externalsecret",result="\w+"\} (\d+)$/gm
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const text = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text()
    if ([...text.matchAll(line)].reduce((sum, [, number]) => sum + Number(number), 0) >= times) return
  }
  throw new Error('the controller did not look at every ExternalSecret')
}
