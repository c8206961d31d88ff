import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { entry, sharedUnwrap, type Unwrap } from '@sealkit/core/sops'

const key = { ...entry('age', { recipient: 'age1' }), enc: 'wrapped' }

/** An unwrap that waits until it is let go, and counts. */
function slow(): { unwrap: Unwrap; calls: unknown[]; done: (part: Uint8Array) => void } {
  const calls: unknown[] = []
  let done: (part: Uint8Array) => void = () => undefined
  const unwrap: Unwrap = (_, options) => {
    calls.push(options)
    return new Promise((resolve) => {
      done = resolve
    })
  }
  return { unwrap, calls, done: (part) => done(part) }
}

describe('one question for the same wrapped part', () => {
  test('many files, one call', async () => {
    const { unwrap, calls, done } = slow()
    const shared = sharedUnwrap(unwrap)
    const answers = [shared(key), shared({ ...key }), shared(key, { signal: new AbortController().signal })]
    done(new Uint8Array(32))
    assert.equal((await Promise.all(answers)).length, 3)
    assert.equal(calls.length, 1)
  })

  test('another part, another recipient, another context: another call', () => {
    const { unwrap, calls } = slow()
    const shared = sharedUnwrap(unwrap)
    for (const one of [
      key,
      { ...key, enc: 'other' },
      { ...key, fields: { recipient: 'age2' } },
      { ...key, context: { a: 'b' } },
    ]) {
      void shared(one)
    }
    assert.equal(calls.length, 4)
  })

  test('what one file gave up is asked again for another that still wants it', async () => {
    let calls = 0
    const shared = sharedUnwrap((_, options) => {
      calls++
      if (calls > 1) return Promise.resolve(new Uint8Array(32))
      return new Promise((_done, fail) => options?.signal?.addEventListener('abort', () => fail(new Error('given up'))))
    })
    const first = new AbortController()
    const one = shared(key, { signal: first.signal })
    const two = shared(key)
    first.abort()
    await assert.rejects(one)
    assert.equal((await two).length, 32)
    assert.equal(calls, 2)
  })
})
