import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import { createSessions, manifestAccess, readStore, retryAfterOf } from '@sealkit/resolver'
import { data, failure, resolve, secretStore } from './fixture.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const remote = {
  kind: 'Secret',
  metadata: { name: 'src', labels: { app: 'x', json: '{"a":"b"}' }, annotations: { note: 'y' } },
  data: { user: base64('u'), 'dot.key': base64('dot'), json: base64('{"a":{"b":"<c>"},"n":1.50}'), bytes: '/w==' },
}

const requests: { readonly method: string; readonly url: string; readonly authorization: string }[] = []
let status = 200
let failureBody = ''
let failureHeaders: Readonly<Record<string, string>> = {}
let address = ''

const server = createServer((request, response) => {
  const { method = '', url = '', headers } = request
  requests.push({ method, url, authorization: headers.authorization ?? '' })
  if (status !== 200) response.writeHead(status, failureHeaders).end(failureBody)
  else if (url.includes('selfsubjectrulesreviews')) response.end(JSON.stringify({ status: { resourceRules: rules } }))
  else if (url.endsWith('/secrets/bare')) response.end(JSON.stringify(bare))
  else if (url.endsWith('/secrets/src')) response.end(JSON.stringify(remote))
  else if (url.includes('/secrets?') || url.endsWith('/secrets')) response.end(JSON.stringify({ items: [remote] }))
  else response.writeHead(404).end('{}')
})

/** A Secret that has neither labels nor annotations, and values that are JSON but no objects. */
const bare = {
  kind: 'Secret',
  metadata: { name: 'bare' },
  data: { list: base64('[1]'), nothing: base64('null'), text: base64('x') },
}

let rules: unknown[] = []

before(async () => {
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

after(() => {
  server.closeAllConnections()
  server.close()
})

function credential(values: Readonly<Record<string, string>>): Manifest {
  const encoded = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]))
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace: 'apps' }, data: encoded }
}

const tokenAuth = { token: { bearerToken: { name: 'login', key: 'token' } } }

function kubeconfig(user: object = { token: 'from-kubeconfig' }): string {
  return JSON.stringify({
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: address } }],
    users: [{ name: 'u', user }],
  })
}

interface Options {
  readonly kubernetes?: Readonly<Record<string, unknown>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly secret?: Manifest
}

/** An ExternalSecret of a Kubernetes store; the answers of before are forgotten. */
function reading(remoteRef: Readonly<Record<string, unknown>>, options: Options = {}): Parameters<typeof data>[0] {
  requests.length = 0
  status = 200
  failureHeaders = {}
  const spec = { server: { url: address }, remoteNamespace: 'other', auth: tokenAuth, ...options.kubernetes }
  const store = secretStore({ kubernetes: spec }, { retrySettings: {} }, 'remote')
  const entry = { data: [{ secretKey: 'v', remoteRef: { key: 'src', ...remoteRef } }] }
  return {
    objects: [store, options.secret ?? credential({ token: 'bearer' })],
    spec: { secretStoreRef: { name: 'remote' }, ...(options.spec ?? entry) },
  }
}

const values: readonly (readonly [remoteRef: Readonly<Record<string, unknown>>, value: string])[] = [
  [{ property: 'user' }, 'u'],
  [{ property: 'dot.key' }, 'dot'],
  [{ property: 'json.a.b' }, '<c>'],
  [{ property: 'json.n' }, '1.5'],
  [{}, '{"bytes":"\u{fffd}","dot.key":"dot","json":"{\\"a\\":{\\"b\\":\\"<c>\\"},\\"n\\":1.50}","user":"u"}'],
  [{ metadataPolicy: 'Fetch' }, '{"annotations":{"note":"y"},"labels":{"app":"x","json":"{\\"a\\":\\"b\\"}"}}'],
  [{ metadataPolicy: 'Fetch', property: 'labels' }, '{"app":"x","json":"{\\"a\\":\\"b\\"}"}'],
  [{ metadataPolicy: 'Fetch', property: 'labels.app' }, 'x'],
  [{ metadataPolicy: 'Fetch', property: 'labels.json.a' }, 'b'],
]

for (const [remoteRef, value] of values) {
  test(`reads ${JSON.stringify(remoteRef)}`, async () => {
    assert.deepEqual(await data(reading(remoteRef)), { v: value })
    assert.deepEqual(requests, [
      { method: 'GET', url: '/api/v1/namespaces/other/secrets/src', authorization: 'Bearer bearer' },
    ])
  })
}

