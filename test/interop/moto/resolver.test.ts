import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import {
  createSessions,
  manifestAccess,
  parseReference,
  ResolverError,
  readStore,
  resolveExternalSecret,
  resolveReference,
} from '@sealkit/resolver'
import { cases, differencesOf } from '../../resolver/case.ts'
import { awsKeys, awsSecretRef, externalSecret, secretStore } from '../../resolver/fixture.ts'
import { applyAwsState, aws } from '../../resolver/state.ts'
import { type Moto, startMoto } from '../../servers/moto.ts'
import { available } from '../../servers/programs.ts'

let moto: Moto | undefined

before(async () => {
  moto = await startMoto().catch(() => undefined)
})

after(() => moto?.stop())

function endpoints(server: Moto): Readonly<Record<string, string>> {
  return { secretsmanager: server.url, ssm: server.url, sts: server.url }
}

/** Where External Secrets returns secrets that nobody asked for: its tag filters match by beginnings, key and value apart. */
const exactTags: Readonly<Record<string, readonly string[]>> = {
  'sm-find-name-tags': ['0: es: recorded only: smfind_b'],
  'sm-find-tags': ['0: es: recorded only: smfind_b'],
  'sm-tags-unpaired': ['0: es: recorded only: smunp_cross'],
}

for (const recorded of cases((name) => /^(sm|ssm)-/.test(name))) {
  test(`as External Secrets does: ${recorded.name}`, async (t) => {
    if ((await available(t, 'moto_server')) === null || moto === undefined) return
    const server = moto
    const found = await differencesOf(recorded, {
      endpoints: endpoints(server),
      variables: { AWS_URL: server.url },
      applyState: (state) => applyAwsState(server.url, state),
    })
    assert.deepEqual(found, exactTags[recorded.name] ?? [])
  })
}

function awsStore(aws: Readonly<Record<string, unknown>>): Manifest {
  return secretStore({
    aws: { service: 'SecretsManager', region: 'eu-west-1', auth: { secretRef: awsSecretRef }, ...aws },
  })
}

async function data(
  server: Moto,
  spec: Readonly<Record<string, unknown>>,
  store: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, string>> {
  const sessions = createSessions({ environment: { now: Date.now, endpoints: endpoints(server) } })
  const cluster = manifestAccess([awsKeys, awsStore(store)])
  try {
    const resolution = await resolveExternalSecret(externalSecret({ spec }), { sessions, cluster })
    return Object.fromEntries([...resolution.data].map(([key, value]) => [key, Buffer.from(value).toString()]))
  } finally {
    await sessions.close()
  }
}

const entries = (...names: string[]): object[] =>
  names.map((key, index) => ({ secretKey: `k${index}`, remoteRef: { key } }))

test('more secrets than one batch takes', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  const names = Array.from({ length: 45 }, (_, index) => `batch/${index}`)
  await applyAwsState(moto.url, { sm: names.map((name) => ({ name, string: name })) })
  assert.deepEqual(Object.values(await data(moto, { data: entries(...names) })), names)
})

test('one secret of a batch that is not there is named', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  await applyAwsState(moto.url, { sm: [{ name: 'partial/a', string: 'a' }] })
  await assert.rejects(data(moto, { data: entries('partial/a', 'partial/none') }), {
    code: 'SECRET_NOT_FOUND',
    message: 'error processing spec.data[1] (key: partial/none), err: Secret does not exist',
  })
})

test('more parameters than one call takes, with and without versions', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  const names = Array.from({ length: 23 }, (_, index) => `/many/${index}`)
  await applyAwsState(moto.url, { ssm: names.map((name) => ({ name, versions: ['old', name] })) })
  const old = { secretKey: 'old', remoteRef: { key: '/many/0', version: '1' } }
  const store = { service: 'ParameterStore' }
  assert.deepEqual(Object.values(await data(moto, { data: [...entries(...names), old] }, store)), [...names, 'old'])
})

