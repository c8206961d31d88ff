import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { type Location, type Provider, type ProviderRow, type RemoteSecret, ResolverError } from '@sealkit/resolver'
import { data, failure, reading, resolve, secretStore } from './fixture.ts'

function secret(text: string): RemoteSecret {
  return { value: () => Buffer.from(text), entries: () => new Map([['v', Buffer.from(text)]]) }
}

/** A provider that counts: keys `slow-…` wait, `gone` is not there, `broken` fails, everything else is its own value. */
function counting(calls: string[], extra: Partial<Provider> = {}): ProviderRow {
  const get = async ({ key, version }: Location, signal: AbortSignal): Promise<RemoteSecret | null> => {
    calls.push(`${key}@${version}`)
    if (key.startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 20))
    signal.throwIfAborted()
    if (key === 'gone') return null
    if (key === 'broken') throw new ResolverError('PROVIDER_UNAVAILABLE', 'the server answers 503')
    return secret(key)
  }
  const provider = { get, find: async () => new Map(), ...extra } as unknown as Provider
  return { capabilities: 'ReadOnly', load: async () => ({ open: () => provider }) }
}

const entry = (secretKey: string, key: string, rest: object = {}): object => ({
  secretKey,
  remoteRef: { key, ...rest },
})
const objects = [secretStore({ counting: {} }), secretStore({ counting: {} }, {}, 'second')]

test('every distinct secret is read once', async () => {
  const calls: string[] = []
  const result = await data({
    providers: { counting: counting(calls) },
    objects,
    spec: {
      dataFrom: [{ extract: { key: 'a' } }],
      data: [entry('x', 'a'), entry('y', 'a', { property: 'p' }), entry('z', 'a', { version: '2' }), entry('w', 'b')],
    },
  })
  assert.deepEqual(result, { v: 'a', x: 'a', y: 'a', z: 'a', w: 'b' })
  assert.deepEqual(calls.toSorted(), ['a@', 'a@2', 'b@'])
})

test('a provider that reads in batches is called once', async () => {
  const batches: string[][] = []
  const getMany: Provider['getMany'] = async (locations) => {
    batches.push(locations.map(({ key }) => key))
    return locations.map(({ key }) => (key === 'bad' ? new ResolverError('ACCESS_DENIED', 'denied') : secret(key)))
  }
  const providers = { counting: counting([], { getMany }) }
  assert.deepEqual(
    await data({ providers, objects, spec: { data: [entry('x', 'a'), entry('y', 'b'), entry('z', 'a')] } }),
    {
      x: 'a',
      y: 'b',
      z: 'a',
    },
  )
  assert.deepEqual(batches, [['a', 'b']])
  const error = await failure({ providers, objects, spec: { data: [entry('x', 'a'), entry('y', 'bad')] } })
  assert.equal(error.code, 'ACCESS_DENIED')
  assert.equal(error.message, 'error processing spec.data[1] (key: bad), err: denied')
})

test('dataFrom in order, then data over it', async () => {
  const result = await data({
    providers: { counting: counting([]) },
    objects,
    spec: {
      dataFrom: [{ extract: { key: 'slow-first' } }, { extract: { key: 'second' } }],
      data: [entry('x', 'slow-x'), entry('x', 'y')],
    },
  })
  assert.deepEqual(result, { v: 'second', x: 'y' })
})

test('the first entry that fails decides, however long it takes', async () => {
  const calls: string[] = []
  const error = await failure({
    providers: { counting: counting(calls) },
    objects,
    spec: {
      data: [
        entry('x', 'slow-x'),
        entry('y', 'gone'),
        entry('z', 'broken'),
        { ...entry('w', 'w'), sourceRef: { storeRef: { name: 'nope' } } },
      ],
    },
  })
  assert.equal(error.code, 'SECRET_NOT_FOUND')
  assert.equal(error.message, 'error processing spec.data[1] (key: gone), err: Secret does not exist')
})

