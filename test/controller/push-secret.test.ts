import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, type ClusterObject, isKubernetesError, resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../servers/controlplane.ts'
import { type OpenBao, startOpenBao } from '../servers/openbao.ts'
import { available } from '../servers/programs.ts'
import { clientOf, externalSettings, startController, until } from './cluster.ts'

const namespace = 'default'

function vaultStore(name: string, bao: OpenBao, labels: Record<string, string> = {}): Manifest {
  const auth = { tokenSecretRef: { name: 'token', key: 'token' } }
  const vault = { server: bao.url, path: 'secret', version: 'v2', auth }
  const kind = { apiVersion: 'external-secrets.io/v1', kind: 'SecretStore' }
  return { ...kind, metadata: { namespace, name, labels }, spec: { provider: { vault } } }
}

function secret(name: string, stringData: Record<string, string>, labels: Record<string, string> = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name, labels }, stringData }
}

function pushSecret(name: string, spec: object): Manifest {
  const kind = { apiVersion: 'external-secrets.io/v1alpha1', kind: 'PushSecret' }
  const whole = { secretStoreRefs: [{ name: 'vault' }], selector: { secret: { name: 'source' } }, ...spec }
  return { ...kind, metadata: { namespace, name }, spec: whole }
}

const to = (secretKey: string, remoteKey: string, property?: string): object => ({
  match: { secretKey, remoteRef: { remoteKey, ...(property === undefined ? {} : { property }) } },
})

interface Status {
  readonly conditions?: { status: string; reason: string; message: string }[]
  readonly syncedPushSecrets?: Record<string, Record<string, unknown>>
}

const statusOf = (object: ClusterObject | null): Status => (object?.['status'] ?? {}) as Status

async function remote(bao: OpenBao, path: string): Promise<Record<string, string> | null> {
  const answer = (await bao.request('GET', `secret/data/${path}`).catch((error: Error) => {
    if (error.message.includes('404')) return null
    throw error
  })) as { data: { data: Record<string, string> } } | null
  return answer?.data.data ?? null
}