for (const [why, deletionPolicy] of [
  ['Retain fails', 'Retain'],
  ['Delete passes over it', 'Delete'],
] as const) {
  test(`a secret in its recovery window is gone: ${why}`, async (t) => {
    if ((await available(t, 'moto_server')) === null || moto === undefined) return
    const name = `window/${deletionPolicy}`
    await applyAwsState(moto.url, { sm: [{ name, string: 'x' }], sm_schedule_delete: [name] })
    const resolved = data(moto, { target: { deletionPolicy }, data: entries(name) })
    if (deletionPolicy === 'Delete') assert.deepEqual(await resolved, {})
    else await assert.rejects(resolved, { code: 'SECRET_NOT_FOUND' })
  })
}

test('find with a prefix in the store reads what it lists', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  await applyAwsState(moto.url, { sm: [{ name: 'pre/fix/a', string: 'x' }] })
  const find = { find: { name: { regexp: '^pre/fix/' } } }
  assert.deepEqual(await data(moto, { dataFrom: [find] }, { prefix: 'pre/' }), { pre_fix_a: 'x' })
})

test('hostile names are names', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  for (const name of ['h/../x', 'h//x', 'h/%2e%2e', 'h/?a=b', 'h/#a', 'h/"},{"']) {
    await aws(moto.url, 'secretsmanager.CreateSecret', { Name: name, SecretString: name })
    assert.deepEqual(await data(moto, { data: entries(name) }), { k0: name })
  }
})

test('roles are assumed one after the other', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  await applyAwsState(moto.url, { sm: [{ name: 'role/a', string: 'x' }] })
  const roles = {
    role: 'arn:aws:iam::123456789012:role/last',
    additionalRoles: ['arn:aws:iam::123456789012:role/first'],
  }
  assert.deepEqual(await data(moto, { data: entries('role/a') }, roles), { k0: 'x' })
})

const broken: readonly (readonly [store: Readonly<Record<string, unknown>>, code: string])[] = [
  [{ service: 'Nope' }, 'NOT_SUPPORTED'],
  [{ region: '' }, 'INVALID_STORE'],
  [{ region: 'eu-west-1.evil.test/' }, 'INVALID_STORE'],
  [{ auth: undefined }, 'POLICY_DENIED'],
  [
    { auth: { secretRef: { ...awsSecretRef, accessKeyIDSecretRef: { name: 'ak', key: 'nope' } } } },
    'CREDENTIAL_MISSING',
  ],
  [{ auth: { jwt: { serviceAccountRef: { name: 'sa' } } } }, 'CREDENTIAL_MISSING'],
]

for (const [store, code] of broken) {
  test(`refused: ${JSON.stringify(store)}`, async (t) => {
    if ((await available(t, 'moto_server')) === null || moto === undefined) return
    // Credentials of the process are there, and must not be taken.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: 'env', AWS_ENDPOINT_URL: moto.url })
    const error = await data(moto, { data: entries('a') }, store).catch((reason: unknown) => reason)
    assert.ok(error instanceof ResolverError, String(error))
    assert.equal(error.code, code, error.message)
  })
}

const references: readonly (readonly [reference: string, value: string])[] = [
  ['ref+awssecrets://ref/doc', '{"user":"u","n":1.50}'],
  ['ref+awssecrets://ref/doc#/user', 'u'],
  ['ref+awssecrets://ref/doc?region=eu-west-1#/n', '1.50'],
  ['ref+awssecrets://ref/doc?version_stage=AWSCURRENT#/user', 'u'],
  ['ref+awsssm://ref/p#/one', '1'],
  ['ref+awsssm:///ref/p/one', '1'],
  ['ref+awsssm://ref/doc?mode=singleparam#/list/1', 'b'],
]

for (const [reference, value] of references) {
  test(`sealkit resolve ${reference}`, async (t) => {
    if ((await available(t, 'moto_server')) === null || moto === undefined) return
    await applyAwsState(moto.url, {
      sm: [{ name: 'ref/doc', string: '{"user":"u","n":1.50}' }],
      ssm: [
        { name: '/ref/p/one', value: '1' },
        { name: '/ref/doc', value: 'list: [a, b]' },
      ],
    })
    const ambient = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', AWS_REGION: 'eu-west-1' }
    const environment = { now: Date.now, endpoints: endpoints(moto), ambient }
    const bytes = await resolveReference(parseReference(reference), { environment })
    assert.equal(Buffer.from(bytes).toString(), value)
  })
}