for (const deletionPolicy of ['Delete', 'Merge']) {
  test(`deletionPolicy ${deletionPolicy} passes over what is gone`, async () => {
    const { data, missing } = await resolve({
      providers: { counting: counting([]) },
      objects,
      spec: {
        target: { deletionPolicy },
        dataFrom: [{ extract: { key: 'gone' } }],
        data: [entry('x', 'gone'), entry('x', 'a')],
      },
    })
    assert.deepEqual([...data.keys()], ['x'])
    assert.deepEqual(missing, [
      { field: 'spec.dataFrom[0]', key: '', message: 'secret does not exist at provider using spec.dataFrom[0]' },
      {
        field: 'spec.data[0]',
        key: 'gone',
        message: 'secret does not exist at provider using spec.dataFrom[0] (key=gone)',
      },
    ])
  })

  test(`deletionPolicy ${deletionPolicy} does not pass over an outage`, async () => {
    const spec = { target: { deletionPolicy }, data: [entry('x', 'broken')] }
    const error = await failure({ providers: { counting: counting([]) }, objects, spec })
    assert.equal(error.code, 'PROVIDER_UNAVAILABLE')
  })
}

for (const [deletionPolicy, action] of [
  ['Retain', 'retain'],
  ['Delete', 'delete'],
  ['Merge', 'apply'],
] as const) {
  test(`nothing found and deletionPolicy ${deletionPolicy}: ${action}`, async () => {
    const find = { find: { name: { regexp: 'x' } } }
    const resolution = await resolve({ spec: { target: { deletionPolicy }, dataFrom: [find] } })
    assert.equal(resolution.action, action)
    assert.equal(resolution.secret === null, action !== 'apply')
  })
}

test('an aborted resolution ends at once, and what it began is aborted', async () => {
  const controller = new AbortController()
  let aborted = false
  const get = (_location: Location, signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = true
        reject(signal.reason)
      })
      setImmediate(() => controller.abort(new Error('stopped')))
    })
  const providers = { counting: counting([], { get }) }
  const context = { signal: controller.signal }
  await assert.rejects(resolve({ providers, objects, context, spec: { data: [entry('x', 'a')] } }))
  assert.equal(aborted, true)
})

test('an error of a library is not quoted', async () => {
  const get = async (): Promise<never> => {
    throw new Error('body: s3cret')
  }
  const error = await failure({
    providers: { counting: counting([], { get }) },
    objects,
    spec: { data: [entry('x', 'a')] },
  })
  assert.equal(error.code, 'PROVIDER_FAILED')
  assert.equal(error.message, 'error processing spec.data[0] (key: a), err: unexpected failure')
  assert.doesNotMatch(JSON.stringify(error), /s3cret/)
  assert.doesNotMatch(inspect(error, { depth: 10 }), /s3cret/)
  assert.match(inspect(error), /at .*resolve\.test\.ts/)
})

test("the fake provider's versions are exact, and a missing property is a missing secret", async () => {
  const fake = [
    { key: 'k', value: '1', version: 'v1' },
    { key: 'k1', value: 'x' },
  ]
  for (const remoteRef of [{ key: 'k' }, { key: 'k', version: 'v2' }, { key: 'kv1' }, { key: 'k1', property: 'p' }]) {
    const error = await failure({ fake, spec: { data: [{ secretKey: 'x', remoteRef }] } })
    assert.equal(error.code, 'SECRET_NOT_FOUND')
  }
  assert.deepEqual(await data({ fake, spec: { data: [entry('x', 'k', { version: 'v1' })] } }), { x: '1' })
})

test('two stores of one name in two namespaces do not see each other', async () => {
  const { spec } = reading('')
  const foreign = {
    ...secretStore({ fake: { data: [{ key: 'k', value: 'theirs' }] } }),
    metadata: { name: 'store', namespace: 'other' },
  }
  assert.deepEqual(await data({ spec, fake: [{ key: 'k', value: 'ours' }], objects: [foreign] }), { v: 'ours' })
})