test('extract: the data, and the members of one value as JSON', async () => {
  const extract = (ref: object): Options => ({ spec: { dataFrom: [{ extract: { key: 'src', ...ref } }] } })
  assert.equal((await data(reading({}, extract({}))))['dot.key'], 'dot')
  assert.deepEqual(await data(reading({}, extract({ property: 'json' }))), { a: '{"b":"<c>"}', n: '1.5' })
})

for (const [property, expected] of [
  ['', '{"annotations":null,"labels":null}'],
  ['labels', 'null'],
] as const) {
  test(`metadata that a Secret has not are null: ${JSON.stringify(property)}`, async () => {
    assert.deepEqual(await data(reading({ key: 'bare', metadataPolicy: 'Fetch', property })), { v: expected })
  })
}

test('extract of one value takes null for no members, and refuses what else is no object', async () => {
  const extract = (property: string): Options => ({ spec: { dataFrom: [{ extract: { key: 'bare', property } }] } })
  assert.equal((await resolve(reading({}, extract('nothing')))).action, 'retain')
  for (const property of ['list', 'text']) {
    const error = await failure(reading({}, extract(property)))
    assert.equal(error.code, 'VALUE_INVALID')
    assert.match(error.message, /failed to unmarshal secret: invalid JSON format$/)
  }
})

test('find by labels asks the server, find by name does not', async () => {
  const find = (query: object): Options => ({ spec: { dataFrom: [{ find: query }] } })
  assert.deepEqual(Object.keys(await data(reading({}, find({ tags: { app: 'x', 'a/b': 'y' } })))), ['src'])
  assert.equal(requests[0]?.url, '/api/v1/namespaces/other/secrets?labelSelector=app%3Dx%2Ca%2Fb%3Dy')
  assert.deepEqual(Object.keys(await data(reading({}, find({ name: { regexp: '^s' } })))), ['src'])
  assert.equal(requests[0]?.url, '/api/v1/namespaces/other/secrets')
})

test('a kubeconfig in a Secret', async () => {
  const kubernetes = { auth: undefined, authRef: { name: 'login', key: 'config' }, server: undefined }
  const secret = credential({ config: kubeconfig() })
  assert.deepEqual(await data(reading({ property: 'user' }, { kubernetes, secret })), { v: 'u' })
  assert.equal(requests[0]?.authorization, 'Bearer from-kubeconfig')
})

const hostile: readonly (readonly [key: string, url: string | null])[] = [
  ['..', null],
  ['.', null],
  ['', null],
  ['../../pods/x', '/api/v1/namespaces/other/secrets/..%2F..%2Fpods%2Fx'],
  ['a/../src', '/api/v1/namespaces/other/secrets/a%2F..%2Fsrc'],
  ['src?watch=1', '/api/v1/namespaces/other/secrets/src%3Fwatch%3D1'],
  ['src#x', '/api/v1/namespaces/other/secrets/src%23x'],
  ['%2e%2e', '/api/v1/namespaces/other/secrets/%252e%252e'],
]

for (const [key, url] of hostile) {
  test(`the key ${JSON.stringify(key)} is a name`, async () => {
    const error = await failure(reading({ key }))
    assert.equal(error.code, url === null ? 'INVALID_REFERENCE' : 'SECRET_NOT_FOUND')
    assert.deepEqual(
      requests.map((request) => request.url),
      url === null ? [] : [url],
    )
  })
}

test('a namespace is one segment too', async () => {
  await data(reading({}, { kubernetes: { remoteNamespace: 'a/secrets/b?c' } }))
  assert.equal(requests[0]?.url, '/api/v1/namespaces/a%2Fsecrets%2Fb%3Fc/secrets/src')
})

const answers: readonly (readonly [status: number, body: string, code: string, message: RegExp])[] = [
  [403, '{"kind":"Status","message":"secrets is forbidden"}', 'ACCESS_DENIED', /secrets is forbidden$/],
  [401, 's3cret', 'ACCESS_DENIED', /the server answers 401$/],
  [429, '', 'PROVIDER_UNAVAILABLE', /429$/],
  [500, '{"kind":"Status","message":"etcd"}', 'PROVIDER_UNAVAILABLE', /etcd$/],
  [400, '{"kind":"Secret","data":"s3cret"}', 'PROVIDER_FAILED', /the server answers 400$/],
  [404, '', 'SECRET_NOT_FOUND', /secrets "src" not found$/],
]

