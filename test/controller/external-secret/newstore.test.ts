// A store that comes while its ExternalSecrets are tried again: its first validation is waited for, however it is met.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { crds } from '@sealkit/controller'
import { type Cluster, resources, type WatchOptions } from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, externalSettings, startController, texts } from '../cluster.ts'
import { externalSecret, untilReady } from './world.ts'

/** A cluster whose watch of SecretStores is late. */
function lateStores(cluster: Cluster, milliseconds: number): Cluster {
  return {
    get: cluster.get,
    list: cluster.list,
    async *watch(resource, options: WatchOptions) {
      for await (const event of cluster.watch(resource, options)) {
        if (resource.plural === resources.secretStore.plural) await delay(milliseconds)
        yield event
      }
    },
    create: cluster.create,
    update: cluster.update,
    updateStatus: cluster.updateStatus,
    patch: cluster.patch,
    delete: cluster.delete,
  }
}

test('a store that is read before its watch tells of it is no store that is not ready', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('external-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const controller = await startController(lateStores(cluster, 1_000), { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  const key = { namespace: 'default', name: 'early' }
  await cluster.create(resources.externalSecret, externalSecret(key, { store: 'late', path: 'a', entries: 0, spec }))
  await untilReady(cluster, key, 'False', 'not found')
  const provider = { fake: { data: [{ key: 'a', value: 'v' }] } }
  const metadata = { namespace: 'default', name: 'late' }
  await cluster.create(resources.secretStore, { apiVersion, kind: 'SecretStore', metadata, spec: { provider } })
  const again = { metadata: { annotations: { 'force-sync': '1' } } }
  await cluster.patch(resources.externalSecret, key, { type: 'merge', body: again })
  await untilReady(cluster, key, 'True')
  assert.deepEqual(texts(await cluster.get(resources.secret, key)), { a: 'v' })
  assert.doesNotMatch(controller.log(), /is not ready/)
  assert.match(controller.log(), /not found/)
})

const apiVersion = 'external-secrets.io/v1'
const spec = { data: [{ secretKey: 'a', remoteRef: { key: 'a' } }] }
