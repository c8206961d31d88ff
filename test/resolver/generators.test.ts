import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import fc from 'fast-check'
import { data, failure } from './fixture.ts'

function generator(kind: string, spec: Readonly<Record<string, unknown>>): Manifest {
  const metadata = kind === 'ClusterGenerator' ? { name: 'g' } : { name: 'g', namespace: 'apps' }
  return { apiVersion: 'generators.external-secrets.io/v1alpha1', kind, metadata, spec: { ...spec } }
}

function generated(
  kind: string,
  spec: Readonly<Record<string, unknown>>,
  rest: object = {},
): Parameters<typeof data>[0] {
  return {
    objects: [generator(kind, spec)],
    spec: { dataFrom: [{ sourceRef: { generatorRef: { kind, name: 'g' } }, ...rest }] },
  }
}

test('Fake, also rewritten and through a ClusterGenerator', async () => {
  assert.deepEqual(await data(generated('Fake', { data: { a: '1' } })), { a: '1' })
  const rewrite = [{ regexp: { source: '^', target: 'x-' } }]
  assert.deepEqual(await data(generated('Fake', { data: { a: '1' } }, { rewrite })), { 'x-a': '1' })
  const wrapped = { kind: 'Fake', generator: { fakeSpec: { data: { b: '2' } } } }
  assert.deepEqual(await data(generated('ClusterGenerator', wrapped)), { b: '2' })
})

test('UUID', async () => {
  const { uuid } = await data(generated('UUID', {}))
  assert.match(uuid ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

const passwords: readonly (readonly [spec: object, form: RegExp])[] = [
  [{}, /^[!-~]{24}$/],
  [{ length: 5, digits: 5, symbols: 0 }, /^\d{5}$/],
  [{ length: 4, digits: 0, symbols: 4, symbolCharacters: '-_+=' }, /^[-_+=]{4}$/],
  [{ length: 26, digits: 0, symbols: 0, noUpper: true }, /^[a-z]{26}$/],
  [{ length: 6, digits: 0, symbols: 0, encoding: 'hex' }, /^[0-9a-f]{12}$/],
  [{ length: 6, digits: 0, symbols: 0, encoding: 'base64' }, /^[A-Za-z0-9+/]{8}$/],
  [{ length: 6, digits: 0, symbols: 0, encoding: 'base32' }, /^[A-Z2-7]{10}======$/],
]

for (const [spec, form] of passwords) {
  test(`Password ${JSON.stringify(spec)}`, async () => {
    const { password = '' } = await data(generated('Password', { ...spec }))
    assert.match(password, form)
  })
}

test('Password: one for each key, none alike', async () => {
  const made = await data(generated('Password', { secretKeys: ['a', 'b'] }))
  assert.deepEqual(Object.keys(made), ['a', 'b'])
  assert.notEqual(made['a'], made['b'])
})

test('Password keeps its numbers, and repeats nothing unless told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(8), fc.nat(8), fc.nat(20), fc.boolean(), async (digits, symbols, letters, allowRepeat) => {
      const spec = { length: digits + symbols + letters, digits, symbols, allowRepeat }
      fc.pre(spec.length > 0)
      const { password = '' } = await data(generated('Password', spec))
      assert.equal(password.length, spec.length)
      assert.equal(password.replaceAll(/\D/g, '').length, digits)
      assert.equal(password.replaceAll(/[^a-z]/gi, '').length, letters)
      if (!allowRepeat) assert.equal(new Set(password).size, password.length)
    }),
    { numRuns: 100 },
  )
})

const refused: readonly (readonly [
  kind: string,
  spec: Readonly<Record<string, unknown>>,
  code: string,
  message: RegExp,
])[] = [
  ['Password', { length: 2, digits: 2, symbols: 2 }, 'PROVIDER_FAILED', /must be less than total length/],
  ['Password', { length: 20, digits: 20, symbols: 0 }, 'PROVIDER_FAILED', /repeats are not allowed/],
  ['Password', { encoding: 'rot13' }, 'PROVIDER_FAILED', /unknown encoding/],
  ['Password', { encoding: 'constructor' }, 'PROVIDER_FAILED', /unknown encoding/],
  ['STSSessionToken', {}, 'NOT_SUPPORTED', /the generator kind STSSessionToken is not supported/],
  ['ClusterGenerator', { kind: 'Nope' }, 'NOT_SUPPORTED', /kind Nope/],
]

for (const [kind, spec, code, message] of refused) {
  test(`refused: ${kind} ${JSON.stringify(spec)}`, async () => {
    const error = await failure(generated(kind, spec))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.match(error.message, /^error processing spec.dataFrom\[0\].sourceRef.generatorRef, err: /)
  })
}

test('a generator that is not there', async () => {
  const error = await failure({ spec: { dataFrom: [{ sourceRef: { generatorRef: { kind: 'UUID', name: 'nope' } } }] } })
  assert.match(error.message, /unable to get generator: UUID.generators.external-secrets.io "nope" not found$/)
})
