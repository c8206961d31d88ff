import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { names } from '@sealkit/controller/external-secret'
import type { Manifest } from '@sealkit/core/manifest'
import {
  type ApiServer,
  type ClusterObject,
  findCondition,
  type Key,
  type Resource,
  resources,
} from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, externalSettings, startController, texts, until } from '../cluster.ts'

const namespace = 'default'
const fakes: Resource = {
  group: 'generators.external-secrets.io',
  version: 'v1alpha1',
  plural: 'fakes',
  kind: 'Fake',
  namespaced: true,
}
const version = 'external-secrets.io/v1'

/** One row's ExternalSecret and its store, which have the row's name. */
interface Row {
  readonly cluster: ApiServer
  readonly key: Key
  /** Changes what the store holds. */
  hold(data: Readonly<Record<string, string>>): Promise<unknown>
  apply(target: object, metadata?: object): Promise<unknown>
  change(body: object): Promise<unknown>
  /** Asks for a sync and waits until it was done; the Ready condition. */
  sync(): Promise<Condition>
  /** Waits for the Ready condition to have a reason. */
  ready(reason: string): Promise<Condition>
  binding(): Promise<string | undefined>
  secret(): Promise<ClusterObject | null>
}

interface Condition {
  readonly reason?: string
  readonly message?: string
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly status: 'True' | 'False' }[]
  readonly syncedResourceVersion?: string
  readonly binding?: { readonly name: string }
}

const statusOf = (object: ClusterObject | null): Status => (object?.['status'] ?? {}) as Status
const readyOf = (object: ClusterObject | null): Condition =>
  findCondition(statusOf(object).conditions as never, 'Ready') ?? {}

function rowOf(cluster: ApiServer, name: string): Row {
  const key = { namespace, name }
  const store = (data: Readonly<Record<string, string>>): Manifest => ({
    apiVersion: version,
    kind: 'SecretStore',
    metadata: { ...key },
    spec: { provider: { fake: { data: Object.entries(data).map(([entry, value]) => ({ key: entry, value })) } } },
  })
  let stored = false
  let syncs = 0
  const wait = async (found: (object: ClusterObject | null) => boolean): Promise<ClusterObject | null> =>
    until(cluster, resources.externalSecret, key, found)
  return {
    cluster,
    key,
    async hold(data) {
      if (stored) return cluster.patch(resources.secretStore, key, { type: 'merge', body: store(data) })
      stored = true
      return cluster.create(resources.secretStore, store(data))
    },
    apply: (target, metadata = {}) =>
      cluster.create(resources.externalSecret, {
        apiVersion: version,
        kind: 'ExternalSecret',
        metadata: { ...key, ...metadata },
        spec: { secretStoreRef: { name }, data: [{ secretKey: 'a', remoteRef: { key: 'a' } }], target },
      }),
    change: (body) => cluster.patch(resources.externalSecret, key, { type: 'merge', body }),
    async sync() {
      const before = statusOf(await cluster.get(resources.externalSecret, key)).syncedResourceVersion
      const annotations = { 'force-sync': String(++syncs) }
      await cluster.patch(resources.externalSecret, key, { type: 'merge', body: { metadata: { annotations } } })
      return readyOf(await wait((object) => statusOf(object).syncedResourceVersion !== before))
    },
    ready: async (reason) => readyOf(await wait((object) => readyOf(object).reason === reason)),
    binding: async () => statusOf(await cluster.get(resources.externalSecret, key)).binding?.name,
    secret: () => cluster.get(resources.secret, key),
  }
}

function madeByHand({ key }: Pick<Row, 'key'>, more: object = {}, metadata: object = {}): Manifest {
  const data = { own: Buffer.from('pre').toString('base64') }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { ...key, ...metadata }, data, ...more }
}

/** The text of the last event of a failure, once there is one that satisfies `test`. */
async function failure({ cluster, key }: Row, starts: string): Promise<string> {
  const fieldSelector = `involvedObject.name=${key.name},reason=UpdateFailed`
  for (let deadline = Date.now() + 60_000; Date.now() < deadline; await new Promise((next) => setTimeout(next, 50))) {
    const { items } = await cluster.list(resources.event, { namespace, fieldSelector })
    const found = items.map((event) => String(event['message'])).find((message) => message.startsWith(starts))
    if (found !== undefined) return found
  }
  return ''
}

