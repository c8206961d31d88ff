import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Cluster,
  type ClusterObject,
  type Informer,
  type InformerOptions,
  informer,
  KubernetesError,
  resources,
  type WatchEvent,
} from '@sealkit/kubernetes'
import { fc } from '../property.ts'
import { type ManualClock, manualClock, settle } from './clock.ts'

/** One thing that a scripted server does: what a list answers, or what a watch sends before it ends. */
type Script =
  | { readonly list: ClusterObject[]; readonly version: string }
  | { readonly watch: readonly WatchEvent[]; readonly ends?: 'closed' | 'open' | KubernetesError }
  | { readonly fails: KubernetesError }

/** A cluster whose answers are written down beforehand, for orders of events that no real server gives on demand. */
function scripted(scripts: readonly Script[]): { cluster: Cluster; versions: string[] } {
  const rest = [...scripts]
  const versions: string[] = []
  const cluster: Pick<Cluster, 'list' | 'watch'> = {
    async list(_, options) {
      const script = rest.shift()
      if (script === undefined) return forever(options?.signal)
      if ('fails' in script) throw script.fails
      assert.ok('list' in script, 'a list was not expected')
      const { transform = (whole: ClusterObject): ClusterObject => whole } = options ?? {}
      return { items: script.list.map(transform), resourceVersion: script.version }
    },
    async *watch(_, options) {
      versions.push(options.resourceVersion)
      const script = rest.shift()
      if (script === undefined) return void (await forever(options.signal))
      if ('fails' in script) throw script.fails
      assert.ok('watch' in script, 'a watch was not expected')
      yield* script.watch
      if (script.ends instanceof KubernetesError) throw script.ends
      if (script.ends !== 'closed') await forever(options.signal)
    },
  }
  return { cluster: cluster as Cluster, versions }
}

function forever(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new KubernetesError('ABORTED', 'stopped')))
  })
}

const object = (name: string, version: string | number, uid = name): ClusterObject => ({
  metadata: { namespace: 'n', name, uid, resourceVersion: String(version) },
})
const event = (type: 'added' | 'modified' | 'deleted', ...of: Parameters<typeof object>): WatchEvent => ({
  type,
  object: object(...of),
})

const nameOf = (known: ClusterObject): string => `${known.metadata.namespace}/${known.metadata.name}`

interface Running {
  readonly informer: Informer
  readonly clock: ManualClock
  readonly calls: string[]
  readonly errors: string[]
  readonly versions: string[]
  stop(): Promise<void>
}

function start(scripts: readonly Script[], more: Partial<InformerOptions> = {}): Running {
  const clock = manualClock()
  const { cluster, versions } = scripted(scripts)
  const calls: string[] = []
  const errors: string[] = []
  const at = (known: ClusterObject): string => `${known.metadata.name}@${known.metadata.resourceVersion}`
  const running = informer({
    cluster,
    resource: resources.secret,
    clock,
    random: () => 0,
    onError: (error) => errors.push((error as KubernetesError).code ?? String(error)),
    handlers: {
      added: (added, occasion) => calls.push(`added ${at(added)} ${occasion}`),
      updated: (updated, last, occasion) => calls.push(`updated ${at(last)} ${at(updated)} ${occasion}`),
      deleted: (last) => calls.push(`deleted ${at(last)}`),
    },
    ...more,
  })
  const abort = new AbortController()
  const ended = running.run(abort.signal)
  const stop = (): Promise<void> => {
    abort.abort()
    return ended
  }
  return { informer: running, clock, calls, errors, versions, stop }
}

test('lists, then watches from there; bookmarks move the version on; a closed watch goes on from it', async () => {
  const running = start([
    { list: [object('a', 5)], version: '10' },
    { watch: [event('modified', 'a', 11), { type: 'bookmark', resourceVersion: '20' }], ends: 'closed' },
    { watch: [event('added', 'b', 21), event('deleted', 'a', 22)] },
  ])
  await running.clock.advance(5000)
  assert.deepEqual(running.calls, ['added a@5 initial', 'updated a@5 a@11 change', 'added b@21 change', 'deleted a@22'])
  assert.deepEqual(running.versions, ['10', '20'])
  assert.deepEqual([...running.informer.values()].map(nameOf), ['n/b'])
  await running.informer.synced
  await running.stop()
  assert.equal(running.clock.timers, 0)
})

test('410 means a new list, whose differences are told, deletions with the last state known', async () => {
  const running = start([
    { list: [object('a', 5), object('b', 6), object('c', 7)], version: '10' },
    { watch: [], ends: new KubernetesError('GONE', 'too old') },
    { list: [object('a', 5), object('b', 30), object('d', 31), object('c', 32, 'another')], version: '40' },
  ])
  await running.clock.advance(5000)
  assert.deepEqual(running.calls.slice(3), [
    'updated b@6 b@30 change',
    'added d@31 change',
    'deleted c@7',
    'added c@32 change',
  ])
  assert.deepEqual(running.errors, [])
  assert.deepEqual(running.versions, ['10', '40'])
  await running.stop()
})

test('failures wait twice as long each time, from 0.8 s to 30 s, and longer where the server asks', async () => {
  const away = new KubernetesError('UNAVAILABLE', 'away')
  const running = start([
    ...Array.from({ length: 3 }, () => ({ fails: away })),
    { fails: new KubernetesError('TOO_MANY_REQUESTS', 'busy', { retryAfter: 20 }) },
    { list: [object('a', 1)], version: '2' },
  ])
  await running.clock.advance(0)
  assert.equal(running.errors.length, 1)
  await running.clock.advance(800)
  assert.equal(running.errors.length, 2)
  await running.clock.advance(1600)
  assert.equal(running.errors.length, 3)
  await running.clock.advance(3200)
  assert.equal(running.errors.length, 4)
  await running.clock.advance(19_000)
  assert.equal(running.informer.size, 0)
  await running.clock.advance(1001)
  assert.equal(running.informer.size, 1)
  await running.stop()
})

