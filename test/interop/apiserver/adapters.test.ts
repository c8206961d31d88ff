import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ApiServer,
  type Cluster,
  type ClusterObject,
  connect,
  type DirectoryCluster,
  directoryCluster,
  KubernetesError,
  resources,
} from '@sealkit/kubernetes'
import { fc } from '../../property.ts'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { needs } from './needs.ts'

const { after, before, test } = await needs('etcd', 'kube-apiserver')

// The directory does what a real API server does, whatever is asked of both.
let plane: ControlPlane
let server: ApiServer
let directory: DirectoryCluster
let folder = ''
before(async () => {
  plane = await startControlPlane()
  server = await connect({ kubeconfig: plane.kubeconfig })
  folder = await mkdtemp(join(tmpdir(), 'sealkit-adapters-'))
  await mkdir(join(folder, 'in'))
  const [input, out, state] = ['in', 'out', 'state'].map((name) => join(folder, name))
  directory = await directoryCluster({ in: input ?? '', out: out ?? '', state: state ?? '', rescan: 0 })
})
after(async () => {
  server?.close()
  await directory?.close()
  await plane?.stop()
  await rm(folder, { recursive: true, force: true })
})

const { secret } = resources

/** What can be compared of an object: all but what each cluster makes up. */
function shape(object: ClusterObject | null): unknown {
  if (object === null) return null
  const { uid: _, resourceVersion: __, managedFields: ___, creationTimestamp: ____, ...metadata } = object.metadata
  const {
    deletionTimestamp,
    deletionGracePeriodSeconds: _____,
    selfLink: ______,
    generation: _______,
    ...rest
  } = metadata
  const empty = (value: unknown): boolean => value === undefined || Object.keys(value as object).length === 0
  const kept = Object.entries({ ...object, metadata: undefined, ...rest, data: object['data'] ?? {} }).filter(
    ([key, value]) =>
      value !== undefined && !(['labels', 'annotations', 'data', 'finalizers'].includes(key) && empty(value)),
  )
  return { ...Object.fromEntries(kept), going: deletionTimestamp !== undefined }
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    assert.ok(error instanceof KubernetesError, String(error))
    return error.code
  }
}

const values = fc.constantFrom('a', 'b', 'c', '')
const keys = fc.constantFrom('x', 'y', 'example.com/z')
const labels = fc.dictionary(keys, values, { maxKeys: 3 })
const data = fc.dictionary(fc.constantFrom('k', 'l.m', 'n_o', '..bad', '/'), fc.constantFrom('YQ==', '', 'Yg=='), {
  maxKeys: 2,
})
const name = fc.constantFrom('one', 'two', 'three.dots')
const finalizers = fc.constantFrom<string[]>([], [], [], ['example.com/hold'])
const operation = fc.oneof(
  fc.record({
    do: fc.constant('create' as const),
    name,
    labels,
    data,
    finalizers,
    immutable: fc.constantFrom(undefined, undefined, true),
  }),
  fc.record({ do: fc.constant('update' as const), name, labels, data, finalizers, stale: fc.boolean() }),
  fc.record({
    do: fc.constant('merge' as const),
    name,
    labels: fc.dictionary(keys, fc.oneof(values, fc.constant(null)), { maxKeys: 2 }),
    data: fc.option(
      fc.dictionary(fc.constantFrom('k', 'l.m'), fc.constantFrom('YQ==', null), { minKeys: 1, maxKeys: 2 }),
    ),
  }),
  fc.record({
    do: fc.constant('json' as const),
    name,
    op: fc.constantFrom('add', 'remove', 'replace', 'test'),
    path: fc.constantFrom('/data/k', '/data/l.m', '/metadata/labels/x', '/metadata/labels/example.com~1z', '/absent/y'),
    value: fc.constantFrom('YQ==', 'a'),
  }),
  fc.record({ do: fc.constant('delete' as const), name, uid: fc.constantFrom('own', 'other', undefined) }),
)
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never

const given = (data: object): object => (Object.keys(data).length > 0 ? { data } : {})

