import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import {
  createSessions,
  isTransient,
  manifestAccess,
  type Policy,
  ResolverError,
  resolveExternalSecret,
  type Sessions,
} from '@sealkit/resolver'
import { externalSecret, secretStore } from './fixture.ts'

const guide = new URL('../../docs/guide/provider.md', import.meta.url)
let folder = ''
let address = ''
let openSessions: () => Sessions
const requests: string[] = []

const server = createServer((request, response) => {
  requests.push(request.url ?? '')
  const answers: Readonly<Record<string, readonly [number, string]>> = {
    '/secrets/db': [200, '{"user":"u","password":"p"}'],
    '/secrets/odd%3Fname': [200, '{"user":"odd"}'],
    '/secrets/text': [200, 's3cret'],
    '/secrets/refused': [403, 's3cret'],
    '/secrets/busy': [503, 's3cret'],
    '/secrets/wrong': [400, 's3cret'],
  }
  const authorized = request.headers.authorization === 'Bearer t'
  const [status, body] = authorized ? (answers[request.url ?? ''] ?? [404, '']) : [401, '']
  response.writeHead(status).end(body)
})

before(async () => {
  const [module = '', row = ''] = [...(await readFile(guide, 'utf8')).matchAll(/```ts\n(.*?)```/gs)].map(
    ([, code]) => code,
  )
  // Below the tests, so that the guide's imports resolve as a reader's do.
  const built = fileURLToPath(new URL('../dist/', import.meta.url))
  await mkdir(built, { recursive: true })
  folder = await mkdtemp(join(built, 'guide-'))
  await writeFile(join(folder, 'shelf.ts'), module)
  await writeFile(join(folder, 'sessions.ts'), row.replace('const sessions =', 'export const openSessions = () =>'))
  openSessions = (await import(join(folder, 'sessions.ts'))).openSessions
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

after(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

function login(token = 't'): Manifest {
  const data = { token: Buffer.from(token).toString('base64') }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace: 'apps' }, data }
}

interface Options {
  readonly token?: string
  readonly server?: string
  readonly policy?: Policy
  readonly property?: string
}

async function read(key: string, options: Options = {}): Promise<string> {
  const { token = 't', server: where = address, policy, property = 'user' } = options
  const store = secretStore({ shelf: { server: where, tokenSecretRef: { name: 'login', key: 'token' } } })
  const spec = { data: [{ secretKey: 'v', remoteRef: { key, property } }] }
  const sessions = openSessions()
  requests.length = 0
  try {
    const cluster = manifestAccess([store, login(token)])
    const { data } = await resolveExternalSecret(externalSecret({ spec }), {
      cluster,
      sessions,
      ...(policy && { policy }),
    })
    return Buffer.from(data.get('v') ?? []).toString()
  } finally {
    await sessions.close()
  }
}

test('the provider of the guide reads', async () => {
  assert.equal(await read('db'), 'u')
  assert.equal(await read('db', { property: '' }), '{"user":"u","password":"p"}')
  assert.equal(await read('odd?name'), 'odd')
})

const refused: readonly (readonly [key: string, code: string, options?: Options])[] = [
  ['none', 'SECRET_NOT_FOUND'],
  ['db', 'PROPERTY_NOT_FOUND', { property: 'nope' }],
  ['db', 'ACCESS_DENIED', { token: 'other' }],
  ['refused', 'ACCESS_DENIED'],
  ['busy', 'PROVIDER_UNAVAILABLE'],
  ['wrong', 'PROVIDER_FAILED'],
  ['text', 'VALUE_INVALID'],
  ['db', 'PROVIDER_UNAVAILABLE', { server: 'http://127.0.0.1:1' }],
  ['db', 'INVALID_STORE', { server: 'nope' }],
  ['', 'INVALID_REFERENCE'],
  ['.', 'INVALID_REFERENCE'],
  ['..', 'INVALID_REFERENCE'],
  ['../db', 'SECRET_NOT_FOUND'],
  ['a#b', 'SECRET_NOT_FOUND'],
  ['d%62', 'SECRET_NOT_FOUND'],
  ['db', 'POLICY_DENIED', { policy: { rules: [{ provider: 'shelf', hosts: ['shelf.test'] }] } }],
]

for (const [key, code, options = {}] of refused) {
  test(`the provider of the guide refuses ${JSON.stringify(key)} ${JSON.stringify(options)}`, async () => {
    const error = await read(key, options).catch((reason: unknown) => reason)
    assert.ok(error instanceof ResolverError, String(error))
    assert.equal(error.code, code, error.message)
    assert.equal(isTransient(error), code === 'PROVIDER_UNAVAILABLE')
    assert.doesNotMatch(inspect(error, { depth: 10 }), /s3cret|Bearer/)
  })
}

test('a hostile key stays one segment', async () => {
  for (const [key, url] of [
    ['../db', '/secrets/..%2Fdb'],
    ['a/../b?c#d', '/secrets/a%2F..%2Fb%3Fc%23d'],
    ['a%2fb', '/secrets/a%252fb'],
  ] as const) {
    await read(key).catch(() => undefined)
    assert.deepEqual(requests, [url])
  }
})

test('a provider that nobody registered is not there', async () => {
  const sessions = createSessions({ environment: { now: Date.now } })
  const cluster = manifestAccess([secretStore({ shelf: {} })])
  const spec = { data: [{ secretKey: 'v', remoteRef: { key: 'db' } }] }
  await assert.rejects(resolveExternalSecret(externalSecret({ spec }), { cluster, sessions }), {
    code: 'NOT_SUPPORTED',
  })
})
