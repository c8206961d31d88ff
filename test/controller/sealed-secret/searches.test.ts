import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createLog, createMetrics, runControllers } from '@sealkit/controller'
import { likelyKeys, sealedSecretController } from '@sealkit/controller/sealed-secret'
import type { Manifest } from '@sealkit/core/manifest'
import { type PublicKey, platform } from '@sealkit/core/platform'
import { KeyRing, type SealingKey, sealingKey, sealSecret } from '@sealkit/core/sealed'
import { type Cluster, type ClusterObject, keyOf, keyText, type WatchEvent } from '@sealkit/kubernetes'
import { keyPair } from '../../core/sealed/keys.ts'

const keyCount = 24
const itemCount = 3
/** Private operations of a search that finds nothing. */
const search = keyCount * itemCount

const pairs = await Promise.all(Array.from({ length: keyCount + 1 }, () => keyPair()))
const sealingKeys: readonly SealingKey[] = await Promise.all(
  pairs.map(async ({ privateKey }, index) => ({ ...(await sealingKey(privateKey)), orderedAt: new Date(index) })),
)
/** By age: the last but one of all is the newest that a controller has from the start; it never has the last. */
function pair(index: number): { readonly publicKey: PublicKey; readonly key: SealingKey } {
  const [found, key] = [pairs.at(index), sealingKeys.at(index)]
  if (found === undefined || key === undefined) throw new Error('no such key')
  return { publicKey: found.publicKey, key }
}
const [foreign, newest, oldest] = [pair(-1), pair(-2), pair(0)]

async function sealedFor(publicKey: PublicKey, name: string, generation = 1): Promise<ClusterObject> {
  const stringData = Object.fromEntries(Array.from({ length: itemCount }, (_, index) => [`k${index}`, name]))
  const metadata = { namespace: 'n', name }
  const sealed = await sealSecret({ apiVersion: 'v1', kind: 'Secret', metadata, stringData }, { publicKey })
  return { ...sealed, metadata: { ...sealed.metadata, ...metadata, uid: `uid-${name}`, generation } } as ClusterObject
}

/** Keeps objects, and tells the one watch of what becomes of them: no more of a cluster than the reconciler asks for. */
class MemoryCluster {
  readonly #objects = new Map<string, ClusterObject>()
  readonly #events: WatchEvent[] = []
  #wake = Promise.withResolvers<void>()

  constructor(objects: readonly ClusterObject[]) {
    for (const object of objects) this.#objects.set(this.#id(object), object)
  }

  #id(object: Manifest): string {
    return `${object.kind} ${keyText(keyOf(object as ClusterObject))}`
  }

  put(object: Manifest): ClusterObject {
    const stored = { ...object } as ClusterObject
    this.#objects.set(this.#id(stored), stored)
    if (stored.kind === 'SealedSecret') this.#events.push({ type: 'modified', object: stored })
    this.#wake.resolve()
    return stored
  }

  readonly cluster: Pick<Cluster, 'get' | 'list' | 'watch' | 'create' | 'updateStatus'> = {
    get: async ({ kind }, key) => this.#objects.get(`${kind} ${keyText(key)}`) ?? null,
    list: async ({ kind }) => ({
      items: [...this.#objects.values()].filter((object) => object.kind === kind),
      resourceVersion: '1',
    }),
    watch: (_, { signal }) => this.#watch(signal),
    create: async (_, object) => this.put(object),
    updateStatus: async (_, object) => this.put(object),
  }

  async *#watch(signal: AbortSignal): AsyncIterable<WatchEvent> {
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    while (!signal.aborted) {
      await this.#wake.promise
      this.#wake = Promise.withResolvers()
      yield* this.#events.splice(0)
    }
  }
}

interface World {
  readonly memory: MemoryCluster
  readonly keyRing: KeyRing
  readonly retryFailed: () => void
  /** Names of the objects that private operations were for, in their order. */
  readonly operations: string[]
  readonly failures: () => Promise<number>
  /** Waits until nothing is left to do. */
  readonly quiet: () => Promise<void>
}

async function start(t: TestContext, objects: readonly ClusterObject[], keys = keyCount): Promise<World> {
  const memory = new MemoryCluster(objects)
  const operations: string[] = []
  const keyRing = new KeyRing(sealingKeys.slice(keyCount - keys, keyCount), {
    async decrypt(key, ciphertext, label) {
      operations.push(new TextDecoder().decode(label).slice('n/'.length))
      return platform.rsaOaepDecrypt(key, ciphertext, label)
    },
  })
  const log = createLog({ level: 'error', out: () => undefined })
  const metrics = createMetrics('v0')
  const controller = sealedSecretController({
    cluster: memory.cluster as Cluster,
    keyRing,
    render: () => new Uint8Array(),
    recordEvent: () => undefined,
    metrics: metrics.sealedSecret,
    log,
    now: () => new Date(),
    fieldManager: 'test',
    managers: new Set(['test']),
    updateStatus: true,
    conditionMetric: false,
    acceptV1Data: true,
    oldGcBehavior: false,
    namespaces: null,
    labelSelector: '',
    watchSecrets: false,
    workers: 4,
    maxRetries: null,
    onWatchError: (error) => assert.fail(String(error)),
  })
  const stop = new AbortController()
  const running = runControllers({ controllers: [controller], log, metrics: metrics.queue, signal: stop.signal })
  t.after(() => {
    stop.abort()
    return running
  })
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))
  return {
    memory,
    keyRing,
    operations,
    retryFailed: () => controller.retryFailed(),
    failures: async () => (await metrics.sealedSecret.unsealErrors.get()).values[0]?.value ?? 0,
    async quiet() {
      const { queue } = controller
      for (let quiet = 0; quiet < 5; await turn()) quiet = queue.size + queue.active === 0 ? quiet + 1 : 0
    },
  }
}

