import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoreError } from '@sealkit/core'
import { decodeBase64, encodeBase64, type Manifest } from '@sealkit/core/manifest'
import {
  generateSealingKey,
  KeyRing,
  label,
  type Render,
  type SealOptions,
  scopeOf,
  sealedSecretType,
  sealItem,
  sealingKey,
  sealingKeyFromSecret,
  sealSecret,
  sealSecrets,
  unsealManifest,
  unsealSecret,
} from '@sealkit/core/sealed'
import { bytes, keyPair, text } from './keys.ts'

const { privateKey, publicKey } = await keyPair()
const ring = new KeyRing([await sealingKey(privateKey)])
const stranger = new KeyRing([await sealingKey((await keyPair()).privateKey)])
const metadata = { name: 'a', namespace: 'b' }
const secret: Manifest = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { k: 'eA==', l: '' } }
const wide = 'sealedsecrets.bitnami.com/cluster-wide'
const namespaced = 'sealedsecrets.bitnami.com/namespace-wide'

test('scope by annotation: exactly "true", and cluster-wide wins', () => {
  const rows: readonly (readonly [Record<string, string>, string])[] = [
    [{}, 'strict'],
    [{ [wide]: 'true' }, 'cluster-wide'],
    [{ [namespaced]: 'true' }, 'namespace-wide'],
    [{ [wide]: 'true', [namespaced]: 'true' }, 'cluster-wide'],
    [{ [wide]: 'True', [namespaced]: 'true' }, 'namespace-wide'],
    [{ [wide]: '1' }, 'strict'],
  ]
  for (const [annotations, scope] of rows) assert.equal(scopeOf(annotations), scope)
  assert.equal(scopeOf(undefined), 'strict')
})

test('a given scope replaces the annotations, the narrow one too', async () => {
  const annotations = { [wide]: 'true', note: 'y' }
  const sealed = await sealSecret({ ...secret, metadata: { ...metadata, annotations } }, { publicKey, scope: 'strict' })
  assert.equal(scopeOf(sealed.metadata?.annotations), 'strict')
  const { template } = sealed['spec'] as { template: Manifest }
  assert.deepEqual(template.metadata?.annotations, { note: 'y' })
  assert.equal((await unsealSecret(sealed, ring)).data.size, 2)
  await assert.rejects(unsealSecret({ ...sealed, metadata: { ...sealed.metadata, annotations } }, ring))
})

test('labels', () => {
  assert.equal(text(label('strict', 'n\u00e9', 'a')), 'n\u00e9/a')
  assert.equal(text(label('namespace-wide', 'n', 'a')), 'n')
  assert.equal(text(label('cluster-wide', 'n', 'a')), '')
  for (const scope of ['', 'Strict', 'cluster_wide', 'toString']) {
    assert.throws(() => label(scope as 'strict', 'n', 'a'), { code: 'UNSUPPORTED_VALUE' })
  }
})

test('a SealedSecret holds ciphertexts and a template, and nothing that a server or kubectl wrote', async () => {
  const annotations = { note: 'y', 'kubectl.kubernetes.io/last-applied-configuration': 'eA==' }
  const written = {
    ...{ uid: 'u', resourceVersion: '1', generation: 2, creationTimestamp: '2020-01-01T00:00:00Z', selfLink: '/x' },
    ...{ managedFields: [{}], ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] },
  }
  const labels = { app: 'x' }
  const sealed = await sealSecret(
    { ...secret, immutable: true, metadata: { ...metadata, ...written, labels, annotations } },
    { publicKey },
  )
  const { encryptedData, ...spec } = sealed['spec'] as { encryptedData: Record<string, string> }
  assert.deepEqual(Object.keys(encryptedData), ['k', 'l'])
  assert.doesNotMatch(JSON.stringify(sealed), /eA==/)
  assert.deepEqual(
    { ...sealed, spec },
    {
      ...sealedSecretType,
      metadata,
      spec: {
        template: { metadata: { ...metadata, labels, annotations: { note: 'y' } }, type: 'Opaque', immutable: true },
      },
    },
  )
})

const refusedSecrets: Readonly<Record<string, readonly [Manifest, Partial<SealOptions>, string, string?]>> = {
  'no data': [
    { metadata },
    {},
    'INVALID_MANIFEST',
    'secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, --allow-empty-data can be used',
  ],
  'no name': [{ ...secret, metadata: {} }, {}, 'INVALID_MANIFEST', 'missing metadata.name in input Secret'],
  'no namespace': [{ ...secret, metadata: { name: 'a' } }, {}, 'INVALID_MANIFEST', 'secret must declare a namespace'],
  'no namespace, namespace-wide': [
    { ...secret, metadata: { name: 'a' } },
    { scope: 'namespace-wide' },
    'INVALID_MANIFEST',
  ],
  'no base64': [{ metadata, data: { k: 'x' } }, {}, 'INVALID_BASE64', 'illegal base64 data at input byte 0'],
  'no text': [{ metadata, stringData: { k: 1 } }, {}, 'INVALID_MANIFEST'],
  'a refusing namespace': [
    secret,
    {
      namespace: () => {
        throw new CoreError('INVALID_MANIFEST', 'no')
      },
    },
    'INVALID_MANIFEST',
  ],
}

