import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import {
  createSessions,
  manifestAccess,
  type ResolveContext,
  resolveExternalSecret,
  type Sessions,
} from '@sealkit/resolver'
import { cases, differencesOf } from '../../resolver/case.ts'
import { externalSecret, secretStore } from '../../resolver/fixture.ts'
import { applyVaultState, setUpOpenBao } from '../../resolver/state.ts'
import { type OpenBao, startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'

let bao: OpenBao | undefined

before(async () => {
  bao = await startOpenBao().catch(() => undefined)
  if (bao !== undefined) await setUpOpenBao(bao)
})

after(() => bao?.stop())

/** Cases that need an API server which mints tokens that OpenBao can check. */
const elsewhere: ReadonlySet<string> = new Set(['vault-auth-kubernetes-sa'])

for (const recorded of cases((name) => /^(vault-|gen-vault|webhook-)/.test(name) && !elsewhere.has(name))) {
  test(`as External Secrets does: ${recorded.name}`, async (t) => {
    if ((await available(t, 'bao')) === null || bao === undefined) return
    const server = bao
    const found = await differencesOf(recorded, {
      variables: { VAULT_URL: server.url },
      applyState: (state) => applyVaultState(server, state),
    })
    assert.deepEqual(found, [])
  })
}

const login: Manifest = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'role', namespace: 'apps' },
  data: { id: Buffer.from('secret-id-eso').toString('base64') },
}

function appRoleStore(server: OpenBao): Manifest {
  const appRole = { roleId: 'role-id-eso', secretRef: { name: 'role', key: 'id' } }
  return secretStore({ vault: { server: server.url, path: 'kv2', auth: { appRole } } })
}

async function withSessions<Value>(
  use: (sessions: Sessions, context: ResolveContext) => Promise<Value>,
  server: OpenBao,
): Promise<Value> {
  const sessions = createSessions({ environment: { now: Date.now } })
  try {
    return await use(sessions, { sessions, cluster: manifestAccess([login, appRoleStore(server)]) })
  } finally {
    await sessions.close()
  }
}

async function accessors(server: OpenBao): Promise<number> {
  const answer = (await server.request('GET', 'auth/token/accessors?list=true')) as { data: { keys: string[] } }
  return answer.data.keys.length
}

test('one login serves all ExternalSecrets of a store, and its token is gone afterwards', async (t) => {
  if ((await available(t, 'bao')) === null || bao === undefined) return
  const server = bao
  await applyVaultState(server, { vault_kv2: { 'kv2:many/a': { p0: '0', p1: '1', p2: '2' } } })
  const spec = { data: [0, 1, 2].map((n) => ({ secretKey: `k${n}`, remoteRef: { key: 'many/a', property: `p${n}` } })) }
  const manifests = Array.from({ length: 20 }, (_, index) =>
    externalSecret({ spec, metadata: { name: `es${index}`, namespace: 'apps' } }),
  )
  const tokens = await accessors(server)
  await withSessions(async (_sessions, context) => {
    const resolutions = await Promise.all(manifests.map((manifest) => resolveExternalSecret(manifest, context)))
    for (const { data } of resolutions) assert.equal(Buffer.from(data.get('k2') ?? []).toString(), '2')
    assert.equal(await accessors(server), tokens + 1)
  }, server)
  assert.equal(await accessors(server), tokens)
})

test('keys with hostile characters are names', async (t) => {
  if ((await available(t, 'bao')) === null || bao === undefined) return
  const server = bao
  const keys = ['h/a?b=c', 'h/a#b', 'h/a%2fb', 'h/a b', 'h/é', 'h/&#x2F;x', 'h/...']
  for (const key of keys) {
    const path = `kv2/data/${key.split('/').map(encodeURIComponent).join('/')}`
    await server.request('POST', path, { data: { key } })
  }
  const spec = { data: keys.map((key, index) => ({ secretKey: `k${index}`, remoteRef: { key, property: 'key' } })) }
  await withSessions(async (_sessions, context) => {
    const { data } = await resolveExternalSecret(externalSecret({ spec }), context)
    assert.deepEqual(
      [...data.values()].map((value) => Buffer.from(value).toString()),
      keys,
    )
  }, server)
})

/** What Vault does not look at. */
const unread = { secretKey: 'k', source: { type: '', labels: {}, annotations: {}, data: new Map() } }

