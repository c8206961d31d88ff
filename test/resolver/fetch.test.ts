import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createJoiner, createMoments, type Need } from '@sealkit/resolver'

const never = new AbortController().signal

/** A need of one who is still to come, and the end of it. */
function waiting(): { readonly ended: (callback: () => void) => void; readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { ended: (callback) => void promise.then(callback), end: resolve }
}

function start(log: string[], value: string): () => Promise<string> {
  return async () => {
    log.push(value)
    return value
  }
}

test('a call that began before a need does not answer it', async () => {
  const moment = createMoments()
  const joiner = createJoiner<string>(moment)
  const log: string[] = []
  const other = waiting()
  const early: Need = { since: moment(), others: () => [other] }
  assert.equal(await joiner.join('k', never, start(log, 'first'), early), 'first')
  assert.equal(joiner.has('k', early), true)
  assert.equal(await joiner.join('k', never, start(log, 'again'), early), 'first')
  const late: Need = { since: moment(), others: () => [] }
  assert.equal(joiner.has('k', late), false)
  assert.equal(await joiner.join('k', never, start(log, 'second'), late), 'second')
  assert.deepEqual(log, ['first', 'second'])
})

test('a result is kept for those who wait for it, and not a moment longer', async () => {
  const moment = createMoments()
  const joiner = createJoiner<string>(moment)
  const [one, two] = [waiting(), waiting()]
  const need: Need = { since: moment(), others: () => [one, two] }
  await joiner.join('k', never, start([], 'v'), need)
  one.end()
  await Promise.resolve()
  assert.equal(joiner.has('k', need), true)
  two.end()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(joiner.has('k', need), false)
})

test('a failure is shared as a result is', async () => {
  const joiner = createJoiner<string>()
  const other = waiting()
  const need: Need = { since: 0, others: () => [other] }
  let calls = 0
  const fail = async (): Promise<string> => {
    calls += 1
    throw new Error('down')
  }
  await assert.rejects(joiner.join('k', never, fail, need), /down/)
  await assert.rejects(joiner.join('k', never, fail, need), /down/)
  other.end()
  await new Promise((resolve) => setImmediate(resolve))
  await assert.rejects(joiner.join('k', never, fail, need), /down/)
  assert.equal(calls, 2)
})

test('a call that others wait for goes on when the first who asked leaves', async () => {
  const joiner = createJoiner<string>()
  const other = waiting()
  const leave = new AbortController()
  const answer = Promise.withResolvers<string>()
  let aborted = false
  const call = (signal: AbortSignal): Promise<string> => {
    signal.addEventListener('abort', () => {
      aborted = true
    })
    return answer.promise
  }
  const need: Need = { since: 0, others: () => [other] }
  const first = joiner.join('k', leave.signal, call, need)
  leave.abort(new Error('left'))
  await assert.rejects(first, /left/)
  assert.equal(aborted, false)
  const second = joiner.join('k', never, () => assert.fail('one call is enough'), need)
  answer.resolve('v')
  assert.equal(await second, 'v')
})

test('a call that nobody waits for any more is aborted', async () => {
  const joiner = createJoiner<string>()
  const other = waiting()
  const stop = new AbortController()
  const aborted = Promise.withResolvers<void>()
  const call = (signal: AbortSignal): Promise<string> => {
    signal.addEventListener('abort', () => aborted.resolve())
    return new Promise(() => undefined)
  }
  const lonely = joiner.join('k', stop.signal, call, { since: 0, others: () => [other] })
  stop.abort(new Error('left'))
  await assert.rejects(lonely, /left/)
  other.end()
  await aborted.promise
})
