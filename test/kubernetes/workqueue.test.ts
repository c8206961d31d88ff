import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Key, keyText, type Priority, type WorkQueue, workQueue } from '@sealkit/kubernetes'
import { fc } from '../property.ts'
import { type ManualClock, manualClock, settle } from './clock.ts'

const key = (text: string): Key => {
  const [namespace = '', name = ''] = text.split('/')
  return { namespace, name }
}

interface Bench {
  readonly clock: ManualClock
  readonly queue: WorkQueue
  readonly done: string[]
  readonly errors: string[]
  readonly stop: () => Promise<void>
}

/** A queue with one worker that notes what it did; keys that are in `failing` fail as often as it says. */
function bench(failing: Record<string, number> = {}, requeue: Record<string, number> = {}): Bench {
  const clock = manualClock()
  const queue = workQueue({ clock, random: () => 0, backoff: { initial: 100, maximum: 1000, jitter: 0.5 }, share: 4 })
  const abort = new AbortController()
  const done: string[] = []
  const errors: string[] = []
  const running = queue.run({
    workers: 1,
    signal: abort.signal,
    terminal: (error) => error === 'terminal',
    onError: (failed, error, { failures, delay }) => {
      errors.push(`${keyText(failed)} ${String(error)} ${failures} ${delay}`)
    },
    work: async (next) => {
      const id = keyText(next)
      done.push(id)
      await settle()
      const left = failing[id] ?? 0
      failing[id] = left - 1
      if (left > 0) throw 'failed'
      if (left < 0 && left > -2 && failing[id] === -2) throw 'terminal'
      const after = requeue[id]
      return after === undefined ? undefined : { requeueAfter: after }
    },
  })
  const stop = (): Promise<void> => {
    abort.abort()
    return running
  }
  return { clock, queue, done, errors, stop }
}

test('a key that waits is there once, and a change takes it before refreshes', async () => {
  const { clock, queue, done, stop } = bench()
  for (const name of ['a/1', 'a/2', 'a/3', 'a/2']) queue.add(key(name), { priority: 'refresh' })
  queue.add(key('a/3'))
  assert.equal(queue.size, 3)
  await clock.advance(0)
  await settle()
  await clock.advance(0)
  assert.deepEqual(done.slice(0, 3).toSorted(), ['a/1', 'a/2', 'a/3'])
  assert.equal(done[0], 'a/3')
  await stop()
})

