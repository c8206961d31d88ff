import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import { createSessions, manifestAccess, type Provider, ResolverError, readStore } from '@sealkit/resolver'
import { createAuthority } from '../servers/certificates.ts'
import { secretStore } from './fixture.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (seen: Seen, response: ServerResponse) => void

const seen: Seen[] = []
let answer: Answer = () => undefined
let server: Server
let url = ''

const listener: RequestListener = async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { method = '', url: path = '', headers } = request
  const entry = { method, url: path, headers, body: Buffer.concat(chunks).toString() }
  seen.push(entry)
  answer(entry, response)
}

/** Answers with a status and a JSON body, or a text as it is. */
function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
}

const found: Answer = (_seen, response) => send(response, 200, { data: { data: { user: 'u' } } })

async function listen(one: Server): Promise<string> {
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(one.address() as AddressInfo).port}`
}

before(async () => {
  server = createServer(listener)
  url = `http://${await listen(server)}`
  // Nothing of this may have a say.
  Object.assign(process.env, {
    VAULT_ADDR: 'http://127.0.0.1:1',
    VAULT_TOKEN: 'from-the-environment',
    VAULT_NAMESPACE: 'from-the-environment',
    VAULT_PREFIX: '/from-the-environment',
    VAULT_SKIP_VERIFY: '1',
    DEBUG: 'node-vault',
  })
})

after(() => {
  server.closeAllConnections()
  server.close()
})

const secrets: readonly Manifest[] = [
  credential('login', { token: 'root-token\n', roleId: 'role', secretId: 'secret', password: 'pw' }),
]

function credential(name: string, data: Readonly<Record<string, string>>): Manifest {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'apps' }, data: Object.fromEntries(encoded) }
}

const tokenAuth = { tokenSecretRef: { name: 'login', key: 'token' } }
const roleAuth = {
  appRole: { roleRef: { name: 'login', key: 'roleId' }, secretRef: { name: 'login', key: 'secretId' } },
}

interface Opened {
  readonly vault?: Readonly<Record<string, unknown>>
  readonly store?: Readonly<Record<string, unknown>>
  readonly objects?: readonly Manifest[]
  readonly now?: () => number
}

/** Runs with an opened store; the requests of before are forgotten. */
async function withVault<Value>(opened: Opened, use: (provider: Provider) => Promise<Value>): Promise<Value> {
  const { vault = {}, store = { retrySettings: {} }, objects = [], now = Date.now } = opened
  seen.length = 0
  const sessions = createSessions({ environment: { now } })
  const spec = { server: url, path: 'kv', auth: tokenAuth, ...vault }
  const cluster = manifestAccess([...secrets, ...objects])
  const session = await sessions.open(readStore(secretStore({ vault: spec }, store)), 'apps', cluster)
  try {
    return await use(session.provider)
  } finally {
    session.release()
    await sessions.close()
  }
}

const signal = new AbortController().signal

async function read(provider: Provider, key: string, version = ''): Promise<string | null> {
  const secret = await provider.get({ key, version, metadataPolicy: 'None' }, signal)
  return secret === null ? null : Buffer.from(secret.value('user') ?? []).toString()
}

async function refusal(call: Promise<unknown>): Promise<ResolverError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ResolverError, String(error))
  return error
}

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
    answer = (_seen, response) => send(response, 200, { data: { data: { user: 'u' }, user: 'u' } })
    await withVault({ vault }, (provider) => read(provider, key))
    assert.deepEqual(
      seen.map((request) => [request.method, request.url]),
      [['GET', path]],
    )
  })
}

const impossible = ['..', 'a/../b', '../sys/mounts', 'a/./b', '.', 'a//b', '', '/', 'kv/../sys', 'a/..']

for (const key of impossible) {
  test(`the key ${JSON.stringify(key)} asks for nothing`, async () => {
    const error = await withVault({}, (provider) => refusal(read(provider, key)))
    assert.equal(error.code, 'INVALID_REFERENCE')
    assert.deepEqual(seen, [])
  })
}

for (const path of ['../sys', 'a/../b', 'a//b']) {
  test(`find below ${JSON.stringify(path)} asks for nothing`, async () => {
    const query = { path, name: '.*', tags: null, conversionStrategy: 'Default' } as const
    const error = await withVault({}, (provider) => refusal(provider.find(query, signal)))
    assert.equal(error.code, 'INVALID_REFERENCE')
    assert.deepEqual(seen, [])
  })
}

