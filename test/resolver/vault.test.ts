import assert from 'node:assert/strict'
import { createServer as createSecureServer } from 'node:https'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createAuthority } from '../servers/certificates.ts'
import { found, listen, read, refusal, roleAuth, send, signal, vaultDouble } from './vault.ts'

const server = vaultDouble()

const hostile: readonly (readonly [key: string, path: string, vault?: Readonly<Record<string, unknown>>])[] = [
  ['a/b', '/v1/kv/data/a/b'],
  ['/a/b/', '/v1/kv/data/a/b'],
  ['a?x=1&list=true', '/v1/kv/data/a%3Fx%3D1%26list%3Dtrue'],
  ['a#b', '/v1/kv/data/a%23b'],
  ['a%2fb', '/v1/kv/data/a%252fb'],
  ['a%2e%2e/b', '/v1/kv/data/a%252e%252e/b'],
  ['a&#x2F;b', '/v1/kv/data/a%26%23x2F%3Bb'],
  ['...', '/v1/kv/data/...'],
  ['a\\..\\b', '/v1/kv/data/a%5C..%5Cb'],
  ['a b\né', '/v1/kv/data/a%20b%0A%C3%A9'],
  ['a\r\nX-Evil: 1', '/v1/kv/data/a%0D%0AX-Evil%3A%201'],
  ['{{a}}', '/v1/kv/data/%7B%7Ba%7D%7D'],
  ['kv/a', '/v1/kv/data/a'],
  ['kv/data/a', '/v1/kv/data/a'],
  ['data/a', '/v1/kv/data/data/a'],
  ['kvx/a', '/v1/kv/data/kvx/a'],
  ['mount/a', '/v1/mount/data/a', { path: undefined }],
  ['mount/data/a', '/v1/mount/data/a', { path: undefined }],
  ['a', '/v1/kv/a', { version: 'v1' }],
  ['kv/data/a', '/v1/kv/data/a', { version: 'v1' }],
  ['a', '/v1/deep/kv/data/a', { path: 'deep/kv' }],
]

for (const [key, path, vault = {}] of hostile) {
  test(`the key ${JSON.stringify(key)} ${JSON.stringify(vault)} asks for ${path}`, async () => {
    server.answer = (_seen, response) => send(response, 200, { data: { data: { user: 'u' }, user: 'u' } })
    await server.use({ vault }, (provider) => read(provider, key))
    assert.deepEqual(
      server.seen.map((request) => [request.method, request.url]),
      [['GET', path]],
    )
  })
}

const impossible = ['..', 'a/../b', '../sys/mounts', 'a/./b', '.', 'a//b', '', '/', 'kv/../sys', 'a/..']

for (const key of impossible) {
  test(`the key ${JSON.stringify(key)} asks for nothing`, async () => {
    const error = await server.use({}, (provider) => refusal(read(provider, key)))
    assert.equal(error.code, 'INVALID_REFERENCE')
    assert.deepEqual(server.seen, [])
  })
}

for (const path of ['../sys', 'a/../b', 'a//b']) {
  test(`find below ${JSON.stringify(path)} asks for nothing`, async () => {
    const query = { path, name: '.*', tags: null, conversionStrategy: 'Default' } as const
    const error = await server.use({}, (provider) => refusal(provider.find(query, signal)))
    assert.equal(error.code, 'INVALID_REFERENCE')
    assert.deepEqual(server.seen, [])
  })
}

test('a version is a parameter, whatever it holds', async () => {
  server.answer = found
  await server.use({}, (provider) => read(provider, 'a', '1&list=true#'))
  assert.equal(server.seen[0]?.url, '/v1/kv/data/a?version=1%26list%3Dtrue%23')
})

