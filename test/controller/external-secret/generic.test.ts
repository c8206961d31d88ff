// Targets of other kinds than Secret (`spec.target.manifest`).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { discovery } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ClusterObject, type Key, type Resource, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { applyCrd } from '../../servers/controlplane.ts'
import { externalSettings, type Running, startController, until } from '../cluster.ts'
import {
  appRole,
  externalSecret,
  readyOf,
  startWorld,
  untilReady,
  vaultStore,
  type World,
  writeRemote,
} from './world.ts'

const namespace = 'default'
const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const appConfigs: Resource = {
  group: 'config.example.com',
  version: 'v1',
  plural: 'appconfigs',
  kind: 'AppConfig',
  namespaced: true,
}

const crd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'appconfigs.config.example.com' },
  spec: {
    group: 'config.example.com',
    names: { plural: 'appconfigs', singular: 'appconfig', kind: 'AppConfig' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                'x-kubernetes-preserve-unknown-fields': true,
                properties: { replicas: { type: 'integer', default: 3 } },
              },
            },
          },
        },
      },
    ],
  },
}

const configMap = { apiVersion: 'v1', kind: 'ConfigMap' }
const appConfig = { apiVersion: 'config.example.com/v1', kind: 'AppConfig' }

function keyed(name: string): Key {
  return { namespace, name }
}

async function apply({ cluster }: World, name: string, target: object, spec: object = {}): Promise<void> {
  const wanted = { store: 'st', path: 'app', entries: 2, spec: { target, ...spec } }
  await cluster.create(resources.externalSecret, externalSecret(keyed(name), wanted))
}

async function synced(world: World, name: string, reason: string): Promise<void> {
  const found = await until(
    world.cluster,
    resources.externalSecret,
    keyed(name),
    (object) => readyOf(object).reason === reason,
  )
  assert.equal(readyOf(found).status, 'True')
}

function body(object: ClusterObject | null): unknown {
  const { data, spec } = object ?? ({} as Manifest)
  return data ?? spec
}