const rows: Readonly<Record<string, (row: Row) => Promise<void>>> = {
  'a target to merge into is named by the status once it was written, and not before': async (row) => {
    await row.apply({ creationPolicy: 'Merge' })
    await row.ready('SecretMissing')
    assert.equal(await row.binding(), '')
    await row.cluster.create(resources.secret, madeByHand(row))
    assert.equal((await row.sync()).reason, 'SecretSynced')
    assert.equal(await row.binding(), row.key.name)
    assert.deepEqual(texts(await row.secret()), { a: '1', own: 'pre' })
  },
  'an immutable target keeps its content, labels and annotations, whatever its ExternalSecret becomes': async (row) => {
    await row.apply({ immutable: true }, { labels: { team: 'x' } })
    await row.ready('SecretSynced')
    const made = await row.secret()
    assert.deepEqual(texts(made), { a: '1' })
    await row.hold({ a: '2' })
    await row.change({ metadata: { labels: { team: 'y' } } })
    assert.equal((await row.sync()).reason, 'SecretSynced')
    await row.change({ spec: { target: { template: { data: { t: '{{ .nothing }}' } } } } })
    assert.equal((await row.sync()).reason, 'SecretSynced')
    assert.deepEqual(await row.secret(), made)
  },
  'a Secret that is there and is to be immutable gets an owner, and keeps what it holds': async (row) => {
    await row.cluster.create(resources.secret, madeByHand(row))
    await row.apply({ immutable: true })
    await row.ready('SecretSynced')
    const secret = await row.secret()
    assert.deepEqual(texts(secret), { own: 'pre' })
    assert.equal(secret?.['immutable'], true)
    assert.equal(secret?.metadata.ownerReferences?.[0]?.name, row.key.name)
  },
  'an immutable Secret of another type is as little changed as one of other data': async (row) => {
    await row.cluster.create(resources.secret, madeByHand(row, { immutable: true, data: { a: 'MQ==' } }))
    await row.apply({ template: { type: 'example.com/other' } })
    const { message = '' } = await row.ready('SecretSyncedError')
    assert.match(message, /^could not update secret, target is immutable/)
    assert.equal((await row.secret())?.metadata.labels?.[names.managed], 'true')
  },
  'a Secret that something else controls is not taken over': async (row) => {
    const controller = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'dep', uid: 'u', controller: true }
    await row.cluster.create(resources.secret, madeByHand(row, {}, { ownerReferences: [controller] }))
    await row.apply({})
    const { message = '' } = await row.ready('SecretSyncedError')
    assert.match(message, /^failed to take ownership of target secret/)
    const { name } = row.key
    const event = await failure(row, 'unable to mutate')
    const reason = `Object ${namespace}/${name} is already owned by another Deployment controller dep`
    assert.equal(event, `unable to mutate secret ${name}: could not set controller reference on secret: ${reason}`)
    assert.deepEqual(texts(await row.secret()), { own: 'pre' })
    await row.change({ spec: { target: { creationPolicy: 'Merge' } } })
    await row.ready('SecretSynced')
    assert.deepEqual(texts(await row.secret()), { a: '1', own: 'pre' })
  },
  'an owner reference of somebody else keeps its place': async (row) => {
    await row.apply({})
    await row.ready('SecretSynced')
    const other = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'dep', uid: 'u' }
    const body = [{ op: 'add', path: '/metadata/ownerReferences/-', value: other }]
    await row.cluster.patch(resources.secret, row.key, { type: 'json', body })
    await row.hold({ a: '2' })
    await row.sync()
    const secret = await row.secret()
    assert.deepEqual(texts(secret), { a: '2' })
    assert.deepEqual(
      secret?.metadata.ownerReferences?.map(({ kind }) => kind),
      ['ExternalSecret', 'Deployment'],
    )
  },
  'a template that fails says which Secret was to be changed': async (row) => {
    await row.cluster.create(resources.secret, madeByHand(row))
    await row.apply({ template: { data: { t: '{{ .nothing }}' } } })
    const { message = '' } = await row.ready('SecretSyncedError')
    assert.match(message, /^could not update secret: unable to mutate secret .*: could not apply template: /)
    assert.match(await failure(row, 'unable to'), /^unable to mutate secret .*: could not apply template: /)
    assert.equal(await row.binding(), row.key.name)
    const secret = await row.secret()
    assert.equal(secret?.metadata.labels?.[names.managed], 'true')
    assert.deepEqual(texts(secret), { own: 'pre' })
  },
  'with Owner and Delete a Secret made by hand goes when the provider has nothing': async (row) => {
    await row.hold({ other: '' })
    await row.cluster.create(resources.secret, madeByHand(row))
    await row.apply({ deletionPolicy: 'Delete' })
    await row.ready('SecretDeleted')
    assert.equal(await row.secret(), null)
  },
  'with Owner and Delete a Secret that something else controls stays': async (row) => {
    const controller = { apiVersion: version, kind: 'ExternalSecret', name: 'other', uid: 'u', controller: true }
    await row.hold({ other: '' })
    await row.cluster.create(resources.secret, madeByHand(row, {}, { ownerReferences: [controller] }))
    await row.apply({ deletionPolicy: 'Delete' })
    await row.ready('SecretDeleted')
    assert.deepEqual(texts(await row.secret()), { own: 'pre' })
  },
  'nothing is written for a generator of another controller class': async (row) => {
    const kind = { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'Fake' }
    const { name } = row.key
    await row.cluster.create(fakes, {
      ...kind,
      metadata: { ...row.key },
      spec: { controller: 'other', data: { a: '1' } },
    })
    const dataFrom = [{ sourceRef: { generatorRef: { ...kind, name } } }]
    const metadata = { ...row.key }
    await row.cluster.create(resources.externalSecret, {
      apiVersion: version,
      kind: 'ExternalSecret',
      metadata,
      spec: { dataFrom },
    })
    const later = rowOf(row.cluster, `${name}-later`)
    await later.hold({ a: '1' })
    await later.apply({})
    await later.ready('SecretSynced')
    assert.equal(await row.secret(), null)
    assert.equal((await row.cluster.get(resources.externalSecret, row.key))?.['status'], undefined)
    await row.cluster.patch(fakes, row.key, { type: 'merge', body: { spec: { controller: 'default' } } })
    assert.equal((await row.sync()).reason, 'SecretSynced')
  },
  'a store that cannot log in has no client': async ({ cluster, key }) => {
    const store = { ...key, name: `${key.name}-vault` }
    const auth = { userPass: { path: 'userpass', username: 'u', secretRef: { name: store.name, key: 'own' } } }
    await cluster.create(resources.secret, madeByHand({ key: store }))
    await cluster.create(resources.secretStore, {
      apiVersion: version,
      kind: 'SecretStore',
      metadata: store,
      spec: { provider: { vault: { server: 'http://127.0.0.1:1', path: 'kv', auth } } },
    })
    const { reason, message = '' } = readyOf(
      await until(cluster, resources.secretStore, store, (object) => readyOf(object).reason !== undefined),
    )
    assert.equal(reason, 'InvalidProviderConfig')
    const login = 'unable to log in to auth method: unable to log in with userpass auth'
    assert.ok(message.startsWith(`unable to create client: ${login}: cannot reach 127.0.0.1:1`), message)
  },
  'a Secret whose managed label is taken off is left as it is until the next refresh': async (row) => {
    await row.apply({})
    await row.ready('SecretSynced')
    const taken = { labels: { [names.managed]: null } }
    const body = { metadata: taken, data: { a: Buffer.from('by hand').toString('base64') } }
    await row.cluster.patch(resources.secret, row.key, { type: 'merge', body })
    // Another one that the same controller was told of later, and has brought in order.
    const later = rowOf(row.cluster, `${row.key.name}-later`)
    await later.hold({ a: '1' })
    await later.apply({})
    await later.ready('SecretSynced')
    assert.deepEqual(texts(await row.secret()), { a: 'by hand' })
    await row.sync()
    assert.deepEqual(texts(await row.secret()), { a: '1' })
  },
}

test('targets', { timeout: 300_000 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('external-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const controller = await startController(cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  const running = Object.entries(rows).map(([title, run], index) =>
    t.test(title, async () => {
      const row = rowOf(cluster, `row-${index}`)
      await row.hold({ a: '1' })
      await run(row)
    }),
  )
  await Promise.all(running)
})
