// Watches of the kinds that targets are of: when they begin and end, and what counts as a change.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createGenericWatches, type GenericWatches } from '@sealkit/controller/external-secret'
import type { Cluster, ClusterObject, Resource, WatchEvent } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'

const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const apps: Resource = { group: 'x.test', version: 'v1', plural: 'apps', kind: 'App', namespaced: true }
const user = (name: string): { namespace: string; name: string } => ({ namespace: 'n', name })

interface Fixture {
  readonly watches: GenericWatches
  /** Kinds that are watched now. */
  readonly kinds: string[]
  readonly changes: string[]
  /** What the watch of a kind tells next. */
  tell(kind: string, event: WatchEvent): void
}

function fixture(t: TestContext): Fixture {
  const kinds: string[] = []
  const changes: string[] = []
  const tell = new Map<string, (event: WatchEvent) => void>()
  async function* watch({ kind }: Resource, { signal }: { signal?: AbortSignal }): AsyncGenerator<WatchEvent> {
    const events: WatchEvent[] = []
    let wake = (): void => undefined
    kinds.push(kind)
    tell.set(kind, (event) => {
      events.push(event)
      wake()
    })
    signal?.addEventListener('abort', () => wake())
    while (signal?.aborted !== true) {
      yield* events.splice(0)
      await new Promise<void>((resolve) => {
        wake = resolve
        if (signal?.aborted === true || events.length > 0) resolve()
      })
    }
    kinds.splice(kinds.indexOf(kind), 1)
  }
  const cluster = { list: async () => ({ items: [], resourceVersion: '1' }), watch } as unknown as Cluster
  const watches = createGenericWatches({
    cluster,
    namespaces: null,
    onError: (error) => assert.fail(String(error)),
    onChange: (resource, { metadata }) => changes.push(`${resource.kind} ${metadata.name}@${metadata.resourceVersion}`),
  })
  t.after(() => watches.stop())
  return { watches, kinds, changes, tell: (kind, event) => tell.get(kind)?.(event) }
}

interface Target {
  readonly version: number
  readonly generation?: number
  readonly hash?: string
  readonly body?: unknown
}

function target({ version, generation, hash = 'h', body = { a: '1' } }: Target): ClusterObject {
  return {
    metadata: {
      ...{ namespace: 'n', name: 't', uid: 'u', resourceVersion: String(version) },
      ...(generation === undefined ? {} : { generation }),
      annotations: { 'reconcile.external-secrets.io/data-hash': hash },
    },
    data: body,
  }
}

test('a kind is watched once, from its first ExternalSecret to its last', async (t) => {
  const { watches, kinds } = fixture(t)
  watches.watch(configMaps, user('a'))
  watches.watch(configMaps, user('b'))
  watches.watch(configMaps, user('a'))
  watches.watch(apps, user('c'))
  await eventually(() => kinds.length === 2)
  assert.deepEqual(kinds.toSorted(), ['App', 'ConfigMap'])
  watches.release(user('a'))
  watches.release(user('a'))
  watches.release(user('nobody'))
  watches.watch(apps, user('b'))
  await eventually(() => kinds.length === 1)
  assert.deepEqual(kinds, ['App'])
  watches.release(user('b'))
  watches.release(user('c'))
  await eventually(() => kinds.length === 0)
  watches.watch(configMaps, user('a'))
  await eventually(() => kinds.length === 1)
  await watches.stop()
  assert.deepEqual(kinds, [])
})

/** What the watch shows after a target of version 5 was settled, and whether that is a change. */
const shown: readonly (readonly [name: string, settled: Target, next: Target, change: boolean])[] = [
  ['what this process wrote', { version: 5 }, { version: 5 }, false],
  ['another version of a kind that does not count its changes', { version: 5 }, { version: 6 }, true],
  ['a new status', { version: 5, generation: 2 }, { version: 6, generation: 2 }, false],
  ['a new body', { version: 5, generation: 2 }, { version: 6, generation: 3 }, true],
  ['another hash', { version: 5, generation: 2 }, { version: 6, generation: 2, hash: 'other' }, true],
]

for (const [name, settled, next, change] of shown) {
  test(`${name} is ${change ? 'a change' : 'none'}`, async (t) => {
    const { watches, kinds, changes, tell } = fixture(t)
    watches.watch(configMaps, user('a'))
    await eventually(() => kinds.length === 1)
    watches.settle(configMaps, target(settled))
    tell('ConfigMap', { type: 'modified', object: target(next) })
    // A second one, which is news in any case, comes after it.
    tell('ConfigMap', { type: 'deleted', object: target({ version: 9 }) })
    await eventually(() => changes.includes('ConfigMap t@9'))
    assert.deepEqual(changes, [...(change ? [`ConfigMap t@${next.version}`] : []), 'ConfigMap t@9'])
    assert.equal(watches.isSettled(configMaps, { namespace: 'n', name: 't' }), false)
  })
}

test('a body is compared with the one that was settled, and with nothing where none was', (t) => {
  const { watches } = fixture(t)
  watches.watch(configMaps, user('a'))
  const [same, other] = [target({ version: 6 }), target({ version: 6, body: { a: '2' } })]
  assert.deepEqual([watches.isChanged(configMaps, other), watches.isUnchanged(configMaps, other)], [false, false])
  watches.settle(configMaps, target({ version: 5 }))
  assert.deepEqual([watches.isChanged(configMaps, other), watches.isUnchanged(configMaps, other)], [true, false])
  assert.deepEqual([watches.isChanged(configMaps, same), watches.isUnchanged(configMaps, same)], [false, true])
})