const ambients: readonly (readonly [what: string, ambient: Readonly<Record<string, string>>])[] = [
  ['a web identity', { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/r', AWS_WEB_IDENTITY_TOKEN_FILE: '/var/token' }],
  ['Pod Identity', { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'pod', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/var/token' }],
]

for (const [what, variables] of ambients) {
  test(`the pod's own credentials: ${what}`, async (t) => {
    if ((await available(t, 'moto_server')) === null || moto === undefined) return
    const server = moto
    await applyAwsState(server.url, { sm: [{ name: 'pod/a', string: 'x' }] })
    const agent = createServer((request, response) => {
      const allowed = request.headers.authorization === 'token-of-the-pod'
      const answer = { AccessKeyId: 'AK', SecretAccessKey: 'SK', Token: 'T', Expiration: '2100-01-01T00:00:00Z' }
      response.writeHead(allowed ? 200 : 401).end(JSON.stringify(answer))
    })
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve))
    t.after(() => agent.close())
    const uri = `http://127.0.0.1:${(agent.address() as AddressInfo).port}/`
    const ambient = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, value === 'pod' ? uri : value]),
    )
    const readFile = async (path: string): Promise<string> => (path === '/var/token' ? 'token-of-the-pod\n' : '')
    const sessions = createSessions({ environment: { now: Date.now, endpoints: endpoints(server), ambient, readFile } })
    const cluster = manifestAccess([awsStore({ auth: undefined })])
    const { data: found } = await resolveExternalSecret(externalSecret({ spec: { data: entries('pod/a') } }), {
      sessions,
      cluster,
    })
    assert.equal(Buffer.from(found.get('k0') ?? []).toString(), 'x')
    await sessions.close()
  })
}

const strangers: readonly (readonly [ambient: Readonly<Record<string, string>>, code: string])[] = [
  [{}, 'CREDENTIAL_MISSING'],
  [{ AWS_ROLE_ARN: 'r', AWS_WEB_IDENTITY_TOKEN_FILE: '/none' }, 'CREDENTIAL_MISSING'],
  [{ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://evil.test/' }, 'POLICY_DENIED'],
  [{ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'nope' }, 'POLICY_DENIED'],
]

for (const [ambient, code] of strangers) {
  test(`ambient credentials refused: ${JSON.stringify(ambient)}`, async () => {
    const sessions = createSessions({ environment: { now: Date.now, ambient } })
    const cluster = manifestAccess([awsStore({ auth: undefined })])
    const resolved = resolveExternalSecret(externalSecret({ spec: { data: entries('a') } }), { sessions, cluster })
    await assert.rejects(resolved, { code })
  })
}

/** What these providers do not look at. */
const noSecret = { type: '', labels: {}, annotations: {}, data: new Map<string, Uint8Array>() }

interface Pushed {
  readonly push: (value: string, property?: string, metadata?: unknown) => Promise<void>
  readonly pushWhole: (data: Readonly<Record<string, string>>, metadata?: unknown) => Promise<void>
  readonly read: (property?: string) => Promise<string | null>
  readonly remove: () => Promise<void>
}

/** Runs with an opened store and one key of it. */
async function pushing(
  server: Moto,
  key: string,
  store: Readonly<Record<string, unknown>>,
  use: (pushed: Pushed) => Promise<void>,
): Promise<void> {
  const sessions = createSessions({ environment: { now: Date.now, endpoints: endpoints(server) } })
  const { provider, release } = await sessions.open(readStore(awsStore(store)), 'apps', manifestAccess([awsKeys]))
  const signal = AbortSignal.timeout(120_000)
  await use({
    push: (value, property = '', metadata = null) =>
      provider.push({ key, property, secretKey: 'k', value: Buffer.from(value), metadata, source: noSecret }, signal),
    pushWhole(data, metadata = null): Promise<void> {
      const source = {
        ...noSecret,
        data: new Map(Object.entries(data).map(([name, value]) => [name, Buffer.from(value)])),
      }
      const value = Buffer.from(JSON.stringify(data))
      return provider.push({ key, property: '', secretKey: '', value, metadata, source }, signal)
    },
    async read(property = ''): Promise<string | null> {
      const found = await provider.get({ key, version: '', metadataPolicy: 'None' }, signal)
      return found === null ? null : Buffer.from(found.value(property) ?? []).toString()
    },
    remove: () => provider.delete({ key, property: '' }, signal),
  })
  release()
  await sessions.close()
}

interface Described {
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[]
  readonly VersionIdsToStages?: Readonly<Record<string, unknown>>
}

async function describe(server: Moto, SecretId: string): Promise<Described> {
  return (await aws(server.url, 'secretsmanager.DescribeSecret', { SecretId })) as Described
}

const metadata = (spec: object): object => ({ kind: 'PushSecretMetadata', spec })

test('Secrets Manager: push, push again, properties, tags, delete', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  const server = moto
  await pushing(
    server,
    'push/a',
    { secretsManager: { forceDeleteWithoutRecovery: true } },
    async ({ push, read, remove }) => {
      await push('u', 'user')
      await push('p', 'password')
      await push('p', 'password')
      assert.equal(await read(), '{"user":"u","password":"p"}')
      assert.equal(Object.keys((await describe(server, 'push/a')).VersionIdsToStages ?? {}).length, 2)
      await push('text', '', metadata({ secretPushFormat: 'string', tags: { team: 'x' } }))
      assert.equal(await read(), 'text')
      const { Tags = [] } = await describe(server, 'push/a')
      assert.deepEqual(Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])), {
        'managed-by': 'external-secrets',
        team: 'x',
      })
      await assert.rejects(push('x', 'property'), { code: 'VALUE_INVALID' })
      await remove()
      assert.equal(await read(), null)
      await remove()
    },
  )
})