test('PushSecrets', { timeout: 540_000 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver', 'bao')) === null) return
  const [plane, bao] = await Promise.all([startControlPlane({ crds: crds('external-secrets') }), startOpenBao()])
  t.after(() => Promise.all([plane.stop(), bao.stop()]))
  const cluster: ApiServer = await clientOf(plane)
  t.after(() => cluster.close())
  const key = (name: string) => ({ namespace, name })
  const create = (object: Manifest): Promise<ClusterObject> => cluster.create(resources.pushSecret, object)
  const patch = (name: string, body: object): Promise<ClusterObject> =>
    cluster.patch(resources.pushSecret, key(name), { type: 'merge', body })
  const reached = (name: string, reason: string): Promise<ClusterObject | null> =>
    until(cluster, resources.pushSecret, key(name), (object) => statusOf(object).conditions?.[0]?.reason === reason)
  await cluster.create(resources.secret, secret('token', { token: bao.token }))
  await cluster.create(resources.secret, secret('source', { user: 'u', pass: 'p', _U0040_at: 'x' }))
  for (const [name, labels] of [
    ['vault', {}],
    ['first', { tier: 'a' }],
    ['second', { tier: 'a' }],
  ] as const) {
    await cluster.create(resources.secretStore, vaultStore(name, bao, labels))
  }
  const controller = await startController(cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  for (const name of ['vault', 'first', 'second']) {
    await until(
      cluster,
      resources.secretStore,
      key(name),
      (store) => statusOf(store).conditions?.[0]?.status === 'True',
    )
  }

  await t.test(
    'dataTo writes each key that matches and that data does not take, under its rewritten name',
    async () => {
      const dataTo = [
        {
          storeRef: { name: 'vault' },
          match: { regexp: '^(user|pass)$' },
          rewrite: [{ transform: { template: 'to/{{ .value | upper }}' } }],
        },
      ]
      await cluster.create(resources.secret, secret('json', { user: '{"v":"u"}', pass: '{"v":"p"}', other: '{}' }))
      await create(
        pushSecret('many', { selector: { secret: { name: 'json' } }, data: [to('pass', 'to/own', 'word')], dataTo }),
      )
      const { syncedPushSecrets = {} } = statusOf(await reached('many', 'Synced'))
      assert.deepEqual(Object.keys(syncedPushSecrets['SecretStore/vault'] ?? {}).sort(), ['to/USER', 'to/own/word'])
      assert.deepEqual(await remote(bao, 'to/USER'), { v: 'u' })
      assert.deepEqual(await remote(bao, 'to/own'), { word: '{"v":"p"}' })
    },
  )

  await t.test('stores are chosen by label, each once', async () => {
    const secretStoreRefs = [{ labelSelector: { matchLabels: { tier: 'a' } } }, { name: 'first' }]
    await create(pushSecret('labelled', { secretStoreRefs, data: [to('user', 'labelled', 'user')] }))
    const { syncedPushSecrets = {} } = statusOf(await reached('labelled', 'Synced'))
    assert.deepEqual(Object.keys(syncedPushSecrets).sort(), ['SecretStore/first', 'SecretStore/second'])
  })

  await t.test('ReverseUnicode gives keys their names back', async () => {
    const entry = { ...to('@at', 'reversed', 'v'), conversionStrategy: 'ReverseUnicode' }
    await create(pushSecret('reversed', { data: [entry] }))
    await reached('reversed', 'Synced')
    assert.deepEqual(await remote(bao, 'reversed'), { v: 'x' })
  })

  await t.test('Secrets chosen by label are those of its own namespace alone (GHSA-fcxq-v2r3-cc8h)', async () => {
    const labels = { push: 'me' }
    await cluster.create(resources.secret, secret('chosen', { user: 'ours' }, labels))
    const foreign = secret('foreign', { user: 'theirs', more: 'theirs' }, labels)
    await cluster.create(resources.secret, { ...foreign, metadata: { ...foreign.metadata, namespace: 'kube-system' } })
    const selector = { secret: { selector: { matchLabels: labels } } }
    await create(pushSecret('chosen', { selector, data: [{ match: { remoteRef: { remoteKey: 'chosen' } } }] }))
    await reached('chosen', 'Synced')
    assert.deepEqual(await remote(bao, 'chosen'), { user: 'ours' })
  })

  await t.test('a generator gives the values', async () => {
    const generatorRef = { kind: 'Fake', name: 'made' }
    const fake = {
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: 'Fake',
      spec: { data: { made: 'value' } },
    }
    const resource = {
      group: 'generators.external-secrets.io',
      version: 'v1alpha1',
      plural: 'fakes',
      kind: 'Fake',
      namespaced: true,
    }
    await cluster.create(resource, { ...fake, metadata: { namespace, name: 'made' } })
    await create(pushSecret('made', { selector: { generatorRef }, data: [to('made', 'made', 'v')] }))
    await reached('made', 'Synced')
    assert.deepEqual(await remote(bao, 'made'), { v: 'value' })
  })

  await t.test('what was written before a failure is known, and goes with the PushSecret', async () => {
    const data = [to('user', 'half', 'user'), to('nothing', 'half', 'nothing')]
    await create(pushSecret('half', { deletionPolicy: 'Delete', data }))
    const failed = statusOf(await reached('half', 'Errored'))
    assert.equal(failed.conditions?.[0]?.message, 'set secret failed: secret key nothing does not exist')
    assert.deepEqual(Object.keys(failed.syncedPushSecrets?.['SecretStore/vault'] ?? {}), ['half/user'])
    await cluster.delete(resources.pushSecret, key('half'))
    await until(cluster, resources.pushSecret, key('half'), (object) => object === null)
    assert.equal(await remote(bao, 'half'), null)
  })

  await t.test('with deletionPolicy Delete the copies go with the source Secret', async () => {
    await cluster.create(resources.secret, secret('going', { user: 'u' }))
    const selector = { secret: { name: 'going' } }
    await create(pushSecret('going', { selector, deletionPolicy: 'Delete', data: [to('user', 'going', 'u')] }))
    await reached('going', 'Synced')
    await cluster.delete(resources.secret, key('going'))
    await patch('going', { metadata: { annotations: { look: 'again' } } })
    assert.deepEqual(statusOf(await reached('going', 'SourceDeleted')).syncedPushSecrets ?? {}, {})
    assert.equal(await remote(bao, 'going'), null)
  })

  await t.test('a PushSecret whose store is gone can be deleted', async () => {
    await cluster.create(resources.secretStore, vaultStore('short', bao))
    await until(
      cluster,
      resources.secretStore,
      key('short'),
      (store) => statusOf(store).conditions?.[0]?.status === 'True',
    )
    const secretStoreRefs = [{ name: 'short' }]
    await create(pushSecret('orphan', { secretStoreRefs, deletionPolicy: 'Delete', data: [to('user', 'orphan', 'u')] }))
    await reached('orphan', 'Synced')
    await cluster.delete(resources.secretStore, key('short'))
    await until(cluster, resources.secretStore, key('short'), (object) => object === null)
    await cluster.delete(resources.pushSecret, key('orphan'))
    await until(cluster, resources.pushSecret, key('orphan'), (object) => object === null)
    assert.match(controller.log(), /what was pushed stays at its provider: the store is gone/)
  })

  await t.test('an unchanged push is not written again', async () => {
    await create(pushSecret('same', { refreshInterval: '1s', data: [to('user', 'same', 'user')] }))
    const first = await reached('same', 'Synced')
    const refreshed = (object: ClusterObject | null): unknown =>
      (object?.['status'] as { refreshTime?: string })?.refreshTime
    await until(cluster, resources.pushSecret, key('same'), (object) => refreshed(object) !== refreshed(first))
    const { data } = (await bao.request('GET', 'secret/metadata/same')) as { data: { current_version: number } }
    assert.equal(data.current_version, 1)
  })

  await cluster.create(resources.secret, secret('colliding', { a: '1', _U0061_: '2' }))
  await bao.request('POST', 'secret/metadata/typed', { custom_metadata: { 'managed-by': 'external-secrets' } })
  await bao.request('POST', 'secret/data/typed', { data: { n: 1, z: null } })
  await t.test('a store that is not ready is tried all the same', async () => {
    const fake = { data: [{ key: 'taken', value: 'x' }], validationResult: 2 }
    const kind = { apiVersion: 'external-secrets.io/v1', kind: 'SecretStore' }
    const spec = { provider: { fake } }
    await cluster.create(resources.secretStore, { ...kind, metadata: { ...key('unready') }, spec })
    await until(cluster, resources.secretStore, key('unready'), (store) => {
      return statusOf(store).conditions?.[0]?.status === 'False'
    })
    await create(pushSecret('unready', { secretStoreRefs: [{ name: 'unready' }], data: [to('user', 'new')] }))
    await reached('unready', 'Synced')
  })

  const failures: readonly { readonly name: string; readonly spec: object; readonly message: RegExp }[] = [
    {
      name: 'two entries for one place',
      spec: {
        data: [to('user', 'p', 'x')],
        dataTo: [{ storeRef: { name: 'vault' }, rewrite: [{ regexp: { source: '^.*$', target: 'one' } }] }],
      },
      message:
        /^set secret failed: failed to expand dataTo: dataTo\[0\]: duplicate remote key "one" from source key "pass" \(conflicts with dataTo\[0\]:_U0040_at\)$/,
    },
    {
      name: 'an entry of data and one of dataTo for one place',
      spec: {
        data: [to('user', 'pass')],
        dataTo: [{ storeRef: { name: 'vault' }, match: { regexp: '^pass$' } }],
      },
      message:
        /^set secret failed: failed to merge data entries: duplicate remote key "pass": source keys "pass" and "user" both map to the same destination$/,
    },
    {
      name: 'two entries of data for one place',
      spec: { data: [to('user', 'p', 'x'), to('pass', 'p', 'x')] },
      message:
        /^set secret failed: failed to merge data entries: duplicate remote key "p" with property "x": source keys "user" and "pass" both map to the same destination$/,
    },
    {
      name: 'a key that is rewritten to nothing',
      spec: { dataTo: [{ storeRef: { name: 'vault' }, rewrite: [{ regexp: { source: '^.*$', target: '' } }] }] },
      message:
        /^set secret failed: failed to expand dataTo: dataTo\[0\]: empty remote key produced for source key "_U0040_at"$/,
    },
    {
      name: 'a store of dataTo that the PushSecret does not name',
      spec: { dataTo: [{ storeRef: { name: 'second' } }] },
      message: /^dataTo\[0\]: storeRef "second" not found in secretStoreRefs$/,
    },
    {
      name: 'keys that become one',
      spec: {
        selector: { secret: { name: 'colliding' } },
        data: [{ ...to('a', 'p', 'x'), conversionStrategy: 'ReverseUnicode' }],
      },
      message:
        /^set secret failed: could not apply conversion strategy to keys: secret name collision during conversion: a$/,
    },
    {
      name: 'a text over something else',
      spec: { data: [to('user', 'typed', 'n')] },
      message:
        /^set secret failed: could not write remote ref user to target secretstore vault: error converting n to string$/,
    },
    {
      name: 'a pattern that does not compile',
      spec: { dataTo: [{ storeRef: { name: 'vault' }, match: { regexp: '(' } }] },
      message:
        /^set secret failed: failed to expand dataTo: dataTo\[0\]: match failed: failed to compile regexp pattern "\(": error parsing regexp: missing closing \): `\(`$/,
    },
    {
      name: 'a remote key that leads out of its mount',
      spec: { data: [to('user', '../../sys/mounts/x', 'x')] },
      message: /^set secret failed: could not write remote ref user to target secretstore vault: /,
    },
    {
      name: 'a template that fails',
      spec: { template: { data: { x: '{{ .nothing }}' } }, data: [to('x', 'template', 'x')] },
      message: /^set secret failed: could not apply template: /,
    },
    {
      name: 'a store that is not there',
      spec: { secretStoreRefs: [{ name: 'nowhere' }], data: [to('user', 'x', 'x')] },
      message: /^could not get SecretStore "nowhere", SecretStore\.external-secrets\.io "nowhere" not found$/,
    },
    {
      name: 'a source that is not there',
      spec: { selector: { secret: { name: 'nowhere' } }, data: [to('user', 'x', 'x')] },
      message: /^could not get source secret: /,
    },
  ]
  for (const [index, { name, spec, message }] of failures.entries()) {
    await t.test(`says what is wrong, and pushes nothing: ${name}`, async () => {
      await create(pushSecret(`bad-${index}`, spec))
      const { conditions } = statusOf(await reached(`bad-${index}`, 'Errored'))
      assert.match(conditions?.[0]?.message ?? '', message)
    })
  }

  await t.test('the API server refuses what External Secrets\u2019 does', async () => {
    const refused: readonly [string, object][] = [
      ['no source', { selector: {} }],
      ['two sources', { selector: { secret: { name: 'a' }, generatorRef: { kind: 'Fake', name: 'b' } } }],
      ['an unknown policy', { updatePolicy: 'Sometimes' }],
      ['an entry without a remote key', { data: [{ match: { secretKey: 'user', remoteRef: {} } }] }],
      ['an unknown kind of store', { secretStoreRefs: [{ name: 'x', kind: 'Store' }] }],
    ]
    for (const [name, spec] of refused) {
      await assert.rejects(create(pushSecret('refused', spec)), (error) => isKubernetesError(error, 'INVALID'), name)
    }
  })
})