const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'a ConfigMap without a template has the values as data': async (world) => {
    await apply(world, 'plain', { manifest: configMap })
    await synced(world, 'plain', 'ResourceSynced')
    const made = await world.cluster.get(configMaps, keyed('plain'))
    assert.deepEqual(body(made), { k0: 'v-0', k1: 'v-1' })
    assert.equal(made?.metadata.labels?.['reconcile.external-secrets.io/managed'], 'true')
    assert.equal(made?.metadata.ownerReferences?.[0]?.name, 'plain')
    assert.match(made?.metadata.annotations?.['reconcile.external-secrets.io/data-hash'] ?? '', /^[0-9a-f]{56}$/)
  },

  'another kind without a template has them as spec.data': async (world) => {
    await apply(world, 'custom', { manifest: appConfig })
    await synced(world, 'custom', 'ResourceSynced')
    assert.deepEqual(body(await world.cluster.get(appConfigs, keyed('custom'))), {
      data: { k0: 'v-0', k1: 'v-1' },
      replicas: 3,
    })
  },

  'templates go to paths, with the types that YAML gives': async (world) => {
    const templateFrom = [
      { literal: 'host: {{ .k0 }}\nport: 5432\ntls: true\n', target: 'spec.database' },
      { literal: 'host: {{ .k1 }}', target: 'spec.rules[1]' },
      { literal: 'team: {{ .k0 }}', target: 'Labels' },
    ]
    const metadata = { annotations: { note: '{{ .k1 }}' } }
    await apply(world, 'paths', { manifest: appConfig, template: { templateFrom, metadata } })
    await synced(world, 'paths', 'ResourceSynced')
    const made = await world.cluster.get(appConfigs, keyed('paths'))
    assert.deepEqual(body(made), {
      database: { host: 'v-0', port: 5432, tls: true },
      rules: [null, { host: 'v-1' }],
      replicas: 3,
    })
    assert.equal(made?.metadata.labels?.['team'], 'v-0')
    assert.equal(made?.metadata.annotations?.['note'], 'v-1')
  },

  'Merge waits for its target, and then keeps what is there': async (world) => {
    const template = { data: { 'app.conf': 'user={{ .k0 }}' } }
    await apply(world, 'merged', { manifest: configMap, creationPolicy: 'Merge', template })
    await synced(world, 'merged', 'ResourceMissing')
    const there = { ...configMap, metadata: { ...keyed('merged'), labels: { own: 'yes' } }, data: { other: 'stays' } }
    await world.cluster.create(configMaps, there)
    const annotations = { 'force-sync': '1' }
    await world.cluster.patch(resources.externalSecret, keyed('merged'), {
      type: 'merge',
      body: { metadata: { annotations } },
    })
    await synced(world, 'merged', 'ResourceSynced')
    const made = await world.cluster.get(configMaps, keyed('merged'))
    assert.deepEqual(body(made), { other: 'stays', 'app.conf': 'user=v-0' })
    assert.equal(made?.metadata.labels?.['own'], 'yes')
    assert.equal(made?.metadata.ownerReferences, undefined)
  },

  'a refresh that finds nothing new writes nothing, and one that does writes that': async (world) => {
    const { cluster } = world
    await writeRemote(world, 'often', 2)
    const spec = { refreshInterval: '1s' }
    const target = { manifest: appConfig }
    const wanted = { store: 'st', path: 'often', entries: 2, spec: { target, ...spec } }
    await cluster.create(resources.externalSecret, externalSecret(keyed('often'), wanted))
    await synced(world, 'often', 'ResourceSynced')
    const before = (await cluster.get(appConfigs, keyed('often')))?.metadata.resourceVersion
    world.proxy.take()
    let reads = 0
    await eventually(() => {
      reads += world.proxy.take().filter((call) => call.endsWith('data/often')).length
      return reads >= 3
    })
    assert.equal((await cluster.get(appConfigs, keyed('often')))?.metadata.resourceVersion, before)
    await writeRemote(world, 'often', 2, 'new')
    await until(cluster, appConfigs, keyed('often'), (object) => JSON.stringify(object).includes('new-0'))
    await cluster.delete(resources.externalSecret, keyed('often'))
  },

  'what somebody changes, adds, spoils or deletes is healed at once': async (world) => {
    const { cluster } = world
    for (const [resource, manifest, change, added] of [
      [configMaps, configMap, { data: { k0: 'changed' } }, { data: { more: 'added' } }],
      [appConfigs, appConfig, { spec: { data: { k0: 'changed' } } }, { spec: { replicas: 7 } }],
    ] as const) {
      const name = `healed-${resource.plural}`
      await apply(world, name, { manifest })
      await synced(world, name, 'ResourceSynced')
      const made = body(await cluster.get(resource, keyed(name)))
      const healed = (): Promise<unknown> =>
        until(cluster, resource, keyed(name), (object) => object !== null && isDeepStrictEqual(body(object), made))
      for (const patch of [change, added, change]) {
        await cluster.patch(resource, keyed(name), { type: 'merge', body: patch })
        await healed()
      }
      await cluster.delete(resource, keyed(name))
      await healed()
    }
  },

  'what others write beside the values of Merge stays, and what they spoil is healed': async (world) => {
    const { cluster } = world
    const name = 'beside'
    await cluster.create(configMaps, { ...configMap, metadata: { ...keyed(name) }, data: { other: '1' } })
    await apply(world, name, { manifest: configMap, creationPolicy: 'Merge', template: { data: { own: '{{ .k0 }}' } } })
    await synced(world, name, 'ResourceSynced')
    await cluster.patch(configMaps, keyed(name), { type: 'merge', body: { data: { other: '2' } } })
    await cluster.patch(configMaps, keyed(name), { type: 'merge', body: { data: { own: 'changed' } } })
    await until(cluster, configMaps, keyed(name), (object) => {
      return isDeepStrictEqual(body(object), { other: '2', own: 'v-0' })
    })
  },

  'deletionPolicy Delete deletes what it owns, with the values and with the ExternalSecret': async (world) => {
    const { cluster, bao } = world
    await writeRemote(world, 'goes', 2)
    const target = { manifest: configMap, deletionPolicy: 'Delete' }
    const wanted = { store: 'st', path: 'goes', entries: 2, interval: '1s', spec: { target } }
    await cluster.create(resources.externalSecret, externalSecret(keyed('goes'), wanted))
    await synced(world, 'goes', 'ResourceSynced')
    await bao.request('DELETE', 'secret/metadata/goes')
    await synced(world, 'goes', 'ResourceDeleted')
    assert.equal(await cluster.get(configMaps, keyed('goes')), null)
    await writeRemote(world, 'goes', 2)
    await until(cluster, configMaps, keyed('goes'), (object) => object !== null)
    await cluster.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata: { ...keyed('goes') } })
    await cluster.delete(resources.externalSecret, keyed('goes'))
    await until(cluster, configMaps, keyed('goes'), (object) => object === null)
    await until(cluster, resources.externalSecret, keyed('goes'), (object) => object === null)
    assert.notEqual(await cluster.get(resources.secret, keyed('goes')), null)
  },

  'what is refused says so, and writes nothing': async (world) => {
    const owned = { manifest: configMap, name: 'plain' }
    for (const [index, [target, text, reason]] of [
      [{ manifest: { apiVersion: 'v1', kind: 'Secret' } }, 'which is not allowed', 'SecretSyncedError'],
      [
        { manifest: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' } },
        'which is not allowed',
        'SecretSyncedError',
      ],
      [{ manifest: { apiVersion: 'v1', kind: 'Namespace' } }, 'no matches for kind', 'SecretSyncedError'],
      [
        { manifest: { apiVersion: 'config.example.com/v9', kind: 'AppConfig' } },
        'no matches for kind',
        'SecretSyncedError',
      ],
      [{ manifest: { apiVersion: 'v1/../../apis', kind: 'ConfigMap' } }, 'no matches for kind', 'SecretSyncedError'],
      [owned, 'target is owned by another ExternalSecret: plain', 'ResourceSyncedError'],
      [
        { manifest: configMap, template: { data: { x: '{{ .nope }}' } } },
        'could not apply template to manifest',
        'ResourceSyncedError',
      ],
      [
        { manifest: configMap, template: { templateFrom: [{ literal: 'a: b', target: 'metadata.ownerReferences' }] } },
        'is not allowed',
        'ResourceSyncedError',
      ],
      [
        { manifest: appConfig, template: { templateFrom: [{ literal: 'many', target: 'spec.replicas' }] } },
        'failed to create target resource',
        'ResourceSyncedError',
      ],
    ].entries() as Iterable<[number, [object, string, string]]>) {
      const name = `refused-${index}`
      await apply(world, name, target)
      const found = await untilReady(world.cluster, keyed(name), 'False', text)
      assert.equal(readyOf(found).reason, reason, name)
    }
    const { items } = await world.cluster.list(configMaps, { namespace })
    assert.deepEqual(
      items.filter(({ metadata }) => metadata.name.startsWith('refused')),
      [],
    )
  },
}

