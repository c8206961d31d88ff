import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurns } from '@sealkit/controller/sealed-secret'
import { type ClusterObject, type Key, keyText, workQueue } from '@sealkit/kubernetes'
import { fc } from '../../property.ts'

const at = (name: string): Key => ({ namespace: 'n', name })

function object(name: string, items: number): ClusterObject {
  const encryptedData = Object.fromEntries(Array.from({ length: items }, (_, index) => [`k${index}`, '']))
  return { kind: 'SealedSecret', metadata: at(name), spec: { encryptedData } } as unknown as ClusterObject
}

function sizeOf(object: ClusterObject | undefined): number {
  const { encryptedData = {} } = (object?.['spec'] ?? {}) as { encryptedData?: object }
  return Object.keys(encryptedData).length
}

/** Works a queue of objects to its end, and counts how many heavy ones were worked on at once. */
async function work(sizes: readonly number[], workers: number, changes: readonly number[] = []) {
  const queue = workQueue()
  const objects = new Map(sizes.map((items, index) => [keyText(at(`o${index}`)), object(`o${index}`, items)]))
  const done = new Set<string>()
  let [heavy, most, left] = [0, 0, [...changes]]
  const reconcile = inTurns(
    async (key) => {
      const isHeavy = sizeOf(objects.get(keyText(key))) > 499
      if (isHeavy) heavy += 1
      most = Math.max(most, heavy)
      await new Promise((resolve) => setTimeout(resolve, isHeavy ? 2 : 0))
      if (isHeavy) heavy -= 1
      done.add(key.name)
      // An object that is heavy no more, or has become so.
      const [index = -1, ...rest] = left
      left = rest
      if (index >= 0 && index < sizes.length) {
        objects.set(keyText(at(`o${index}`)), object(`o${index}`, (sizes[index] ?? 0) > 499 ? 1 : 500))
        done.delete(`o${index}`)
        queue.add(at(`o${index}`))
      }
      return {}
    },
    {
      workers,
      sealedSecret: (key) => objects.get(keyText(key)) ?? null,
      keys: () => 1,
      again: (key, priority) => queue.add(key, { priority }),
    },
  )
  for (const index of sizes.keys()) queue.add(at(`o${index}`))
  const stop = new AbortController()
  const running = queue.run({ workers, work: reconcile, signal: stop.signal })
  for (let quiet = 0; quiet < 3; await new Promise((resolve) => setTimeout(resolve, 2))) {
    quiet = queue.size === 0 && queue.active === 0 ? quiet + 1 : 0
  }
  stop.abort()
  await running
  return { done: done.size, most }
}

test('heavy objects take half of the workers at most, and all are done when the queue is empty', async () => {
  assert.deepEqual(
    await work(
      Array.from({ length: 20 }, () => 500),
      4,
    ),
    { done: 20, most: 2 },
  )
  assert.deepEqual(await work([500, 500, 500], 1), { done: 3, most: 1 })
  assert.deepEqual(
    await work(
      Array.from({ length: 20 }, () => 499),
      4,
    ),
    { done: 20, most: 0 },
  )
})

test('light objects go on while heavy ones wait', async () => {
  const never = new Promise<never>(() => undefined)
  const objects = new Map([...'abcd'].map((name) => [name, object(name, 500)]))
  const seen: string[] = []
  const reconcile = inTurns(
    async (key) => {
      seen.push(key.name)
      return objects.has(key.name) ? never : {}
    },
    {
      workers: 4,
      sealedSecret: ({ name }) => objects.get(name) ?? object(name, 1),
      keys: () => 1,
      again: () => undefined,
    },
  )
  const signal = new AbortController().signal
  for (const name of 'abcd') reconcile(at(name), signal, 'change').catch(() => undefined)
  await reconcile(at('light'), signal, 'change')
  assert.deepEqual(seen, ['a', 'b', 'light'])
})

test('whatever changes while it waits, every object is done in the end', async () => {
  const size = fc.constantFrom(1, 500)
  await fc.assert(
    fc.asyncProperty(
      fc.array(size, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 12 }),
      async (sizes, workers, changes) => {
        const { done, most } = await work(sizes, workers, changes)
        assert.equal(done, sizes.length)
        assert.ok(most <= Math.max(1, Math.floor(workers / 2)) + 1)
      },
    ),
    { numRuns: 40 },
  )
})