test('what cannot be sealed', async () => {
  for (const [name, [manifest, options, code, upstream]] of Object.entries(refusedSecrets)) {
    const expected = { code, ...(upstream !== undefined && { upstream }) }
    await assert.rejects(sealSecret(manifest, { publicKey, ...options }), expected, name)
  }
})

test('an error never holds a value', async () => {
  await assert.rejects(sealSecret({ metadata, data: { k: 'hunter2!' } }, { publicKey }), (error: CoreError) => {
    assert.doesNotMatch(`${error.message} ${error.hint} ${error.upstream} ${JSON.stringify(error)}`, /hunter2/)
    return true
  })
})

test('every scope comes back, under its own name and namespace only', async () => {
  for (const scope of ['strict', 'namespace-wide', 'cluster-wide'] as const) {
    const sealed = await sealSecret(secret, { publicKey, scope })
    const moved = (change: object): Manifest => ({ ...sealed, metadata: { ...sealed.metadata, ...change } })
    const opens = async (manifest: Manifest): Promise<boolean> =>
      unsealSecret(manifest, ring).then(
        () => true,
        (error: CoreError) => {
          assert.equal(error.code, 'DECRYPTION_FAILED')
          return false
        },
      )
    assert.equal(await opens(sealed), true)
    assert.equal(await opens(moved({ name: 'z' })), scope !== 'strict')
    assert.equal(await opens(moved({ namespace: 'z' })), scope === 'cluster-wide')
    assert.equal(await opens(moved({ annotations: {} })), scope === 'strict')
  }
})

test('the Secret gets the SealedSecret\u2019s name and namespace, and one owner', async () => {
  const sealed = await sealSecret(secret, { publicKey })
  const template = { metadata: { name: 'other', namespace: 'other', labels: { a: 'b' }, finalizers: ['f'] } }
  const manifest = {
    ...sealed,
    metadata: { ...sealed.metadata, uid: 'u' },
    spec: { ...(sealed['spec'] as object), template },
  }
  assert.deepEqual(await unsealManifest(manifest, ring), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...template.metadata,
      ...metadata,
      ownerReferences: [{ ...sealedSecretType, name: 'a', uid: 'u', controller: true }],
    },
    data: { k: 'eA==', l: '' },
  })
  const skip = { metadata: { annotations: { 'sealedsecrets.bitnami.com/skip-set-owner-references': 'true' } } }
  const skipped = { ...sealed, spec: { ...(sealed['spec'] as object), template: skip } }
  assert.equal((await unsealSecret(skipped, ring)).ownerReferences, undefined)
})

/** Items of one object that fail: the code, and the text that names their keys in order. */
const broken: readonly (readonly [Record<string, unknown>, string, string])[] = [
  [{ b: 'AgAA', a: '' }, 'DECRYPTION_FAILED', 'no key could decrypt secret (a, b)'],
  [{ a: 1, b: null }, 'DECRYPTION_FAILED', 'no key could decrypt secret (a, b)'],
  [{ a: 'x' }, 'INVALID_BASE64', 'illegal base64 data at input byte 0 (a)'],
  [{ a: 'x', b: 'AgA' }, 'INVALID_BASE64', 'illegal base64 data at input byte 0 (a, b)'],
  [{ a: 'x', b: '' }, 'DECRYPTION_FAILED', 'illegal base64 data at input byte 0 (a)\nno key could decrypt secret (b)'],
]

test('errors of items are grouped by their text', async () => {
  for (const [encryptedData, code, message] of broken) {
    const sealed = { ...sealedSecretType, metadata, spec: { encryptedData } }
    await assert.rejects(unsealSecret(sealed, ring), { code, message, upstream: message })
  }
  const sealed = await sealSecret(secret, { publicKey })
  await assert.rejects(unsealSecret(sealed, stranger), { message: 'no key could decrypt secret (k, l)' })
  await assert.rejects(unsealSecret(sealed, new KeyRing()), { code: 'DECRYPTION_FAILED' })
})

test('templates: over items and plain siblings, and items win', async () => {
  const sealed = await sealSecret(secret, { publicKey })
  const spec = sealed['spec'] as { template: object }
  const data = { t: 'x{{ .k }}', p: 'plain', k: 'never {{ . }}', gone: null }
  const manifest = { ...sealed, spec: { ...spec, template: { ...spec.template, data } } }
  const seen: Record<string, string>[] = []
  const render: Render = (_, template, context) => {
    seen.push(Object.fromEntries(Object.entries(context).map(([key, value]) => [key, text(value)])))
    return bytes(template.toUpperCase())
  }
  const unsealed = await unsealSecret(manifest, ring, { render })
  assert.deepEqual(
    [...unsealed.data].map(([key, value]) => [key, text(value)]),
    [
      ['t', 'X{{ .K }}'],
      ['p', 'plain'],
      ['k', 'x'],
      ['l', ''],
    ],
  )
  assert.deepEqual(seen[0], { t: 'x{{ .k }}', p: 'plain', k: 'x', l: '' })
  await assert.rejects(unsealSecret(manifest, ring), { code: 'TEMPLATE_REQUIRED' })
})

