// The command line as a process: killed in the middle of the work, two of it, an API server that goes away.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ClusterObject, type Key, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { answers, freePort, type Server, startServer } from '../../servers/process.ts'
import { texts, until } from '../cluster.ts'
import { appRole, externalSecret, startWorld, untilReady, vaultStore, type World, writeRemote } from './world.ts'

const entry = fileURLToPath(new URL('../../../packages/controller/src/bin/external-secrets.ts', import.meta.url))
const namespace = 'default'
const entries = 5

/** A world in which a child of a failed case does not outlive it. */
interface CaseWorld extends World {
  readonly t: TestContext
}

async function startChild({ plane, t }: CaseWorld, name: string, ...more: readonly string[]): Promise<Server> {
  const [live, metrics] = [await freePort(), await freePort()]
  const server = await startServer({
    name: 'external-secrets',
    command: process.execPath,
    args: [
      '--conditions=source',
      entry,
      `--kubeconfig=${plane.kubeconfig}`,
      `--live-addr=127.0.0.1:${live}`,
      `--metrics-addr=127.0.0.1:${metrics}`,
      ...more,
    ],
    env: { POD_NAMESPACE: 'kube-system', HOSTNAME: name },
    ready: () => answers(`http://127.0.0.1:${live}/readyz`),
  })
  t.after(() => server.kill())
  return server
}

/** Long enough for a slow machine to end in order; SIGKILL then. */
const graceMs = 60_000

function keys(prefix: string, count = 20): Key[] {
  return Array.from({ length: count }, (_, index) => ({ namespace, name: `${prefix}-${index}` }))
}

async function createAll({ cluster }: World, all: readonly Key[], interval = '1h'): Promise<void> {
  for (const key of all) {
    await cluster.create(
      resources.externalSecret,
      externalSecret(key, { store: 'st', path: key.name, entries, interval }),
    )
  }
}

async function writeAll(world: World, all: readonly Key[], value: string): Promise<void> {
  for (const { name } of all) await writeRemote(world, name, entries, `${name}-${value}`)
}

/** The texts that a Secret may hold: those of one state of the provider, whole. */
function isWhole(secret: ClusterObject, name: string, states: readonly string[]): boolean {
  const data = texts(secret)
  return states.some((state) =>
    Array.from({ length: entries }, (_, index) => data[`k${index}`]).every(
      (text, index) => text === `${name}-${state}-${index}`,
    ),
  )
}

/** Notes every state of Secrets that is not whole, until it is stopped. */
function watchWhole(
  { cluster, t }: CaseWorld,
  prefix: string,
  states: readonly string[],
): { stop(): Promise<string[]> } {
  const broken: string[] = []
  const stop = new AbortController()
  t.after(() => stop.abort())
  const watching = (async () => {
    while (!stop.signal.aborted) {
      try {
        const { items, resourceVersion } = await cluster.list(resources.secret, { namespace })
        const look = (secret: ClusterObject): void => {
          const { name } = secret.metadata
          if (name.startsWith(prefix) && !isWhole(secret, name, states)) broken.push(JSON.stringify(texts(secret)))
        }
        for (const item of items) look(item)
        for await (const event of cluster.watch(resources.secret, {
          namespace,
          resourceVersion,
          signal: stop.signal,
        })) {
          if (event.type === 'deleted') broken.push(`deleted ${event.object.metadata.name}`)
          else if (event.type !== 'bookmark') look(event.object)
        }
      } catch {
        await delay(50)
      }
    }
  })()
  return {
    async stop() {
      stop.abort()
      await watching
      return broken
    },
  }
}

