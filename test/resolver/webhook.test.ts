import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import { createSessions, manifestAccess, readStore, retryAfterOf } from '@sealkit/resolver'
import { Renderer } from '@sealkit/template'
import { data, failure, secretStore } from './fixture.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const seen: Seen[] = []
let status = 200
let answer: unknown = {}
let replied: Readonly<Record<string, string>> = {}
let address = ''

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { method = '', url = '', headers } = request
  seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
  response.writeHead(status, replied).end(typeof answer === 'string' ? answer : JSON.stringify(answer))
})

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

function labelled(
  labels: Readonly<Record<string, string>> = { 'external-secrets.io/type': 'webhook' },
  secret = 's3cret',
): Manifest {
  const token = Buffer.from(secret).toString('base64')
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'apps', labels: { ...labels } },
    data: { token },
  }
}

const login = [{ name: 'auth', secretRef: { name: 'login' } }]

/** An ExternalSecret with one entry, from a webhook store with such a spec. */
function calling(
  webhook: Readonly<Record<string, unknown>>,
  ref: object = {},
  secret = labelled(),
): Parameters<typeof data>[0] {
  seen.length = 0
  const spec = { url: `${address}/v/{{ .remoteRef.key }}`, ...webhook }
  return {
    objects: [secretStore({ webhook: spec }, {}, 'hook'), secret],
    spec: { secretStoreRef: { name: 'hook' }, data: [{ secretKey: 'v', remoteRef: { key: 'k', ...ref } }] },
  }
}

function answering(body: unknown, code = 200, headers: Readonly<Record<string, string>> = {}): void {
  answer = body
  replied = headers
  status = code
}

const selected: readonly (readonly [path: string, body: unknown, value: string])[] = [
  ['', 'as it is', 'as it is'],
  ['$', '"text"', 'text'],
  ['$.a.b', { a: { b: 'x' } }, 'x'],
  ["$['a']['b-c']", { a: { 'b-c': 'x' } }, 'x'],
  ['$.a[1]', { a: ['x', 'y'] }, 'y'],
  ['$.a[-1]', { a: ['x', 'y'] }, 'y'],
  ['$.a', { a: 1.5 }, '2'],
  ['$.a', { a: 2.5 }, '2'],
  ['$.a', { a: 1e21 }, '1000000000000000000000'],
  ['$.a', { a: true }, 'true'],
  ['$.a', { a: null }, ''],
  ['$.a', { a: { z: 1, b: '<' } }, '{"b":"\\u003c","z":1}'],
  ['$.a', { a: ['first', 'second'] }, 'first'],
  ['$.a[*].n', { a: [{ n: 'x' }, { n: 'y' }] }, 'x'],
  ['$..n', { a: [{ n: 'x' }] }, 'x'],
  ['$.a[1:]', { a: ['x', 'y'] }, 'y'],
  ['$.a[0,1]', { a: ['x', 'y'] }, 'x'],
  [
    "$.a[?(@.k == 'b')].v",
    {
      a: [
        { k: 'a', v: '1' },
        { k: 'b', v: '2' },
      ],
    },
    '2',
  ],
  [
    '$.a[?(@.n > 1 && @.on)].v',
    {
      a: [
        { n: 2, v: '1' },
        { n: 2, on: true, v: '2' },
      ],
    },
    '2',
  ],
  ['$.{{ .remoteRef.property }}', { p: 'x' }, 'x'],
]

for (const [jsonPath, body, value] of selected) {
  test(`${jsonPath} of ${JSON.stringify(body)}`, async () => {
    answering(body)
    assert.deepEqual(await data(calling({ result: { jsonPath } }, { property: 'p' })), { v: value })
  })
}

const nowhere: readonly (readonly [path: string, body: unknown, code: string])[] = [
  ['$.nope', { a: 1 }, 'PROPERTY_NOT_FOUND'],
  ['$.__proto__', { a: 1 }, 'PROPERTY_NOT_FOUND'],
  ['$.a[2]', { a: ['x'] }, 'PROPERTY_NOT_FOUND'],
  ['$.a[*]', { a: [] }, 'PROPERTY_NOT_FOUND'],
  ['$.a', 's3cret', 'VALUE_INVALID'],
  ['a', {}, 'INVALID_STORE'],
  ['$.', {}, 'INVALID_STORE'],
  ['$.a[', {}, 'INVALID_STORE'],
  ['$.a[?(@.b ==)]', {}, 'INVALID_STORE'],
  ['$ {{', {}, 'TEMPLATE_FAILED'],
]

