import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResolverError, readExternalSecret } from '@sealkit/resolver'
import { fc } from '../property.ts'
import { externalSecret } from './fixture.ts'

const remoteRef = { key: 'k' }

test("the CRD's defaults are applied", () => {
  const { target, refreshInterval, refreshPolicy, data, dataFrom } = readExternalSecret(
    externalSecret({
      spec: {
        data: [{ secretKey: 'a', remoteRef }],
        dataFrom: [
          { extract: remoteRef, rewrite: [{ merge: {} }] },
          { find: {} },
          { sourceRef: { generatorRef: { kind: 'UUID', name: 'u' } } },
        ],
      },
    }),
  )
  assert.deepEqual(target, {
    name: 'secret',
    creationPolicy: 'Owner',
    deletionPolicy: 'Retain',
    immutable: false,
    template: null,
    manifest: null,
  })
  assert.deepEqual([refreshInterval, refreshPolicy], ['1h0m0s', 'Periodic'])
  const strategies = { conversionStrategy: '', decodingStrategy: 'None', nullBytePolicy: 'Ignore' }
  const ref = { key: 'k', property: '', version: '', metadataPolicy: 'None', ...strategies }
  const store = { kind: 'SecretStore', name: 'store' }
  assert.deepEqual(data, [{ secretKey: 'a', remoteRef: ref, store }])
  const merge = {
    use: 'merge',
    into: '',
    priority: [],
    priorityPolicy: 'Strict',
    conflictPolicy: 'Error',
    strategy: 'Extract',
  }
  assert.deepEqual(dataFrom, [
    { use: 'extract', extract: ref, store, rewrite: [merge] },
    { use: 'find', find: { path: null, name: null, tags: null, ...strategies }, store, rewrite: [] },
    {
      use: 'generator',
      generator: { apiVersion: 'generators.external-secrets.io/v1alpha1', kind: 'UUID', name: 'u' },
      rewrite: [],
    },
  ])
})

test('an empty word is a default', () => {
  const spec = {
    target: { creationPolicy: '' },
    data: [{ secretKey: 'a', remoteRef: { key: 'k', decodingStrategy: '' } }],
  }
  const read = readExternalSecret(externalSecret({ spec }))
  assert.equal(read.target.creationPolicy, 'Owner')
  assert.equal(read.data[0]?.remoteRef.decodingStrategy, 'None')
})

test('v1beta1 is read as v1', () => {
  const manifest = { ...externalSecret({ spec: {} }), apiVersion: 'external-secrets.io/v1beta1' }
  assert.equal(readExternalSecret(manifest).name, 'secret')
})

const invalid: readonly (readonly [spec: Readonly<Record<string, unknown>>, message: RegExp])[] = [
  [{ target: { creationPolicy: 'Own' } }, /spec.target.creationPolicy must be one of Owner, Orphan/],
  [{ target: { deletionPolicy: 'retain' } }, /spec.target.deletionPolicy/],
  [{ refreshPolicy: 'Sometimes' }, /spec.refreshPolicy/],
  [{ data: [{ remoteRef }] }, /spec.data\[0\].secretKey is required/],
  [{ data: [{ secretKey: 'a' }] }, /spec.data\[0\].remoteRef.key is required/],
  [{ data: [{ secretKey: 'a', remoteRef: { key: 1 } }] }, /remoteRef.key is required/],
  [
    { data: [{ secretKey: 'a', remoteRef: { key: 'k', decodingStrategy: 'Rot13' } }] },
    /decodingStrategy must be one of/,
  ],
  [{ data: [{ secretKey: 'a', remoteRef }], secretStoreRef: {} }, /spec.data\[0\] names no store/],
  [{ data: [{ secretKey: 'a', remoteRef }], secretStoreRef: { name: 's', kind: 'Store' } }, /unknown kind/],
  [{ dataFrom: [{}] }, /spec.dataFrom\[0\] needs one of extract, find/],
  [{ dataFrom: [{ extract: {} }] }, /spec.dataFrom\[0\].extract.key is required/],
  [{ target: { template: { mergePolicy: 'Mix' } } }, /mergePolicy/],
  [
    { target: { template: { templateFrom: [{ configMap: { name: 'c', items: [{ key: 'k', templateAs: 'x' }] } }] } } },
    /templateAs/,
  ],
]

for (const [spec, message] of invalid) {
  test(`refused: ${JSON.stringify(spec)}`, () => {
    assert.throws(
      () => readExternalSecret(externalSecret({ spec })),
      (error) =>
        error instanceof ResolverError && error.code === 'INVALID_EXTERNAL_SECRET' && message.test(error.message),
    )
  })
}

test('a generator in data is refused as not supported', () => {
  const spec = { data: [{ secretKey: 'a', remoteRef, sourceRef: { generatorRef: { kind: 'UUID', name: 'u' } } }] }
  assert.throws(
    () => readExternalSecret(externalSecret({ spec })),
    (error) => error instanceof ResolverError && error.code === 'NOT_SUPPORTED',
  )
})

test('no spec makes the reader crash', () => {
  const words = fc.constantFrom(
    'data',
    'dataFrom',
    'target',
    'extract',
    'find',
    'remoteRef',
    'template',
    'rewrite',
    'key',
    'name',
  )
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(words, fc.jsonValue()), (spec, members) => {
      for (const value of [
        spec,
        members,
        { data: [members], dataFrom: [members, { extract: members }], target: members },
      ]) {
        try {
          readExternalSecret({ ...externalSecret({ spec: {} }), spec: value })
        } catch (error) {
          assert.ok(error instanceof ResolverError, String(error))
        }
      }
    }),
    { numRuns: 500 },
  )
})
