// What makes two reads the same, and what does not: nobody gets what another's credentials read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Key, resources } from '@sealkit/kubernetes'
import { externalSettings, startController, texts, until } from '../cluster.ts'
import {
  appRole,
  externalSecret,
  startProxy,
  startWorld,
  untilReady,
  vaultStore,
  type Wanted,
  type World,
  writeRemote,
} from './world.ts'

/** A token of the server that may read one path only, in a Secret of the namespace. */
async function tokenFor({ bao, cluster }: World, { namespace, name }: Key, path: string): Promise<object> {
  await bao.request('PUT', `sys/policies/acl/${namespace}`, {
    policy: `path "secret/data/${path}" { capabilities=["read"] }`,
  })
  const id = `token-of-${namespace}`
  await bao.request('POST', 'auth/token/create', { id, policies: [namespace], ttl: '1h' })
  await cluster.create(resources.secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name },
    stringData: { token: id },
  })
  return { tokenSecretRef: { name, key: 'token' } }
}

async function apply(world: World, key: Key, wanted: Wanted): Promise<void> {
  await world.cluster.create(resources.externalSecret, externalSecret(key, { entries: 1, ...wanted }))
}

const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'two namespaces with the same store name and path, and credentials of different rights': async (world) => {
    const { cluster, plane, proxy } = world
    await writeRemote(world, 'same/path')
    for (const [namespace, path] of [
      ['may', 'same/path'],
      ['may-not', 'other/path'],
    ] as const) {
      await plane.createNamespace(namespace)
      const auth = await tokenFor(world, { namespace, name: 'token' }, path)
      await cluster.create(resources.secretStore, vaultStore({ namespace, name: 'st' }, { server: proxy.url, auth }))
      await apply(world, { namespace, name: 'es' }, { store: 'st', path: 'same/path', interval: '1s' })
    }
    await untilReady(cluster, { namespace: 'may', name: 'es' }, 'True')
    await untilReady(cluster, { namespace: 'may-not', name: 'es' }, 'False', 'permission denied')
    assert.equal(await cluster.get(resources.secret, { namespace: 'may-not', name: 'es' }), null)
  },

  'the same store name and path at servers of different content': async (world) => {
    const { cluster, plane, bao } = world
    const other = await startProxy(bao.url)
    other.intercept = (request, response) => {
      if (!(request.url ?? '').endsWith('secret/data/same/path')) return false
      response.end(JSON.stringify({ data: { data: { p0: 'of the other' }, metadata: { version: 1 } } }))
      return true
    }
    try {
      for (const [namespace, server] of [
        ['here', bao.url],
        ['there', other.url],
      ] as const) {
        await plane.createNamespace(namespace)
        const auth = await tokenFor(world, { namespace, name: 'token' }, 'same/path')
        await cluster.create(resources.secretStore, vaultStore({ namespace, name: 'st' }, { server, auth }))
      }
      for (const namespace of ['here', 'there'])
        await apply(world, { namespace, name: 'es' }, { store: 'st', path: 'same/path' })
      const value = async (namespace: string): Promise<string | undefined> => {
        await untilReady(cluster, { namespace, name: 'es' }, 'True')
        return texts(await cluster.get(resources.secret, { namespace, name: 'es' }))['k0']
      }
      assert.deepEqual([await value('here'), await value('there')], ['v-0', 'of the other'])
    } finally {
      other.close()
    }
  },

  'a ClusterSecretStore with credentials of the caller’s namespace': async (world) => {
    const { cluster, plane, proxy } = world
    const key = { namespace: '', name: 'referent' }
    const auth = { tokenSecretRef: { name: 'token', key: 'token' } }
    await cluster.create(
      resources.clusterSecretStore,
      vaultStore(key, { server: proxy.url, auth }, {}, 'ClusterSecretStore'),
    )
    for (const [namespace, path] of [
      ['ref-may', 'same/path'],
      ['ref-may-not', 'other/path'],
      ['ref-none', ''],
    ] as const) {
      await plane.createNamespace(namespace)
      if (path !== '') await tokenFor(world, { namespace, name: 'token' }, path)
    }
    await untilReady(cluster, key, 'True', '', resources.clusterSecretStore)
    const wanted = { store: 'referent', kind: 'ClusterSecretStore', path: 'same/path' }
    for (const namespace of ['ref-may', 'ref-may-not', 'ref-none'])
      await apply(world, { namespace, name: 'es' }, wanted)
    await untilReady(cluster, { namespace: 'ref-may', name: 'es' }, 'True')
    await untilReady(cluster, { namespace: 'ref-may-not', name: 'es' }, 'False', 'permission denied')
    await untilReady(cluster, { namespace: 'ref-none', name: 'es' }, 'False', 'cannot get Kubernetes secret "token"')
    for (const namespace of ['ref-may-not', 'ref-none']) {
      assert.equal(await cluster.get(resources.secret, { namespace, name: 'es' }), null)
    }
  },

  'a ClusterSecretStore with credentials of its own is one read for all namespaces, where its conditions allow': async (
    world,
  ) => {
    const { cluster, plane, proxy } = world
    const auth = { appRole: { ...(await appRoleOf(world)), path: 'approle' } }
    const store = vaultStore(
      { namespace: '', name: 'own' },
      { server: proxy.url, auth },
      { conditions: [{ namespaces: ['own-a', 'own-b'] }] },
      'ClusterSecretStore',
    )
    await cluster.create(resources.clusterSecretStore, store)
    await untilReady(cluster, { namespace: '', name: 'own' }, 'True', '', resources.clusterSecretStore)
    await writeRemote(world, 'of/all')
    for (const namespace of ['own-a', 'own-b', 'own-not']) await plane.createNamespace(namespace)
    const wanted = { store: 'own', kind: 'ClusterSecretStore', path: 'of/all', interval: '2s' }
    for (const namespace of ['own-not', 'own-a', 'own-b']) await apply(world, { namespace, name: 'es' }, wanted)
    for (const namespace of ['own-a', 'own-b']) await untilReady(cluster, { namespace, name: 'es' }, 'True')
    await untilReady(cluster, { namespace: 'own-not', name: 'es' }, 'False', 'denied by spec.condition')
    proxy.take()
    const started = performance.now()
    await writeRemote(world, 'of/all', 3, 'new')
    for (const namespace of ['own-a', 'own-b']) {
      await until(cluster, resources.secret, { namespace, name: 'es' }, (secret) => texts(secret)['k0'] === 'new-0')
    }
    assert.equal(await cluster.get(resources.secret, { namespace: 'own-not', name: 'es' }), null)
    const reads = proxy.take().filter((call) => call.endsWith('of/all')).length
    const rounds = (performance.now() - started) / 1_800
    assert.ok(reads <= 2 + rounds, `${reads} reads for two namespaces in step, in ${rounds} rounds`)
  },

  'a force-sync reads what is there now, with the credentials that are there now': async (world) => {
    const { cluster, bao } = world
    const key = { namespace: 'may', name: 'es' }
    await bao.request('POST', 'auth/token/revoke', { token: 'token-of-may' })
    await untilReady(cluster, key, 'False', 'permission denied')
    await bao.request('POST', 'auth/token/create', { id: 'token-of-may-2', policies: ['may'], ttl: '1h' })
    const token = { stringData: { token: 'token-of-may-2' } }
    await cluster.patch(resources.secret, { namespace: 'may', name: 'token' }, { type: 'merge', body: token })
    await writeRemote(world, 'same/path', 3, 'forced')
    const body = { metadata: { annotations: { 'force-sync': '1' } } }
    await cluster.patch(resources.externalSecret, key, { type: 'merge', body })
    await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === 'forced-0')
  },
}

async function appRoleOf(world: World): Promise<object> {
  await world.plane.createNamespace('stores')
  const { appRole: role } = (await appRole(world, { namespace: 'stores', name: 'own' })) as {
    appRole: { secretRef: object }
  }
  return { ...role, secretRef: { ...role.secretRef, namespace: 'stores' } }
}

test('shared reads keep to whose they are', async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const controller = await startController(world.cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(world))
  await t.test('no token is in a log, an event or a status', async () => {
    const lists = [resources.event, resources.externalSecret, resources.secretStore, resources.clusterSecretStore]
    const said = await Promise.all(lists.map((resource) => world.cluster.list(resource)))
    assert.doesNotMatch(controller.log() + JSON.stringify(said), /token-of-|secret-of-|of the other/)
  })
})