for (const [jsonPath, body, code] of nowhere) {
  test(`${jsonPath} of ${JSON.stringify(body)} is ${code}`, async () => {
    answering(body)
    const error = await failure(calling({ result: { jsonPath } }))
    assert.equal(error.code, code, error.message)
    assert.doesNotMatch(inspect(error, { depth: 10 }), /s3cret/)
  })
}

test('an extract takes objects and the JSON text of one, numbers as they are', async () => {
  for (const body of [{ a: { n: 1.5, s: 'x' } }, { a: '{"n":1.5,"s":"x"}' }]) {
    answering(body)
    const { objects = [] } = calling({ result: { jsonPath: '$.a' } })
    const spec = { secretStoreRef: { name: 'hook' }, dataFrom: [{ extract: { key: 'k' } }] }
    assert.deepEqual(await data({ objects, spec }), { n: '1.5', s: 'x' })
  }
})

const kinds: readonly (readonly [body: string, message: string])[] = [
  ['{"a":[1]}', 'failed to get response (wrong type: []interface {})'],
  ['{"a":1}', 'failed to get response (wrong type: float64)'],
  ['{"a":true}', 'failed to get response (wrong type: bool)'],
  ['{"a":null}', 'failed to get response (wrong type: <nil>)'],
  ['{"a":"\\"x\\""}', 'failed to get response (wrong type: string)'],
  ['{"a":"x"}', 'failed to parse response json from jsonpath: invalid JSON at line 1, column 1'],
  ['x', 'failed to parse response json: invalid JSON at line 1, column 1'],
]

for (const [body, message] of kinds) {
  test(`an extract of ${body} is refused in the words of External Secrets`, async () => {
    answering(body)
    const { objects = [] } = calling({ result: { jsonPath: '$.a' } })
    const spec = { secretStoreRef: { name: 'hook' }, dataFrom: [{ extract: { key: 'k' } }] }
    const error = await failure({ objects, spec })
    assert.ok(error.message.endsWith(`: ${message}`), error.message)
  })
}

test('address, headers and body are templates; the address alone is escaped', async () => {
  answering('x')
  const webhook = {
    method: 'POST',
    url: `${address}/{{ .remoteRef.namespace }}/{{ .remoteRef.key }}?v={{ .remoteRef.version }}`,
    headers: { authorization: 'Bearer {{ .auth.token | b64enc }}', 'X-Key': '{{ .remoteRef.key }}' },
    body: '{"key":"{{ .remoteRef.key }}"}',
    secrets: login,
  }
  await data(calling(webhook, { key: 'a b/c&d', version: 'x=1' }))
  const [request] = seen
  assert.deepEqual([request?.method, request?.url], ['POST', '/apps/a+b%2Fc%26d?v=x%3D1'])
  assert.equal(request?.body, '{"key":"a b/c&d"}')
  assert.equal(request?.headers['x-key'], 'a b/c&d')
  assert.equal(request?.headers.authorization, `Bearer ${Buffer.from('s3cret').toString('base64')}`)
  assert.equal(request?.headers['content-type'], undefined)
})

test('templates see text outside ASCII, and the time', async () => {
  answering('x')
  const year = new Date().getFullYear()
  const body = 'ü {{ .remoteRef.key | upper }} {{ .auth.token }} {{ now | date "2006" }}'
  await data(calling({ method: 'POST', body, secrets: login }, { key: 'ключ' }, labelled(undefined, 'é日')))
  const possible = [year, new Date().getFullYear()].map((each) => `ü КЛЮЧ é日 ${each}`)
  assert.ok(possible.includes(seen[0]?.body ?? ''), seen[0]?.body)
})

test('a renderer of the environment renders them, every function among them, and ends those that do not end', async () => {
  const renderer = new Renderer({ functions: 'external-secrets', missingKey: 'default', deadline: 500 })
  const sessions = createSessions({
    environment: {
      now: Date.now,
      renderText: (text, data) => renderer.render({ name: 'webhooktemplate', text, data, now: 0n }),
    },
  })
  const rendering = (body: string): Parameters<typeof data>[0] => ({
    ...calling({ method: 'POST', body, secrets: login }),
    context: { sessions },
  })
  try {
    answering('x')
    await data(rendering('{{ derivePassword 1 "long" .auth.token "user" "example.com" }} {{ .remoteRef.key }}'))
    assert.match(seen[0]?.body ?? '', /^\S{14} k$/)
    const endless = await failure(rendering('{{ regexMatch "(a*)*(b|a*)*c" (repeat 10000000 .auth.token) }}'))
    assert.deepEqual([endless.code, seen.length], ['TEMPLATE_FAILED', 0])
  } finally {
    await sessions.close()
    await renderer.close()
  }
})