const cases: Readonly<Record<string, (world: CaseWorld) => Promise<void>>> = {
  'kill -9 in the middle of the work': async (world) => {
    const { cluster, proxy } = world
    const all = keys('killed')
    // Every read takes a while, so that some are done and some are not.
    let state = 'a'
    proxy.intercept = slowly(30, () => state)
    const whole = watchWhole(world, 'killed', ['a', 'b'])
    const first = await startChild(world, 'first')
    await createAll(world, all, '1s')
    await until(cluster, resources.secret, { namespace, name: 'killed-0' }, (secret) => secret !== null)
    await first.kill()
    state = 'b'
    const second = await startChild(world, 'second')
    for (const key of all)
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k4'] === `${key.name}-b-4`)
    for (const key of all) await untilReady(cluster, key, 'True')
    await second.kill()
    proxy.intercept = null
    assert.deepEqual(await whole.stop(), [])
    for (const key of all) await removed(world, key)
  },

  'two replicas: one writes, the other takes over when the first is killed': async (world) => {
    const { cluster } = world
    const all = keys('elected', 10)
    await writeAll(world, all, 'a')
    const options = ['--enable-leader-election']
    const first = await startChild(world, 'first', ...options)
    const second = await startChild(world, 'second', ...options)
    await createAll(world, all)
    for (const key of all) await untilReady(cluster, key, 'True')
    const leads = (server: Server): boolean => server.output().includes('leading')
    await eventually(() => leads(first) || leads(second))
    assert.ok(!(leads(first) && leads(second)), 'both lead')
    // Events are written behind the statuses. Those of a second writer would come before the end of this case.
    const created = async (): Promise<number> =>
      (await eventsOf(world, 'elected')).filter(({ reason }) => reason === 'Created').length
    await eventually(created, (count) => count >= all.length)
    await writeAll(world, all, 'b')
    const leader = leads(first) ? first : second
    await leader.kill()
    for (const key of all) {
      await cluster.patch(resources.externalSecret, key, {
        type: 'merge',
        body: { metadata: { annotations: { again: '1' } } },
      })
    }
    for (const key of all)
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === `${key.name}-b-0`)
    await (leader === first ? second : first).stop(graceMs)
    assert.equal(await created(), all.length)
    assert.deepEqual(
      (await eventsOf(world, 'elected')).filter(({ reason }) => reason === 'UpdateFailed'),
      [],
    )
    for (const key of all) await removed(world, key)
  },

  'an API server that restarts, and one that is killed, while everything changes': async (world) => {
    const { cluster, plane } = world
    const all = keys('restarted', 10)
    await writeAll(world, all, 'a')
    const child = await startChild(world, 'only')
    const whole = watchWhole(world, 'restarted', ['a', 'b', 'c'])
    await createAll(world, all, '1s')
    for (const key of all) await untilReady(cluster, key, 'True')
    await writeAll(world, all, 'b')
    await plane.restartApiserver()
    for (const key of all)
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === `${key.name}-b-0`)
    await plane.killApiserver()
    await writeAll(world, all, 'c')
    await plane.restartApiserver()
    for (const key of all)
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === `${key.name}-c-0`)
    for (const key of all) await untilReady(cluster, key, 'True')
    await child.stop(graceMs)
    assert.deepEqual(await whole.stop(), [])
    for (const key of all) await removed(world, key)
  },

  'somebody who writes the same objects all the time': async (world) => {
    const { cluster } = world
    const all = keys('fought', 5)
    await writeAll(world, all, 'a')
    const child = await startChild(world, 'only')
    await createAll(world, all, '1s')
    const fight = (async () => {
      for (let round = 0; round < 40; round += 1) {
        for (const key of all) {
          const body = { metadata: { labels: { round: String(round) } } }
          await cluster.patch(resources.externalSecret, key, { type: 'merge', body })
          const data = { data: { k0: Buffer.from('changed').toString('base64') } }
          await cluster
            .patch(resources.secret, key, { type: 'merge', body: data }, { fieldManager: 'somebody' })
            .catch(() => undefined)
        }
      }
    })()
    await fight
    for (const key of all) {
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === `${key.name}-a-0`)
      await untilReady(cluster, key, 'True')
    }
    await child.stop(graceMs)
    for (const key of all) await removed(world, key)
  },

  'a stop ends in order: the token is revoked, and nothing is half done': async (world) => {
    const { cluster, proxy } = world
    const all = keys('stopped', 5)
    await writeAll(world, all, 'a')
    proxy.take()
    const child = await startChild(world, 'only')
    await createAll(world, all)
    for (const key of all) await untilReady(cluster, key, 'True')
    await child.stop(graceMs)
    const calls = proxy.take()
    assert.equal(calls.filter((call) => call.endsWith('/login')).length, 1)
    assert.equal(calls.filter((call) => call.endsWith('revoke-self')).length, 1)
    for (const key of all) await removed(world, key)
  },
}

/** Answers reads of secrets after a while, with a state that the test says. */
function slowly(milliseconds: number, state: () => string): World['proxy']['intercept'] {
  return (request, response) => {
    if (!(request.url ?? '').includes('/secret/data/')) return false
    const name = (request.url ?? '').split('/').at(-1) ?? ''
    const values = Array.from({ length: entries }, (_, index) => [`p${index}`, `${name}-${state()}-${index}`])
    const body = JSON.stringify({ data: { data: Object.fromEntries(values) } })
    setTimeout(() => response.end(body), milliseconds)
    return true
  }
}

async function eventsOf({ cluster }: World, prefix: string): Promise<{ reason: string }[]> {
  const { items } = await cluster.list(resources.event, { namespace })
  return items.flatMap((event) => {
    const { involvedObject, reason } = event as unknown as { involvedObject: { name: string }; reason: string }
    return involvedObject.name.startsWith(prefix) ? [{ reason }] : []
  })
}

async function removed({ cluster }: World, key: Key): Promise<void> {
  await cluster.patch(resources.externalSecret, key, { type: 'merge', body: { metadata: { finalizers: null } } })
  await cluster.delete(resources.externalSecret, key)
  await cluster.delete(resources.secret, key)
}

test('the controller of ExternalSecrets as a process', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const auth = await appRole(world, { namespace, name: 'st' })
  const store = vaultStore({ namespace, name: 'st' }, { server: world.proxy.url, auth })
  await world.cluster.create(resources.secretStore, store)
  for (const [name, run] of Object.entries(cases)) await t.test(name, (t) => run({ ...world, t }))
})
