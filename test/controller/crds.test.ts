import assert from 'node:assert/strict'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { type ControlPlane, startControlPlane } from '../servers/controlplane.ts'
import { available } from '../servers/programs.ts'

const es = (name: string, spec: object): object => ({
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: { name },
  spec: { secretStoreRef: { name: 'st' }, ...spec },
})
const data = (more: object = {}, key = 'k'): object[] => [{ secretKey: key, remoteRef: { key: 'a', ...more } }]

/** What External Secrets' own definitions refuse, with its API server's texts; recorded from the real ones. */
const refused: readonly (readonly [string, object, string])[] = [
  ['a key that no Secret can have', { data: data({}, 'bad key') }, "should match '^[-._a-zA-Z0-9]+$'"],
  [
    'an unknown creationPolicy',
    { data: data(), target: { creationPolicy: 'Foo' } },
    'supported values: "Owner", "Orphan", "Merge", "None", "CreateOrMerge"',
  ],
  [
    'an unknown decodingStrategy',
    { data: data({ decodingStrategy: 'rot13' }) },
    'supported values: "Auto", "Base64", "Base64URL", "None"',
  ],
  [
    'an unknown refreshPolicy',
    { data: data(), refreshPolicy: 'Never' },
    'supported values: "CreatedOnce", "Periodic", "OnChange"',
  ],
  [
    'an empty target name',
    { data: data(), target: { name: '' } },
    'spec.target.name in body should be at least 1 chars long',
  ],
  [
    'a sourceRef of two sources',
    {
      data: [
        {
          secretKey: 'k',
          remoteRef: { key: 'a' },
          sourceRef: { storeRef: { name: 'a' }, generatorRef: { kind: 'UUID', name: 'u' } },
        },
      ],
    },
    'must have at most 1 item',
  ],
]

