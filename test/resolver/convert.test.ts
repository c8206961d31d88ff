import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.ts'
import { data, extracting, failure } from './fixture.ts'

const converted: readonly (readonly [strategy: string, key: string, name: string])[] = [
  ['Default', 'a/b c', 'a_b_c'],
  ['Default', 'a.b-c_d', 'a.b-c_d'],
  ['Default', 'é日½', 'é日½'],
  ['Default', 'a😀b', 'a_b'],
  ['Unicode', 'a/b', 'a_U002f_b'],
  ['Unicode', 'a😀b', 'a_U1f600_b'],
  ['Unicode', 'a\u0000', 'a_U0000_'],
]

for (const [conversionStrategy, key, name] of converted) {
  test(`${conversionStrategy} of ${JSON.stringify(key)}`, async () => {
    const value = JSON.stringify({ [key]: '1' })
    assert.deepEqual(await data(extracting(value, { conversionStrategy })), { [name]: '1' })
  })
}

for (const conversionStrategy of [undefined, 'Default', 'Unicode']) {
  test(`a collision names the strategy as it was written: ${conversionStrategy}`, async () => {
    const value = conversionStrategy === 'Unicode' ? '{"a/":"1","a_U002f_":"2"}' : '{"a/":"1","a_":"2"}'
    const error = await failure(extracting(value, conversionStrategy === undefined ? {} : { conversionStrategy }))
    const words = `error applying conversion strategy ${conversionStrategy ?? ''} to keys: secret name collision`
    assert.ok(error.message.includes(words), error.message)
  })
}

test('an empty key is dropped', async () => {
  assert.deepEqual(await data(extracting('{"":"gone","a":"1"}')), { a: '1' })
})

test('__proto__ is a key like any other', async () => {
  assert.deepEqual(Object.entries(await data(extracting('{"__proto__":"1"}'))), [['__proto__', '1']])
})

const refused: readonly (readonly [why: string, value: string, rest: object, code: string, message: RegExp])[] = [
  [
    'two keys become one',
    '{"a/b":"1","a_b":"2"}',
    {},
    'KEY_COLLISION',
    /secret name collision during conversion: a_b$/,
  ],
  [
    'a key is too long',
    JSON.stringify({ ['k'.repeat(254)]: '1' }),
    {},
    'INVALID_SECRET_KEY',
    /key has length 254 but max is 253/,
  ],
  [
    'bytes count, not characters',
    JSON.stringify({ ['é'.repeat(127)]: '1' }),
    {},
    'INVALID_SECRET_KEY',
    /key has length 254/,
  ],
  [
    'a rewrite leaves an invalid key',
    '{"a/b":"1"}',
    { rewrite: [{ regexp: { source: 'x', target: 'y' } }] },
    'INVALID_SECRET_KEY',
    /invalid secret keys \(TIP: .*key has invalid character \/, only alphanumeric.*: a\/b$/,
  ],
]

for (const [why, value, rest, code, message] of refused) {
  test(`refused: ${why}`, async () => {
    const error = await failure(extracting(value, {}, rest))
    assert.equal(error.code, code)
    assert.match(error.message, message)
  })
}

test('a converted key is always one that passes the check, or is dropped or too long', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
      fc.constantFrom('Default', 'Unicode'),
      async (key, conversionStrategy) => {
        const names = Object.keys(await data(extracting(JSON.stringify({ [key]: '1' }), { conversionStrategy })))
        assert.equal(names.length, 1)
        assert.match(names[0] ?? '', /^[\p{L}\p{N}._-]+$/u)
      },
    ),
    { numRuns: 200 },
  )
})
