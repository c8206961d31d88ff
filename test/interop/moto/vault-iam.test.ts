import assert from 'node:assert/strict'
import { createVerify, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { createSessions, manifestAccess, readStore } from '@sealkit/resolver'
import { type Moto, startMoto } from '../../servers/moto.ts'
import { available } from '../../servers/programs.ts'

let moto: Moto | undefined

before(async () => {
  moto = await startMoto().catch(() => undefined)
})

after(() => moto?.stop())

type Login = Readonly<Record<string, string>>

/**
 * A Vault with the logins `aws` and `gcp`. For the first it does what Vault does: it makes the request that it was sent,
 * at STS (here the emulator), and takes the caller for whoever that says.
 */
async function vault(
  sts: string,
): Promise<{ url: string; logins: [string, Login][]; callers: string[]; close(): void }> {
  const logins: [string, Login][] = []
  const callers: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const path = request.url ?? ''
    if (path.endsWith('/login')) {
      const login = JSON.parse(Buffer.concat(chunks).toString()) as Login
      logins.push([path, login])
      if (path.includes('aws') && sts !== '') callers.push(await callerOf(login, sts))
      response.end(JSON.stringify({ auth: { client_token: 'made', lease_duration: 3600 } }))
    } else if (request.headers['x-vault-token'] === 'made' && path === '/v1/kv/data/a') {
      response.end(JSON.stringify({ data: { data: { v: 'value' } } }))
    } else response.writeHead(request.method === 'GET' ? 403 : 204).end('{"errors":["permission denied"]}')
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { url, logins, callers, close }
}

function decoded(login: Login, name: string): string {
  return Buffer.from(login[name] ?? '', 'base64').toString()
}

async function callerOf(login: Login, sts: string): Promise<string> {
  assert.equal(login['iam_http_request_method'], 'POST')
  assert.equal(decoded(login, 'iam_request_body'), 'Action=GetCallerIdentity&Version=2011-06-15')
  const headers = JSON.parse(decoded(login, 'iam_request_headers')) as Record<string, string[]>
  const flat = Object.entries(headers).map(([name, values]) => [name, values.join(',')] as const)
  const sent = Object.fromEntries(flat.filter(([name]) => !/^(host|content-length)$/i.test(name)))
  const answer = await fetch(sts, { method: 'POST', headers: sent, body: decoded(login, 'iam_request_body') })
  const [, arn = ''] = /<Arn>([^<]*)<\/Arn>/.exec(await answer.text()) ?? []
  return arn
}

const serviceKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
const google = JSON.stringify({
  private_key_id: 'key-1',
  client_email: 'app@project.iam.gserviceaccount.com',
  private_key: serviceKey.privateKey.export({ type: 'pkcs8', format: 'pem' }),
})

function secret(name: string, data: Readonly<Record<string, string>>): Manifest {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'apps' }, data: Object.fromEntries(encoded) }
}

const objects = [
  secret('aws', { id: 'AKIAEXAMPLE', key: 'secret-key-of-aws' }),
  secret('google', { json: google, broken: '{"private_key":"marked-key"}' }),
]
const keys = {
  accessKeyIDSecretRef: { name: 'aws', key: 'id' },
  secretAccessKeySecretRef: { name: 'aws', key: 'key' },
}

async function read(server: string, auth: object, sts?: string): Promise<string> {
  const endpoints = sts === undefined ? {} : { endpoints: { sts } }
  const sessions = createSessions({ environment: { now: Date.now, ...endpoints } })
  const store = readStore({
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: 'v', namespace: 'apps' },
    spec: { provider: { vault: { server, path: 'kv', version: 'v2', auth } } },
  })
  const session = await sessions.open(store, 'apps', manifestAccess(objects))
  try {
    const signal = AbortSignal.timeout(120_000)
    const found = await session.provider.get({ key: 'a', version: '', metadataPolicy: 'None' }, signal)
    return Buffer.from(found?.value('v') ?? []).toString()
  } finally {
    session.release()
    await sessions.close()
  }
}

