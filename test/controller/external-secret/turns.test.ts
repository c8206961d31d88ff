import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDemands, createTurns } from '@sealkit/controller/external-secret'
import { type Key, workQueue } from '@sealkit/kubernetes'

const key = (name: string): Key => ({ namespace: 'apps', name })

test('a store has so many at once, and calls back who waits, one for each that ends', () => {
  const called: string[] = []
  const turns = createTurns(2, ({ name }) => void called.push(name))
  const ends = ['a', 'b'].map((name) => turns.begin(['slow'], key(name)))
  for (const name of ['c', 'd', 'c']) assert.equal(turns.begin(['slow'], key(name)), null)
  assert.notEqual(turns.begin(['fast'], key('e')), null)
  assert.equal(turns.begin(['fast', 'slow'], key('f')), null)
  ends[0]?.()
  assert.deepEqual(called, ['c'])
  ends[1]?.()
  assert.deepEqual(called, ['c', 'd'])
  assert.notEqual(turns.begin(['slow'], key('c')), null)
  assert.notEqual(turns.begin(['slow'], key('d')), null)
})

test('one that needs no store never waits', () => {
  const turns = createTurns(0, () => assert.fail('nobody waits'))
  turns.begin([], key('generated'))?.()
  assert.equal(turns.begin(['any'], key('a')), null)
})

test('a need that is postponed stays as old as it is', () => {
  let moment = 0
  const demands = createDemands({ queue: workQueue(), moment: () => ++moment, readers: () => [] })
  demands.ask(key('a'))
  const taken = demands.take(key('a'))
  const { since } = taken.demand
  let ended = false
  taken.demand.ended(() => {
    ended = true
  })
  taken.postpone()
  taken.end()
  assert.equal(ended, false)
  demands.ask(key('a'), { timed: true })
  assert.equal(demands.take(key('a')).demand.since, since)
  demands.ask(key('b'), { timed: true })
  const before = demands.take(key('b'))
  demands.ask(key('b'))
  before.postpone()
  const after = demands.take(key('b'))
  assert.ok(after.demand.since > before.demand.since && after.timed)
})

test('others are those who wait for or work on the same, and not oneself', () => {
  let moment = 0
  const demands = createDemands({
    queue: workQueue(),
    moment: () => ++moment,
    readers: () => ['apps/a', 'apps/b', 'apps/c', 'apps/d'],
  })
  for (const name of ['a', 'b', 'c']) demands.ask(key(name))
  const [a, b] = [demands.take(key('a')), demands.take(key('b'))]
  const others = (): number => [...a.demand.others({} as never, 'k')].length
  assert.equal(others(), 2)
  b.end()
  assert.equal(others(), 1)
  demands.forget(key('c'))
  assert.equal(others(), 0)
})

test('an event makes an older need a new one, a timer does not', () => {
  let moment = 0
  const demands = createDemands({ queue: workQueue(), moment: () => ++moment, readers: () => [] })
  for (const name of ['a', 'b']) demands.ask(key(name), { timed: true })
  const now = ++moment
  demands.ask(key('a'), { timed: true })
  demands.ask(key('b'), { timed: true, changed: true })
  assert.ok(demands.take(key('a')).demand.since < now)
  assert.ok(demands.take(key('b')).demand.since > now)
})