test('a version is a parameter, whatever it holds', async () => {
  answer = found
  await withVault({}, (provider) => read(provider, 'a', '1&list=true#'))
  assert.equal(seen[0]?.url, '/v1/kv/data/a?version=1%26list%3Dtrue%23')
})

test("only the store's own token, namespace and headers are sent", async () => {
  answer = found
  await withVault({ vault: { headers: { 'X-Own': '1' } } }, (provider) => read(provider, 'a'))
  const headers = seen[0]?.headers ?? {}
  assert.equal(headers['x-vault-token'], 'root-token')
  assert.equal(headers['x-vault-namespace'], undefined)
  assert.equal(headers['x-vault-request'], 'true')
  assert.equal(headers['x-own'], '1')
  await withVault({ vault: { auth: undefined, namespace: 'team' } }, (provider) => read(provider, 'a'))
  assert.equal(seen[0]?.headers['x-vault-token'], undefined)
  assert.equal(seen[0]?.headers['x-vault-namespace'], 'team')
})

test('what was written is read, where the store asks for that', async () => {
  answer = (request, response) => {
    response.setHeader('x-vault-index', `index-${seen.length}`)
    found(request, response)
  }
  const both = { readYourWrites: true, forwardInconsistent: true }
  await withVault({ vault: both }, async (provider) => {
    await read(provider, 'a')
    await read(provider, 'b')
  })
  assert.deepEqual(
    seen.map(({ headers }) => [headers['x-vault-index'], headers['x-vault-inconsistent']]),
    [
      [undefined, 'forward-active-node'],
      ['index-1', 'forward-active-node'],
    ],
  )
  await withVault({}, async (provider) => {
    await read(provider, 'a')
    await read(provider, 'b')
  })
  assert.deepEqual(
    seen.map(({ headers }) => [headers['x-vault-index'], headers['x-vault-inconsistent']]),
    [
      [undefined, undefined],
      [undefined, undefined],
    ],
  )
})

const loginAnswer: Answer = (request, response) => {
  if (!request.url.endsWith('/login') && !request.url.includes('/login/')) return found(request, response)
  send(response, 200, { auth: { client_token: `made-${seen.length}`, lease_duration: 3600 } })
}

const logins: readonly (readonly [auth: object, path: string, body: object, objects?: Manifest[]])[] = [
  [roleAuth, '/v1/auth/approle/login', { role_id: 'role', secret_id: 'secret' }],
  [
    { appRole: { path: 'deep/role', roleId: ' literal ', secretRef: { name: 'login', key: 'secretId' } } },
    '/v1/auth/deep/role/login',
    { role_id: 'literal', secret_id: 'secret' },
  ],
  [
    { userPass: { username: 'a/b?c', secretRef: { name: 'login', key: 'password' } } },
    '/v1/auth/userpass/login/a/b%3Fc',
    { password: 'pw' },
  ],
  [
    { ldap: { username: 'u', secretRef: { name: 'login', key: 'password' } } },
    '/v1/auth/ldap/login/u',
    { password: 'pw' },
  ],
  [
    { jwt: { role: 'r', secretRef: { name: 'login', key: 'token' } } },
    '/v1/auth/jwt/login',
    { role: 'r', jwt: 'root-token' },
  ],
  [
    { kubernetes: { role: 'r', secretRef: { name: 'login' } } },
    '/v1/auth/kubernetes/login',
    { jwt: 'root-token', role: 'r' },
  ],
]

for (const [auth, path, body] of logins) {
  test(`login at ${path}`, async () => {
    answer = loginAnswer
    await withVault({ vault: { auth } }, async (provider) => {
      assert.equal(await read(provider, 'a'), 'u')
      assert.equal(await read(provider, 'b'), 'u')
    })
    assert.deepEqual(
      seen.map((request) => [request.url, request.headers['x-vault-token']]),
      [
        [path, undefined],
        ['/v1/kv/data/a', 'made-1'],
        ['/v1/kv/data/b', 'made-1'],
        ['/v1/auth/token/revoke-self', 'made-1'],
      ],
    )
    assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), body)
  })
}