test('AWS: Vault learns who the store is, with keys and with a role that they assume', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  const server = await vault(moto.url)
  t.after(() => server.close())
  const before = { ...process.env }
  const iam = { region: 'eu-west-1', vaultRole: 'app', vaultAwsIamServerID: 'vault.example.com', secretRef: keys }
  assert.equal(await read(server.url, { iam }, moto.url), 'value')
  const role = 'arn:aws:iam::123456789012:role/reader'
  assert.equal(await read(server.url, { iam: { ...iam, path: 'aws/team', role } }, moto.url), 'value')
  const [[plainPath, plain], [path]] = server.logins as [[string, Login], [string, Login]]
  assert.deepEqual([plainPath, path], ['/v1/auth/aws/login', '/v1/auth/aws/team/login'])
  const headers = JSON.parse(decoded(plain, 'iam_request_headers')) as Record<string, string[]>
  assert.deepEqual(headers['x-vault-aws-iam-server-id'], ['vault.example.com'])
  assert.match(headers['authorization']?.[0] ?? '', /Credential=AKIAEXAMPLE\/\d{8}\/eu-west-1\/sts\/aws4_request/)
  assert.match(headers['authorization']?.[0] ?? '', /SignedHeaders=[^,]*x-vault-aws-iam-server-id/)
  assert.equal(plain['role'], 'app')
  assert.match(server.callers[1] ?? '', /assumed-role\/reader\/external-secrets-provider-aws/)
  assert.notEqual(server.callers[0], server.callers[1])
  // External Secrets leaves one store's credentials in the process, where others take them up.
  assert.deepEqual({ ...process.env }, before)
})

test('AWS: the request goes to the region\u2019s own STS, and to the global one for the default', async (t) => {
  const server = await vault('')
  t.after(() => server.close())
  for (const [region, url] of [
    [undefined, 'https://sts.amazonaws.com/'],
    ['us-east-1', 'https://sts.amazonaws.com/'],
    ['eu-central-1', 'https://sts.eu-central-1.amazonaws.com/'],
    ['cn-north-1', 'https://sts.cn-north-1.amazonaws.com.cn/'],
  ] as const) {
    await read(server.url, { iam: { vaultRole: 'r', secretRef: keys, ...(region && { region }) } })
    const last: [string, Login] | undefined = server.logins.at(-1)
    assert.equal(decoded(last?.[1] ?? {}, 'iam_request_url'), url)
  }
})

test('Google: a token that the service account\u2019s own key signed', async (t) => {
  const server = await vault('')
  t.after(() => server.close())
  const ref = { secretRef: { secretAccessKeySecretRef: { name: 'google', key: 'json' } } }
  assert.equal(await read(server.url, { gcp: { role: 'app', ...ref } }), 'value')
  const [path, login] = server.logins[0] ?? []
  const [header = '', claims = '', signature = ''] = login?.['jwt']?.split('.') ?? []
  const json = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
  assert.deepEqual([path, login?.['role']], ['/v1/auth/gcp/login', 'app'])
  assert.deepEqual(json(header), { alg: 'RS256', typ: 'JWT', kid: 'key-1' })
  const { exp, ...rest } = json(claims)
  assert.deepEqual(rest, { sub: 'app@project.iam.gserviceaccount.com', aud: 'vault/app' })
  assert.ok(Math.abs(Number(exp) - Date.now() / 1000 - 900) < 300)
  const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`)
  assert.ok(verify.verify(serviceKey.publicKey, signature, 'base64url'))
})

for (const [why, auth, code] of [
  ['AWS without keys, and ambient ones not lent', { iam: { vaultRole: 'r' } }, 'POLICY_DENIED'],
  [
    'AWS with a Secret that is not there',
    { iam: { vaultRole: 'r', secretRef: { ...keys, accessKeyIDSecretRef: { name: 'no', key: 'id' } } } },
    'CREDENTIAL_MISSING',
  ],
  ['AWS with a region that is none', { iam: { region: 'x.example.com/', secretRef: keys } }, 'INVALID_STORE'],
  ['Google without a key', { gcp: { role: 'r', workloadIdentity: {} } }, 'NOT_SUPPORTED'],
  [
    'Google with something else in the Secret',
    { gcp: { role: 'r', secretRef: { secretAccessKeySecretRef: { name: 'google', key: 'broken' } } } },
    'CREDENTIAL_MISSING',
  ],
] as const) {
  test(`refused: ${why}`, async () => {
    await assert.rejects(read('http://127.0.0.1:9', auth), (error: unknown) => {
      assert.equal(Reflect.get(Object(error), 'code'), code)
      assert.doesNotMatch(String(error), /marked-key|secret-key-of-aws/)
      return true
    })
  })
}
