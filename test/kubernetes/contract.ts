import assert from 'node:assert/strict'
import {
  type Cluster,
  type ClusterObject,
  KubernetesError,
  keyOf,
  type Resource,
  resources,
  type WatchEvent,
} from '@sealkit/kubernetes'

/** What a case gets: a cluster, and a namespace of its own in it. */
export interface Ground {
  readonly cluster: Cluster
  readonly namespace: string
}

/** What every adapter of the `Cluster` port does alike. */
export const contract: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  async 'create gives back what is kept: uid, version, time, base64 data'({ cluster, namespace }) {
    const created = await cluster.create(secret, manifest(namespace, 'a', { labels: { x: 'y' } }))
    const { metadata, ...rest } = created
    assert.deepEqual(rest, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { key: 'dmFsdWU=' } })
    assert.deepEqual([metadata.name, metadata.namespace, metadata.labels], ['a', namespace, { x: 'y' }])
    assert.match(metadata.uid ?? '', /^[0-9a-f-]{36}$/)
    assert.match(metadata.resourceVersion ?? '', /^[1-9]\d*$/)
    assert.match(String(metadata.creationTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.deepEqual(await cluster.get(secret, { namespace, name: 'a' }), created)
  },
  async 'create: generateName makes a name, stringData becomes data'({ cluster, namespace }) {
    const object = { metadata: { namespace, generateName: 'made-' }, stringData: { a: 'b' } }
    const created = await cluster.create(secret, object)
    assert.match(created.metadata.name, /^made-[a-z0-9]{5}$/)
    assert.deepEqual([created['data'], created['stringData']], [{ a: 'Yg==' }, undefined])
  },
  async 'create refuses a name that is taken, none, and one that is no name'({ cluster, namespace }) {
    await cluster.create(secret, manifest(namespace, 'taken'))
    await refuses('ALREADY_EXISTS', cluster.create(secret, manifest(namespace, 'taken')))
    await refuses('INVALID', cluster.create(secret, { metadata: { namespace } }))
    for (const name of ['Upper', 'under_score', '-dash', 'a..b']) {
      await refuses('INVALID PATH_REFUSED', cluster.create(secret, manifest(namespace, name)))
    }
    await refuses('INVALID PATH_REFUSED', cluster.create(secret, manifest(namespace, 'x', {}, { '../up': 'YQ==' })))
  },
  async 'get: null for what is not there, refusal of an empty name'({ cluster, namespace }) {
    assert.equal(await cluster.get(secret, { namespace, name: 'absent' }), null)
    await refuses('BAD_REQUEST', cluster.get(secret, { namespace, name: '' }))
  },
  async 'metadata only: no data enters the process'({ cluster, namespace }) {
    await cluster.create(secret, manifest(namespace, 'a'))
    const one = await cluster.get(secret, { namespace, name: 'a' }, { metadataOnly: true })
    assert.deepEqual([one?.kind, one?.apiVersion, one?.['data']], ['Secret', 'v1', undefined])
    const { items } = await cluster.list(secret, { namespace, metadataOnly: true })
    assert.deepEqual(
      items.map((item) => [item.metadata.name, item.kind, item['data']]),
      [['a', 'Secret', undefined]],
    )
  },
  async 'list: one namespace or all, by labels, by fields'({ cluster, namespace }) {
    for (const [name, app, tier] of [
      ['a', 'one', 'x'],
      ['b', 'one', 'y'],
      ['c', 'two', 'x'],
    ] as const) {
      await cluster.create(secret, manifest(namespace, name, { labels: { app, tier } }))
    }
    const names = async (options: object): Promise<string[]> =>
      (await cluster.list(secret, options)).items
        .filter(({ metadata }) => metadata.namespace === namespace)
        .map(({ metadata }) => metadata.name)
    const cases: readonly (readonly [object, string[]])[] = [
      [{ namespace }, ['a', 'b', 'c']],
      [{}, ['a', 'b', 'c']],
      [{ namespace: 'elsewhere' }, []],
      [{ namespace, labelSelector: 'app=one' }, ['a', 'b']],
      [{ namespace, labelSelector: 'app==one,tier!=x' }, ['b']],
      [{ namespace, labelSelector: 'app in (one, two),tier in (x)' }, ['a', 'c']],
      [{ namespace, labelSelector: 'tier notin (x)' }, ['b']],
      [{ namespace, labelSelector: 'app,!absent' }, ['a', 'b', 'c']],
      [{ namespace, labelSelector: 'absent!=x' }, ['a', 'b', 'c']],
      [{ namespace, fieldSelector: 'metadata.name=b' }, ['b']],
      [{ namespace, fieldSelector: 'metadata.name!=b,type=Opaque' }, ['a', 'c']],
    ]
    for (const [options, expected] of cases) assert.deepEqual(await names(options), expected, JSON.stringify(options))
    await refuses('BAD_REQUEST', cluster.list(secret, { namespace, labelSelector: 'a=(' }))
    await refuses('BAD_REQUEST', cluster.list(secret, { namespace, fieldSelector: 'data.x=y' }))
  },
  async 'update: the version seen must be current; one that changes nothing gives no new version'({
    cluster,
    namespace,
  }) {
    const first = await cluster.create(secret, manifest(namespace, 'a'))
    const second = await cluster.update(secret, { ...first, data: { other: 'YQ==' } })
    assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion)
    assert.deepEqual([second['data'], second.metadata.uid], [{ other: 'YQ==' }, first.metadata.uid])
    assert.deepEqual(await cluster.update(secret, second), second)
    await refuses('CONFLICT', cluster.update(secret, first))
    await refuses('NOT_FOUND', cluster.update(secret, object(namespace, 'absent')))
  },
  async 'update of an immutable Secret is refused'({ cluster, namespace }) {
    const created = await cluster.create(secret, { ...manifest(namespace, 'a'), immutable: true })
    await refuses('INVALID', cluster.update(secret, { ...created, data: {} }))
    await cluster.update(secret, { ...created, metadata: { ...created.metadata, labels: { a: 'b' } } })
  },
  async 'two that write at the same time: one of them wins'({ cluster, namespace }) {
    const first = await cluster.create(secret, manifest(namespace, 'a'))
    const writes = ['YQ==', 'Yg==', 'Yw=='].map((value) => cluster.update(secret, { ...first, data: { value } }))
    const results = await Promise.allSettled(writes)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  },
  async 'patch: merge and JSON patch'({ cluster, namespace }) {
    const key = keyOf(await cluster.create(secret, manifest(namespace, 'a', { labels: { x: 'y', z: '1' } })))
    const merged = await cluster.patch(secret, key, {
      type: 'merge',
      body: { metadata: { labels: { x: null, n: 'm' } }, data: { more: 'YQ==' } },
    })
    assert.deepEqual(
      [merged.metadata.labels, merged['data']],
      [
        { z: '1', n: 'm' },
        { key: 'dmFsdWU=', more: 'YQ==' },
      ],
    )
    const operations = [
      { op: 'remove', path: '/data/key' },
      { op: 'add', path: '/metadata/annotations', value: { 'a/b': 'c' } },
      { op: 'replace', path: '/metadata/annotations/a~1b', value: 'd' },
    ]
    const changed = await cluster.patch(secret, key, { type: 'json', body: operations })
    assert.deepEqual([changed['data'], changed.metadata.annotations], [{ more: 'YQ==' }, { 'a/b': 'd' }])
    const absent = [{ op: 'remove', path: '/data/absent' }]
    await refuses('INVALID', cluster.patch(secret, key, { type: 'json', body: absent }))
    const other = [{ op: 'test', path: '/data/more', value: 'other' }]
    await refuses('INVALID', cluster.patch(secret, key, { type: 'json', body: other }))
    await refuses('NOT_FOUND', cluster.patch(secret, { namespace, name: 'absent' }, { type: 'merge', body: {} }))
  },
  async 'delete: preconditions, and only what is there'({ cluster, namespace }) {
    const first = await cluster.create(secret, manifest(namespace, 'a'))
    const key = keyOf(first)
    await refuses('CONFLICT', cluster.delete(secret, key, { preconditions: { uid: 'another' } }))
    await refuses('CONFLICT', cluster.delete(secret, key, { preconditions: { resourceVersion: '1' } }))
    const { uid, resourceVersion } = first.metadata
    await cluster.delete(secret, key, {
      preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
    })
    assert.equal(await cluster.get(secret, key), null)
    await refuses('NOT_FOUND', cluster.delete(secret, key))
    const again = await cluster.create(secret, manifest(namespace, 'a'))
    assert.notEqual(again.metadata.uid, uid)
  },
  async 'delete waits for finalizers'({ cluster, namespace }) {
    const created = await cluster.create(secret, manifest(namespace, 'a', { finalizers: ['test/hold'] }))
    const key = keyOf(created)
    await cluster.delete(secret, key)
    const held = await cluster.get(secret, key)
    assert.ok(held?.metadata.deletionTimestamp)
    await cluster.update(secret, { ...held, metadata: { ...held.metadata, finalizers: [] } })
    assert.equal(await cluster.get(secret, key), null)
  },
  async 'watch: goes on from a list, in order, with the last state of what was deleted'({ cluster, namespace }) {
    const first = await cluster.create(secret, manifest(namespace, 'a'))
    const { resourceVersion } = await cluster.list(secret, { namespace })
    const seen = watching(cluster, secret, { namespace, resourceVersion })
    await cluster.create(secret, manifest(namespace, 'b'))
    await cluster.patch(secret, keyOf(first), { type: 'merge', body: { data: { more: 'YQ==' } } })
    await cluster.delete(secret, keyOf(first))
    assert.deepEqual(await seen.take(3), ['added b key', 'modified a key,more', 'deleted a key,more'])
    await seen.stop()
  },
  async 'watch: by labels, an object that comes to match is added, one that no longer does is deleted'(ground) {
    const { cluster, namespace } = ground
    const key = keyOf(await cluster.create(secret, manifest(namespace, 'a')))
    const { resourceVersion } = await cluster.list(secret, { namespace, labelSelector: 'on=yes' })
    const seen = watching(cluster, secret, { namespace, resourceVersion, labelSelector: 'on=yes' })
    for (const on of ['yes', 'no', 'yes']) {
      await cluster.patch(secret, key, { type: 'merge', body: { metadata: { labels: { on } } } })
    }
    await cluster.delete(secret, key)
    assert.deepEqual(await seen.take(4), ['added a key', 'deleted a key', 'added a key', 'deleted a key'])
    await seen.stop()
  },
  async 'watch: metadata only'({ cluster, namespace }) {
    const { resourceVersion } = await cluster.list(secret, { namespace, metadataOnly: true })
    const seen = watching(cluster, secret, { namespace, resourceVersion, metadataOnly: true })
    await cluster.create(secret, manifest(namespace, 'a'))
    assert.deepEqual(await seen.take(1), ['added a '])
    await seen.stop()
  },
  async 'updateStatus: nothing but the status changes, whatever else is said or left out'({ cluster, namespace }) {
    const spec = { encryptedData: { a: 'QQ==' }, template: { metadata: { labels: { l: 'v' } } } }
    const metadata = { namespace, name: 's', labels: { a: 'b' }, annotations: { c: 'd' } }
    const [type, writer] = [{ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret' }, { fieldManager: 'someone' }]
    const created = await cluster.create(resources.sealedSecret, { ...type, metadata, spec }, writer)
    const { resourceVersion = '', managedFields, ...same } = created.metadata
    const bare = { ...type, metadata: { namespace, name: 's', resourceVersion }, status: { observedGeneration: 1 } }
    const first = await cluster.updateStatus(resources.sealedSecret, bare)
    const changed = { ...first, spec: {}, status: { observedGeneration: 2 } }
    const { metadata: last, ...rest } = await cluster.updateStatus(resources.sealedSecret, changed)
    const { resourceVersion: _, managedFields: writers, ...known } = last
    assert.deepEqual([known, rest], [same, { ...type, spec, status: { observedGeneration: 2 } }])
    const [others, all = []] = [managedFields ?? [], writers ?? []]
    assert.deepEqual(
      all.filter((entry) => Reflect.get(entry as object, 'subresource') !== 'status'),
      others,
    )
    await refuses('CONFLICT', cluster.updateStatus(resources.sealedSecret, bare))
  },
  async 'transform: lists and watches give what it makes of each object, and the cluster keeps the whole one'(ground) {
    const { cluster, namespace } = ground
    const key = keyOf(await cluster.create(secret, manifest(namespace, 'a')))
    const transform = (whole: ClusterObject): ClusterObject => {
      whole['data'] = { [`only-${whole.metadata.name}`]: '' }
      return whole
    }
    const { items, resourceVersion } = await cluster.list(secret, { namespace, transform })
    assert.deepEqual(
      items.map((item) => item['data']),
      [{ 'only-a': '' }],
    )
    const seen = watching(cluster, secret, { namespace, resourceVersion, transform })
    await cluster.create(secret, manifest(namespace, 'b'))
    await cluster.delete(secret, key)
    assert.deepEqual(await seen.take(2), ['added b only-b', 'deleted a only-a'])
    await seen.stop()
    const whole = await cluster.get(secret, { namespace, name: 'b' })
    assert.deepEqual(whole?.['data'], { key: 'dmFsdWU=' })
  },
  async 'watch: a version too old is GONE, stopping is ABORTED'({ cluster, namespace }) {
    const seen = watching(cluster, secret, { namespace, resourceVersion: '1' })
    assert.equal(await seen.ended, 'GONE')
    const { resourceVersion } = await cluster.list(secret, { namespace })
    const other = watching(cluster, secret, { namespace, resourceVersion })
    assert.equal(await other.stop(), 'ABORTED')
  },
  async 'what a caller does to an object does not change the cluster'({ cluster, namespace }) {
    const created = await cluster.create(secret, manifest(namespace, 'a'))
    created.metadata.labels = { changed: 'yes' }
    Object.assign(created['data'] as object, { key: 'changed' })
    const read = await cluster.get(secret, keyOf(created))
    assert.deepEqual([read?.metadata.labels, read?.['data']], [undefined, { key: 'dmFsdWU=' }])
  },
  async 'other kinds: ConfigMaps and Leases'({ cluster, namespace }) {
    const lease = await cluster.create(resources.lease, {
      metadata: { namespace, name: 'l' },
      spec: { holderIdentity: 'a' },
    })
    assert.equal(lease.apiVersion, 'coordination.k8s.io/v1')
    await cluster.update(resources.lease, { ...lease, spec: { holderIdentity: 'b' } })
    await refuses('CONFLICT', cluster.update(resources.lease, { ...lease, spec: { holderIdentity: 'c' } }))
    await cluster.create(resources.configMap, { metadata: { namespace, name: 'c' }, data: { a: 'b' } })
    assert.equal((await cluster.list(resources.configMap, { namespace })).items.at(-1)?.metadata.name, 'c')
  },
  async 'events are taken'({ cluster, namespace }) {
    await cluster.create(resources.event, {
      metadata: { namespace, name: 'e.1' },
      involvedObject: { kind: 'Secret', namespace, name: 'a' },
      reason: 'Tested',
      message: 'as it is',
      type: 'Normal',
    })
  },
  async 'a namespace with something in it is there'({ cluster, namespace }) {
    await cluster.create(secret, manifest(namespace, 'a'))
    const found = await cluster.get(resources.namespace, { namespace: '', name: namespace })
    assert.equal(found?.metadata.labels?.['kubernetes.io/metadata.name'], namespace)
    const { items } = await cluster.list(resources.namespace)
    assert.ok(items.some(({ metadata }) => metadata.name === namespace))
  },
}

const { secret } = resources

/** A Secret to create. */
export function manifest(
  namespace: string,
  name: string,
  metadata: object = {},
  data: object = { key: 'dmFsdWU=' },
): ClusterObject {
  return { ...object(namespace, name, metadata), data }
}

function object(namespace: string, name: string, metadata: object = {}): ClusterObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name, ...metadata } }
}