test('Secrets Manager: what somebody else made is left alone', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  await applyAwsState(moto.url, { sm: [{ name: 'push/foreign', string: 'theirs' }] })
  await pushing(moto, 'push/foreign', {}, async ({ push, read, remove }) => {
    await assert.rejects(push('ours'), /secret not managed by external-secrets/)
    await remove()
    assert.equal(await read(), 'theirs')
  })
})

test('Parameter Store: a whole Secret is pushed with its values in base64, or as they are', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  await pushing(moto, '/push/whole', { service: 'ParameterStore' }, async ({ pushWhole, read }) => {
    await pushWhole({ b: '<x>', a: '' })
    assert.equal(await read(), '{"a":"","b":"PHg+"}')
    await pushWhole({ a: '', b: '<x>' }, metadata({ encodeAsDecoded: true }))
    assert.equal(await read(), '{"a":"","b":"<x>"}')
  })
})

const unwritable: readonly (readonly [spec: object, code: string])[] = [
  [{ secretPushFormat: 'hex' }, 'VALUE_INVALID'],
  [{ tags: { 'managed-by': 'me' } }, 'VALUE_INVALID'],
  [{ resourcePolicy: {} }, 'NOT_SUPPORTED'],
  [{ replicationLocations: ['x'] }, 'NOT_SUPPORTED'],
]

for (const [spec, code] of unwritable) {
  test(`Secrets Manager: push refused with ${JSON.stringify(spec)}`, async (t) => {
    if ((await available(t, 'moto_server')) === null || moto === undefined) return
    await pushing(moto, 'push/none', {}, async ({ push, read }) => {
      await assert.rejects(push('x', '', metadata(spec)), { code })
      assert.equal(await read(), null)
    })
  })
}

test('Parameter Store: push, push again, tags, delete; what somebody else made is left alone', async (t) => {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return
  const store = { service: 'ParameterStore' }
  await pushing(moto, '/push/a', store, async ({ push, read, remove }) => {
    await push('one')
    await push('two', '', metadata({ secretType: 'SecureString', tags: { team: 'x' } }))
    assert.equal(await read(), 'two')
    await assert.rejects(push('x', '', metadata({ secretType: 'Blob' })), { code: 'VALUE_INVALID' })
    await remove()
    assert.equal(await read(), null)
  })
  await applyAwsState(moto.url, { ssm: [{ name: '/push/foreign', value: 'theirs' }] })
  await pushing(moto, '/push/foreign', store, async ({ push, read, remove }) => {
    await assert.rejects(push('ours'), /secret not managed by external-secrets/)
    await remove()
    assert.equal(await read(), 'theirs')
  })
})