test('namespaces take turns', async () => {
  const { clock, queue, done, stop } = bench()
  for (const name of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1']) queue.add(key(name))
  for (let round = 0; round < 8; round++) await clock.advance(0)
  assert.deepEqual(done, ['a/1', 'b/1', 'c/1', 'a/2', 'a/3'])
  await stop()
})

test('refreshes never starve: one after every four changes', async () => {
  const { clock, queue, done, stop } = bench()
  queue.add(key('r/1'), { priority: 'refresh' })
  queue.add(key('r/2'), { priority: 'refresh' })
  for (let n = 0; n < 9; n++) queue.add(key(`a/${n}`))
  for (let round = 0; round < 20; round++) await clock.advance(0)
  assert.deepEqual([done.indexOf('r/1'), done.indexOf('r/2')], [4, 9])
  await stop()
})

test('keys of no hurry come last, and after the square of a share of others', async () => {
  const { clock, queue, done, stop } = bench()
  for (const name of ['i/1', 'i/2', 'i/3']) queue.add(key(name), { priority: 'idle' })
  queue.add(key('i/3'), { priority: 'refresh' })
  queue.add(key('i/3'), { priority: 'idle' })
  for (let n = 0; n < 17; n++) queue.add(key(`a/${n}`))
  assert.equal(queue.size, 20)
  for (let round = 0; round < 50; round++) await clock.advance(0)
  assert.deepEqual([done.indexOf('i/3'), done.indexOf('i/1'), done.indexOf('i/2')], [4, 16, 19])
  await stop()
})

test('one key of no hurry at once unless more are allowed, whatever the number of workers', async () => {
  for (const idle of [undefined, 3]) {
    const queue = workQueue({ clock: manualClock(), ...(idle === undefined ? {} : { idle }) })
    const abort = new AbortController()
    const seen: [string, Priority][] = []
    let [active, most] = [0, 0]
    const running = queue.run({
      workers: 4,
      signal: abort.signal,
      work: async (next, _, priority) => {
        seen.push([next.name, priority])
        if (priority !== 'idle') return next.namespace === 'put off' ? { requeueAfter: 0, priority: 'idle' } : undefined
        most = Math.max(most, ++active)
        await settle()
        active -= 1
        return undefined
      },
    })
    for (let n = 0; n < 8; n++) queue.add({ namespace: 'put off', name: `${n}` })
    await settle()
    queue.add(key('a/now'))
    for (let round = 0; round < 20; round++) await settle()
    assert.deepEqual([most, active, queue.size, seen.length], [idle ?? 1, 0, 0, 17])
    assert.ok(seen.findIndex(([name]) => name === 'now') < 16)
    abort.abort()
    await running
  }
})

test('a key that comes while it is worked on is worked on again, never twice at once', async () => {
  const clock = manualClock()
  const queue = workQueue({ clock })
  const abort = new AbortController()
  let active = 0
  let most = 0
  let runs = 0
  const running = queue.run({
    workers: 4,
    signal: abort.signal,
    work: async () => {
      most = Math.max(most, ++active)
      runs += 1
      if (runs < 3) queue.add(key('a/1'))
      await settle()
      active -= 1
      return undefined
    },
  })
  queue.add(key('a/1'))
  for (let round = 0; round < 10; round++) await settle()
  assert.deepEqual([runs, most], [3, 1])
  abort.abort()
  await running
})

test('failures wait longer each time, and success forgets them', async () => {
  const failing = { 'a/1': 3 }
  const { clock, queue, errors, done, stop } = bench(failing)
  queue.add(key('a/1'))
  for (let n = 0; n < 20; n++) await clock.advance(100)
  assert.deepEqual(errors, ['a/1 failed 1 100', 'a/1 failed 2 200', 'a/1 failed 3 400'])
  assert.equal(done.length, 4)
  assert.equal(queue.waiting, 0)
  await stop()
})

test('a terminal failure waits for a change', async () => {
  const { clock, queue, errors, stop } = bench({ 'a/1': -1 })
  queue.add(key('a/1'))
  for (let n = 0; n < 20; n++) await clock.advance(1000)
  assert.deepEqual(errors, ['a/1 terminal 1 undefined'])
  assert.equal(clock.timers, 0)
  await stop()
})

test('requeueAfter comes back in its time, an earlier wish wins, forget drops it', async () => {
  const { clock, queue, done, stop } = bench({}, { 'a/1': 5000 })
  queue.add(key('a/1'))
  await clock.advance(1)
  assert.equal(queue.waiting, 1)
  queue.add(key('a/1'), { after: 9000 })
  queue.add(key('a/1'), { after: 2000 })
  await clock.advance(1000)
  assert.equal(done.length, 1)
  await clock.advance(1100)
  assert.equal(done.length, 2)
  queue.forget(key('a/1'))
  assert.deepEqual([queue.waiting, clock.timers], [0, 0])
  await stop()
})

test('stopping drops what waits, tells and awaits what is under way, and leaves no timer', async () => {
  const clock = manualClock()
  const queue = workQueue({ clock })
  const abort = new AbortController()
  let finished = 0
  const running = queue.run({
    workers: 2,
    signal: abort.signal,
    work: async (_, signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      await settle()
      finished += 1
      return { requeueAfter: 1 }
    },
  })
  for (let n = 0; n < 10; n++) queue.add(key(`a/${n}`))
  queue.add(key('a/later'), { after: 1000 })
  await settle()
  assert.deepEqual([queue.active, queue.size, queue.waiting], [2, 8, 1])
  abort.abort()
  await running
  queue.add(key('a/late'))
  assert.deepEqual([finished, queue.active, queue.size, queue.waiting, clock.timers], [2, 0, 0, 0, 0])
})

test('property: every key added is worked on after its last add, whatever happens', async () => {
  const names = fc.constantFrom('a/1', 'a/2', 'b/1', 'b/2', 'c/1')
  const step = fc.oneof(
    fc.record({
      do: fc.constant('add' as const),
      name: names,
      priority: fc.constantFrom<Priority>('change', 'refresh'),
      after: fc.constantFrom(0, 0, 50, 5000),
    }),
    fc.record({ do: fc.constant('wait' as const), milliseconds: fc.integer({ min: 0, max: 3000 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, workers) => {
      const clock = manualClock()
      const queue = workQueue({ clock, random: () => 0.5 })
      const abort = new AbortController()
      const asked = new Map<string, number>()
      const worked = new Map<string, number>()
      const busy = new Set<string>()
      let order = 0
      const running = queue.run({
        workers,
        signal: abort.signal,
        work: async (next) => {
          const id = keyText(next)
          assert.ok(!busy.has(id), `${id} twice at once`)
          busy.add(id)
          const started = ++order
          await settle()
          busy.delete(id)
          worked.set(id, started)
          if (order % 7 === 0) throw new Error('now and then')
          return undefined
        },
      })
      for (const action of steps) {
        if (action.do === 'wait') await clock.advance(action.milliseconds)
        else {
          asked.set(action.name, ++order)
          queue.add(key(action.name), { priority: action.priority, after: action.after })
        }
      }
      for (let n = 0; n < 12 && queue.size + queue.waiting + queue.active > 0; n++) await clock.advance(400_000)
      for (let n = 0; n < 40 && queue.active + queue.size > 0; n++) await settle()
      for (const [id, at] of asked) assert.ok((worked.get(id) ?? 0) > at, `${id} was asked for and not worked on`)
      abort.abort()
      await running
      assert.equal(clock.timers, 0)
    }),
    { numRuns: 60 },
  )
})
