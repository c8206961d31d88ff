import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds, keySelector } from '@sealkit/controller'
import { type ApiServer, type Key, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { type Child, pemOf, startChild } from '../child.ts'
import { clientOf, seal, texts, untilSynced } from '../cluster.ts'

/** From the moment at which a leader stops to the moment at which another writes. */
const takeover = 15_000

const leads = ({ server }: Child): boolean => server.output().includes('msg=leading')

/** The one of the processes that leads, as soon as one does. */
async function leaderOf(children: readonly Child[]): Promise<Child> {
  const leader = await eventually(
    () => children.find(leads),
    (found) => found !== undefined,
  )
  assert.ok(leader !== undefined)
  return leader
}

function names(prefix: string, count: number): Key[] {
  return Array.from({ length: count }, (_, index) => ({ namespace: 'default', name: `${prefix}-${index}` }))
}

/** Creates SealedSecrets one after the other. */
async function create(cluster: ApiServer, pem: string, keys: readonly Key[]): Promise<void> {
  for (const key of keys) {
    const sealed = await seal(pem, { ...key, type: 'Opaque', stringData: { a: key.name } })
    await cluster.create(resources.sealedSecret, sealed)
  }
}

interface Writes {
  readonly writes: ReadonlyMap<string, number>
  stop(): void
}

/** Counts the writes of each Secret of a namespace from now on. */
async function countWrites(cluster: ApiServer, namespace: string): Promise<Writes> {
  const writes = new Map<string, number>()
  const stop = new AbortController()
  const options = { namespace, metadataOnly: true }
  const { resourceVersion } = await cluster.list(resources.secret, options)
  const watch = async (): Promise<void> => {
    for await (const event of cluster.watch(resources.secret, { ...options, resourceVersion, signal: stop.signal })) {
      if (event.type === 'bookmark') continue
      const { name } = event.object.metadata
      writes.set(name, (writes.get(name) ?? 0) + 1)
    }
  }
  // A watch that ends early counts too little, which the test sees.
  watch().catch(() => undefined)
  return { writes, stop: () => stop.abort() }
}

test('of three replicas one leads; when it is suspended or killed another goes on within 15 s, and nothing is lost or done twice', {
  timeout: 540_000,
}, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const start = async (): Promise<Child> => {
    const child = await startChild(plane, ['--leader-elect'])
    t.after(() => child.server.kill())
    return child
  }
  const all = await Promise.all([start(), start(), start()])
  const first = await leaderOf(all)
  const pem = await pemOf(first)
  const { writes, stop } = await countWrites(cluster, 'default')
  t.after(stop)
  // What the work takes on this machine where nobody has to be followed.
  const began = performance.now()
  const alone = names('alone', 20)
  await create(cluster, pem, alone)
  for (const key of alone) await untilSynced(cluster, key, 'True')
  const work = performance.now() - began

  const early = names('early', 20)
  await create(cluster, pem, early)
  await untilSynced(cluster, early[10] ?? { namespace: '', name: '' }, 'True')
  process.kill(first.server.pid, 'SIGSTOP')
  const suspended = Date.now()
  const late = names('late', 20)
  await create(cluster, pem, late)
  const second = await leaderOf(all.filter((child) => child !== first))
  for (const key of [...early, ...late]) await untilSynced(cluster, key, 'True')
  const followed = Date.now() - suspended
  assert.ok(followed < takeover + 3 * work, `suspended: ${followed} ms, where the work takes ${work}`)

  process.kill(first.server.pid, 'SIGCONT')
  // The leader that was suspended sees that it leads no more.
  await eventually(() => /could not be renewed in time/.test(first.server.output()))

  const more = names('more', 20)
  const creating = create(cluster, pem, more)
  await untilSynced(cluster, more[3] ?? { namespace: '', name: '' }, 'True')
  await second.server.kill()
  const killed = Date.now()
  await creating
  const third = await leaderOf(all.filter((child) => child !== first && child !== second))
  for (const key of more) await untilSynced(cluster, key, 'True')
  const taken = Date.now() - killed
  assert.ok(taken < takeover + 3 * work, `killed: ${taken} ms, where the work takes ${work}`)
  t.diagnostic(`taken over ${followed} ms after a SIGSTOP, ${taken} ms after a kill -9`)

  const written = [...alone, ...early, ...late, ...more]
  await eventually(() => written.every(({ name }) => writes.has(name)))
  for (const key of written) {
    assert.deepEqual(texts(await cluster.get(resources.secret, key)), { a: key.name })
    assert.equal(writes.get(key.name), 1, `${key.name} was written more than once`)
  }
  const { items } = await cluster.list(resources.secret, { namespace: 'kube-system', labelSelector: keySelector })
  assert.equal(items.length, 1, 'one sealing key for all')
  assert.equal(await pemOf(third), pem)
})
