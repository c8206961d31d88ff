import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  type Cluster,
  type DirectoryCluster,
  directoryCluster,
  KubernetesError,
  lead,
  resources,
} from '@sealkit/kubernetes'
import { type ManualClock, manualClock, settle } from './clock.ts'

// The directory's Cluster keeps optimistic locking exactly, and needs no server; time is the test's own.
let folder = ''
let cluster: DirectoryCluster
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealkit-lease-'))
  await mkdir(join(folder, 'in'))
  cluster = await directoryCluster({
    in: join(folder, 'in'),
    out: join(folder, 'out'),
    state: join(folder, 'state'),
    rescan: 0,
  })
})
after(async () => {
  await cluster.close()
  await rm(folder, { recursive: true, force: true })
})

let count = 0
const newKey = () => ({ namespace: 'team', name: `lease-${++count}` })

interface Candidate {
  readonly log: string[]
  readonly outcome: Promise<string>
  stop(): void
}

function candidate(
  identity: string,
  key: { namespace: string; name: string },
  clock: ManualClock,
  through: Cluster = cluster,
): Candidate {
  const abort = new AbortController()
  const log: string[] = []
  const outcome = lead(
    { cluster: through, key, identity, clock, random: () => 0, signal: abort.signal },
    async (office) => {
      log.push('leads')
      await new Promise<void>((resolve) => office.signal.addEventListener('abort', () => resolve()))
      try {
        office.assertLeading()
        log.push('stops in office')
      } catch (error) {
        log.push(`stops: ${(error as KubernetesError).code}`)
      }
    },
  ).then(
    () => 'done',
    (error: KubernetesError) => error.code,
  )
  return { log, outcome, stop: () => abort.abort() }
}

/** The cluster with some of its calls replaced. */
function over(calls: Partial<Cluster>): Cluster {
  return {
    get: (...call) => cluster.get(...call),
    list: (...call) => cluster.list(...call),
    watch: (...call) => cluster.watch(...call),
    create: (...call) => cluster.create(...call),
    update: (...call) => cluster.update(...call),
    updateStatus: (...call) => cluster.updateStatus(...call),
    patch: (...call) => cluster.patch(...call),
    delete: (...call) => cluster.delete(...call),
    ...calls,
  }
}

/** Real writes of files take real time between the steps of the test's clock. */
async function pass(clock: ManualClock, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 500) {
    await clock.advance(500)
    await cluster.sync()
    await settle()
  }
}

test('one of many leads; when it stops another takes over at its next try', async () => {
  const clock = manualClock()
  const key = newKey()
  const all = ['a', 'b', 'c'].map((identity) => candidate(identity, key, clock))
  await pass(clock, 10_000)
  assert.equal(all.filter(({ log }) => log.length === 1).length, 1)
  const leader = all.find(({ log }) => log.length === 1)
  leader?.stop()
  assert.equal(await leader?.outcome, 'done')
  await pass(clock, 3_000)
  assert.equal(all.filter(({ log }) => log.length === 1).length, 1)
  for (const { stop } of all) stop()
  for (const { outcome } of all) assert.equal(await outcome, 'done')
  assert.equal(clock.timers, 0)
})

test('a leader whose requests hang stops before anyone else starts', async () => {
  const clock = manualClock()
  const key = newKey()
  let hung = false
  const slow = over({ get: (...call) => (hung ? new Promise(() => undefined) : cluster.get(...call)) })
  const first = candidate('first', key, clock, slow)
  await pass(clock, 3_000)
  assert.deepEqual(first.log, ['leads'])
  hung = true
  const second = candidate('second', key, clock)
  await pass(clock, 10_000)
  assert.deepEqual([first.log, second.log], [['leads', 'stops: LEASE_LOST'], []])
  assert.equal(await first.outcome, 'LEASE_LOST')
  await pass(clock, 8_000)
  assert.deepEqual(second.log, ['leads'])
  second.stop()
  await second.outcome
})

test('a leader that was suspended knows it by asking, before its timers do', async () => {
  let now = 0
  const frozen = { ...manualClock(), now: () => now }
  const key = newKey()
  const abort = new AbortController()
  const seen: string[] = []
  const started = Promise.withResolvers<void>()
  const ended = lead(
    { cluster, key, identity: 'a', clock: frozen, signal: abort.signal },
    async ({ assertLeading }) => {
      assertLeading()
      now += 9_999
      assertLeading()
      now += 1
      assert.throws(assertLeading, { code: 'LEASE_LOST' })
      seen.push('asked')
      started.resolve()
    },
  )
  await started.promise
  abort.abort()
  await ended
  assert.deepEqual(seen, ['asked'])
})

test('work that fails gives the lease up and fails the same way', async () => {
  const clock = manualClock()
  const key = newKey()
  const error = new Error('broken')
  const failing = lead({ cluster, key, identity: 'a', clock, signal: new AbortController().signal }, async () => {
    throw error
  })
  await assert.rejects(failing, error)
  const lease = await cluster.get(resources.lease, key)
  assert.deepEqual(lease?.['spec'] && Object.hasOwn(lease['spec'], 'holderIdentity'), false)
})

test('a cluster that refuses is tried again and reported', async () => {
  const clock = manualClock()
  const errors: string[] = []
  const refuse = async (): Promise<never> => {
    throw new KubernetesError('FORBIDDEN', 'no')
  }
  const abort = new AbortController()
  const onError = (error: unknown): number => errors.push((error as KubernetesError).code)
  const ended = lead(
    {
      cluster: over({ get: refuse }),
      key: newKey(),
      identity: 'a',
      clock,
      random: () => 0,
      onError,
      signal: abort.signal,
    },
    refuse,
  )
  await pass(clock, 5_000)
  abort.abort()
  await ended
  assert.deepEqual(errors, ['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'])
})

test('a renew deadline that is not less than the duration is refused', async () => {
  const options = {
    cluster,
    key: newKey(),
    identity: 'a',
    duration: 10,
    renewDeadline: 10,
    signal: AbortSignal.abort(),
  }
  await assert.rejects(
    lead(options, async () => undefined),
    RangeError,
  )
})
