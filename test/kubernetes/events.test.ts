import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cluster, type ClusterObject, eventRecorder, KubernetesError, type Patch } from '@sealkit/kubernetes'
import { manualClock } from './clock.ts'

interface Written {
  readonly verb: string
  readonly message: string
  readonly count: number
}

/** Notes what is written; `fails` says how the next writes fail. */
function recording(fails: (KubernetesError | undefined)[] = []) {
  const clock = manualClock()
  const written: Written[] = []
  const errors: string[] = []
  const write = async (verb: string, event: ClusterObject): Promise<ClusterObject> => {
    const failure = fails.shift()
    if (failure !== undefined) throw failure
    written.push({ verb, message: String(event['message']), count: Number(event['count']) })
    return event
  }
  const kept = new Map<string, ClusterObject>()
  const cluster: Pick<Cluster, 'create' | 'patch'> = {
    async create(_, event) {
      const created = await write('create', event as ClusterObject)
      kept.set(created.metadata.name, created)
      return created
    },
    async patch(_, key, patch: Patch) {
      const event = kept.get(key.name)
      if (event === undefined) throw new KubernetesError('NOT_FOUND', 'not found')
      return write('patch', { ...event, ...(patch.body as object) })
    },
  }
  const onError = (error: unknown): number => errors.push((error as KubernetesError).code)
  const recorder = eventRecorder({ cluster: cluster as Cluster, component: 'test', clock, random: () => 0.5, onError })
  const object = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'n', name, uid: name } })
  return { clock, recorder, written, errors, object, kept }
}

test('the same event again raises its count', async () => {
  const { recorder, written, object } = recording()
  for (let n = 0; n < 3; n++) recorder.record(object('a'), 'Normal', 'Done', 'well')
  await recorder.flush()
  assert.deepEqual(written, [
    { verb: 'create', message: 'well', count: 1 },
    { verb: 'patch', message: 'well', count: 2 },
    { verb: 'patch', message: 'well', count: 3 },
  ])
})

test('an event that is gone from the server is created again with its count', async () => {
  const { recorder, written, object, kept } = recording()
  recorder.record(object('a'), 'Normal', 'Done', 'well')
  await recorder.flush()
  kept.clear()
  recorder.record(object('a'), 'Normal', 'Done', 'well')
  await recorder.flush()
  assert.deepEqual(
    written.map(({ verb, count }) => `${verb} ${count}`),
    ['create 1', 'create 2'],
  )
})

test('the tenth different message within ten minutes, and those after it, become one', async () => {
  const { recorder, written, object, clock } = recording()
  for (let n = 1; n <= 12; n++) recorder.record(object('a'), 'Warning', 'Failed', `m${n}`)
  await recorder.flush()
  assert.deepEqual(
    written.slice(8).map(({ verb, message, count }) => `${verb} ${message} ${count}`),
    [
      'create m9 1',
      'create (combined from similar events): m10 1',
      'patch (combined from similar events): m11 2',
      'patch (combined from similar events): m12 3',
    ],
  )
  await clock.advance(600_001)
  recorder.record(object('a'), 'Warning', 'Failed', 'm13')
  await recorder.flush()
  assert.equal(written.at(-1)?.message, 'm13')
})

test('one object gets 25 events at once, then one every five minutes; others are not held up', async () => {
  const { recorder, written, object, clock } = recording()
  for (let n = 0; n < 40; n++) recorder.record(object('a'), 'Normal', 'Done', 'well')
  recorder.record(object('b'), 'Normal', 'Done', 'well')
  await recorder.flush()
  assert.equal(written.length, 26)
  await clock.advance(300_000)
  for (let n = 0; n < 5; n++) recorder.record(object('a'), 'Normal', 'Done', 'well')
  await recorder.flush()
  assert.deepEqual(
    written.slice(26).map(({ count }) => count),
    [41],
  )
})

test('a server that is away is tried again, one that refuses is not, and closing gives up', async () => {
  const away = new KubernetesError('UNAVAILABLE', 'away')
  const refused = new KubernetesError('FORBIDDEN', 'no', { status: 403 })
  const { recorder, written, errors, object, clock } = recording([away, away, undefined, refused])
  recorder.record(object('a'), 'Normal', 'Done', 'one')
  recorder.record(object('b'), 'Normal', 'Done', 'two')
  await clock.advance(5_000)
  assert.equal(written.length, 0)
  await clock.advance(10_000)
  await recorder.flush()
  assert.deepEqual([written.map(({ message }) => message), errors], [['one'], ['FORBIDDEN']])
  const other = recording(Array.from({ length: 50 }, () => away))
  other.recorder.record(other.object('a'), 'Normal', 'Done', 'one')
  await other.clock.advance(1)
  await other.recorder.close()
  assert.deepEqual([other.written.length, other.clock.timers], [0, 0])
})

test('what waits is bounded', async () => {
  const clock = manualClock()
  const created: unknown[] = []
  const create = async (_: unknown, event: ClusterObject) => {
    created.push(event)
    return event
  }
  const recorder = eventRecorder({ cluster: { create } as unknown as Cluster, component: 'test', capacity: 3, clock })
  for (let n = 0; n < 10; n++) recorder.record({ metadata: { name: `a${n}` } }, 'Normal', 'Done', 'well')
  await recorder.flush()
  assert.equal(created.length, 3)
  const [first] = created as ClusterObject[]
  assert.equal(first?.metadata.namespace, 'default')
  assert.match(first?.metadata.name ?? '', /^a0\.[0-9a-f]{14,}$/)
})
