// Providers and API servers that fail: no Secret is emptied or half written, and every object says why until it is well.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterObject, type Key, resources } from '@sealkit/kubernetes'
import { externalSettings, type Running, startController, texts, until } from '../cluster.ts'
import {
  appRole,
  externalSecret,
  type Intercept,
  readyOf,
  startWorld,
  untilReady,
  vaultStore,
  type World,
  writeRemote,
} from './world.ts'

const namespace = 'default'
const key: Key = { namespace, name: 'es' }
const store: Key = { namespace, name: 'st' }

/** Answers reads of secrets only, so that logins go well. */
function onReads(answer: (...given: Parameters<Intercept>) => void): Intercept {
  return (request, response) => {
    if (!(request.url ?? '').includes('/secret/data/')) return false
    answer(request, response)
    return true
  }
}

function says(status: number, body: string, headers: Record<string, string> = {}): Intercept {
  return onReads((_, response) => void response.writeHead(status, headers).end(body))
}

/** What a provider that lies answers to a read, and what the condition says then. */
const lies: Readonly<Record<string, readonly [Intercept, string]>> = {
  'a list instead of the secret': [says(200, '{"data":{"data":["hunter2"]}}'), 'failed to unmarshall JSON'],
  'a text instead of the secret': [says(200, '{"data":{"data":"hunter2"}}'), 'failed to unmarshall JSON'],
  'no data at all': [says(200, '{"data":{}}'), 'failed to find data field'],
  'success with errors in it': [says(200, '{"errors":["hunter2 is gone"]}'), 'failed to find data field'],
  'a page of HTML': [says(200, '<html>hunter2</html>'), 'the answer is not a JSON object'],
  'JSON that ends in the middle': [says(200, '{"data":{"data":{"p0":"hunter2'), 'the answer is not a JSON object'],
  'a body that ends in the middle': [
    onReads((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"data":{"data":{"p0":"hunter2"')
      setTimeout(() => response.destroy(), 50)
    }),
    'cannot reach',
  ],
  'an empty body': [says(200, ''), 'the answer is not a JSON object'],
  'half of the properties': [says(200, '{"data":{"data":{"p0":"hunter2"}}}'), 'cannot find secret data for key: "p1"'],
  'a secret that is not there': [says(404, '{"errors":[]}'), 'Secret does not exist'],
  'a deleted version': [says(404, '{"data":{"data":null,"metadata":{"version":2}}}'), 'Secret does not exist'],
  'no access': [says(403, '{"errors":["permission denied"]}'), 'permission denied'],
  'a redirect to itself': [
    onReads((request, response) => void response.writeHead(307, { location: request.url ?? '' }).end()),
    'Code: 307',
  ],
  'an internal error': [says(500, '{"errors":["internal error"]}'), 'internal error'],
  'a sealed server': [says(503, '{"errors":["Vault is sealed"]}'), 'Vault is sealed'],
}

async function secretOf({ cluster }: World, name = key.name): Promise<ClusterObject> {
  const secret = await cluster.get(resources.secret, { namespace, name })
  assert.ok(secret !== null)
  return secret
}

async function forceSync({ cluster }: World, value: string, name = key.name): Promise<void> {
  const body = { metadata: { annotations: { 'force-sync': value } } }
  await cluster.patch(resources.externalSecret, { namespace, name }, { type: 'merge', body })
}

test('a provider that fails', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { cluster, proxy, bao } = world
  const auth = await appRole(world, store, '10m')
  const settings = { server: proxy.url, auth }
  await cluster.create(resources.secretStore, vaultStore(store, settings, { retrySettings: { maxRetries: 0 } }))
  await writeRemote(world, 'app')
  const controller: Running = await startController(cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  // With a template, be it empty, the Secret does not copy the annotation of each force-sync.
  const wanted = { store: 'st', path: 'app', spec: { target: { template: {} } } }
  await cluster.create(resources.externalSecret, externalSecret(key, wanted))
  await untilReady(cluster, key, 'True')
  const written = await secretOf(world)

  for (const [name, [intercept, cause]] of Object.entries(lies)) {
    await t.test(name, async () => {
      proxy.intercept = intercept
      await forceSync(world, name.replaceAll(' ', '-'))
      const failed = await untilReady(cluster, key, 'False', cause)
      const { message = '', reason } = readyOf(failed)
      assert.equal(reason, 'SecretSyncedError')
      assert.match(message, /^could not get secret data from provider: .*; secret "es" keeps what was read at \d{4}-/s)
      assert.equal((await secretOf(world)).metadata.resourceVersion, written.metadata.resourceVersion)
      proxy.intercept = null
      // Whoever waits for its next try is not made to wait by this test.
      await forceSync(world, `${name.replaceAll(' ', '-')}-over`)
      await untilReady(cluster, key, 'True')
      assert.equal((await secretOf(world)).metadata.resourceVersion, written.metadata.resourceVersion)
    })
  }

  await t.test('a failure that may pass is tried again until it has', async () => {
    proxy.intercept = says(500, '{"errors":["internal error"]}')
    await forceSync(world, 'passing')
    await untilReady(cluster, key, 'False')
    proxy.intercept = null
    await untilReady(cluster, key, 'True')
  })

  await t.test('a revoked token is replaced by one login', async () => {
    proxy.take()
    const { data } = (await bao.request('LIST', 'auth/token/accessors')) as { data: { keys: string[] } }
    for (const accessor of data.keys) {
      const found = (await bao.request('POST', 'auth/token/lookup-accessor', { accessor })) as {
        data: { path: string }
      }
      if (found.data.path.includes('approle')) await bao.request('POST', 'auth/token/revoke-accessor', { accessor })
    }
    await writeRemote(world, 'app', 3, 'revoked')
    await forceSync(world, 'revoked')
    await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === 'revoked-0')
    assert.equal(proxy.take().filter((call) => call.endsWith('/login')).length, 1)
  })

  await t.test(
    'a provider that is away: the store says so, nobody hammers it, and all is well soon after',
    async () => {
      const before = await secretOf(world)
      for (let index = 0; index < 20; index += 1) {
        const wanted = { store: 'st', path: 'app', interval: '1s' }
        await cluster.create(resources.externalSecret, externalSecret({ namespace, name: `away-${index}` }, wanted))
      }
      for (let index = 0; index < 20; index += 1)
        await untilReady(cluster, { namespace, name: `away-${index}` }, 'True')
      const versions = async (): Promise<unknown[]> =>
        (await cluster.list(resources.secret, { namespace })).items.map(({ metadata }) => [
          metadata.name,
          metadata.resourceVersion,
        ])
      const held = await versions()
      proxy.cut = true
      await untilReady(cluster, store, 'False', 'cannot reach', resources.secretStore)
      await untilReady(cluster, { namespace, name: 'away-7' }, 'False')
      proxy.take()
      const began = performance.now()
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      const tries = proxy.take().length
      const seconds = (performance.now() - began) / 1_000
      assert.ok(tries <= 12 * (seconds / 5), `${tries} requests in ${seconds} s`)
      proxy.cut = false
      const back = performance.now()
      for (let index = 0; index < 20; index += 1)
        await untilReady(cluster, { namespace, name: `away-${index}` }, 'True')
      assert.ok(performance.now() - back < 45_000)
      assert.deepEqual(await versions(), held)
      assert.equal((await secretOf(world)).metadata.resourceVersion, before.metadata.resourceVersion)
      for (let index = 0; index < 20; index += 1)
        await cluster.delete(resources.externalSecret, { namespace, name: `away-${index}` })
    },
  )

  await t.test('no message holds what the provider answered, and the Secret is whole', async () => {
    const lists = [resources.event, resources.externalSecret, resources.secretStore]
    const said = await Promise.all(lists.map((resource) => cluster.list(resource)))
    assert.doesNotMatch(controller.log() + JSON.stringify(said), /hunter2/)
    assert.deepEqual(Object.keys(texts(await secretOf(world))), ['k0', 'k1', 'k2'])
  })
})