function many(count: number, name: string, publicKey: PublicKey): Promise<ClusterObject[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => sealedFor(publicKey, `${name}${index}`)))
}

async function condition({ memory }: World, name: string): Promise<readonly (string | undefined)[]> {
  const { items } = await memory.cluster.list({ kind: 'SealedSecret' } as never)
  const { status } = items.find(({ metadata }) => metadata.name === name) as { status?: object }
  const [first] = (status as { conditions?: { status: string; message?: string }[] } | undefined)?.conditions ?? []
  return [first?.status, first?.message]
}

test('objects that no key opens delay nobody: the others are unsealed before any full search', async (t) => {
  const hopeless = await many(20, 'hopeless-', foreign.publicKey)
  const healthy = await many(20, 'healthy-', newest.publicKey)
  const world = await start(t, [...hopeless, ...healthy])
  await world.quiet()
  const { operations } = world
  const before = operations.slice(0, operations.findLastIndex((name) => name.startsWith('healthy-')) + 1)
  assert.equal(before.filter((name) => name.startsWith('healthy-')).length, 20 * itemCount)
  // The likely keys of all twenty, and what searches got done beside the last healthy ones: three workers have time.
  const futile = before.length - 20 * itemCount
  assert.ok(futile <= 20 * likelyKeys + 3 * search, `${futile} futile operations came first`)
  assert.ok(operations.length >= 20 * search)
  assert.deepEqual(await condition(world, 'healthy-19'), ['True', undefined])
  assert.deepEqual(await condition(world, 'hopeless-0'), ['False', 'no key could decrypt secret (k0, k1, k2)'])
  assert.equal(await world.failures(), 20)
})

test('searches leave workers and private operations to what comes meanwhile', async (t) => {
  const world = await start(t, await many(20, 'hopeless-', foreign.publicKey))
  while (world.operations.length < 20 * likelyKeys + search) await new Promise((resolve) => setImmediate(resolve))
  const began = world.operations.length
  world.memory.put(await sealedFor(newest.publicKey, 'new'))
  while ((await condition(world, 'new'))[0] !== 'True') await new Promise((resolve) => setImmediate(resolve))
  assert.ok(world.operations.length < began + 5 * search, `it waited for ${world.operations.length - began} operations`)
  await world.quiet()
})

test('what no key opens is not searched again until it changes', async (t) => {
  const world = await start(t, [await sealedFor(foreign.publicKey, 'a')])
  await world.quiet()
  const first = world.operations.length
  assert.ok(first >= search && first <= search + likelyKeys, `${first} operations`)
  world.retryFailed()
  await world.quiet()
  assert.equal(world.operations.length, first)
  assert.equal(await world.failures(), 2)
  assert.deepEqual(await condition(world, 'a'), ['False', 'no key could decrypt secret (k0, k1, k2)'])
  world.memory.put(await sealedFor(foreign.publicKey, 'a', 2))
  await world.quiet()
  assert.equal(world.operations.length, 2 * first)
  world.memory.put(await sealedFor(oldest.publicKey, 'a', 3))
  await world.quiet()
  assert.deepEqual(await condition(world, 'a'), ['True', undefined])
})

test('another scope is another object to decrypt, though its generation stays', async (t) => {
  const object = await sealedFor(foreign.publicKey, 'a')
  const world = await start(t, [object])
  await world.quiet()
  const first = world.operations.length
  const annotations = { 'sealedsecrets.bitnami.com/namespace-wide': 'true' }
  world.memory.put({ ...object, metadata: { ...object.metadata, annotations } })
  await world.quiet()
  assert.equal(world.operations.length, 2 * first)
})

test('a new key that fits wakes what no key opened, and one that does not fit is tried', async (t) => {
  const world = await start(t, await many(3, 'a', foreign.publicKey), keyCount - 1)
  await world.quiet()
  let before = world.operations.length
  world.keyRing.add(oldest.key)
  world.retryFailed()
  await world.quiet()
  assert.ok(world.operations.length >= before + 3 * search)
  assert.equal((await condition(world, 'a0'))[0], 'False')
  before = world.operations.length
  world.keyRing.add(foreign.key)
  world.retryFailed()
  await world.quiet()
  for (const name of ['a0', 'a1', 'a2']) assert.deepEqual(await condition(world, name), ['True', undefined])
  assert.equal(world.operations.length, before + 3 * itemCount)
})

test('an object of an old key is found by one search: its other items are tried with that key first', async (t) => {
  const world = await start(t, [await sealedFor(oldest.publicKey, 'a')])
  await world.quiet()
  assert.deepEqual(await condition(world, 'a'), ['True', undefined])
  assert.equal(world.operations.length, 1 + 1 + keyCount + itemCount - 1)
})

test('with few keys there is nothing to put off', async (t) => {
  const world = await start(t, await many(2, 'a', foreign.publicKey), likelyKeys)
  await world.quiet()
  assert.equal(world.operations.length, 2 * likelyKeys * itemCount)
  assert.equal((await condition(world, 'a1'))[0], 'False')
})
