import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDue, isPeriodic, type RefreshPolicy, syncedResourceVersion } from '@sealkit/controller/external-secret'
import { resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { externalSettings, startController, texts, until } from '../cluster.ts'
import { appRole, externalSecret, startWorld, untilReady, vaultStore, writeRemote } from './world.ts'

const now = new Date('2026-01-01T12:00:00Z')
const hour = 3_600_000
const metadata = { name: 'es', generation: 1, labels: {}, annotations: {} }
const synced = syncedResourceVersion(metadata)
const closed = { next: () => new Date('2026-01-02T00:00:00Z') }

type Row = readonly [
  policy: RefreshPolicy['refreshPolicy'],
  interval: number,
  refreshTime: string | null,
  version: string | undefined,
  due: boolean,
  more?: { readonly last?: string; readonly closed?: boolean },
]

const rows: readonly Row[] = [
  ['Periodic', hour, null, undefined, true],
  ['Periodic', hour, '2026-01-01T11:30:00Z', synced, false],
  ['Periodic', hour, '2026-01-01T11:00:00Z', synced, true],
  ['Periodic', hour, '2026-01-01T11:30:00Z', 'other', true],
  // A clock that was wrong: what was refreshed tomorrow is refreshed now.
  ['Periodic', hour, '2026-01-02T00:00:00Z', synced, true],
  // A refresh that found nothing new is in no status.
  ['Periodic', hour, '2026-01-01T09:00:00Z', synced, false, { last: '2026-01-01T11:30:00Z' }],
  ['Periodic', hour, '2026-01-01T09:00:00Z', synced, true, { last: '2026-01-01T10:30:00Z' }],
  ['Periodic', 0, '2026-01-01T09:00:00Z', synced, false],
  ['Periodic', 0, '2026-01-01T09:00:00Z', 'other', false],
  ['Periodic', 0, null, undefined, true],
  ['Periodic', -hour, '2026-01-01T09:00:00Z', synced, false],
  // A closed window holds back what time makes due, and nothing else.
  ['Periodic', hour, '2026-01-01T09:00:00Z', synced, false, { closed: true }],
  ['Periodic', hour, '2026-01-01T09:00:00Z', 'other', true, { closed: true }],
  ['Periodic', hour, null, undefined, true, { closed: true }],
  ['OnChange', hour, '2026-01-01T09:00:00Z', synced, false],
  ['OnChange', hour, '2026-01-01T09:00:00Z', 'other', true],
  ['OnChange', hour, null, undefined, true],
  ['CreatedOnce', hour, '2026-01-01T09:00:00Z', synced, false],
  ['CreatedOnce', hour, '2026-01-01T09:00:00Z', 'other', false],
  ['CreatedOnce', hour, null, undefined, true],
]

for (const [refreshPolicy, interval, refreshTime, version, due, more = {}] of rows) {
  test(`${refreshPolicy} every ${interval / hour} h, last ${refreshTime}, ${version === synced ? 'as it was' : 'changed'} ${JSON.stringify(more)}: ${due}`, () => {
    const status = { refreshTime, ...(version === undefined ? {} : { syncedResourceVersion: version }) }
    const policy = { refreshPolicy, interval, windows: more.closed === true ? closed : null }
    const last = more.last === undefined ? 0 : Date.parse(more.last)
    assert.equal(isDue({ metadata, status }, policy, now, last), due)
  })
}

test('only a positive interval of Periodic makes due again', () => {
  assert.deepEqual(
    (['Periodic', 'OnChange', 'CreatedOnce'] as const).map((refreshPolicy) =>
      isPeriodic({ refreshPolicy, interval: hour }),
    ),
    [true, false, false],
  )
  assert.equal(isPeriodic({ refreshPolicy: 'Periodic', interval: 0 }), false)
})

test('sync windows and slow providers', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { cluster, proxy } = world
  const namespace = 'default'
  for (const name of ['st', 'slow']) {
    const auth = await appRole(world, { namespace, name })
    await cluster.create(resources.secretStore, vaultStore({ namespace, name }, { server: proxy.url, auth }))
  }
  await writeRemote(world, 'app')
  const controller = await startController(cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())

  await t.test(
    'a denying window holds refreshes back until it is gone, and a change is taken up all the same',
    async () => {
      const key = { namespace, name: 'windowed' }
      const windows = (kind: string): object => ({
        syncWindows: { kind, windows: [{ schedule: '* * * * *', duration: '2m' }] },
      })
      const wanted = { store: 'st', path: 'app', interval: '1s', spec: windows('deny') }
      await cluster.create(resources.externalSecret, externalSecret(key, wanted))
      await untilReady(cluster, key, 'True')
      proxy.take()
      await writeRemote(world, 'app', 3, 'second')
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      assert.deepEqual(
        proxy.take().filter((call) => call.endsWith('data/app')),
        [],
      )
      const body = { metadata: { annotations: { 'force-sync': '1' } } }
      await cluster.patch(resources.externalSecret, key, { type: 'merge', body })
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === 'second-0')
      await cluster.patch(resources.externalSecret, key, { type: 'merge', body: { spec: windows('allow') } })
      await writeRemote(world, 'app', 3, 'third')
      await until(cluster, resources.secret, key, (secret) => texts(secret)['k0'] === 'third-0')
      await cluster.delete(resources.externalSecret, key)
    },
  )

  await t.test('a provider that does not answer keeps nobody waiting but those who need it', async () => {
    const held: (() => void)[] = []
    proxy.intercept = (request, response) => {
      if (!(request.url ?? '').includes('/data/slow')) return false
      held.push(() => void response.writeHead(404).end('{"errors":[]}'))
      return true
    }
    const names = Array.from({ length: 80 }, (_, index) => `slow-${index}`)
    for (const name of names) {
      await cluster.create(resources.externalSecret, externalSecret({ namespace, name }, { store: 'slow', path: name }))
    }
    await eventually(() => held.length >= 16)
    const key = { namespace, name: 'other' }
    await cluster.create(resources.externalSecret, externalSecret(key, { store: 'st', path: 'app' }))
    await untilReady(cluster, key, 'True')
    // None of them was answered or given up meanwhile, or another would have come in its place.
    assert.equal(held.length, 16, 'no more requests at once than the store may have')
    proxy.intercept = (request, response) => {
      if (!(request.url ?? '').includes('/data/slow')) return false
      response.writeHead(404).end('{"errors":[]}')
      return true
    }
    for (const answer of held) answer()
    for (const name of names) await untilReady(cluster, { namespace, name }, 'False', 'Secret does not exist')
  })

  await t.test('a provider that asks to wait is left alone so long, and its store stays as it was', async () => {
    const key = { namespace, name: 'throttled' }
    let refused = 0
    proxy.intercept = (request, response) => {
      if (!(request.url ?? '').includes('/data/throttled')) return false
      refused += 1
      response.writeHead(429, { 'retry-after': '6' }).end('{"errors":["slow down"]}')
      return true
    }
    await writeRemote(world, 'throttled')
    const started = performance.now()
    await cluster.create(resources.externalSecret, externalSecret(key, { store: 'slow', path: 'throttled' }))
    await untilReady(cluster, key, 'False', 'slow down')
    proxy.intercept = null
    await untilReady(cluster, key, 'True')
    assert.equal(refused, 1)
    assert.ok(performance.now() - started > 5_900)
    await untilReady(cluster, { namespace, name: 'slow' }, 'True', '', resources.secretStore)
  })
})
