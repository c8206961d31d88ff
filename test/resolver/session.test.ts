import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import {
  type ClusterAccess,
  createSessions,
  type Location,
  manifestAccess,
  type OpenOptions,
  type Provider,
  type ProviderRow,
  type RemoteSecret,
  ResolverError,
  readStore,
  type Sessions,
} from '@sealkit/resolver'
import { secretStore } from './fixture.ts'

interface Log {
  opened: number
  closed: number
  readonly reads: string[]
}

/** A provider that logs, with credentials from the Secret `login`. */
function logging(log: Log, get?: Provider['get']): ProviderRow {
  const open = ({ credentials }: OpenOptions): Provider => {
    log.opened += 1
    return {
      async get(location: Location, signal: AbortSignal): Promise<RemoteSecret | null> {
        log.reads.push(location.key)
        if (get !== undefined) return get(location, signal)
        const token = await credentials.secretText({ name: 'login', key: 'token' })
        return { value: () => Buffer.from(token), entries: () => null }
      },
      close: async () => {
        log.closed += 1
      },
    } as unknown as Provider
  }
  return { capabilities: 'ReadOnly', load: async () => ({ open }) }
}

function login(resourceVersion: string, token = 't'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'apps', uid: 'u', resourceVersion },
    data: { token: Buffer.from(`${token}\n`).toString('base64') },
  }
}

function sessionsOf(log: Log, get?: Provider['get'], concurrency = 8): Sessions {
  return createSessions({ environment: { now: Date.now }, providers: { logging: logging(log, get) }, concurrency })
}

const at = (key: string): Location => ({ key, version: '', metadataPolicy: 'None' })
const signal = new AbortController().signal
const store = readStore(secretStore({ logging: {} }))

async function readToken(sessions: Sessions, objects: readonly Manifest[], from = store): Promise<string> {
  const session = await sessions.open(from, 'apps', manifestAccess(objects))
  try {
    const found = await session.read([at('k')], signal)[0]
    return Buffer.from(found?.value('') ?? []).toString()
  } finally {
    session.release()
  }
}

test('a session is kept until its store or a credential changes', async () => {
  const log: Log = { opened: 0, closed: 0, reads: [] }
  const sessions = sessionsOf(log)
  assert.equal(await readToken(sessions, [login('1')]), 't')
  assert.equal(await readToken(sessions, [login('1')]), 't')
  assert.deepEqual([log.opened, log.closed], [1, 0])
  assert.equal(await readToken(sessions, [login('2', 'new')]), 'new')
  assert.deepEqual([log.opened, log.closed], [2, 1])
  await readToken(sessions, [login('2')], readStore(secretStore({ logging: { address: 'other' } })))
  assert.deepEqual([log.opened, log.closed], [3, 2])
  await sessions.forget(store)
  assert.equal(log.closed, 3)
})

test('a session that is replaced ends with its last user', async () => {
  const log: Log = { opened: 0, closed: 0, reads: [] }
  const sessions = sessionsOf(log)
  const session = await sessions.open(store, 'apps', manifestAccess([login('1')]))
  await session.read([at('k')], signal)[0]
  await readToken(sessions, [login('2')])
  assert.deepEqual([log.opened, log.closed], [2, 0])
  session.release()
  session.release()
  await sessions.close()
  assert.equal(log.closed, 2)
})

test('a ClusterSecretStore has a session for each namespace', async () => {
  const log: Log = { opened: 0, closed: 0, reads: [] }
  const sessions = sessionsOf(log)
  const shared = readStore({ ...secretStore({ logging: {} }), kind: 'ClusterSecretStore' })
  for (const namespace of ['a', 'b', 'a']) (await sessions.open(shared, namespace, manifestAccess([]))).release()
  assert.equal(log.opened, 2)
  await sessions.close()
})

test('identical reads of several users are one call', async () => {
  const log: Log = { opened: 0, closed: 0, reads: [] }
  const sessions = sessionsOf(log)
  await Promise.all([1, 2, 3].map(() => readToken(sessions, [login('1')])))
  assert.ok(log.reads.length <= 2, `${log.reads.length} calls`)
  await readToken(sessions, [login('1')])
  assert.ok(log.reads.length >= 2, 'a result is not kept')
  await sessions.close()
})

test('no more calls at once than allowed', async () => {
  let running = 0
  let most = 0
  const sessions = sessionsOf(
    { opened: 0, closed: 0, reads: [] },
    async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 2))
      running -= 1
      return null
    },
    3,
  )
  const session = await sessions.open(store, 'apps', manifestAccess([]))
  await Promise.all(
    session.read(
      Array.from({ length: 20 }, (_, index) => at(String(index))),
      signal,
    ),
  )
  assert.equal(most, 3)
  session.release()
  await sessions.close()
})

test('who leaves a shared read does not take it from the others; the last one ends it', async () => {
  let aborted = false
  const started = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<RemoteSecret | null>()
  const sessions = sessionsOf({ opened: 0, closed: 0, reads: [] }, (_location, shared) => {
    shared.addEventListener('abort', () => {
      aborted = true
    })
    started.resolve()
    return answer.promise
  })
  const session = await sessions.open(store, 'apps', manifestAccess([]))
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()]
  const one = session.read([at('k')], first.signal)[0]
  const two = session.read([at('k')], second.signal)[0]
  await started.promise
  first.abort(new Error('left'))
  await assert.rejects(one ?? Promise.resolve(), /left/)
  assert.equal(aborted, false)
  answer.resolve(null)
  assert.equal(await two, null)
  const three = session.read([at('other')], third.signal)[0]
  third.abort(new Error('left too'))
  await assert.rejects(three ?? Promise.resolve(), /left too/)
  session.release()
  await sessions.close()
})

test('a backend that is overloaded gets fewer calls at once, and more again when it is well', async () => {
  let running = 0
  let peak = 0
  let overloaded = true
  const sessions = sessionsOf(
    { opened: 0, closed: 0, reads: [] },
    async () => {
      running += 1
      peak = Math.max(peak, running)
      await new Promise((resolve) => setTimeout(resolve, 1))
      running -= 1
      if (overloaded) throw new ResolverError('PROVIDER_UNAVAILABLE', '429')
      return null
    },
    8,
  )
  const session = await sessions.open(store, 'apps', manifestAccess([]))
  const round = async (count: number): Promise<number> => {
    peak = 0
    const keys = Array.from({ length: count }, (_, index) => at(`${count}-${index}`))
    await Promise.allSettled(session.read(keys, signal))
    return peak
  }
  assert.equal(await round(8), 8)
  assert.equal(await round(4), 4)
  assert.equal(await round(2), 2)
  assert.equal(await round(5), 1)
  overloaded = false
  await round(100)
  assert.equal(await round(20), 8)
  session.release()
  await sessions.close()
})

test('an object that is read again and again is one source', async () => {
  const log: Log = { opened: 0, closed: 0, reads: [] }
  let gets = 0
  const cluster = manifestAccess([login('1')])
  const counting: ClusterAccess = {
    ...cluster,
    get(kind, key) {
      gets += 1
      return cluster.get(kind, key)
    },
  }
  const sessions = sessionsOf(log)
  const read = async (): Promise<void> => {
    const session = await sessions.open(store, 'apps', counting)
    await session.read([at('k')], signal)[0]
    session.release()
  }
  for (let round = 0; round < 10; round += 1) await read()
  gets = 0
  await read()
  assert.equal(gets, 2)
  await sessions.close()
})
