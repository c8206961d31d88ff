import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { allowsNamespace, ResolverError, readStore } from '@sealkit/resolver'
import { externalSecret, failure, reading, secretStore } from './fixture.ts'

function clusterStore(spec: Readonly<Record<string, unknown>>): Manifest {
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterSecretStore',
    metadata: { name: 'shared' },
    spec: { provider: { fake: { data: [{ key: 'k', value: 'v' }] } }, ...spec },
  }
}

test('a store is read with its defaults, v1beta1 as v1', () => {
  const manifest = { ...secretStore({ fake: {} }), apiVersion: 'external-secrets.io/v1beta1' }
  const store = readStore(manifest)
  assert.deepEqual(
    [store.kind, store.namespace, store.controller, store.provider, store.retry, store.ready, store.conditions],
    ['SecretStore', 'apps', '', { name: 'fake', spec: {} }, null, null, []],
  )
  assert.deepEqual(readStore(secretStore({ fake: {} }, { retrySettings: {} })).retry, {
    maxRetries: 0,
    retryInterval: '',
  })
})

const broken: readonly (readonly [why: string, manifest: Manifest, message: RegExp])[] = [
  ['no provider', secretStore({}), /must have exactly one provider, has none/],
  ['two providers', secretStore({ fake: {}, vault: {} }), /has fake, vault/],
  ['no spec', { ...secretStore({ fake: {} }), spec: undefined }, /exactly one provider/],
  ['another kind', { ...secretStore({ fake: {} }), kind: 'ConfigMap' }, /is not a SecretStore/],
  ['another group', { ...secretStore({ fake: {} }), apiVersion: 'v1' }, /is not a SecretStore/],
]

for (const [why, manifest, message] of broken) {
  test(`refused: ${why}`, () => {
    assert.throws(
      () => readStore(manifest),
      (error) => error instanceof ResolverError && error.code === 'INVALID_STORE' && message.test(error.message),
    )
  })
}

const production = { matchLabels: { env: 'prod' } }
const expression = (operator: string, values: string[] = []): unknown => ({
  matchExpressions: [{ key: 'env', operator, values }],
})

const conditions: readonly (readonly [condition: readonly unknown[], allowed: boolean])[] = [
  [[], true],
  [[{}], false],
  [[{ namespaces: ['apps'] }], true],
  [[{ namespaces: ['other'] }], false],
  [[{ namespaces: ['other'] }, { namespaces: ['apps'] }], true],
  [[{ namespaceRegexes: ['^ap'] }], true],
  [[{ namespaceRegexes: ['p'] }], true],
  [[{ namespaceRegexes: ['^x'] }], false],
  [[{ namespaces: ['other'], namespaceSelector: production }], true],
  [[{ namespaceSelector: {} }], true],
  [[{ namespaceSelector: { matchLabels: { env: 'dev' } } }], false],
  [[{ namespaceSelector: expression('In', ['dev', 'prod']) }], true],
  [[{ namespaceSelector: expression('In', ['dev']) }], false],
  [[{ namespaceSelector: expression('NotIn', ['prod']) }], false],
  [[{ namespaceSelector: expression('NotIn', ['dev']) }], true],
  [[{ namespaceSelector: expression('Exists') }], true],
  [[{ namespaceSelector: expression('DoesNotExist') }], false],
]

for (const [spec, allowed] of conditions) {
  test(`conditions ${JSON.stringify(spec)}`, () => {
    const store = readStore(clusterStore({ conditions: spec }))
    assert.equal(allowsNamespace(store, 'apps', { env: 'prod' }), allowed)
  })
}

test('conditions of a SecretStore mean nothing', () => {
  const store = readStore(secretStore({ fake: {} }, { conditions: [{ namespaces: ['other'] }] }))
  assert.equal(allowsNamespace(store, 'apps', {}), true)
})

for (const [condition, message] of [
  [{ namespaceRegexes: ['('] }, /failed to compile regex \(: error parsing regexp: missing closing \)/],
  [{ namespaceSelector: expression('Like') }, /"Like" is not a valid label selector operator/],
] as const) {
  test(`conditions refuse ${JSON.stringify(condition)}`, () => {
    const store = readStore(clusterStore({ conditions: [condition] }))
    assert.throws(
      () => allowsNamespace(store, 'apps', {}),
      (error) => error instanceof ResolverError && error.code === 'INVALID_STORE' && message.test(error.message),
    )
  })
}

const shared = { secretStoreRef: { name: 'shared', kind: 'ClusterSecretStore' } }
const spec = { ...reading('').spec, ...shared }

const denied: readonly (readonly [why: string, objects: readonly Manifest[], context: object, code: string])[] = [
  ['no such store', [], {}, 'STORE_NOT_FOUND'],
  ['denied by its conditions', [clusterStore({ conditions: [{ namespaces: ['x'] }] })], {}, 'STORE_DENIED'],
  ['of another class', [clusterStore({ controller: 'theirs' })], { controllerClass: 'ours' }, 'STORE_DENIED'],
  ['not ready', [clusterStore({})], { requireReady: true }, 'STORE_NOT_READY'],
  ['of a provider that is not here', [{ ...clusterStore({}), spec: { provider: { nope: {} } } }], {}, 'NOT_SUPPORTED'],
  ['named __proto__', [{ ...clusterStore({}), spec: { provider: { constructor: {} } } }], {}, 'NOT_SUPPORTED'],
]

for (const [why, objects, context, code] of denied) {
  test(`a store that is ${why}`, async () => {
    const error = await failure({ spec, objects, context })
    assert.equal(error.code, code)
    assert.match(error.message, /^error processing spec.data\[0\] \(key: k\), err: /)
  })
}

test('the namespace of an ExternalSecret decides which SecretStore is meant', async () => {
  const manifest = externalSecret(reading(''))
  const foreign = { ...secretStore({ fake: {} }, {}, 'foreign'), metadata: { name: 'foreign', namespace: 'other' } }
  const error = await failure({
    spec: { ...(manifest['spec'] as object), secretStoreRef: { name: 'foreign' } },
    objects: [foreign],
  })
  assert.equal(error.code, 'STORE_NOT_FOUND')
})
