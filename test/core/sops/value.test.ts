import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { comment, decryptValue, encryptValue, IvStash, type Leaf, parseValue } from '@sealkit/core/sops'
import { fc } from '../../property.ts'

const dataKey = new Uint8Array(32)

/** Made by sops' own code with a data key of 32 zero bytes. */
const golden: readonly (readonly [aad: string, text: string, leaf: Leaf])[] = [
  [
    ':',
    'ENC[AES256_GCM,data:tmz9l+kEa5kgiqfb,iv:0/zrhzGZ3MJW1mfnyeRfvPhz2QMlbM0UsjJ6RYnoXvk=,tag:ykG8MVLeHEL4bdSrqAI/Yg==,type:comment]',
    comment(' top comment'),
  ],
  [
    'str:',
    'ENC[AES256_GCM,data:0VpJ24I2,iv:z/x+27N2xS1S1ju3yPF/xfHIi87OydEcywcSG4lR2yM=,tag:HM4HB6q6K1MrN5JW75+mHw==,type:str]',
    'héllo',
  ],
  [
    'int:',
    'ENC[AES256_GCM,data:yv8I,iv:pHMAh0ONTbFX0sEKkumlwaKrw8FgqZQSQfWjpEOEW5M=,tag:JxXHVA9sEbv17S3tUSPpgA==,type:int]',
    -42n,
  ],
  [
    'float:',
    'ENC[AES256_GCM,data:LhEl0h+CUyMmCsnKJh92w5QmmX6FsQ==,iv:J59AwgjjYGhV5kBtHRcNzJmh0WdrBgvapXXIim/hfZM=,tag:Oz9jB+9AeWlRFdDQGuwFrw==,type:float]',
    1e21,
  ],
  [
    'bool:',
    'ENC[AES256_GCM,data:fmVkdg==,iv:UrzkYpoIXg5as58EXE1bHb9WjjMzOd25E7gQlZdixvc=,tag:atBvPgR8mXBQiYKO5Vsxwg==,type:bool]',
    true,
  ],
  [
    'time:',
    'ENC[AES256_GCM,data:PI3sIGoq6gafUpOTDnQGlXwVM8Q1qlyjesNO,iv:rgmPtQMXmtMKfpxUGCwKmz2kBppgp5IH6ZzD1dN+YnU=,tag:vaLplyuPeBmYYLTcWJnmrw==,type:time]',
    { kind: 'time', text: '2024-01-01T00:00:00.5+02:00' },
  ],
  [
    'nested:',
    'ENC[AES256_GCM,data:qRrrTi2g6Lz5GFtV1DJC,iv:7kmLErO+pVyXgKvhu9aWd5MTaq81mBJ66JHmvR1AVkA=,tag:CKPYR+xr9cvzIYNiltLQIA==,type:comment]',
    comment(' nested comment'),
  ],
  [
    'nested:list:',
    'ENC[AES256_GCM,data:Aw==,iv:Z8elkV6QDXxhWJry4ssaEptjDOtHK7IuDqDBh8v9vXE=,tag:mQQ6LjpWKKEN9Smm3aAtiA==,type:float]',
    1,
  ],
]

describe('values made by sops', () => {
  for (const [aad, text, leaf] of golden) {
    test(`${aad} ${text.slice(-12)}`, () => {
      const stash = new IvStash()
      assert.deepEqual(decryptValue(text, { dataKey, aad, stash }).leaf, leaf)
      assert.equal(encryptValue(leaf, { dataKey, aad, stash }), text)
    })
  }

  test('an empty text is not encrypted', () => {
    assert.equal(encryptValue('', { dataKey, aad: 'a:' }), '')
    assert.equal(decryptValue('', { dataKey, aad: 'a:' }).leaf, '')
  })

  test('what follows the bracket is ignored', () => {
    const [aad = '', text = ''] = golden[1] ?? []
    assert.equal(decryptValue(`${text}tail`, { dataKey, aad }).leaf, 'héllo')
  })
})

const base =
  'ENC[AES256_GCM,data:0VpJ24I2,iv:z/x+27N2xS1S1ju3yPF/xfHIi87OydEcywcSG4lR2yM=,tag:HM4HB6q6K1MrN5JW75+mHw==,type:str]'
const sealed = (text: string, type: string): string =>
  encryptValue(text, { dataKey, aad: 'a:' }).replace('type:str', `type:${type}`)
