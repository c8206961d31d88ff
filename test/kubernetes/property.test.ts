import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  apiserverCluster,
  type Clock,
  type ClusterObject,
  type Condition,
  directoryCluster,
  KubernetesError,
  labelPredicate,
  loadConfig,
  resources,
  setCondition,
  type Transport,
  workQueue,
} from '@sealkit/kubernetes'
import { fc } from '../property.ts'
import { manualClock, settle } from './clock.ts'

test('a watch reads the same, however its bytes are cut', async () => {
  const names = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 })
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(names, cuts, async (names, cuts) => {
      const lines = names.map((name) => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`)
      const bytes = Buffer.from(lines.join(''))
      async function* body(): AsyncGenerator<Buffer> {
        let start = 0
        for (const size of cuts) {
          yield bytes.subarray(start, start + size)
          start += size
        }
        yield bytes.subarray(start)
      }
      const stream: Transport['stream'] = async () => ({ status: 200, headers: {}, body: body() })
      const transport = { stream } as Transport
      const cluster = apiserverCluster({ server: 'https://x', session: async () => ({ headers: {} }) }, { transport })
      const seen: string[] = []
      const options = { resourceVersion: '1', signal: new AbortController().signal }
      for await (const event of cluster.watch(resources.secret, options)) {
        if (event.type !== 'bookmark') seen.push(event.object.metadata.name)
      }
      assert.deepEqual(seen, names)
    }),
  )
})

test('any text is a kubeconfig or KUBECONFIG_INVALID, and no message holds a value of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealkit-property-'))
  const path = join(folder, 'config')
  const secret = 'hunter2hunter2'
  const user = fc.dictionary(
    fc.constantFrom('token', 'password', 'username', 'client-key-data', 'exec', 'auth-provider', 'tokenFile'),
    fc.oneof(fc.constant(secret), fc.constant([secret]), fc.constant({ name: secret }), fc.constant(5)),
  )
  const structured = fc
    .record({ users: fc.array(fc.record({ name: fc.constant('u'), user })) })
    .map((value) => JSON.stringify(value))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), structured), async (text) => {
      await writeFile(path, text)
      try {
        const config = await loadConfig({ kubeconfig: path, env: {}, serviceAccountFolder: folder })
        config.connection()
      } catch (error) {
        assert.ok(error instanceof KubernetesError, String(error))
        assert.match(error.code, /^KUBECONFIG_/)
        assert.ok(!error.message.includes(secret) || text.includes(`"name":"${secret}"`), error.message)
      }
    }),
    { numRuns: 300 },
  )
  await rm(folder, { recursive: true })
})

test('any text is a label selector or BAD_REQUEST', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab=!(),<> notin/.\t'), maxLength: 20 })
  fc.assert(
    fc.property(text, (selector) => {
      try {
        labelPredicate(selector)({ metadata: { name: 'x', labels: { a: 'b' } } })
      } catch (error) {
        assert.equal((error as KubernetesError).code, 'BAD_REQUEST')
      }
    }),
  )
})

test('delays come in the order of their times, each key once, whatever was planned in between', async () => {
  const plan = fc.record({
    name: fc.integer({ min: 0, max: 20 }),
    after: fc.integer({ min: 1, max: 1000 }),
    forget: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 200 }), async (plans) => {
      const clock: Clock & ReturnType<typeof manualClock> = manualClock()
      const queue = workQueue({ clock })
      const due = new Map<string, number>()
      for (const { name, after, forget } of plans) {
        const key = { namespace: 'n', name: String(name) }
        if (forget) {
          queue.forget(key)
          due.delete(key.name)
        } else {
          queue.add(key, { after })
          due.set(key.name, Math.min(after, due.get(key.name) ?? Number.POSITIVE_INFINITY))
        }
      }
      assert.equal(queue.waiting, due.size)
      const worked: [string, number][] = []
      const abort = new AbortController()
      const start = clock.now()
      const work = async ({ name }: { name: string }): Promise<undefined> => {
        worked.push([name, clock.now() - start])
      }
      const running = queue.run({ workers: 1, work, signal: abort.signal })
      await clock.advance(1001)
      for (let n = 0; n < 30; n++) await settle()
      assert.deepEqual(new Map(worked), due)
      assert.deepEqual(
        worked.map(([, at]) => at),
        worked.map(([, at]) => at).toSorted((a, b) => a - b),
      )
      abort.abort()
      await running
    }),
    { numRuns: 50 },
  )
})

test('conditions: setting is idempotent, keeps the others, and moves the time only with the status', () => {
  const condition = fc.record({
    type: fc.constantFrom('Ready', 'Synced', 'Other'),
    status: fc.constantFrom('True', 'False', 'Unknown') as fc.Arbitrary<Condition['status']>,
    message: fc.constantFrom('a', 'b'),
  })
  fc.assert(
    fc.property(fc.array(condition), condition, (before, next) => {
      const then = new Date(1e12)
      const list = before.reduce<readonly Condition[] | undefined>(
        (all, each) => setCondition(all, each, then),
        undefined,
      )
      const set = setCondition(list, next, new Date(2e12))
      assert.equal(setCondition(set, next, new Date(3e12)), set)
      const others = (all: readonly Condition[] = []) => all.filter(({ type }) => type !== next.type)
      assert.deepEqual(others(set), others(list))
      const last = list?.find(({ type }) => type === next.type)
      const moved = set.find(({ type }) => type === next.type)?.lastTransitionTime !== last?.lastTransitionTime
      assert.equal(moved, last?.status !== next.status)
    }),
  )
})

test('a directory read back is what was written, whatever the data', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealkit-property-'))
  await mkdir(join(folder, 'in'))
  const options = { in: join(folder, 'in'), out: join(folder, 'out'), state: join(folder, 'state'), rescan: 0 }
  const key = fc.stringMatching(/^[-._a-zA-Z0-9]{1,20}$/).filter((text) => !text.startsWith('..') && text !== '.')
  const data = fc.dictionary(
    key,
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  )
  const annotations = fc.dictionary(fc.constantFrom('a', 'b/c', '__proto__'), fc.string({ unit: 'grapheme' }), {
    noNullPrototype: true,
  })
  let count = 0
  await fc.assert(
    fc.asyncProperty(data, annotations, async (data, annotations) => {
      const name = `s-${++count}`
      const first = await directoryCluster(options)
      await first.create(resources.secret, { metadata: { namespace: 'n', name, annotations }, data })
      const written = await first.get(resources.secret, { namespace: 'n', name })
      await first.close()
      const second = await directoryCluster(options)
      const read = await second.get(resources.secret, { namespace: 'n', name })
      await second.close()
      const bare = (object: ClusterObject | null) => ({
        ...object,
        metadata: { ...object?.metadata, resourceVersion: '' },
      })
      assert.deepEqual(bare(read), bare(written))
      assert.deepEqual({ ...(read?.['data'] as object) }, { ...data })
    }),
    { numRuns: 25 },
  )
  await rm(folder, { recursive: true })
})
