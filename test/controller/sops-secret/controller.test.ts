import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, type ClusterObject, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, sopsSettings, startController, texts, until } from '../cluster.ts'
import { type AgeKey, ageKey, encrypted, objectOf } from './file.ts'

interface Status {
  readonly message?: string
  readonly observedGeneration?: number
  readonly conditions?: { type: string; status: string; reason: string; message: string }[]
}

const statusOf = (object: ClusterObject | null): Status => (object?.['status'] ?? {}) as Status
const conditionOf = (object: ClusterObject | null, type: string): string | undefined =>
  statusOf(object).conditions?.find((condition) => condition.type === type)?.status

const several = (name: string): string => `# a comment
apiVersion: isindir.github.com/v1alpha3
kind: SopsSecret
metadata:
  name: ${name}
spec:
  suspend: false
  secretTemplates:
    - name: ${name}-database # of the database
      # of the shop
      labels:
        tier: back
        app: shop
      annotations:
        note: hello
      type: example.com/database
      stringData:
        username: zoe
        password: Pa$$word # inline
        host: db
        port: 5432
        tls: true
    - name: ${name}-token
      data:
        token: AAEC/w==
    - stringData:
        empty: ""
        b: |
          two
          lines
        a: ä
      name: ${name}-last
`

test('SopsSecrets', { timeout: 540_000 }, async (t) => {
  const programs = await available(t, 'etcd', 'kube-apiserver', 'sops', 'age-keygen')
  if (programs === null) return
  const { sops } = programs
  const plane = await startControlPlane({ crds: crds('sops-secrets') })
  t.after(() => plane.stop())
  const cluster: ApiServer = await clientOf(plane)
  t.after(() => cluster.close())
  const folder = mkdtempSync(join(tmpdir(), 'sops-rules-'))
  t.after(() => rmSync(folder, { recursive: true }))

  const keys = {
    shop: ageKey(programs['age-keygen']),
    bank: ageKey(programs['age-keygen']),
    shared: ageKey(programs['age-keygen']),
  }
  const suffix = ({ recipient }: AgeKey, more: object = {}) =>
    ({ sops, args: ['--age', recipient, '--encrypted-suffix', 'Templates'], ...more }) as const
  for (const name of ['shop', 'bank', 'lenient', 'ruled-a', 'ruled-b', 'labelled', 'stranger', 'keys']) {
    const labels = name === 'labelled' ? { tenant: 'x' } : {}
    await cluster.create(resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  }
  const keySecret = (
    namespace: string,
    name: string,
    stringData: Record<string, string>,
    labelled = true,
  ): Promise<ClusterObject> =>
    cluster.create(resources.secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name, labels: labelled ? { 'sops.sealkit.dev/keys': 'true' } : {} },
      stringData,
    })
  await keySecret('shop', 'sops-age', { 'age.agekey': keys.shop.identity })
  await keySecret('bank', 'sops-age', { 'age.agekey': keys.bank.identity })
  await keySecret('lenient', 'sops-age', { 'age.agekey': keys.shop.identity })
  await keySecret('keys', 'shared', { 'age.agekey': keys.shared.identity }, false)

  const own = await startController(cluster, { sopsSecrets: sopsSettings({ namespaces: ['shop', 'bank'] }) })
  t.after(() => own.stop())

  const apply = (namespace: string, object: Manifest): Promise<ClusterObject> =>
    cluster.create(resources.sopsSecret, { ...object, metadata: { ...object.metadata, namespace } })
  const reached = (namespace: string, name: string, message: RegExp): Promise<ClusterObject | null> =>
    until(cluster, resources.sopsSecret, { namespace, name }, (object) => {
      const { message: text = '', observedGeneration } = statusOf(object)
      return message.test(text) && observedGeneration === object?.metadata.generation
    })
  const secret = (namespace: string, name: string): Promise<ClusterObject | null> =>
    cluster.get(resources.secret, { namespace, name })

  await t.test(
    'a file of the real sops with several templates, comments, numbers and any order of keys becomes Secrets',
    async () => {
      const owner = await apply('shop', objectOf(encrypted(several('several'), suffix(keys.shop))))
      const object = await reached('shop', 'several', /^Healthy$/)
      assert.deepEqual(
        statusOf(object).conditions?.map(({ type, status, reason }) => [type, status, reason]),
        [
          ['Ready', 'True', 'Healthy'],
          ['MacVerified', 'True', 'Verified'],
        ],
      )
      const database = await secret('shop', 'several-database')
      assert.deepEqual(texts(database), {
        username: 'zoe',
        password: 'Pa$$word',
        host: 'db',
        port: '5432',
        tls: 'true',
      })
      assert.equal(database?.['type'], 'example.com/database')
      assert.deepEqual(database?.metadata.labels, { tier: 'back', app: 'shop' })
      assert.deepEqual(database?.metadata.annotations, { note: 'hello' })
      assert.deepEqual(database?.metadata.ownerReferences, [
        {
          apiVersion: 'isindir.github.com/v1alpha3',
          kind: 'SopsSecret',
          name: 'several',
          uid: owner.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ])
      assert.deepEqual((await secret('shop', 'several-token'))?.['data'], { token: 'AAEC/w==' })
      assert.deepEqual(texts(await secret('shop', 'several-last')), { empty: '', b: 'two\nlines\n', a: 'ä' })
    },
  )

  const onlyData = `apiVersion: isindir.github.com/v1alpha3
kind: SopsSecret
metadata: {name: NAME, namespace: shop, labels: {z: "1", a: "2"}, annotations: {own: x}}
spec: {secretTemplates: [{name: NAME, stringData: {z: secret-z, a: secret-a}}]}
`
  const forms: readonly (readonly [
    what: string,
    name: string,
    text: string,
    more: { args?: string[]; rule?: object },
    change?: (object: Manifest) => Manifest,
  ])[] = [
    ['encrypted_regex', 'regex', onlyData, { args: ['--encrypted-regex', '^(data|stringData)$'] }],
    [
      'mac_only_encrypted and eight keys in any order',
      'only',
      onlyData.replace('z: secret-z', 'q: 1, w: 2, e: 3, r: 4, t: 5, y: 6, u: 7'),
      { args: [], rule: { encrypted_regex: '^(data|stringData)$', mac_only_encrypted: true } },
    ],
    ['JSON', 'json', JSON.stringify(objectOf(onlyData)), {}],
    [
      'the older version of the kind',
      'older',
      onlyData.replace('v1alpha3', 'v1alpha2'),
      {},
      ({ apiVersion: _, ...object }) => ({ ...object, apiVersion: 'isindir.github.com/v1alpha3' }),
    ],
    [
      'labels and annotations of Argo CD and Flux',
      'tools',
      onlyData,
      {},
      (object) => ({
        ...object,
        metadata: {
          ...object.metadata,
          name: 'tools',
          labels: {
            ...object.metadata?.labels,
            'app.kubernetes.io/instance': 'x',
            'kustomize.toolkit.fluxcd.io/name': 'y',
          },
          annotations: { ...object.metadata?.annotations, 'argocd.argoproj.io/tracking-id': 'x:y' },
        },
      }),
    ],
    [
      'kubectl apply',
      'kubectl',
      onlyData.replace('namespace: shop, ', ''),
      {},
      (object) => ({
        ...object,
        metadata: {
          ...object.metadata,
          name: 'kubectl',
          labels: { ...object.metadata?.labels, added: 'by-a-webhook' },
          annotations: {
            'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
              ...object,
              metadata: { ...object.metadata, namespace: 'shop' },
            }),
          },
        },
      }),
    ],
  ]
  for (const [what, name, text, { args, rule }, change = (object: Manifest): Manifest => object] of forms) {
    await t.test(`the MAC is verified: ${what}`, async () => {
      const more = {
        ...(args === undefined ? {} : { args: ['--age', keys.shop.recipient, ...args] }),
        ...(rule === undefined ? {} : { rule: { ...rule, age: keys.shop.recipient }, args: [] }),
      }
      await apply('shop', change(objectOf(encrypted(text.replaceAll('NAME', name), suffix(keys.shop, more)))))
      assert.equal(conditionOf(await reached('shop', name, /^Healthy$/), 'MacVerified'), 'True')
      assert.equal(texts(await secret('shop', name))['a'], 'secret-a')
    })
  }

  await t.test('a Secret that is deleted or changed is made as it should be again', async () => {
    const key = { namespace: 'shop', name: 'several-token' }
    const uid = (await cluster.get(resources.secret, key))?.metadata.uid
    await cluster.delete(resources.secret, key)
    await until(cluster, resources.secret, key, (object) => object !== null && object.metadata.uid !== uid)
    await cluster.patch(resources.secret, key, { type: 'merge', body: { data: { token: 'eA==', more: 'eA==' } } })
    const data = (object: ClusterObject | null): object => (object?.['data'] ?? {}) as object
    await until(cluster, resources.secret, key, (object) => JSON.stringify(data(object)) === '{"token":"AAEC/w=="}')
    await cluster.patch(resources.secret, key, { type: 'merge', body: { metadata: { labels: { x: 'y' } } } })
    await until(cluster, resources.secret, key, (object) => object !== null && object.metadata.labels === undefined)
  })

  const templates = (name: string, ...list: object[]): string =>
    JSON.stringify({
      apiVersion: 'isindir.github.com/v1alpha3',
      kind: 'SopsSecret',
      metadata: { name },
      spec: { secretTemplates: list },
    })
  const replace = async (namespace: string, text: string): Promise<void> => {
    const object = objectOf(text)
    const key = { namespace, name: object.metadata?.name ?? '' }
    const current = await cluster.get(resources.sopsSecret, key)
    await cluster.update(resources.sopsSecret, { ...object, metadata: { ...current?.metadata, name: key.name } })
  }

  await t.test('a Secret whose template was removed is deleted', async () => {
    const [one, two] = [
      { name: 'pruned-one', stringData: { k: '1' } },
      { name: 'pruned-two', stringData: { k: '2' } },
    ]
    await apply('shop', objectOf(encrypted(templates('pruned', one, two), suffix(keys.shop))))
    await reached('shop', 'pruned', /^Healthy$/)
    await replace('shop', encrypted(templates('pruned', two), suffix(keys.shop)))
    await until(cluster, resources.secret, { namespace: 'shop', name: 'pruned-one' }, (object) => object === null)
    assert.deepEqual(texts(await secret('shop', 'pruned-two')), { k: '2' })
  })

  await t.test('a suspended object does nothing until it is no longer suspended', async () => {
    const object = objectOf(encrypted(templates('held', { name: 'held', stringData: { k: 'v' } }), suffix(keys.shop)))
    const whole = { ...object, spec: { ...(object['spec'] as object), suspend: true } }
    await apply('shop', whole)
    const suspended = await reached('shop', 'held', /^Reconciliation is suspended$/)
    assert.equal(conditionOf(suspended, 'Ready'), 'Unknown')
    assert.equal(await secret('shop', 'held'), null)
    await cluster.patch(
      resources.sopsSecret,
      { namespace: 'shop', name: 'held' },
      { type: 'merge', body: { spec: { suspend: null } } },
    )
    await reached('shop', 'held', /^Healthy$/)
    assert.deepEqual(texts(await secret('shop', 'held')), { k: 'v' })
  })

  await t.test('a Secret of somebody else is left alone, and the other templates are written', async () => {
    const foreign = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'shop', name: 'foreign' },
      stringData: { mine: 'x' },
    }
    await cluster.create(resources.secret, foreign)
    const list = [
      { name: 'foreign', stringData: { k: 'v' } },
      { name: 'beside', stringData: { k: 'v' } },
    ]
    await apply('shop', objectOf(encrypted(templates('taking', ...list), suffix(keys.shop))))
    const object = await reached('shop', 'taking', /^Child secret is not owned by controller error: /)
    assert.equal(statusOf(object).conditions?.[0]?.reason, 'SecretNotOwned')
    assert.deepEqual(texts(await secret('shop', 'foreign')), { mine: 'x' })
    assert.deepEqual(texts(await secret('shop', 'beside')), { k: 'v' })
    const body = { metadata: { annotations: { 'sopssecret/managed': 'true' } } }
    await cluster.patch(resources.secret, { namespace: 'shop', name: 'foreign' }, { type: 'merge', body })
    await reached('shop', 'taking', /^Healthy$/)
    assert.deepEqual(texts(await secret('shop', 'foreign')), { k: 'v' })
  })

  await t.test('spec.enforceOwnership takes over a Secret', async () => {
    const foreign = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'shop', name: 'restored' },
      stringData: { old: 'x' },
    }
    await cluster.create(resources.secret, foreign)
    const plain = JSON.parse(templates('restored', { name: 'restored', stringData: { k: 'v' } })) as { spec: object }
    const text = JSON.stringify({ ...plain, spec: { enforceOwnership: true, ...plain.spec } })
    await apply('shop', objectOf(encrypted(text, suffix(keys.shop))))
    await reached('shop', 'restored', /^Healthy$/)
    const taken = await secret('shop', 'restored')
    assert.deepEqual(texts(taken), { k: 'v' })
    assert.equal(taken?.metadata.ownerReferences?.[0]?.name, 'restored')
  })

  const refused: readonly (readonly [
    what: string,
    name: string,
    message: RegExp,
    change: (object: Manifest, list: Record<string, unknown>[]) => Manifest,
  ])[] = [
    [
      'a template was removed',
      'removed',
      /^Decryption error: the MAC does not match/,
      (object, list) => ({ ...object, spec: { secretTemplates: list.slice(1) } }),
    ],
    [
      'two templates have exchanged a value',
      'exchanged',
      /^Decryption error: the MAC does not match/,
      (object, [one, two]) => ({
        ...object,
        spec: {
          secretTemplates: [
            { ...one, stringData: two?.['stringData'] },
            { ...two, stringData: one?.['stringData'] },
          ],
        },
      }),
    ],
    [
      'it was renamed',
      'renamed',
      /^Decryption error: the MAC does not match/,
      (object) => ({ ...object, metadata: { ...object.metadata, name: 'renamed' } }),
    ],
    [
      'a value was added in plain text',
      'added',
      /^Decryption error: "spec.secretTemplates.type": a value that should be encrypted is not/,
      (object, [one]) => ({ ...object, spec: { secretTemplates: [{ ...one, type: 'x' }] } }),
    ],
    [
      'it is not encrypted',
      'plain',
      /^Decryption error: the object has no sops block/,
      ({ sops: _, ...object }) => object,
    ],
    ['its block is broken', 'broken', /^Decryption error: /, (object) => ({ ...object, sops: { mac: 'x' } })],
    [
      'it says no templates of Secrets',
      'data',
      /^New child secret creation error: spec.secretTemplates\[0\].data.k is no base64/,
      (object) => object,
    ],
  ]
  for (const [what, name, message, change] of refused) {
    await t.test(`nothing is made of an object when ${what}`, async () => {
      const first =
        name === 'data' ? { name: 'data-x', data: { k: '!' } } : { name: `${name}-x`, stringData: { k: 'one' } }
      const text = encrypted(
        templates(name === 'renamed' ? 'before' : name, first, { name: `${name}-y`, stringData: { k: 'two' } }),
        suffix(keys.shop),
      )
      const object = objectOf(text)
      const { secretTemplates } = object['spec'] as { secretTemplates: Record<string, unknown>[] }
      await apply('shop', change(object, secretTemplates))
      assert.equal(conditionOf(await reached('shop', name, message), 'Ready'), 'False')
      assert.equal(await secret('shop', `${name}-x`), null)
      assert.equal(await secret('shop', `${name}-y`), null)
    })
  }

  await t.test('an object that is broken later keeps its Secrets', async () => {
    const body = { spec: { secretTemplates: [{ name: 'plain' }] } }
    await cluster.patch(resources.sopsSecret, { namespace: 'shop', name: 'regex' }, { type: 'merge', body })
    await reached('shop', 'regex', /^Decryption error: the MAC does not match/)
    assert.equal(texts(await secret('shop', 'regex'))['a'], 'secret-a')
  })

  await t.test("an object is not decrypted with another tenant's key", async (t) => {
    const text = encrypted(templates('stolen', { name: 'stolen', stringData: { k: 'v' } }), suffix(keys.shop))
    await apply('bank', objectOf(text))
    await reached('bank', 'stolen', /^Decryption error: /)
    assert.equal(await secret('bank', 'stolen'), null)
    await t.test('until its own namespace has the key', async () => {
      await keySecret('bank', 'more', { 'more.agekey': keys.shop.identity })
      await reached('bank', 'stolen', /^Healthy$/)
      assert.deepEqual(texts(await secret('bank', 'stolen')), { k: 'v' })
    })
  })

  await t.test('events say what happened, once', async () => {
    const options = { namespace: 'shop', fieldSelector: 'involvedObject.name=taking' }
    const said = await eventually(
      async () => (await cluster.list(resources.event, options)).items.map((event) => [event['type'], event['reason']]),
      (events) => events.length >= 2,
    )
    assert.deepEqual(said.toSorted(), [
      ['Normal', 'Healthy'],
      ['Warning', 'SecretNotOwned'],
    ])
  })

  await t.test('with --sops-mac=attempted an object whose MAC does not match is decrypted, and says so', async () => {
    const sopsSecrets = sopsSettings({ namespaces: ['lenient'], mac: 'attempted' })
    const lenient = await startController(cluster, { sopsSecrets })
    t.after(() => lenient.stop())
    const object = objectOf(encrypted(templates('lax', { name: 'lax', stringData: { k: 'v' } }), suffix(keys.shop)))
    await apply('lenient', { ...object, metadata: { ...object.metadata, labels: { more: 'x' }, name: 'lax' } })
    const done = await reached('lenient', 'lax', /^Healthy$/)
    assert.equal(conditionOf(done, 'MacVerified'), 'False')
    assert.deepEqual(texts(await secret('lenient', 'lax')), { k: 'v' })
  })

  await t.test('rules of the operator say which keys decrypt for which namespaces', async (t) => {
    const rulesFile = join(folder, 'rules.yaml')
    writeFileSync(
      rulesFile,
      `rules:
  - namespaces: ["ruled-*"]
    secrets: [{ namespace: keys, name: shared }]
  - namespaceSelector: { matchLabels: { tenant: x } }
    own: true
`,
    )
    const namespaces = ['ruled-a', 'ruled-b', 'labelled', 'stranger']
    const ruled = await startController(cluster, { sopsSecrets: sopsSettings({ namespaces, rulesFile }) })
    t.after(() => ruled.stop())
    await keySecret('ruled-b', 'own', { 'age.agekey': keys.bank.identity })
    await keySecret('stranger', 'own', { 'age.agekey': keys.shared.identity })
    const wanted: readonly (readonly [namespace: string, key: keyof typeof keys, message: RegExp])[] = [
      ['ruled-a', 'shared', /^Healthy$/],
      ['ruled-b', 'bank', /^Decryption error: /],
      ['labelled', 'shared', /^Decryption error: there is no key Secret for the namespace labelled/],
      ['stranger', 'shared', /^Decryption error: no rule gives the namespace stranger keys/],
    ]
    for (const [namespace, key, message] of wanted) {
      await apply(
        namespace,
        objectOf(encrypted(templates('one', { name: 'one', stringData: { k: 'v' } }), suffix(keys[key]))),
      )
      await reached(namespace, 'one', message)
      assert.equal((await secret(namespace, 'one')) !== null, message.source === '^Healthy$', namespace)
    }
    await keySecret('labelled', 'own', { 'age.agekey': keys.shared.identity })
    await reached('labelled', 'one', /^Healthy$/)
    writeFileSync(rulesFile, 'rules: [{namespaces: ["*"], more: true}]')
    writeFileSync(rulesFile, 'rules: [{namespaces: [stranger], own: true}]')
    await reached('stranger', 'one', /^Healthy$/)
  })

  await t.test('kubectl get shows the status', async () => {
    const path = '/apis/isindir.github.com/v1alpha3/namespaces/shop/sopssecrets/several'
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
    const { body } = await cluster.request('GET', path, { headers })
    const { columnDefinitions, rows } = JSON.parse(body.toString()) as {
      columnDefinitions: { name: string }[]
      rows: { cells: string[] }[]
    }
    assert.deepEqual(
      columnDefinitions.map(({ name }) => name),
      ['Name', 'Status'],
    )
    assert.deepEqual(rows[0]?.cells, ['several', 'Healthy'])
  })
})