test("the pod's own token, where the caller lends it, and openBao's name for the mount", async () => {
  answer = loginAnswer
  seen.length = 0
  const paths: string[] = []
  const readFile = async (path: string): Promise<string> => {
    paths.push(path)
    return 'pod-token\n'
  }
  const sessions = createSessions({ environment: { now: Date.now, ambient: {}, readFile } })
  const openBao = { server: url, path: 'kv', auth: { kubernetes: { role: 'r', path: 'cluster-a' } } }
  const session = await sessions.open(readStore(secretStore({ openBao })), 'apps', manifestAccess([]))
  assert.equal(await read(session.provider, 'a'), 'u')
  assert.equal(seen[0]?.url, '/v1/auth/cluster-a/login')
  assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), { jwt: 'pod-token', role: 'r' })
  assert.deepEqual(paths, ['/var/run/secrets/kubernetes.io/serviceaccount/token'])
  session.release()
  await sessions.close()
})

test('the login has its own namespace', async () => {
  answer = loginAnswer
  const auth = { ...roleAuth, namespace: 'admin' }
  await withVault({ vault: { auth, namespace: 'team' } }, (provider) => read(provider, 'a'))
  assert.deepEqual(
    seen.map(({ headers }) => headers['x-vault-namespace']),
    ['admin', 'team', 'team'],
  )
})

for (const [why, skew] of [
  ['an hour behind', -3_600_000],
  ['a day ahead', 86_400_000],
  ['at 1970', -Date.now()],
] as const) {
  test(`a token lives as long as the server says, the clock ${why}`, async () => {
    answer = loginAnswer
    await withVault({ vault: { auth: roleAuth }, now: () => Date.now() + skew }, async (provider) => {
      for (const key of ['a', 'b', 'c']) await read(provider, key)
    })
    assert.equal(seen.filter(({ url: path }) => path.endsWith('/login')).length, 1)
  })
}

