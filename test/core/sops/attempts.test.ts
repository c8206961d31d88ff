import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Attempts,
  DataKeyError,
  entry,
  type KeyEntry,
  newMetadata,
  sharedUnwrap,
  type Unwrap,
  unwrapDataKey,
} from '@sealkit/core/sops'

const part = Buffer.alloc(32, 7)
const kms = (name: string): KeyEntry => ({ ...entry('kms', { arn: name, aws_profile: '', role: '' }), enc: name })
const age = (name: string): KeyEntry => ({ ...entry('age', { recipient: name }), enc: name })
const pgp = (name: string): KeyEntry => ({ ...entry('pgp', { fp: name }), enc: name })

/** A clock that a test turns; what waits for it is woken in order. */
function clock(): Required<Pick<Attempts, 'sleep'>> & { pass(ms: number): Promise<void>; waiting(): number } {
  let now = 0
  const sleepers = new Set<{ at: number; wake(): void }>()
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 20; round++) await Promise.resolve()
  }
  return {
    waiting: () => sleepers.size,
    sleep: (ms, signal) =>
      new Promise((done, fail) => {
        const sleeper = { at: now + ms, wake: done }
        sleepers.add(sleeper)
        signal.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          fail(signal.reason)
        })
      }),
    async pass(ms) {
      await settle()
      now += ms
      for (const sleeper of [...sleepers]) {
        if (sleeper.at > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
      await settle()
    },
  }
}

/** What each key does, by its name: a part, an error, or nothing until it is cancelled. */
function world(answers: Readonly<Record<string, 'works' | 'fails' | 'hangs'>>): {
  unwrap: Unwrap
  asked: string[]
  cancelled: string[]
} {
  const asked: string[] = []
  const cancelled: string[] = []
  return {
    asked,
    cancelled,
    unwrap: async (key, options) => {
      asked.push(key.enc)
      const answer = answers[key.enc]
      if (answer === 'works') return part
      if (answer === 'fails') throw new Error(`${key.enc} failed`)
      return new Promise((_, fail) => {
        options?.signal?.addEventListener('abort', () => {
          cancelled.push(key.enc)
          fail(new Error('cancelled'))
        })
      })
    },
  }
}

describe('attempts at the same time', () => {
  test('keys on servers are asked together, and what is left is cancelled', async () => {
    const { unwrap, asked, cancelled } = world({ a: 'hangs', b: 'hangs', c: 'works' })
    const time = clock()
    const metadata = newMetadata({ keyGroups: [[kms('a'), kms('b'), kms('c')]] })
    assert.deepEqual(await unwrapDataKey(metadata, { unwrap, attempts: time }), part)
    assert.deepEqual(asked, ['a', 'b', 'c'])
    assert.deepEqual(cancelled, ['a', 'b'])
    assert.equal(time.waiting(), 0)
  })

  test('a key of this machine that works asks no server', async () => {
    const { unwrap, asked } = world({ a: 'works', k: 'works' })
    const metadata = newMetadata({ keyGroups: [[kms('k'), age('a')]] })
    await unwrapDataKey(metadata, { unwrap, attempts: clock() })
    assert.deepEqual(asked, ['a'])
  })

  test('a key of this machine that fails leaves no time unused', async () => {
    const { unwrap, asked } = world({ a: 'fails', k: 'works' })
    await unwrapDataKey(newMetadata({ keyGroups: [[age('a'), kms('k')]] }), { unwrap, attempts: clock() })
    assert.deepEqual(asked, ['a', 'k'])
  })

  test('servers that do not answer are joined by the keys of this machine after a moment', async () => {
    const { unwrap, asked, cancelled } = world({ k: 'hangs', l: 'hangs', a: 'works' })
    const time = clock()
    const metadata = newMetadata({ keyGroups: [[kms('k'), kms('l'), age('a')]] })
    const done = unwrapDataKey(metadata, { unwrap, order: ['kms'], attempts: time })
    await time.pass(24)
    assert.deepEqual(asked, ['k', 'l'])
    await time.pass(1)
    assert.deepEqual(await done, part)
    assert.deepEqual(asked, ['k', 'l', 'a'])
    assert.deepEqual(cancelled, ['k', 'l'])
  })

  test('keys that may ask a person are asked one after another, across groups', async () => {
    const { unwrap, asked } = world({ a: 'fails', b: 'works', c: 'works', d: 'works' })
    const groups = [[age('a'), pgp('b')], [age('c')], [age('d')]]
    const metadata = newMetadata({ keyGroups: groups, shamirThreshold: 2 })
    // The parts are no shares, which is not what is looked at here.
    await unwrapDataKey(metadata, { unwrap, attempts: clock() }).catch(() => undefined)
    assert.equal(asked[0], 'a')
    assert.equal(new Set(asked).size, asked.length)
  })

  test('a server has its time, and the reason says so', async () => {
    const { unwrap, cancelled } = world({ k: 'hangs', l: 'fails' })
    const time = clock()
    const metadata = newMetadata({ keyGroups: [[kms('k'), kms('l')]] })
    const done = assert.rejects(
      unwrapDataKey(metadata, { unwrap, attempts: { ...time, timeoutMs: 1000 } }),
      (error) => {
        assert.ok(error instanceof DataKeyError)
        assert.deepEqual(
          error.groups[0]?.map((failure) => [failure.key.enc, (failure.error as Error).message]),
          [
            ['k', 'a master key did not answer within 1 seconds'],
            ['l', 'l failed'],
          ],
        )
        return true
      },
    )
    await time.pass(1000)
    await done
    assert.deepEqual(cancelled, ['k'])
  })

  test('no keys at all', async () => {
    const { unwrap } = world({})
    await assert.rejects(unwrapDataKey(newMetadata({ keyGroups: [[]] }), { unwrap, attempts: clock() }), {
      code: 'DATA_KEY_UNAVAILABLE',
    })
  })

  test('one by one, as sops does', async () => {
    const { unwrap, asked } = world({ k: 'fails', a: 'fails', l: 'works', m: 'works' })
    const metadata = newMetadata({ keyGroups: [[kms('k'), age('a'), kms('l'), kms('m')]] })
    await unwrapDataKey(metadata, { unwrap, attempts: 'one by one' })
    assert.deepEqual(asked, ['a', 'k', 'l'])
  })
})

describe('one answer for several files', () => {
  test('is asked for once, and again where it was given up', async () => {
    const { unwrap, asked } = world({ a: 'works', k: 'hangs' })
    const shared = sharedUnwrap(unwrap)
    await Promise.all([shared(age('a')), shared(age('a'))])
    assert.deepEqual(asked, ['a'])
    const [first, second] = [new AbortController(), new AbortController()]
    const given = shared(kms('k'), { signal: first.signal })
    const wanted = shared(kms('k'), { signal: second.signal })
    first.abort()
    await assert.rejects(given, { message: 'cancelled' })
    await new Promise((done) => setImmediate(done))
    assert.deepEqual(asked, ['a', 'k', 'k'])
    second.abort()
    await assert.rejects(wanted, { message: 'cancelled' })
  })
})