test('the format before 0.7', async () => {
  const seal = async (plaintext: string): Promise<Manifest> => {
    const item = await sealItem({ publicKey, label: label('strict', 'b', 'a'), plaintext: bytes(plaintext) })
    return { ...sealedSecretType, metadata, spec: { data: encodeBase64(item) } }
  }
  const old = await seal(JSON.stringify({ ...secret, metadata: { name: 'z', labels: { a: 'b' } } }))
  const unsealed = await unsealSecret(old, ring)
  assert.deepEqual([unsealed.name, unsealed.namespace, unsealed.labels], ['a', 'b', { a: 'b' }])
  assert.deepEqual([...unsealed.data.keys()], ['k', 'l'])
  const both = { ...old, spec: { ...(old['spec'] as object), encryptedData: { k: '' } } }
  await assert.rejects(unsealSecret(both, ring), { code: 'INVALID_MANIFEST', message: /at the same time$/ })
  await assert.rejects(unsealSecret(old, ring, { acceptV1Data: false }), { message: /^using deprecated 'data' field/ })
  await assert.rejects(unsealSecret(old, stranger), { code: 'DECRYPTION_FAILED' })
  await assert.rejects(unsealSecret(await seal('no JSON: hunter2'), ring), (error: CoreError) => {
    assert.equal(error.code, 'INVALID_MANIFEST')
    assert.doesNotMatch(`${error.message}${error.cause}`, /hunter2/)
    return true
  })
  await assert.rejects(unsealSecret({ ...old, spec: { data: '' } }, ring), { code: 'DECRYPTION_FAILED' })
})

test('objects of old releases', async () => {
  const sealed = await sealSecret(secret, { publicKey })
  const spec = sealed['spec'] as { template: { metadata: object } }
  const olds: readonly object[] = [
    {
      ...spec,
      template: { ...spec.template, metadata: { ...spec.template.metadata, creationTimestamp: null }, data: null },
    },
    { ...spec, template: null },
    { ...spec, template: { metadata: null } },
  ]
  for (const old of olds) {
    const unsealed = await unsealSecret(
      { ...sealed, metadata: { ...sealed.metadata, creationTimestamp: null }, spec: old },
      ring,
    )
    assert.equal(text(unsealed.data.get('k') ?? bytes('')), 'x')
  }
})

test('sealing keys of Secrets', async () => {
  const key = await generateSealingKey({ keySize: 1024, notBefore: new Date('2026-01-02T03:04:05Z') })
  const data = { 'tls.key': encodeBase64(bytes(key.privateKeyPem)), 'tls.crt': encodeBase64(bytes(key.certificatePem)) }
  const keySecret = { metadata: { name: 'k', creationTimestamp: '2027-01-01T00:00:00Z' }, data }
  const read = await sealingKeyFromSecret(keySecret)
  assert.equal(read.orderedAt.toISOString(), '2026-01-02T03:04:05.000Z')
  assert.equal(text(read.certificatePem ?? bytes('')), key.certificatePem)
  assert.match(read.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/)
  const byCreation = await sealingKeyFromSecret(keySecret, 'SecretCreationTimestamp')
  assert.equal(byCreation.orderedAt.toISOString(), '2027-01-01T00:00:00.000Z')
  for (const [change, code] of [
    [{ 'tls.key': '' }, 'INVALID_KEY'],
    [{ 'tls.crt': '' }, 'INVALID_CERTIFICATE'],
    [{ 'tls.key': 'x' }, 'INVALID_BASE64'],
    [{ 'tls.key': data['tls.crt'] }, 'INVALID_KEY'],
  ] as const) {
    await assert.rejects(sealingKeyFromSecret({ data: { ...data, ...change } }), { code })
  }
  for (const malformed of [{}, { data: null }, { data: [] }, { data: { 'tls.crt': data['tls.crt'] } }]) {
    await assert.rejects(sealingKeyFromSecret(malformed as Manifest), { code: 'INVALID_KEY' })
  }
  assert.equal(decodeBase64(data['tls.key']).length, key.privateKeyPem.length)
})

test('many Secrets in their order, and an error where its Secret stands', async () => {
  const named = (name: string): Manifest => ({ ...secret, metadata: { name, namespace: 'b' } })
  const inputs = Array.from({ length: 40 }, (_, at) => named(`s${at}`))
  const got: (string | undefined)[] = []
  await assert.rejects(
    async () => {
      for await (const { metadata: own } of sealSecrets([...inputs, named(''), named('after')], { publicKey })) {
        got.push(own?.name)
      }
    },
    { code: 'INVALID_MANIFEST' },
  )
  assert.deepEqual(
    got,
    inputs.map(({ metadata: own }) => own?.name),
  )
})
