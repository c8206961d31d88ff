import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRules, externalSecretRules, type ResolveContext } from '@sealkit/resolver'
import { desired, type ManifestDocument } from 'sealkit'

const data = [{ secretKey: 'a', remoteRef: { key: 'k' } }]
const generator = { sourceRef: { generatorRef: { kind: 'UUID', name: 'u' } } }

/** A spec for each rule that breaks it, and no other. */
const broken: readonly (readonly [string, object])[] = [
  ['nothing to fetch', {}],
  ['Delete without an owner', { data, target: { deletionPolicy: 'Delete', creationPolicy: 'Merge' } }],
  ['Merge into nothing', { data, target: { deletionPolicy: 'Merge', creationPolicy: 'None' } }],
  ['an empty entry', { dataFrom: [{}] }],
  ['two sources', { dataFrom: [{ extract: { key: 'k' }, find: {} }] }],
  ['a source and a generator', { dataFrom: [{ extract: { key: 'k' }, ...generator }] }],
  ['a key twice', { data: [...data, ...data] }],
  ['a bootstrap token', { data, target: { template: { type: 'bootstrap.kubernetes.io/token' } } }],
  [
    'a ServiceAccount’s token',
    {
      data,
      target: {
        template: {
          type: 'kubernetes.io/service-account-token',
          metadata: { annotations: { 'kubernetes.io/service-account.name': 'x' } },
        },
      },
    },
  ],
]

const manifest = (spec: object): ManifestDocument['object'] => ({
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: { name: 'es', namespace: 'ns' },
  spec: { secretStoreRef: { name: 'st' }, ...spec },
})

test('each rule is broken by its spec, and by no other', () => {
  assert.equal(broken.length, externalSecretRules.length)
  for (const [index, [what, spec]] of broken.entries()) {
    const found = externalSecretRules.flatMap((rule, number) => (rule.broken({ ...spec }) ? [number] : []))
    assert.deepEqual(found, [index], what)
    assert.throws(() => checkRules(manifest(spec)), { code: 'INVALID_EXTERNAL_SECRET' }, what)
  }
  for (const spec of [{ data }, { dataFrom: [generator] }, { data, target: { deletionPolicy: 'Delete' } }])
    checkRules(manifest(spec))
})

test('what no API server has looked at is refused before anything is read', async () => {
  for (const [what, spec] of broken) {
    const document = { object: manifest(spec) } as ManifestDocument
    // A resolver that has nothing at all: whoever asked it for something would fail in another way.
    const [outcome] = await desired([document], { external: {} as ResolveContext })
    const { error } = outcome as { error?: { code?: string } }
    assert.equal(error?.code, 'INVALID_EXTERNAL_SECRET', what)
  }
})