test('an event that is older than what is known is not believed', async () => {
  const running = start([
    { list: [object('a', 100)], version: '120' },
    { watch: [event('modified', 'a', 99), event('deleted', 'a', 98), event('modified', 'a', 121)] },
  ])
  await running.clock.advance(10)
  assert.deepEqual(running.calls, ['added a@100 initial', 'updated a@100 a@121 change'])
  await running.stop()
})

test('a list that is older than what was seen is asked for again, and believed the third time', async () => {
  const gone = { watch: [], ends: new KubernetesError('GONE', 'too old') }
  const old = { list: [object('a', 3)], version: '50' }
  const running = start([{ list: [object('a', 100)], version: '120' }, gone, old, old, old])
  await running.clock.advance(1000)
  assert.equal(running.informer.get({ namespace: 'n', name: 'a' })?.metadata.resourceVersion, '100')
  await running.clock.advance(60_000)
  assert.deepEqual(running.errors, ['UNAVAILABLE', 'UNAVAILABLE'])
  assert.equal(running.informer.get({ namespace: 'n', name: 'a' })?.metadata.resourceVersion, '3')
  await running.stop()
})

test('a handler that throws is reported and does not end the watch', async () => {
  const running = start([{ list: [object('a', 1)], version: '1' }, { watch: [event('added', 'b', 2)] }], {
    handlers: { added: () => assert.fail('bug') },
  })
  await running.clock.advance(10)
  assert.equal(running.errors.length, 2)
  assert.equal(running.informer.size, 2)
  await running.stop()
})

test('resync looks at every object again; indexes follow the objects; transform is what is kept', async () => {
  const running = start(
    [{ list: [object('a', 1), object('b', 2)], version: '2' }, { watch: [event('deleted', 'b', 3)] }],
    {
      resync: 10_000,
      indexes: { initial: ({ metadata }) => [metadata.name.slice(0, 1)] },
      list: { transform: (whole) => ({ ...whole, small: true }) },
    },
  )
  await running.clock.advance(9_500)
  assert.equal(running.calls.at(-1), 'updated a@1 a@1 resync')
  assert.deepEqual(
    running.informer.by('initial', 'a').map(({ small }) => small),
    [true],
  )
  assert.deepEqual(running.informer.by('initial', 'b'), [])
  assert.throws(() => running.informer.by('other', ''), RangeError)
  await running.stop()
})

test('stopped before the first list: synced rejects with ABORTED', async () => {
  const running = start([])
  await settle()
  await running.stop()
  await assert.rejects(running.informer.synced, { code: 'ABORTED' })
})

test('property: whatever breaks, the store ends as the server is, and handlers tell the whole way', async () => {
  const change = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), gone: fc.boolean() })
  const broken = fc.constantFrom<'closed' | 'GONE' | 'UNAVAILABLE' | 'replay'>(
    'closed',
    'GONE',
    'UNAVAILABLE',
    'replay',
  )
  const watches = fc.array(fc.record({ changes: fc.array(change, { maxLength: 6 }), broken, missed: fc.array(change) }))
  await fc.assert(
    fc.asyncProperty(watches, async (rounds) => {
      const truth = new Map<string, ClusterObject>()
      let version = 1
      const apply = ({ name, gone }: { name: string; gone: boolean }): WatchEvent[] => {
        version += 1
        const known = truth.get(name)
        if (gone && known === undefined) return []
        if (gone) {
          truth.delete(name)
          return [event('deleted', name, version, known?.metadata.uid)]
        }
        const next = object(name, version, known?.metadata.uid ?? `${name}-${version}`)
        truth.set(name, next)
        return [{ type: known === undefined ? 'added' : 'modified', object: next }]
      }
      const list = (): Script => ({ list: [...truth.values()], version: String(version) })
      const scripts: Script[] = [list()]
      for (const { changes, broken, missed } of rounds) {
        const events = changes.flatMap(apply)
        const error = broken === 'GONE' || broken === 'UNAVAILABLE' ? new KubernetesError(broken, broken) : 'closed'
        scripts.push({ watch: events, ends: error })
        if (broken === 'GONE') {
          missed.forEach(apply)
          scripts.push(list())
        } else if (broken === 'replay') scripts.push({ watch: events, ends: 'closed' })
      }
      const told = new Map<string, string | undefined>()
      const running = start(scripts, {
        handlers: {
          added: ({ metadata }) => {
            assert.ok(!told.has(metadata.name), `${metadata.name} added twice`)
            told.set(metadata.name, metadata.resourceVersion)
          },
          updated: ({ metadata }, last) => {
            assert.equal(told.get(metadata.name), last.metadata.resourceVersion)
            told.set(metadata.name, metadata.resourceVersion)
          },
          deleted: ({ metadata }) => assert.ok(told.delete(metadata.name), `${metadata.name} deleted twice`),
        },
      })
      await running.clock.advance(10_000_000)
      const expected = [...truth.values()].map(({ metadata }) => [metadata.name, metadata.resourceVersion]).toSorted()
      assert.deepEqual([...told].toSorted(), expected)
      assert.deepEqual(
        [...running.informer.values()].map(({ metadata }) => [metadata.name, metadata.resourceVersion]).toSorted(),
        expected,
      )
      await running.stop()
      assert.equal(running.clock.timers, 0)
    }),
    { numRuns: 80 },
  )
})