test('a token is replaced at the end of its life, and once when the server refuses it', async () => {
  let now = 0
  let refused = false
  answer = (request, response) => {
    if (request.url.endsWith('/login') || request.headers['x-vault-token'] !== 'made-3' || refused) {
      return loginAnswer(request, response)
    }
    refused = true
    send(response, 403, { errors: ['permission denied'] })
  }
  await withVault({ vault: { auth: roleAuth }, now: () => now }, async (provider) => {
    await read(provider, 'a')
    now = 3_541_000
    await read(provider, 'b')
  })
  assert.deepEqual(
    seen.map((request) => `${request.url} ${request.headers['x-vault-token'] ?? ''}`),
    [
      '/v1/auth/approle/login ',
      '/v1/kv/data/a made-1',
      '/v1/auth/approle/login ',
      '/v1/kv/data/b made-3',
      '/v1/auth/approle/login ',
      '/v1/kv/data/b made-5',
      '/v1/auth/token/revoke-self made-5',
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
    answer = (_seen, response) => send(response, status, body)
    await withVault({}, async (provider) => {
      if (code === null) return assert.equal(await read(provider, 'a'), null)
      const error = await refusal(read(provider, 'a'))
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.doesNotMatch(`${inspect(error, { depth: 10 })}${error.upstream ?? ''}`, /s3cret|root-token/)
    })
  })
}

test('a refused login tells the status alone', async () => {
  answer = (request, response) => send(response, 400, { errors: [`got ${request.body}`] })
  const error = await withVault({ vault: { auth: roleAuth } }, (provider) => refusal(read(provider, 'a')))
  assert.equal(error.message, 'cannot read secret data from Vault: unable to log in to Vault: the server answers 400')
})

test('it tries again as the store says, and waits as the server says', async () => {
  const retrySettings = { maxRetries: 2, retryInterval: '1ms' }
  answer = (request, response) =>
    seen.length < 3 ? send(response, 503, '', { 'retry-after': '0' }) : found(request, response)
  await withVault({ store: { retrySettings } }, async (provider) => assert.equal(await read(provider, 'a'), 'u'))
  assert.equal(seen.length, 3)
  answer = (_seen, response) => send(response, 503, '')
  const error = await withVault({ store: { retrySettings } }, (provider) => refusal(read(provider, 'a')))
  assert.equal(error.code, 'PROVIDER_UNAVAILABLE')
  assert.equal(seen.length, 3)
})

test('a server that is not there is unavailable', async () => {
  const vault = { server: 'http://127.0.0.1:1' }
  const error = await withVault({ vault }, (provider) => refusal(read(provider, 'a')))
  assert.equal(error.code, 'PROVIDER_UNAVAILABLE')
  assert.match(error.message, /cannot reach 127.0.0.1:1 \(ECONNREFUSED\)$/)
})

test('an aborted read ends at once', async () => {
  const controller = new AbortController()
  answer = () => controller.abort(new Error('stopped'))
  await withVault({}, async (provider) => {
    const reading = provider.get({ key: 'a', version: '', metadataPolicy: 'None' }, controller.signal)
    await assert.rejects(reading, /stopped|aborted/)
  })
})

test('one redirect is followed', async () => {
  answer = (request, response) =>
    request.url === '/v1/kv/data/a'
      ? send(response, 307, '', { location: `${url}/v1/kv/data/active` })
      : found(request, response)
  await withVault({}, async (provider) => assert.equal(await read(provider, 'a'), 'u'))
  answer = (_seen, response) => send(response, 307, '', { location: `${url}/v1/again` })
  const error = await withVault({}, (provider) => refusal(read(provider, 'a')))
  assert.equal(error.code, 'PROVIDER_FAILED')
  assert.equal(seen.length, 2)
})

test('https is trusted by the store’s authority alone, and never redirected to http', async (t) => {
  const authority = createAuthority('vault')
  const { certificate, key } = authority.issue({ name: 'server' })
  const secure = createSecureServer({ cert: certificate, key }, listener)
  const address = `https://${await listen(secure as unknown as Server)}`
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
  answer = found
  for (const trust of [{ caBundle: bundle }, { caProvider: { type: 'ConfigMap', name: 'ca', key: 'pem' } }]) {
    const vault = { server: address, ...trust }
    await withVault({ vault, objects: [config] }, async (provider) => assert.equal(await read(provider, 'a'), 'u'))
  }
  const distrusted = await withVault({ vault: { server: address } }, (provider) => refusal(read(provider, 'a')))
  assert.equal(distrusted.code, 'PROVIDER_UNAVAILABLE')
  answer = (_seen, response) => send(response, 307, '', { location: `${url}/v1/kv/data/a` })
  const vault = { server: address, caBundle: bundle }
  const error = await withVault({ vault }, (provider) => refusal(read(provider, 'a')))
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
    const error = await refusal(withVault({ vault }, (provider) => read(provider, 'a')))
    assert.equal(error.code, code)
    assert.doesNotMatch(error.message, /pass/)
  })
}

const unusable: readonly (readonly [auth: object, code: string])[] = [
  [{}, 'NOT_SUPPORTED'],
  [{ other: {} }, 'NOT_SUPPORTED'],
  [{ iam: {} }, 'POLICY_DENIED'],
  [{ kubernetes: { role: 'r' } }, 'POLICY_DENIED'],
  [{ tokenSecretRef: { name: 'nope', key: 'token' } }, 'CREDENTIAL_MISSING'],
  [{ tokenSecretRef: { name: 'login', key: 'nope' } }, 'CREDENTIAL_MISSING'],
  [{ tokenSecretRef: { key: 'token' } }, 'INVALID_STORE'],
  [{ kubernetes: { role: 'r', serviceAccountRef: { name: 'sa' } } }, 'CREDENTIAL_MISSING'],
  [{ userPass: { username: '../x', secretRef: { name: 'login', key: 'password' } } }, 'INVALID_REFERENCE'],
]

for (const [auth, code] of unusable) {
  test(`auth refused: ${JSON.stringify(auth)}`, async () => {
    const error = await withVault({ vault: { auth } }, (provider) => refusal(read(provider, 'a')))
    assert.equal(error.code, code, error.message)
    assert.deepEqual(seen, [])
  })
}

test('a SecretStore reads credentials of its own namespace, whatever its selector says', async () => {
  answer = found
  const auth = { tokenSecretRef: { name: 'login', key: 'token', namespace: 'kube-system' } }
  await withVault({ vault: { auth } }, (provider) => read(provider, 'a'))
  assert.equal(seen[0]?.headers['x-vault-token'], 'root-token')
})