test('custom resource definitions', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds() })
  t.after(() => plane.stop())

  const path = '/apis/external-secrets.io/v1/namespaces/default/externalsecrets'

  for (const [what, spec, message] of refused) {
    await t.test(`the API server refuses ${what}`, async () => {
      const answer = await plane.request('POST', path, es('refused', spec))
      assert.equal(answer.status, 422)
      assert.ok(
        (answer.body as { message: string }).message.includes(message),
        (answer.body as { message: string }).message,
      )
    })
  }

  await t.test(
    'defaults are those of External Secrets 2.9: none for strategies, Owner and Retain for the target',
    async () => {
      const created = await plane.request('POST', path, es('defaults', { data: data(), target: { name: 't' } }))
      assert.equal(created.status, 201)
      assert.deepEqual((created.body as { spec: unknown }).spec, {
        data: data(),
        refreshInterval: '1h0m0s',
        secretStoreRef: { name: 'st' },
        target: { creationPolicy: 'Owner', deletionPolicy: 'Retain', name: 't' },
      })
    },
  )

  await t.test('a v1beta1 ExternalSecret is read as v1', async () => {
    const beta = { ...es('beta', { data: data() }), apiVersion: 'external-secrets.io/v1beta1' }
    assert.equal((await plane.request('POST', path.replace('/v1/', '/v1beta1/'), beta)).status, 201)
    const read = await plane.request('GET', `${path}/beta`)
    assert.equal((read.body as { apiVersion: string }).apiVersion, 'external-secrets.io/v1')
  })

  await t.test('a store has exactly one provider', async () => {
    const store = (provider: object): object => ({
      apiVersion: 'external-secrets.io/v1',
      kind: 'SecretStore',
      metadata: { name: 'st' },
      spec: { provider },
    })
    const stores = '/apis/external-secrets.io/v1/namespaces/default/secretstores'
    const fake = { data: [{ key: 'a', value: 'x' }] }
    assert.equal((await plane.request('POST', stores, store({ fake, doppler: {} }))).status, 422)
    assert.equal((await plane.request('POST', stores, store({}))).status, 422)
    const kept = await plane.request('POST', stores, store({ doppler: { project: 'p' } }))
    assert.equal(kept.status, 201)
    assert.deepEqual((kept.body as { spec: { provider: unknown } }).spec.provider, { doppler: { project: 'p' } })
  })

  await t.test('a SealedSecret needs encryptedData of strings', async () => {
    const sealed = (spec: object): object => ({
      apiVersion: 'bitnami.com/v1alpha1',
      kind: 'SealedSecret',
      metadata: { name: 'a' },
      spec,
    })
    const sealedSecrets = '/apis/bitnami.com/v1alpha1/namespaces/default/sealedsecrets'
    assert.equal((await plane.request('POST', sealedSecrets, sealed({}))).status, 422)
    assert.equal((await plane.request('POST', sealedSecrets, sealed({ encryptedData: { a: 1 } }))).status, 422)
    const kept = await plane.request(
      'POST',
      sealedSecrets,
      sealed({ encryptedData: {}, template: { metadata: { x: 1 } } }),
    )
    assert.equal(kept.status, 201)
    assert.deepEqual((kept.body as { spec: { template: unknown } }).spec.template, { metadata: { x: 1 } })
  })

  await t.test('a SopsSecret is kept as SOPS wrote it, fields that nobody knows included', async () => {
    const sops = {
      age: [{ recipient: 'age1x', enc: 'ENC' }],
      lastmodified: '2026-11-24T00:00:00Z',
      mac: 'ENC[AES256_GCM,data:x]',
      encrypted_suffix: 'Templates',
      version: '3.13.3',
      newer: { deep: [1] },
    }
    const secretTemplates = [{ name: 'ENC[AES256_GCM,data:y]', stringData: { a: 'ENC[b]' }, later: true }]
    const manifest = (spec: object): object => ({
      apiVersion: 'isindir.github.com/v1alpha3',
      kind: 'SopsSecret',
      metadata: { name: 'sops' },
      spec,
      sops,
    })
    const sopsSecrets = '/apis/isindir.github.com/v1alpha3/namespaces/default/sopssecrets'
    const kept = await plane.request('POST', sopsSecrets, manifest({ secretTemplates, suspend: false }))
    assert.equal(kept.status, 201)
    const { spec, sops: keys } = kept.body as { spec: unknown; sops: unknown }
    assert.deepEqual({ spec, keys }, { spec: { secretTemplates, suspend: false }, keys: sops })
    for (const broken of [{}, { secretTemplates: [] }, { secretTemplates: [{ data: {} }] }, { secretTemplates: 'x' }])
      assert.equal((await plane.request('POST', sopsSecrets, manifest(broken))).status, 422)
  })

  await t.test('kubectl’s tables have upstream’s columns, and fields can be selected by', async () => {
    for (const [resource, columns] of columnsOf) {
      const table = await tableOf(plane, resource)
      assert.deepEqual(table, ['Name', ...columns], resource)
    }
    const selected = await plane.request(
      'GET',
      `${path}?fieldSelector=spec.secretStoreRef.name%3Dst,spec.target.name%3Dt`,
    )
    const { items } = selected.body as { items: { metadata: { name: string } }[] }
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['defaults'],
    )
    for (const field of ['spec.secretStoreRef.kind', 'spec.refreshInterval'])
      assert.equal((await plane.request('GET', `${path}?fieldSelector=${field}%3Dx`)).status, 200, field)
    assert.equal((await plane.request('GET', `${path}?fieldSelector=spec.data%3Dx`)).status, 400)
  })
})

const stores = ['AGE', 'Status', 'Capabilities', 'Ready']
const ofExternalSecrets = '/apis/external-secrets.io/v1'

/** What `kubectl get` shows beside the name. */
const columnsOf: readonly (readonly [string, readonly string[]])[] = [
  [`${ofExternalSecrets}/externalsecrets`, ['StoreType', 'Store', 'Refresh Interval', 'Status', 'Ready', 'Last Sync']],
  [`${ofExternalSecrets}/secretstores`, stores],
  [`${ofExternalSecrets}/clustersecretstores`, stores],
  [`${ofExternalSecrets}/clusterexternalsecrets`, ['Store', 'Refresh Interval', 'Ready']],
  ['/apis/external-secrets.io/v1alpha1/pushsecrets', ['AGE', 'Status', 'Last Sync']],
  ['/apis/bitnami.com/v1alpha1/sealedsecrets', ['Status', 'Synced', 'Age']],
  ['/apis/isindir.github.com/v1alpha3/sopssecrets', ['Status']],
]

/** The columns of the API server's table of a kind. */
async function tableOf({ adminConfig }: ControlPlane, path: string): Promise<string[]> {
  const { server, ca, cert, key } = adminConfig
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server), { ca, cert, key, headers }, async (response) => {
      const { columnDefinitions } = JSON.parse(await text(response)) as { columnDefinitions: { name: string }[] }
      resolve(columnDefinitions.map(({ name }) => name))
    })
    sent.on('error', reject)
    sent.end()
  })
}