test('entries with different properties are different calls', async () => {
  answering({ a: '1', b: '2' })
  const { objects = [] } = calling({ result: { jsonPath: '$.{{ .remoteRef.property }}' } })
  const entries = ['a', 'b', 'a'].map((property, index) => ({
    secretKey: `k${index}`,
    remoteRef: { key: 'k', property },
  }))
  assert.deepEqual(await data({ objects, spec: { secretStoreRef: { name: 'hook' }, data: entries } }), {
    k0: '1',
    k1: '2',
    k2: '1',
  })
  assert.equal(seen.length, 2)
})

/** What External Secrets says, of those below. */
const quoted: Readonly<Record<string, string>> = {
  refused: 'endpoint gave error 403 Forbidden',
  broken: 'endpoint gave error 500 Internal Server Error',
  wrong: 'endpoint gave error 400 Bad Request',
  'no secret':
    'failed to get clustersecretstore webhook secret nope: cannot get Kubernetes secret "nope" from namespace "apps"',
  'nobody there': 'failed to call endpoint: cannot reach 127.0.0.1:1 (ECONNREFUSED)',
}

const refused: readonly (readonly [
  why: string,
  code: string,
  status: number,
  webhook?: object,
  ref?: object,
  secret?: Manifest,
])[] = [
  ['not there', 'SECRET_NOT_FOUND', 404],
  ['refused', 'ACCESS_DENIED', 403],
  ['broken', 'PROVIDER_UNAVAILABLE', 500],
  ['wrong', 'PROVIDER_FAILED', 400],
  ['not modified', 'PROVIDER_FAILED', 304],
  ['a key that goes up', 'INVALID_REFERENCE', 200, {}, { key: '..' }],
  ['a key that stays', 'INVALID_REFERENCE', 200, {}, { key: '.' }],
  ['a header of two lines', 'VALUE_INVALID', 200, { headers: { x: '{{ .remoteRef.key }}' } }, { key: 'a\r\nb: c' }],
  ['a secret that is not labelled', 'STORE_DENIED', 200, { secrets: login }, {}, labelled({})],
  [
    'a secret with another label',
    'STORE_DENIED',
    200,
    { secrets: login },
    {},
    labelled({ 'external-secrets.io/type': 'x' }),
  ],
  ['no secret', 'CREDENTIAL_MISSING', 200, { secrets: [{ name: 'auth', secretRef: { name: 'nope' } }] }],
  ['a template that fails', 'TEMPLATE_FAILED', 200, { url: '{{ index .remoteRef 1 2 3 }}' }],
  ['a function that takes seconds', 'TEMPLATE_FAILED', 200, { url: '{{ genPrivateKey "rsa" }}' }],
  ['nobody there', 'PROVIDER_UNAVAILABLE', 200, { url: 'http://127.0.0.1:1' }],
  ['another scheme', 'INVALID_STORE', 200, { url: 'file:///etc/passwd' }],
  ['NTLM', 'NOT_SUPPORTED', 200, { auth: { ntlm: {} } }],
]

for (const [why, code, answered, webhook = {}, ref = {}, secret = labelled()] of refused) {
  test(`refused: ${why}`, async () => {
    answering('s3cret', answered)
    const error = await failure(calling({ ...webhook }, ref, secret))
    assert.equal(error.code, code, error.message)
    assert.doesNotMatch(inspect(error, { depth: 10 }), /s3cret/)
    const words = quoted[why]
    if (words !== undefined) assert.ok(error.message.endsWith(`: ${words}`), error.message)
  })
}

const waits: readonly (readonly [status: number, retryAfter: string | null, code: string, wait: number | null])[] = [
  [429, '30', 'PROVIDER_UNAVAILABLE', 30_000],
  [503, '7', 'PROVIDER_UNAVAILABLE', 7_000],
  [412, '7', 'PROVIDER_UNAVAILABLE', 7_000],
  [429, '0', 'PROVIDER_UNAVAILABLE', 0],
  [429, '999999999999', 'PROVIDER_UNAVAILABLE', 3_600_000],
  [429, 'Thu, 01 Jan 1970 00:00:00 GMT', 'PROVIDER_UNAVAILABLE', 0],
  [429, null, 'PROVIDER_UNAVAILABLE', null],
  [503, 'soon', 'PROVIDER_UNAVAILABLE', null],
  [503, '-5', 'PROVIDER_UNAVAILABLE', null],
  [403, '30', 'ACCESS_DENIED', null],
  [400, '30', 'PROVIDER_FAILED', null],
  [501, '30', 'PROVIDER_UNAVAILABLE', null],
]

for (const [answered, header, code, wait] of waits) {
  test(`the limiter hears of ${answered} with Retry-After ${header}`, async () => {
    answering('s3cret', answered, header === null ? {} : { 'retry-after': header })
    const error = await failure(calling({}))
    assert.deepEqual([error.code, retryAfterOf(error) ?? null, seen.length], [code, wait, 1])
    assert.doesNotMatch(inspect(error, { depth: 10 }), /s3cret/)
  })
}

