import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, type ClusterObject, isKubernetesError, type Key, resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../servers/controlplane.ts'
import { available } from '../servers/programs.ts'
import { clientOf, externalSettings, startController, until } from './cluster.ts'

const store: Manifest = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ClusterSecretStore',
  metadata: { name: 'fake' },
  spec: { provider: { fake: { data: [{ key: 'a', value: 'v' }] } } },
}

const externalSecretSpec = {
  secretStoreRef: { kind: 'ClusterSecretStore', name: 'fake' },
  data: [{ secretKey: 'a', remoteRef: { key: 'a' } }],
}

function clusterExternalSecret(name: string, spec: object): Manifest {
  const kind = { apiVersion: 'external-secrets.io/v1', kind: 'ClusterExternalSecret' }
  return { ...kind, metadata: { name }, spec: { externalSecretSpec, ...spec } }
}

async function namespace(cluster: ApiServer, name: string, labels: Record<string, string> = {}): Promise<void> {
  await cluster.create(resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
}

interface Status {
  readonly provisionedNamespaces?: string[]
  readonly failedNamespaces?: { namespace: string; reason: string }[]
  readonly externalSecretName?: string
  readonly conditions?: { type: string; status: string; message?: string }[]
}

const statusOf = (object: ClusterObject | null): Status => (object?.['status'] ?? {}) as Status

function untilProvisioned(cluster: ApiServer, name: string, wanted: readonly string[]): Promise<ClusterObject | null> {
  return until(cluster, resources.clusterExternalSecret, { namespace: '', name }, (object) => {
    return JSON.stringify(statusOf(object).provisionedNamespaces ?? []) === JSON.stringify(wanted)
  })
}

const there = (object: ClusterObject | null): boolean => object !== null
const gone = (object: ClusterObject | null): boolean => object === null
const secret = (cluster: ApiServer, key: Key, test = there): Promise<unknown> =>
  until(cluster, resources.secret, key, test)
const external = (cluster: ApiServer, key: Key, test = there): Promise<ClusterObject | null> =>
  until(cluster, resources.externalSecret, key, test)

test('ClusterExternalSecrets', { timeout: 540_000 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('external-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  await cluster.create(resources.clusterSecretStore, store)
  for (const [name, labels] of [
    ['one', { team: 'a' }],
    ['two', { team: 'b' }],
    ['rest', {}],
  ] as const) {
    await namespace(cluster, name, labels)
  }
  const controller = await startController(cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  const create = (object: Manifest): Promise<ClusterObject> => cluster.create(resources.clusterExternalSecret, object)

  await t.test('selectors are joined by or, and namespaces that come, change and go are followed', async () => {
    const [a, b] = ['a', 'b'].map((team) => ({ matchLabels: { team } }))
    await create(clusterExternalSecret('joined', { namespaceSelectors: [a, b] }))
    await untilProvisioned(cluster, 'joined', ['one', 'two'])
    await secret(cluster, { namespace: 'two', name: 'joined' })

    await namespace(cluster, 'later', { team: 'a' })
    await untilProvisioned(cluster, 'joined', ['later', 'one', 'two'])

    const labels = { type: 'merge', body: { metadata: { labels: { team: null } } } } as const
    await cluster.patch(resources.namespace, { namespace: '', name: 'two' }, labels)
    await untilProvisioned(cluster, 'joined', ['later', 'one'])
    await external(cluster, { namespace: 'two', name: 'joined' }, gone)
  })

  await t.test(
    'the deprecated single selector and names choose too; a name without a namespace is passed over',
    async () => {
      const spec = { namespaceSelector: { matchLabels: { team: 'a' } }, namespaces: ['rest', 'nowhere'] }
      await create(clusterExternalSecret('single', spec))
      await untilProvisioned(cluster, 'single', ['later', 'one', 'rest'])
    },
  )

  await t.test('an ExternalSecret of another owner is left alone, and said', async () => {
    const spec = { secretStoreRef: { name: 'mine' } }
    const foreign = { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', spec }
    await cluster.create(resources.externalSecret, { ...foreign, metadata: { namespace: 'rest', name: 'taken' } })
    await create(clusterExternalSecret('taken', { namespaces: ['one', 'rest'] }))
    const object = await until(
      cluster,
      resources.clusterExternalSecret,
      { namespace: '', name: 'taken' },
      (found) => statusOf(found).conditions?.[0]?.status === 'False',
    )
    const { conditions, failedNamespaces, provisionedNamespaces } = statusOf(object)
    assert.deepEqual(conditions, [{ type: 'Ready', status: 'False', message: 'one or more namespaces failed' }])
    assert.deepEqual(failedNamespaces, [{ namespace: 'rest', reason: 'external secret already exists in namespace' }])
    assert.deepEqual(provisionedNamespaces, ['one'])
    const kept = await external(cluster, { namespace: 'rest', name: 'taken' })
    assert.equal((kept?.['spec'] as typeof foreign.spec | undefined)?.secretStoreRef.name, 'mine')
  })

  await t.test('another name for the ExternalSecrets replaces them', async () => {
    await create(clusterExternalSecret('renamed', { namespaces: ['one'], externalSecretName: 'before' }))
    await secret(cluster, { namespace: 'one', name: 'before' })
    const body = { spec: { externalSecretName: 'after' } }
    await cluster.patch(resources.clusterExternalSecret, { namespace: '', name: 'renamed' }, { type: 'merge', body })
    await secret(cluster, { namespace: 'one', name: 'after' })
    await external(cluster, { namespace: 'one', name: 'before' }, gone)
  })

  await t.test('an ExternalSecret that is edited or deleted is made again', async () => {
    const key = { namespace: 'one', name: 'joined' }
    const { uid } = (await external(cluster, key))?.metadata ?? {}
    const edit = { type: 'merge', body: { spec: { refreshInterval: '5m' } } } as const
    await cluster.patch(resources.externalSecret, key, edit)
    await external(cluster, key, (object) => {
      const spec = object?.['spec'] as { refreshInterval: string } | undefined
      return spec?.refreshInterval === '1h0m0s'
    })
    await cluster.delete(resources.externalSecret, key)
    await external(cluster, key, (object) => object !== null && object.metadata.uid !== uid)
  })

  await t.test('metadata is handed down and taken back; an unchanged one is not written again', async () => {
    const metadata = { labels: { l: '1' }, annotations: { a: '1' } }
    await create(clusterExternalSecret('labelled', { namespaces: ['one'], externalSecretMetadata: metadata }))
    const key = { namespace: 'one', name: 'labelled' }
    await external(cluster, key, (object) => object?.metadata.labels?.['l'] === '1')
    const body = { spec: { externalSecretMetadata: null } }
    await cluster.patch(resources.clusterExternalSecret, { namespace: '', name: 'labelled' }, { type: 'merge', body })
    const before = await external(cluster, key, (object) => {
      return object !== null && object.metadata.labels === undefined && object.metadata.annotations === undefined
    })
    const touch = {
      type: 'merge',
      body: { metadata: { annotations: { 'external-secrets.io/force-sync': '1' } } },
    } as const
    await cluster.patch(resources.clusterExternalSecret, { namespace: '', name: 'labelled' }, touch)
    const synced = await external(cluster, key, (object) => {
      return object?.metadata.annotations?.['external-secrets.io/force-sync'] === '1'
    })
    assert.equal(synced?.metadata.generation, before?.metadata.generation)
  })

  await t.test('deleting one frees the namespaces that External Secrets marked for it', async () => {
    const finalizers = ['externalsecrets.external-secrets.io/ces-marked', 'example.com/other']
    await cluster.patch(
      resources.namespace,
      { namespace: '', name: 'rest' },
      { type: 'merge', body: { metadata: { finalizers } } },
    )
    await create(clusterExternalSecret('marked', { namespaces: ['rest'] }))
    await until(cluster, resources.namespace, { namespace: '', name: 'rest' }, (object) => {
      return JSON.stringify(object?.metadata.finalizers) === '["example.com/other"]'
    })
    await cluster.delete(resources.clusterExternalSecret, { namespace: '', name: 'marked' })
    await until(cluster, resources.clusterExternalSecret, { namespace: '', name: 'marked' }, gone)
  })

  await t.test('deleting one deletes what it made; the status of one that chooses nothing has no list', async () => {
    await create(clusterExternalSecret('ending', { namespaces: ['one'] }))
    await external(cluster, { namespace: 'one', name: 'ending' })
    await untilProvisioned(cluster, 'ending', ['one'])
    await cluster.delete(resources.clusterExternalSecret, { namespace: '', name: 'ending' })
    // Nothing collects garbage here.
    await external(cluster, { namespace: 'one', name: 'ending' }, gone)
    await create(clusterExternalSecret('nowhere', { namespaces: ['nowhere'] }))
    const key = { namespace: '', name: 'nowhere' }
    const object = await until(
      cluster,
      resources.clusterExternalSecret,
      key,
      (found) => statusOf(found).conditions?.[0]?.status === 'True',
    )
    assert.deepEqual(Object.keys(statusOf(object)).sort(), ['conditions', 'externalSecretName'])
  })

  await t.test('a selector that cannot be asked is said', async () => {
    const matchExpressions = [{ key: 'team', operator: 'Is', values: ['a', 'b'] }]
    const namespaceSelector = { matchLabels: { z: '1', a: '2' }, matchExpressions }
    await create(clusterExternalSecret('unasked', { namespaceSelector }))
    const key = { namespace: '', name: 'unasked' }
    const object = await until(
      cluster,
      resources.clusterExternalSecret,
      key,
      (found) => statusOf(found).conditions?.[0]?.status === 'False',
    )
    const { failedNamespaces, externalSecretName } = statusOf(object)
    const selector =
      '&LabelSelector{MatchLabels:map[string]string{a: 2,z: 1,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:team,Operator:Is,Values:[a b],},},}'
    const reason = `failed to convert label selector ${selector}: "Is" is not a valid label selector operator`
    assert.deepEqual(failedNamespaces, [{ namespace: 'unknown', reason }])
    assert.equal(externalSecretName, 'unasked')
  })

  await t.test('the API server refuses what External Secrets\u2019 does', async () => {
    const refused: readonly [string, object][] = [
      ['a spec without ExternalSecrets', { spec: { namespaces: ['one'] } }],
      ['a namespace that is no name', { spec: { externalSecretSpec, namespaces: ['No'] } }],
      ['selectors that are no list', { spec: { externalSecretSpec, namespaceSelectors: {} } }],
    ]
    for (const [name, object] of refused) {
      const manifest = {
        apiVersion: 'external-secrets.io/v1',
        kind: 'ClusterExternalSecret',
        metadata: { name: 'bad' },
      }
      await assert.rejects(create({ ...manifest, ...object }), (error) => isKubernetesError(error, 'INVALID'), name)
    }
  })
})
