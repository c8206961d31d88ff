import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds, keySelector } from '@sealkit/controller'
import { type ApiServer, type Key, resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { type Child, pemOf, startChild } from '../child.ts'
import { clientOf, seal, texts, untilSynced } from '../cluster.ts'

/** From the moment at which a leader stops to the moment at which another writes. */
const takeover = 15_000

const leads = ({ server }: Child): boolean => server.output().includes('msg=leading')

/** The one of the processes that leads, as soon as one does. */
async function leaderOf(children: readonly Child[]): Promise<Child> {
  for (const deadline = Date.now() + 2 * takeover; Date.now() < deadline; ) {
    const leader = children.find(leads)
    if (leader !== undefined) return leader
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('nobody leads')
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

/** Counts the writes of each Secret of a namespace. */
function countWrites(cluster: ApiServer, namespace: string): { readonly writes: Map<string, number>; stop(): void } {
  const writes = new Map<string, number>()
  const stop = new AbortController()
  const watch = async (): Promise<void> => {
    const options = { namespace, metadataOnly: true }
    const { resourceVersion } = await cluster.list(resources.secret, options)
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
  timeout: 120_000,
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
  const { writes, stop } = countWrites(cluster, 'default')
  t.after(stop)

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
  assert.ok(followed < takeover, `suspended: ${followed} ms`)

  process.kill(first.server.pid, 'SIGCONT')
  for (const deadline = Date.now() + 10_000; !/could not be renewed in time/.test(first.server.output()); ) {
    assert.ok(Date.now() < deadline, 'the leader that was suspended does not see that it leads no more')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }

  const more = names('more', 20)
  const creating = create(cluster, pem, more)
  await untilSynced(cluster, more[3] ?? { namespace: '', name: '' }, 'True')
  await second.server.kill()
  const killed = Date.now()
  await creating
  const third = await leaderOf(all.filter((child) => child !== first && child !== second))
  for (const key of more) await untilSynced(cluster, key, 'True')
  const taken = Date.now() - killed
  assert.ok(taken < takeover, `killed: ${taken} ms`)
  t.diagnostic(`taken over ${followed} ms after a SIGSTOP, ${taken} ms after a kill -9`)

  for (const key of [...early, ...late, ...more]) {
    assert.deepEqual(texts(await cluster.get(resources.secret, key)), { a: key.name })
    assert.equal(writes.get(key.name), 1, `${key.name} was written more than once`)
  }
  const { items } = await cluster.list(resources.secret, { namespace: 'kube-system', labelSelector: keySelector })
  assert.equal(items.length, 1, 'one sealing key for all')
  assert.equal(await pemOf(third), pem)
})