test('the limiter hears of a Retry-After that is a date', async () => {
  answering('', 503, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() })
  const wait = retryAfterOf(await failure(calling({}))) ?? 0
  assert.ok(wait > 3_000_000 && wait <= 3_600_000, String(wait))
})

test('a redirect to another host takes no header along that logs in, and its own host gets all', async () => {
  const headers = { Authorization: 'Bearer {{ .auth.token }}', cookie: 'a={{ .auth.token }}', 'X-Key': 'k' }
  for (const [host, authorization] of [
    ['localhost', undefined],
    ['127.0.0.1', 'Bearer s3cret'],
  ] as const) {
    const to = `${address.replace('127.0.0.1', host)}/v/moved`
    answering('', 307, { location: to })
    await failure(calling({ headers, secrets: login }))
    assert.deepEqual(
      seen.map((request) => request.url),
      ['/v/k', '/v/moved'],
    )
    assert.equal(seen[1]?.headers.authorization, authorization)
    assert.equal(seen[1]?.headers.cookie, authorization && 'a=s3cret')
    assert.equal(seen[1]?.headers['x-key'], 'k')
  }
})

test('a policy holds for a redirect too, and is not asked again and again', async () => {
  const { host, port } = new URL(address)
  const policy = { rules: [{ provider: 'webhook', hosts: [host] }] }
  answering('', 302, { location: `http://localhost:${port}/v/moved` })
  const error = await failure({ ...calling({}), context: { policy } })
  assert.deepEqual([error.code, seen.length], ['POLICY_DENIED', 1], error.message)
  answering('x')
  assert.deepEqual(await data({ ...calling({}), context: { policy } }), { v: 'x' })
})

test('a find is refused', async () => {
  const { objects = [] } = calling({})
  const spec = { secretStoreRef: { name: 'hook' }, dataFrom: [{ find: { name: { regexp: '.' } } }] }
  const { code, message } = await failure({ objects, spec })
  assert.deepEqual([code, message.split(': ').at(-1)], ['NOT_SUPPORTED', 'not implemented'])
})

test('a timeout ends the call', async () => {
  const slow = createServer(() => undefined)
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`
    const error = await failure(calling({ url, timeout: '50ms' }))
    assert.equal(error.code, 'PROVIDER_UNAVAILABLE')
  } finally {
    slow.closeAllConnections()
    slow.close()
  }
})

const nothingElse = { type: '', labels: {}, annotations: {}, data: new Map<string, Uint8Array>() }

async function pushed(webhook: Readonly<Record<string, unknown>>, key = 'k', value = 'v&1'): Promise<Seen | undefined> {
  seen.length = 0
  const sessions = createSessions({ environment: { now: Date.now } })
  const store = readStore(
    secretStore({ webhook: { url: `${address}/p/{{ .remoteRef.key }}`, ...webhook } }, {}, 'hook'),
  )
  const session = await sessions.open(store, 'apps', manifestAccess([labelled()]))
  const request = { key, property: 'p', secretKey: 's', value: Buffer.from(value), metadata: null, source: nothingElse }
  try {
    await session.provider.push(request, AbortSignal.timeout(120_000))
  } finally {
    session.release()
    await sessions.close()
  }
  return seen[0]
}

test('a push sends the value, or what the body makes of it', async () => {
  answering('', 204)
  const plain = await pushed({})
  assert.deepEqual([plain?.method, plain?.url, plain?.body], ['POST', '/p/k', 'v&1'])
  const body = '{"{{ .remoteRef.property }}":"{{ .remoteRef.k }}","by":"{{ .auth.token }}"}'
  const made = await pushed({ method: 'PUT', body, secrets: login })
  assert.deepEqual([made?.method, made?.body], ['PUT', '{"p":"v&1","by":"s3cret"}'])
})

for (const [why, code, answered, key = 'k'] of [
  ['nothing there', 'PROVIDER_FAILED', 404],
  ['refused', 'ACCESS_DENIED', 403],
  ['broken', 'PROVIDER_UNAVAILABLE', 503],
  ['a key that goes up', 'INVALID_REFERENCE', 200, '..'],
] as const) {
  test(`a push that fails says why, and not what: ${why}`, async () => {
    answering('v&1', answered)
    await assert.rejects(pushed({}, key), (error: unknown) => {
      assert.equal(Reflect.get(Object(error), 'code'), code)
      assert.doesNotMatch(inspect(error, { depth: 10 }), /v&1/)
      return true
    })
  })
}
