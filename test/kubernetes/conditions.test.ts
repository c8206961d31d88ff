import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Condition, findCondition, setCondition } from '@sealkit/kubernetes'

const [then, now] = [new Date('2024-01-01T00:00:00.123Z'), new Date('2024-06-01T00:00:00Z')]
const ready: Condition = { type: 'Ready', status: 'True', reason: 'Synced', message: 'ok' }
const synced: Condition = { type: 'Synced', status: 'False' }
const old = setCondition(setCondition(undefined, synced, then), ready, then)

const cases: readonly (readonly [string, Condition, string, boolean])[] = [
  ['nothing changed', ready, '2024-01-01T00:00:00Z', true],
  ['another message', { ...ready, message: 'other' }, '2024-01-01T00:00:00Z', false],
  ['another generation', { ...ready, observedGeneration: 2 }, '2024-01-01T00:00:00Z', false],
  ['a message gone', { type: 'Ready', status: 'True', reason: 'Synced' }, '2024-01-01T00:00:00Z', false],
  ['a flip', { ...ready, status: 'False' }, '2024-06-01T00:00:00Z', false],
  ['to unknown', { ...ready, status: 'Unknown' }, '2024-06-01T00:00:00Z', false],
]

for (const [name, condition, time, same] of cases) {
  test(`a condition is set: ${name}`, () => {
    const next = setCondition(old, condition, now)
    assert.equal(next === old, same)
    assert.deepEqual(findCondition(next, 'Ready'), { ...condition, lastTransitionTime: time })
    assert.deepEqual(
      next.map(({ type }) => type),
      ['Synced', 'Ready'],
    )
    assert.deepEqual(next[0], old[0])
  })
}

test('a condition that came without a time gets one, and the given list is not changed', () => {
  const given = [ready]
  const next = setCondition(given, ready, now)
  assert.deepEqual(next, [{ ...ready, lastTransitionTime: '2024-06-01T00:00:00Z' }])
  assert.deepEqual(given, [ready])
  assert.equal(findCondition(undefined, 'Ready'), undefined)
})