test("only the store's own token, namespace and headers are sent", async () => {
  server.answer = found
  await server.use({ vault: { headers: { 'X-Own': '1' } } }, (provider) => read(provider, 'a'))
  const headers = server.seen[0]?.headers ?? {}
  assert.equal(headers['x-vault-token'], 'root-token')
  assert.equal(headers['x-vault-namespace'], undefined)
  assert.equal(headers['x-vault-request'], 'true')
  assert.equal(headers['x-own'], '1')
  await server.use({ vault: { auth: undefined, namespace: 'team' } }, (provider) => read(provider, 'a'))
  assert.equal(server.seen[0]?.headers['x-vault-token'], undefined)
  assert.equal(server.seen[0]?.headers['x-vault-namespace'], 'team')
})

test('what was written is read, where the store asks for that', async () => {
  server.answer = (request, response) => {
    response.setHeader('x-vault-index', `index-${server.seen.length}`)
    found(request, response)
  }
  const both = { readYourWrites: true, forwardInconsistent: true }
  await server.use({ vault: both }, async (provider) => {
    await read(provider, 'a')
    await read(provider, 'b')
  })
  assert.deepEqual(
    server.seen.map(({ headers }) => [headers['x-vault-index'], headers['x-vault-inconsistent']]),
    [
      [undefined, 'forward-active-node'],
      ['index-1', 'forward-active-node'],
    ],
  )
  await server.use({}, async (provider) => {
    await read(provider, 'a')
    await read(provider, 'b')
  })
  assert.deepEqual(
    server.seen.map(({ headers }) => [headers['x-vault-index'], headers['x-vault-inconsistent']]),
    [
      [undefined, undefined],
      [undefined, undefined],
    ],
  )
})

const statuses: readonly (readonly [status: number, body: unknown, code: string | null, message?: RegExp])[] = [
  [404, { errors: [] }, null],
  [404, '', null],
  [404, { data: { data: null, metadata: { version: 1 } } }, null],
  [200, { data: { data: null } }, null],
  [200, { data: {} }, 'PROVIDER_FAILED', /failed to find data field/],
  [200, { data: { data: [] } }, 'VALUE_INVALID', /failed to unmarshall JSON/],
  [200, 's3cret', 'PROVIDER_FAILED', /not a JSON object/],
  [400, { errors: ['bad version'] }, 'PROVIDER_FAILED', /Code: 400. Errors:\n\n\* bad version$/],
  [403, { errors: ['permission denied'] }, 'ACCESS_DENIED', /Code: 403. Errors:\n\n\* permission denied$/],
  [403, '<html>s3cret</html>', 'ACCESS_DENIED', /Code: 403/],
  [429, 's3cret', 'PROVIDER_UNAVAILABLE', /Code: 429/],
  [500, { errors: [] }, 'PROVIDER_UNAVAILABLE', /Code: 500/],
  [503, { errors: ['Vault is sealed'] }, 'PROVIDER_UNAVAILABLE', /Vault is sealed/],
]

for (const [status, body, code, message = /./] of statuses) {
  test(`${status} ${JSON.stringify(body)} is ${code ?? 'not there'}`, async () => {
    server.answer = (_seen, response) => send(response, status, body)
    await server.use({}, async (provider) => {
      if (code === null) return assert.equal(await read(provider, 'a'), null)
      const error = await refusal(read(provider, 'a'))
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.doesNotMatch(`${inspect(error, { depth: 10 })}${error.upstream ?? ''}`, /s3cret|root-token/)
    })
  })
}

test('a refused login tells nothing of what it sent', async () => {
  server.answer = (request, response) => send(response, 400, { errors: [`got ${request.body}`] })
  const error = await server.use({ vault: { auth: roleAuth } }, (provider) => refusal(read(provider, 'a')))
  const url = `${server.url}/v1/auth/approle/login`
  const words = 'unable to log in to auth method: unable to log in with app role auth: '
  assert.equal(error.message, `${words}Error making API request.\n\nURL: PUT ${url}\nCode: 400. Errors:\n\n`)
})