test('push, exists and delete keep the marks of External Secrets', async (t) => {
  if ((await available(t, 'bao')) === null || bao === undefined) return
  const server = bao
  const { readStore } = await import('@sealkit/resolver')
  await withSessions(async (sessions, { cluster }) => {
    const session = await sessions.open(readStore(appRoleStore(server)), 'apps', cluster)
    const { provider } = session
    const signal = AbortSignal.timeout(120_000)
    const push = (property: string, value: string, metadata: unknown = null): Promise<void> =>
      provider.push({ ...unread, key: 'pushed/a', property, value: Buffer.from(value), metadata }, signal)
    const read = async (): Promise<unknown> => server.request('GET', 'kv2/data/pushed/a')
    assert.equal(await provider.exists({ key: 'pushed/a', property: '' }, signal), false)
    await push('p', 'one')
    await push('p', 'one')
    await push('q', 'two', { spec: { customMetadata: { team: 'x' } } })
    const answer = (await read()) as {
      data: { data: unknown; metadata: { version: number; custom_metadata: unknown } }
    }
    assert.deepEqual(answer.data.data, { p: 'one', q: 'two' })
    assert.equal(answer.data.metadata.version, 2)
    assert.deepEqual(answer.data.metadata.custom_metadata, { 'managed-by': 'external-secrets', team: 'x' })
    assert.equal(await provider.exists({ key: 'pushed/a', property: 'p' }, signal), true)
    assert.equal(await provider.exists({ key: 'pushed/a', property: 'nope' }, signal), false)
    await provider.delete({ key: 'pushed/a', property: 'p' }, signal)
    assert.deepEqual(((await read()) as { data: { data: unknown } }).data.data, { q: 'two' })
    await provider.delete({ key: 'pushed/a', property: 'q' }, signal)
    await assert.rejects(read(), /404/)
    await provider.delete({ key: 'pushed/a', property: '' }, signal)
    await server.request('POST', 'kv2/data/pushed/null', { data: { n: null } })
    assert.equal(await provider.exists({ key: 'pushed/null', property: 'n' }, signal), false)
    assert.equal(await provider.exists({ key: 'pushed/null', property: '' }, signal), true)
    await server.request('POST', 'kv2/data/pushed/foreign', { data: { a: '1' } })
    await assert.rejects(
      provider.push(
        { ...unread, key: 'pushed/foreign', property: 'a', value: Buffer.from('2'), metadata: null },
        signal,
      ),
      /secret not managed by external-secrets/,
    )
    await provider.delete({ key: 'pushed/foreign', property: '' }, signal)
    assert.deepEqual(
      ((await server.request('GET', 'kv2/data/pushed/foreign')) as { data: { data: unknown } }).data.data,
      { a: '1' },
    )
    session.release()
  }, server)
})

test('validate logs in, and says what is wrong', async (t) => {
  if ((await available(t, 'bao')) === null || bao === undefined) return
  const server = bao
  const { readStore } = await import('@sealkit/resolver')
  await withSessions(async (sessions, { cluster }) => {
    const signal = AbortSignal.timeout(120_000)
    const validate = async (store: Manifest, namespace: string): Promise<string> => {
      const session = await sessions.open(readStore(store), namespace, cluster)
      return session.provider.validate(signal).finally(() => session.release())
    }
    assert.equal(await validate(appRoleStore(server), 'apps'), 'ready')
    const shared = { ...appRoleStore(server), kind: 'ClusterSecretStore' }
    assert.equal(await validate(shared, ''), 'unknown')
    const wrong = secretStore(
      {
        vault: {
          server: server.url,
          path: 'kv2',
          auth: { appRole: { roleId: 'nope', secretRef: { name: 'role', key: 'id' } } },
        },
      },
      {},
      'wrong',
    )
    await assert.rejects(validate(wrong, 'apps'), {
      message: `unable to log in to auth method: unable to log in with app role auth: Error making API request.\n\nURL: PUT ${server.url}/v1/auth/approle/login\nCode: 400. Errors:\n\n* invalid role or secret ID`,
    })
  }, server)
})

const folders: readonly (readonly [path: string, names: readonly string[]])[] = [
  ['walk', ['walk_a', 'walk_deep_b']],
  ['walk/', ['walk__a', 'walk__deep_b']],
  ['/walk', ['_walk_a', '_walk_deep_b']],
  ['walk/deep', ['walk_deep_b']],
]

for (const [path, names] of folders) {
  test(`find below ${path}`, async (t) => {
    if ((await available(t, 'bao')) === null || bao === undefined) return
    await applyVaultState(bao, { vault_kv2: { 'kv2:walk/a': { k: '1' }, 'kv2:walk/deep/b': { k: '2' } } })
    const spec = { dataFrom: [{ find: { path, name: { regexp: '.' } } }] }
    await withSessions(async (_sessions, context) => {
      const { data } = await resolveExternalSecret(externalSecret({ spec }), context)
      assert.deepEqual([...data.keys()], names)
    }, bao)
  })
}

const sharing: readonly (readonly [namespace: string | undefined, logins: number])[] = [
  ['apps', 1],
  [undefined, 3],
]

for (const [namespace, logins] of sharing) {
  test(`a ClusterSecretStore with credentials ${namespace === undefined ? 'of each caller' : 'of its own'}`, async (t) => {
    if ((await available(t, 'bao')) === null || bao === undefined) return
    const server = bao
    await applyVaultState(server, { vault_kv2: { 'kv2:shared/a': { k: '1' } } })
    const secretRef = { name: 'role', key: 'id', ...(namespace === undefined ? {} : { namespace }) }
    const spec = { vault: { server: server.url, path: 'kv2', auth: { appRole: { roleId: 'role-id-eso', secretRef } } } }
    const store = { ...secretStore(spec), kind: 'ClusterSecretStore', metadata: { name: 'store' } }
    const callers = ['apps', 'b', 'c']
    const secrets = callers.map((name) => ({ ...login, metadata: { name: 'role', namespace: name } }))
    const cluster = manifestAccess([store, ...secrets])
    const sessions = createSessions({ environment: { now: Date.now } })
    const tokens = await accessors(server)
    for (const name of callers) {
      const manifest = externalSecret({
        metadata: { name: 'es', namespace: name },
        spec: {
          secretStoreRef: { name: 'store', kind: 'ClusterSecretStore' },
          data: [{ secretKey: 'k', remoteRef: { key: 'shared/a', property: 'k' } }],
        },
      })
      const { data } = await resolveExternalSecret(manifest, { sessions, cluster })
      assert.equal(Buffer.from(data.get('k') ?? []).toString(), '1')
    }
    assert.equal((await accessors(server)) - tokens, logins)
    await sessions.close()
    assert.equal(await accessors(server), tokens)
  })
}