for (const [answered, body, code, message] of answers) {
  test(`${answered} ${body} is ${code}`, async () => {
    const fixture = reading({ property: 'user' })
    status = answered
    failureBody = body
    const error = await failure(fixture)
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    assert.doesNotMatch(inspect(error, { depth: 10 }), /s3cret|bearer"/)
  })
}

const waits: readonly (readonly [status: number, retryAfter: string | null, code: string, wait: number | null])[] = [
  [429, '30', 'PROVIDER_UNAVAILABLE', 30_000],
  [503, '7', 'PROVIDER_UNAVAILABLE', 7_000],
  [500, '60', 'PROVIDER_UNAVAILABLE', 60_000],
  [429, null, 'PROVIDER_UNAVAILABLE', null],
  [503, 'soon', 'PROVIDER_UNAVAILABLE', null],
  [403, '30', 'ACCESS_DENIED', null],
  [409, '30', 'PROVIDER_FAILED', null],
]

for (const [answered, header, code, wait] of waits) {
  test(`the limiter hears of ${answered} with Retry-After ${header}`, async () => {
    const fixture = reading({ property: 'user' })
    status = answered
    failureHeaders = header === null ? {} : { 'retry-after': header }
    failureBody = '{"kind":"Status","message":"too many requests"}'
    const error = await failure(fixture)
    assert.deepEqual([error.code, retryAfterOf(error) ?? null], [code, wait])
    assert.match(error.message, /too many requests$/)
  })
}

test('a policy holds for the server of a kubeconfig, whatever the store names', async () => {
  const policy = { rules: [{ provider: 'kubernetes', hosts: ['allowed.test'] }] }
  const kubernetes = { server: { url: 'https://allowed.test' }, authRef: { name: 'login', key: 'config' } }
  const secret = credential({ config: kubeconfig() })
  const error = await failure({ ...reading({}, { kubernetes, secret }), context: { policy } })
  assert.deepEqual([error.code, requests], ['POLICY_DENIED', []], error.message)
})

const unusable: readonly (readonly [kubernetes: Readonly<Record<string, unknown>>, code: string])[] = [
  [{ auth: {} }, 'INVALID_STORE'],
  [{ server: { url: 'file:///x' } }, 'INVALID_STORE'],
  [{ auth: { serviceAccount: { name: 'sa' } } }, 'CREDENTIAL_MISSING'],
  [{ auth: { token: { bearerToken: { name: 'nope', key: 'token' } } } }, 'CREDENTIAL_MISSING'],
]

for (const [kubernetes, code] of unusable) {
  test(`refused: ${JSON.stringify(kubernetes)}`, async () => {
    assert.equal((await failure(reading({}, { kubernetes }))).code, code)
    assert.deepEqual(requests, [])
  })
}

for (const [remoteRef, code] of [
  [{ property: 'nope' }, 'PROPERTY_NOT_FOUND'],
  [{ property: 'json.nope' }, 'PROPERTY_NOT_FOUND'],
  [{ property: 'user.a' }, 'PROPERTY_NOT_FOUND'],
  [{ property: '.' }, 'PROPERTY_NOT_FOUND'],
  [{ property: '__proto__' }, 'PROPERTY_NOT_FOUND'],
  [{ metadataPolicy: 'Fetch', property: 'constructor.name' }, 'PROPERTY_NOT_FOUND'],
] as const) {
  test(`not there: ${JSON.stringify(remoteRef)}`, async () => {
    assert.equal((await failure(reading(remoteRef))).code, code)
  })
}

const rights: readonly (readonly [rules: readonly unknown[], ready: boolean])[] = [
  [[{ verbs: ['get', 'list'], apiGroups: [''], resources: ['secrets'] }], true],
  [[{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], true],
  [[{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }], false],
  [[{ verbs: ['get', 'list'], apiGroups: ['apps'], resources: ['secrets'] }], false],
  [[], false],
]

for (const [given, ready] of rights) {
  test(`rights ${JSON.stringify(given)}: ${ready ? 'ready' : 'not ready'}`, async () => {
    const { objects = [] } = reading({})
    rules = [...given]
    const sessions = createSessions({ environment: { now: Date.now } })
    const store = readStore(objects[0] ?? {})
    const session = await sessions.open(store, 'apps', manifestAccess(objects))
    const validated = session.provider.validate(new AbortController().signal)
    if (ready) assert.equal(await validated, 'ready')
    else await assert.rejects(validated, { code: 'ACCESS_DENIED' })
    session.release()
    await sessions.close()
  })
}