async function perform(
  cluster: Cluster,
  namespace: string,
  step: Operation,
  seen: Map<string, ClusterObject>,
): Promise<unknown> {
  const key = { namespace, name: step.name }
  const last = await cluster.get(secret, key)
  const result = async (): Promise<unknown> => {
    switch (step.do) {
      case 'create': {
        const { labels, data, finalizers, immutable } = step
        const metadata = { ...key, labels, finalizers }
        // An empty map of data is, to an immutable Secret that has none, a change: Go tells nil from empty.
        const whole = immutable ? { k: 'YQ==', ...data } : data
        const created = await cluster.create(secret, { metadata, data: whole, ...(immutable && { immutable }) })
        seen.set(step.name, created)
        return shape(created)
      }
      case 'update': {
        const from = (step.stale ? seen.get(step.name) : last) ?? { metadata: { ...key, resourceVersion: '1' } }
        const { labels, data, finalizers } = step
        const { data: _, ...rest } = from as ClusterObject
        const object = { ...rest, metadata: { ...from.metadata, labels, finalizers }, ...given(data), type: 'Opaque' }
        return shape(await cluster.update(secret, object))
      }
      case 'merge': {
        const body = { metadata: { labels: step.labels }, ...(step.data && { data: step.data }) }
        return shape(await cluster.patch(secret, key, { type: 'merge', body }))
      }
      case 'json': {
        const body = [{ op: step.op, path: step.path, value: step.value }]
        return shape(await cluster.patch(secret, key, { type: 'json', body }))
      }
      default: {
        const uid = step.uid === 'own' ? last?.metadata.uid : step.uid === 'other' ? 'no-such-uid' : undefined
        return cluster.delete(secret, key, uid === undefined ? {} : { preconditions: { uid } })
      }
    }
  }
  return [await outcome(result()), shape(await cluster.get(secret, key))]
}

/** Names of keys and labels that a folder refuses before the API's own validation would. */
const same = (result: unknown): unknown =>
  JSON.parse(JSON.stringify(result ?? null).replaceAll('PATH_REFUSED', 'INVALID'))

let count = 0
test('property: any order of writes has the same results in both', { timeout: 400_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 12 }), async (steps) => {
      const namespace = `case-${++count}`
      await plane.createNamespace(namespace)
      const seen = [new Map<string, ClusterObject>(), new Map<string, ClusterObject>()] as const
      for (const step of steps) {
        const expected = same(await perform(server, namespace, step, seen[0]))
        assert.deepEqual(same(await perform(directory, namespace, step, seen[1])), expected, JSON.stringify(step))
      }
    }),
    { numRuns: 40 },
  )
})

test('property: any selector selects the same in both', { timeout: 400_000 }, async () => {
  const namespace = 'selectors'
  await plane.createNamespace(namespace)
  const all = [
    {},
    { x: 'a' },
    { x: 'b', y: 'a' },
    { x: '' },
    { 'example.com/z': 'c' },
    { y: 'b', 'example.com/z': 'a' },
  ]
  for (const cluster of [server, directory]) {
    for (const [index, labels] of all.entries()) {
      await cluster.create(secret, { metadata: { namespace, name: `s-${index}`, labels } })
    }
  }
  const label = fc.constantFrom('x', 'y', 'example.com/z', 'absent')
  const requirement = fc.oneof(
    fc.tuple(label, fc.constantFrom('=', '==', '!=', ' = ', ' != '), values).map((parts) => parts.join('')),
    fc
      .tuple(label, fc.constantFrom(' in ', ' notin '), fc.array(values, { minLength: 1, maxLength: 3 }))
      .map(([key, operator, list]) => `${key}${operator}(${list.join(', ')})`),
    label,
    label.map((key) => `!${key}`),
    fc.constantFrom('', 'x in a', 'x=(', 'x in ()', '=a', 'x y', 'x!', '-x', 'x==a==b', 'x=a b', 'x notin (a'),
  )
  const selector = fc.array(requirement, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','))
  const select = async (cluster: Cluster, labelSelector: string): Promise<unknown> =>
    outcome(
      cluster
        .list(secret, { namespace, labelSelector })
        .then(({ items }) => items.map(({ metadata }) => metadata.name)),
    )
  await fc.assert(
    fc.asyncProperty(selector, async (text) => {
      assert.deepEqual(await select(directory, text), await select(server, text), text)
    }),
    { numRuns: 400 },
  )
})
