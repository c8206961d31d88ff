import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { createSessions, manifestAccess, readStore } from '@sealkit/resolver'
import { secretStore } from './fixture.ts'
import { type Answer, found, read, refusal, roleAuth, send, vaultDouble } from './vault.ts'

const server = vaultDouble()

const loginAnswer: Answer = (request, response) => {
  if (!request.url.endsWith('/login') && !request.url.includes('/login/')) return found(request, response)
  send(response, 200, { auth: { client_token: `made-${server.seen.length}`, lease_duration: 3600 } })
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
    server.answer = loginAnswer
    await server.use({ vault: { auth } }, async (provider) => {
      assert.equal(await read(provider, 'a'), 'u')
      assert.equal(await read(provider, 'b'), 'u')
    })
    assert.deepEqual(
      server.seen.map((request) => [request.url, request.headers['x-vault-token']]),
      [
        [path, undefined],
        ['/v1/kv/data/a', 'made-1'],
        ['/v1/kv/data/b', 'made-1'],
        ['/v1/auth/token/revoke-self', 'made-1'],
      ],
    )
    assert.deepEqual(JSON.parse(server.seen[0]?.body ?? ''), body)
  })
}

test("the pod's own token, where the caller lends it, and openBao's name for the mount", async () => {
  server.answer = loginAnswer
  server.seen.length = 0
  const paths: string[] = []
  const readFile = async (path: string): Promise<string> => {
    paths.push(path)
    return 'pod-token\n'
  }
  const sessions = createSessions({ environment: { now: Date.now, ambient: {}, readFile } })
  const openBao = { server: server.url, path: 'kv', auth: { kubernetes: { role: 'r', path: 'cluster-a' } } }
  const session = await sessions.open(readStore(secretStore({ openBao })), 'apps', manifestAccess([]))
  assert.equal(await read(session.provider, 'a'), 'u')
  assert.equal(server.seen[0]?.url, '/v1/auth/cluster-a/login')
  assert.deepEqual(JSON.parse(server.seen[0]?.body ?? ''), { jwt: 'pod-token', role: 'r' })
  assert.deepEqual(paths, ['/var/run/secrets/kubernetes.io/serviceaccount/token'])
  session.release()
  await sessions.close()
})

test('the login has its own namespace', async () => {
  server.answer = loginAnswer
  const auth = { ...roleAuth, namespace: 'admin' }
  await server.use({ vault: { auth, namespace: 'team' } }, (provider) => read(provider, 'a'))
  assert.deepEqual(
    server.seen.map(({ headers }) => headers['x-vault-namespace']),
    ['admin', 'team', 'team'],
  )
})

for (const [why, skew] of [
  ['an hour behind', -3_600_000],
  ['a day ahead', 86_400_000],
  ['at 1970', -Date.now()],
] as const) {
  test(`a token lives as long as the server says, the clock ${why}`, async () => {
    server.answer = loginAnswer
    await server.use({ vault: { auth: roleAuth }, now: () => Date.now() + skew }, async (provider) => {
      for (const key of ['a', 'b', 'c']) await read(provider, key)
    })
    assert.equal(server.seen.filter(({ url: path }) => path.endsWith('/login')).length, 1)
  })
}

test('a token is replaced at the end of its life, and once when the server refuses it', async () => {
  let now = 0
  let refused = false
  server.answer = (request, response) => {
    if (request.url.endsWith('/login') || request.headers['x-vault-token'] !== 'made-3' || refused) {
      return loginAnswer(request, response)
    }
    refused = true
    send(response, 403, { errors: ['permission denied'] })
  }
  await server.use({ vault: { auth: roleAuth }, now: () => now }, async (provider) => {
    await read(provider, 'a')
    now = 3_541_000
    await read(provider, 'b')
  })
  assert.deepEqual(
    server.seen.map((request) => `${request.url} ${request.headers['x-vault-token'] ?? ''}`),
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
    const error = await server.use({ vault: { auth } }, (provider) => refusal(read(provider, 'a')))
    assert.equal(error.code, code, error.message)
    assert.deepEqual(server.seen, [])
  })
}

test('a SecretStore reads credentials of its own namespace, whatever its selector says', async () => {
  server.answer = found
  const auth = { tokenSecretRef: { name: 'login', key: 'token', namespace: 'kube-system' } }
  await server.use({ vault: { auth } }, (provider) => read(provider, 'a'))
  assert.equal(server.seen[0]?.headers['x-vault-token'], 'root-token')
})