test('it tries again as the store says, and waits as the server says', async () => {
  const retrySettings = { maxRetries: 2, retryInterval: '1ms' }
  server.answer = (request, response) =>
    server.seen.length < 3 ? send(response, 503, '', { 'retry-after': '0' }) : found(request, response)
  await server.use({ store: { retrySettings } }, async (provider) => assert.equal(await read(provider, 'a'), 'u'))
  assert.equal(server.seen.length, 3)
  server.answer = (_seen, response) => send(response, 503, '')
  const error = await server.use({ store: { retrySettings } }, (provider) => refusal(read(provider, 'a')))
  assert.equal(error.code, 'PROVIDER_UNAVAILABLE')
  assert.equal(server.seen.length, 3)
})

test('a server that is not there is unavailable', async () => {
  const vault = { server: 'http://127.0.0.1:1' }
  const error = await server.use({ vault }, (provider) => refusal(read(provider, 'a')))
  assert.equal(error.code, 'PROVIDER_UNAVAILABLE')
  assert.match(error.message, /cannot reach 127.0.0.1:1 \(ECONNREFUSED\)$/)
})

test('an aborted read ends at once', async () => {
  const controller = new AbortController()
  server.answer = () => controller.abort(new Error('stopped'))
  await server.use({}, async (provider) => {
    const reading = provider.get({ key: 'a', version: '', metadataPolicy: 'None' }, controller.signal)
    await assert.rejects(reading, /stopped|aborted/)
  })
})

test('one redirect is followed', async () => {
  server.answer = (request, response) =>
    request.url === '/v1/kv/data/a'
      ? send(response, 307, '', { location: `${server.url}/v1/kv/data/active` })
      : found(request, response)
  await server.use({}, async (provider) => assert.equal(await read(provider, 'a'), 'u'))
  server.answer = (_seen, response) => send(response, 307, '', { location: `${server.url}/v1/again` })
  const error = await server.use({}, (provider) => refusal(read(provider, 'a')))
  assert.equal(error.code, 'PROVIDER_FAILED')
  assert.equal(server.seen.length, 2)
})

test('https is trusted by the store’s authority alone, and never redirected to http', async (t) => {
  const authority = createAuthority('vault')
  const { certificate, key } = authority.issue({ name: 'server' })
  const secure = createSecureServer({ cert: certificate, key }, server.listener)
  const address = `https://${await listen(secure)}`
  t.after(() => {
    secure.closeAllConnections()
    secure.close()
  })
  const bundle = Buffer.from(authority.certificate).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'ca', namespace: 'apps' },
    data: { pem: authority.certificate },
  }
  server.answer = found
  for (const trust of [{ caBundle: bundle }, { caProvider: { type: 'ConfigMap', name: 'ca', key: 'pem' } }]) {
    const vault = { server: address, ...trust }
    await server.use({ vault, objects: [config] }, async (provider) => assert.equal(await read(provider, 'a'), 'u'))
  }
  const distrusted = await server.use({ vault: { server: address } }, (provider) => refusal(read(provider, 'a')))
  assert.equal(distrusted.code, 'PROVIDER_UNAVAILABLE')
  server.answer = (_seen, response) => send(response, 307, '', { location: `${server.url}/v1/kv/data/a` })
  const vault = { server: address, caBundle: bundle }
  const error = await server.use({ vault }, (provider) => refusal(read(provider, 'a')))
  assert.match(error.message, /redirects from https to http/)
})

const broken: readonly (readonly [vault: Readonly<Record<string, unknown>>, code: string])[] = [
  [{ server: 'vault.test' }, 'INVALID_STORE'],
  [{ server: 'file:///etc/passwd' }, 'INVALID_STORE'],
  [{ server: 'http://user:pass@127.0.0.1' }, 'INVALID_STORE'],
  [{ server: undefined }, 'INVALID_STORE'],
  [{ version: 'v3' }, 'INVALID_STORE'],
]

for (const [vault, code] of broken) {
  test(`refused: ${JSON.stringify(vault)}`, async () => {
    const error = await refusal(server.use({ vault }, (provider) => read(provider, 'a')))
    assert.equal(error.code, code)
    assert.doesNotMatch(error.message, /pass/)
  })
}