test('targets of other kinds', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { cluster, plane, proxy } = world
  await applyCrd(plane.request, crd)
  const auth = await appRole(world, keyed('st'))
  await cluster.create(resources.secretStore, vaultStore(keyed('st'), { server: proxy.url, auth }))
  await writeRemote(world, 'app')
  const start = async (genericTargets: readonly string[] | null): Promise<Running> => {
    const settings = { externalSecrets: externalSettings({ genericTargets }) }
    const controller = await startController(cluster, settings, { discover: discovery(cluster) })
    t.after(() => controller.stop())
    return controller
  }
  const controller = await start([])
  for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(world))
  await controller.stop()

  await t.test('a list of kinds allows those alone, and without the flag there are none', async () => {
    const some = await start(['AppConfig.config.example.com'])
    await apply(world, 'allowed', { manifest: appConfig })
    await synced(world, 'allowed', 'ResourceSynced')
    await apply(world, 'not-allowed', { manifest: configMap })
    await untilReady(cluster, keyed('not-allowed'), 'False', 'which is not allowed')
    await some.stop()
    const none = await start(null)
    await apply(world, 'disabled', { manifest: configMap })
    await untilReady(cluster, keyed('disabled'), 'False', 'generic targets are disabled')
    await none.stop()
  })
})