/** Asserts that a promise is refused with one of these codes. */
export async function refuses(codes: string, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof KubernetesError, String(error))
    assert.ok(codes.split(' ').includes(error.code), `${error.code}: ${error.message}`)
    return true
  })
}

/** A watch that notes what it sees, and how it ends. */
export function watching(
  cluster: Cluster,
  resource: Resource,
  options: {
    namespace: string
    resourceVersion: string
    labelSelector?: string
    metadataOnly?: boolean
    transform?: (object: ClusterObject) => ClusterObject
  },
): { take(count: number): Promise<string[]>; ended: Promise<string>; stop(): Promise<string> } {
  const abort = new AbortController()
  const events: string[] = []
  let wake = (): void => undefined
  const run = async (): Promise<string> => {
    try {
      for await (const event of cluster.watch(resource, { ...options, signal: abort.signal })) {
        if (event.type === 'bookmark') continue
        events.push(text(event))
        wake()
      }
      return 'closed'
    } catch (error) {
      return error instanceof KubernetesError ? error.code : String(error)
    }
  }
  const ended = run()
  return {
    ended,
    async take(count) {
      while (events.length < count) await new Promise<void>((resolve) => (wake = resolve))
      return events.slice(0, count)
    },
    stop() {
      abort.abort()
      return ended
    },
  }
}

function text(event: Exclude<WatchEvent, { type: 'bookmark' }>): string {
  const data = Object.keys((event.object['data'] ?? {}) as object)
  return `${event.type} ${event.object.metadata.name} ${data.toSorted().join(',')}`
}
