import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLimit, ResolverError, retryAfterOf, ThrottledError } from '@sealkit/resolver'

const never = new AbortController().signal

test('a provider that says when to come again is not asked before', async () => {
  let now = 0
  let calls = 0
  const limit = createLimit(4, { isOverload: () => true, clock: () => now })
  const throttled = async (): Promise<never> => {
    calls += 1
    throw new ThrottledError('429', 10_000)
  }
  await assert.rejects(limit(never, throttled), { code: 'PROVIDER_UNAVAILABLE' })
  now = 4_000
  const refused = await limit(never, throttled).catch((error: unknown) => error)
  assert.equal(retryAfterOf(refused), 6_000)
  assert.equal(calls, 1)
  now = 10_000
  assert.equal(await limit(never, async () => 'v'), 'v')
})

test('who stands in line when the provider closes is sent away, all of them', async () => {
  const limit = createLimit(1, { isOverload: () => true })
  const first = Promise.withResolvers<never>()
  const calls = [
    limit(never, () => first.promise),
    ...[1, 2, 3].map(() => limit(never, async () => assert.fail('asked'))),
  ]
  first.reject(new ThrottledError('429', 60_000))
  const results = await Promise.allSettled(calls)
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected', 'rejected'],
  )
  for (const result of results) if (result.status === 'rejected') assert.ok(result.reason instanceof ThrottledError)
})

test('who leaves the line takes no turn from the others', async () => {
  const limit = createLimit(1)
  const first = Promise.withResolvers<string>()
  const leave = new AbortController()
  const order: string[] = []
  const one = limit(never, () => first.promise)
  const two = limit(leave.signal, async () => assert.fail('left'))
  const three = limit(never, async () => void order.push('three'))
  const four = limit(never, async () => void order.push('four'))
  leave.abort(new Error('left'))
  await assert.rejects(two, /left/)
  first.resolve('v')
  await Promise.all([one, three, four])
  assert.deepEqual(order, ['three', 'four'])
})

test('the wait is found wherever it stands in the causes', () => {
  const inner = new ThrottledError('429', 5)
  const outer = new Error('outer', { cause: new ResolverError('PROVIDER_FAILED', 'middle', { cause: inner }) })
  assert.equal(retryAfterOf(outer), 5)
  for (const error of [undefined, null, 'text', new Error('plain'), new ResolverError('PROVIDER_UNAVAILABLE', 'x')]) {
    assert.equal(retryAfterOf(error), undefined)
  }
})