const refused: readonly (readonly [why: string, text: string, aad: string, code: string, upstream: RegExp])[] = [
  ['plain text', 'hunter2', 'str:', 'INVALID_FORMAT', /^Input string hunter2 does not match sops' data format$/],
  ['a prefix before it', ` ${base}`, 'str:', 'INVALID_FORMAT', /does not match/],
  ['another algorithm', base.replace('AES256', 'AES128'), 'str:', 'INVALID_FORMAT', /does not match/],
  ['no type', base.replace(',type:str', ''), 'str:', 'INVALID_FORMAT', /does not match/],
  ['an empty type', base.replace('type:str', 'type:'), 'str:', 'INVALID_FORMAT', /does not match/],
  ['empty data', base.replace('0VpJ24I2', ''), 'str:', 'INVALID_FORMAT', /does not match/],
  [
    'data that is no base64',
    base.replace('0VpJ24I2', '0VpJ!4I2'),
    'str:',
    'INVALID_FORMAT',
    /^Error base64-decoding data: illegal base64 data at input byte 4$/,
  ],
  [
    'URL-safe base64',
    base.replace('z/x+', 'z_x-'),
    'str:',
    'INVALID_FORMAT',
    /^Error base64-decoding iv: illegal base64 data at input byte 1$/,
  ],
  [
    'base64 without its padding',
    base.replace('mHw==', 'mHw'),
    'str:',
    'INVALID_FORMAT',
    /^Error base64-decoding tag: /,
  ],
  [
    'the old aad field',
    base.replace(',tag:', ',aad:YQ==,tag:'),
    'str:',
    'INVALID_FORMAT',
    /^Error base64-decoding iv: /,
  ],
  [
    'another place',
    base,
    'other:',
    'DECRYPTION_FAILED',
    /^Could not decrypt with AES_GCM: cipher: message authentication failed$/,
  ],
  [
    'a short tag',
    base.replace('HM4HB6q6K1MrN5JW75+mHw==', 'HM4HB6q6K1MrN5JW'),
    'str:',
    'DECRYPTION_FAILED',
    /authentication failed/,
  ],
  ['a type that does not exist', sealed('x', 'uuid'), 'a:', 'UNSUPPORTED_VALUE', /^Unknown datatype: uuid$/],
  [
    'a type that objects have',
    sealed('x', 'constructor'),
    'a:',
    'UNSUPPORTED_VALUE',
    /^Unknown datatype: constructor$/,
  ],
  [
    'an integer that is none',
    sealed('1x', 'int'),
    'a:',
    'INVALID_NUMBER',
    /^strconv\.Atoi: parsing "1x": invalid syntax$/,
  ],
  ['an integer of 65 bits', sealed('9223372036854775808', 'int'), 'a:', 'INVALID_NUMBER', /value out of range$/],
  [
    'a float that is none',
    sealed('', 'float').replace(/^$/, sealed('one', 'float')),
    'a:',
    'INVALID_NUMBER',
    /^strconv\.ParseFloat: /,
  ],
  ['a boolean that is none', sealed('yes', 'bool'), 'a:', 'INVALID_NUMBER', /^strconv\.ParseBool: parsing "yes"/],
  ['a time that is none', sealed('2024-02-30T00:00:00Z', 'time'), 'a:', 'UNSUPPORTED_VALUE', /^parsing time /],
]

describe('what is no value of this key and place', () => {
  for (const [why, text, aad, code, upstream] of refused) {
    test(why, () => {
      assert.throws(
        () => decryptValue(text, { dataKey, aad }),
        (error: Error & { code?: string; upstream?: string }) => {
          assert.equal(error.code, code)
          assert.match(error.upstream ?? '', upstream)
          assert.ok(!error.message.includes('hunter2'), 'the message holds no value')
          return true
        },
      )
    })
  }

  test('a data key that is not 32 bytes long', () => {
    assert.throws(() => decryptValue(base, { dataKey: new Uint8Array(16), aad: 'str:' }), { code: 'INVALID_KEY' })
  })
})

const leaf = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.string({ minLength: 1 }).map((text) => comment(text)),
  fc
    .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') })
    .map((date) => ({ kind: 'time' as const, text: date.toISOString().replace(/\.?0+Z$/, 'Z') })),
)

test('every leaf comes back, with its type', () => {
  fc.assert(
    fc.property(leaf, fc.string(), (value, aad) => {
      const wanted = typeof value === 'string' ? value.toWellFormed() : value
      assert.deepEqual(decryptValue(encryptValue(wanted, { dataKey, aad }), { dataKey, aad }).leaf, wanted)
    }),
  )
})

test('bytes that are no UTF-8 come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
      const { leaf, bytes: plain } = decryptValue(encryptValue(bytes, { dataKey, aad: '' }), { dataKey, aad: '' })
      assert.deepEqual(Buffer.from(leaf as string), Buffer.from(bytes))
      assert.deepEqual(Buffer.from(plain), Buffer.from(bytes))
    }),
  )
})

test('every change of a character is detected, or changes nothing', () => {
  const text = encryptValue('a secret of some length', { dataKey, aad: 'a:' })
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      let result: unknown
      try {
        result = decryptValue(changed, { dataKey, aad: 'a:' }).leaf
      } catch {
        return
      }
      assert.equal(result, 'a secret of some length')
      assert.deepEqual(parseValue(changed).data, parseValue(text).data)
    }),
    { numRuns: 2000 },
  )
})
