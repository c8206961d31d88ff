import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRefreshes, type Refreshes, type SyncWindows } from '@sealkit/controller/external-secret'
import type { Key } from '@sealkit/kubernetes'
import { type ManualClock, manualClock } from '../../kubernetes/clock.ts'

const minute = 60_000

interface Bench {
  readonly clock: ManualClock
  readonly refreshes: Refreshes
  /** What was due since the last call: names, one text for each time. */
  fired(): string[]
  plan(name: string, reads: readonly string[], minutes?: number, windows?: SyncWindows | null): void
}

function bench(random = 0.5): Bench {
  const clock = manualClock()
  const fired: string[] = []
  const refreshes = createRefreshes({
    clock,
    now: clock.date,
    random: () => random,
    onDue: (keys) =>
      void fired.push(
        keys
          .map(({ name }) => name)
          .sort()
          .join(' '),
      ),
  })
  return {
    clock,
    refreshes,
    fired: () => fired.splice(0),
    plan: (name, reads, minutes = 1, windows = null) =>
      refreshes.plan(key(name), { reads, refreshed: clock.date(), interval: minutes * minute, windows }),
  }
}

function key(name: string): Key {
  return { namespace: 'apps', name }
}

test('a refresh comes up to a tenth of its interval early, and never late', async () => {
  for (const random of [0, 0.1, 0.5, 0.9]) {
    const { clock, fired, plan } = bench(random)
    plan('a', ['r'])
    await clock.advance(0.9 * minute - 1)
    assert.deepEqual(fired(), [])
    await clock.advance(0.1 * minute + 1)
    assert.deepEqual(fired(), ['a'])
  }
})

test('those who need one read are due together, however far apart they were made', async () => {
  const { clock, fired, plan } = bench()
  plan('a', ['r'])
  await clock.advance(30_000)
  plan('b', ['r'])
  plan('c', ['other'])
  await clock.advance(30_000)
  assert.deepEqual(fired(), ['a b'])
  plan('a', ['r'])
  plan('b', ['r'])
  await clock.advance(minute)
  assert.deepEqual(fired().sort(), ['a b', 'c'])
})

test('reads are not in step with each other', async () => {
  const { clock, fired, plan } = bench()
  for (let index = 0; index < 100; index += 1) plan(`o${index}`, [`r${index}`])
  await clock.advance(minute)
  const times = fired()
  assert.ok(times.length > 50, `${times.length} different times for 100 reads`)
})

test('a long interval is not shortened by a short one of the same read', async () => {
  const { clock, fired, plan } = bench()
  plan('hourly', ['r'], 60)
  for (let round = 0; round < 50; round += 1) {
    plan('often', ['r'])
    await clock.advance(minute)
    assert.deepEqual(fired(), ['often'])
  }
  // In its last tenth it goes along.
  const rounds: string[] = []
  for (let round = 0; round < 10; round += 1) {
    plan('often', ['r'])
    await clock.advance(minute)
    rounds.push(...fired())
  }
  assert.equal(rounds.filter((names) => names === 'hourly often').length, 1)
  assert.equal(rounds.filter((names) => names.includes('hourly')).length, 1)
})

test('an object of several reads is due once', async () => {
  const { clock, fired, plan } = bench()
  plan('a', ['r1', 'r2', 'r3'])
  plan('b', ['r2'])
  await clock.advance(minute)
  assert.deepEqual(fired(), ['a b'])
  await clock.advance(minute)
  assert.deepEqual(fired(), [])
})

test('one without reads has a timer of its own', async () => {
  const { clock, fired, plan } = bench()
  plan('generated', [])
  await clock.advance(minute)
  assert.deepEqual(fired(), ['generated'])
})

test('what is paused or gone is not due, and its last refresh is known until it is gone', async () => {
  const { clock, refreshes, fired, plan } = bench()
  plan('a', ['r'])
  plan('b', ['r'])
  refreshes.pause(key('a'))
  refreshes.forget(key('b'))
  await clock.advance(2 * minute)
  assert.deepEqual(fired(), [])
  assert.equal(typeof refreshes.refreshed(key('a')), 'number')
  assert.equal(refreshes.refreshed(key('b')), undefined)
  assert.equal(clock.timers, 0)
})

test('what was due long ago is due at once', async () => {
  const { clock, refreshes, fired } = bench()
  refreshes.plan(key('a'), { reads: ['r'], refreshed: new Date(0), interval: minute, windows: null })
  await clock.advance(0)
  assert.deepEqual(fired(), ['a'])
})

test('a closed window moves a refresh to the moment when it opens', async () => {
  const { clock, fired, plan } = bench()
  const opens = new Date(clock.date().getTime() + 10 * minute)
  const windows: SyncWindows = { next: (at) => (at < opens ? opens : at) }
  plan('a', ['r'], 1, windows)
  plan('b', ['r'])
  await clock.advance(2 * minute)
  assert.deepEqual(fired(), ['b'])
  await clock.advance(8 * minute - 1)
  assert.deepEqual(fired(), [])
  await clock.advance(1)
  assert.deepEqual(fired(), ['a'])
  plan('a', ['r'], 1, { next: () => null })
  await clock.advance(1_000 * minute)
  assert.deepEqual(fired(), [])
})

test('the timers end', async () => {
  const { clock, refreshes, fired, plan } = bench()
  plan('a', ['r'])
  refreshes.stop()
  await clock.advance(minute)
  assert.deepEqual(fired(), [])
  assert.equal(clock.timers, 0)
})
