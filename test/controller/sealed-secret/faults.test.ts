import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { crds } from '@sealkit/controller'
import { type ApiServer, type Key, resources } from '@sealkit/kubernetes'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { type Child, pemOf, startChild } from '../child.ts'
import { clientOf, foreignKey, seal, texts, until, untilSynced } from '../cluster.ts'

/** Numbers that look random and are the same for a seed (mulberry32), from 0 to 1. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

const seed = Number(process.env['SEED'] ?? 20_261_124)

interface World {
  readonly plane: ControlPlane
  readonly cluster: ApiServer
  readonly pem: string
}

/** What an object must be in the end: the value of its Secret, or none because no key opens it. */
type Wanted = Map<string, string | null>

const at = (name: string): Key => ({ namespace: 'default', name })

/** Creates, changes, breaks and mends objects until it is told to stop, and says how they must end. */
async function write({ cluster, pem }: World, random: () => number, stop: AbortSignal): Promise<Wanted> {
  const { certificatePem } = await foreignKey()
  const wanted: Wanted = new Map()
  for (let count = 0; !stop.aborted; count += 1) {
    const name = `object-${Math.floor(random() * 25)}`
    const broken = random() < 0.2
    const sealed = await seal(broken ? certificatePem : pem, { ...at(name), stringData: { a: `${count}` } })
    if (wanted.has(name)) {
      const body = [{ op: 'replace', path: '/spec', value: sealed['spec'] }]
      await cluster.patch(resources.sealedSecret, at(name), { type: 'json', body })
    } else {
      await cluster.create(resources.sealedSecret, sealed)
    }
    wanted.set(name, broken ? null : `${count}`)
    if (random() < 0.1) await cluster.delete(resources.secret, at(name)).catch(() => undefined)
    await delay(random() * 40)
  }
  return wanted
}

async function check({ cluster }: World, wanted: Wanted): Promise<void> {
  for (const [name, value] of wanted) {
    await untilSynced(cluster, at(name), value === null ? 'False' : 'True')
    // A Secret that was deleted last may not be there again yet; its status does not tell.
    if (value !== null) await until(cluster, resources.secret, at(name), (secret) => texts(secret)['a'] === value)
  }
}

test('faults at any moment lose nothing and end in the right status', { timeout: 540_000 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  let child: Child = await startChild(plane)
  t.after(() => child.server.kill())
  const world: World = { plane, cluster, pem: await pemOf(child) }

  await t.test('kill -9 of the controller, ten times at random moments of a batch', async (t) => {
    t.diagnostic(`SEED=${seed}`)
    const random = numbers(seed)
    const stop = new AbortController()
    const writing = write(world, random, stop.signal)
    try {
      for (let kills = 0; kills < 10; kills += 1) {
        await delay(random() * 400)
        await child.server.kill()
        child = await startChild(plane)
      }
    } finally {
      stop.abort()
      await writing
    }
    await check(world, await writing)
  })

  await t.test('kill -9 of the API server in a batch', async () => {
    const wanted: Wanted = new Map()
    for (let index = 0; index < 40; index += 1) {
      const name = `outage-${index}`
      const sealed = await seal(world.pem, { ...at(name), stringData: { a: name } })
      await cluster.create(resources.sealedSecret, sealed)
      wanted.set(name, name)
    }
    await plane.killApiserver()
    await plane.restartApiserver()
    await check(world, wanted)
  })

  await t.test('kill -9 of etcd in a batch', async () => {
    const wanted: Wanted = new Map()
    for (let index = 0; index < 40; index += 1) {
      const name = `storage-${index}`
      const sealed = await seal(world.pem, { ...at(name), stringData: { a: name } })
      await cluster.create(resources.sealedSecret, sealed)
      wanted.set(name, name)
    }
    await plane.restartEtcd()
    await check(world, wanted)
    const last = at('after-etcd')
    await cluster.create(resources.sealedSecret, await seal(world.pem, { ...last, stringData: { a: '1' } }))
    await untilSynced(cluster, last, 'True')
  })

  await t.test('409: somebody else writes the object and its Secret all the time', async () => {
    const key = at('contended')
    await cluster.create(resources.sealedSecret, await seal(world.pem, { ...key, stringData: { a: '0' } }))
    await untilSynced(cluster, key, 'True')
    const stop = new AbortController()
    const noise = [resources.sealedSecret, resources.secret].map(async (resource) => {
      for (let count = 0; !stop.signal.aborted; count += 1) {
        const body = { metadata: { labels: { noise: `${count}` } } }
        await cluster.patch(resource, key, { type: 'merge', body }, { fieldManager: 'noise' })
      }
    })
    try {
      for (let round = 1; round <= 8; round += 1) {
        const { spec } = await seal(world.pem, { ...key, stringData: { a: `${round}` } })
        const body = [{ op: 'replace', path: '/spec', value: spec }]
        await cluster.patch(resources.sealedSecret, key, { type: 'json', body })
        await untilSynced(cluster, key, 'True')
        assert.deepEqual(texts(await cluster.get(resources.secret, key)), { a: `${round}` })
      }
    } finally {
      stop.abort()
      await Promise.all(noise)
    }
  })
})
