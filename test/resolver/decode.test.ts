import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.ts'
import { data, extracting, failure, reading, resolve } from './fixture.ts'

const decoded: readonly (readonly [strategy: string, value: string, bytes: string])[] = [
  ['None', 'YQ==', 'YQ=='],
  ['Base64', '', ''],
  ['Base64', 'YQ==', 'a'],
  ['Base64', 'Y\nQ=\r\n=\n', 'a'],
  ['Base64', 'YR==', 'a'],
  ['Base64', '+/+/', '\u{fffd}\u{fffd}\u{fffd}'],
  ['Base64URL', 'YWE=', 'aa'],
  ['Base64URL', 'w6k=', 'é'],
  ['Auto', 'YQ==', 'a'],
  ['Auto', 'not base64', 'not base64'],
  ['Auto', 'YQ=', 'YQ='],
  ['Auto', 'password', Buffer.from('password', 'base64').toString()],
]

for (const [strategy, value, bytes] of decoded) {
  test(`${strategy} of ${JSON.stringify(value)}`, async () => {
    assert.deepEqual(await data(reading(value, { decodingStrategy: strategy })), { v: bytes })
  })
}

// Offsets as Go's base64.CorruptInputError gives them.
const corrupt: readonly (readonly [strategy: string, value: string, offset: number])[] = [
  ['Base64', 'a', 0],
  ['Base64', 'YQ', 0],
  ['Base64', 'YWJjZA', 4],
  ['Base64', 'YQ=', 3],
  ['Base64', 'YQ=x', 2],
  ['Base64', '=', 0],
  ['Base64', 'Y=', 1],
  ['Base64', 'YQ==YQ==', 4],
  ['Base64', 'YWE=x', 4],
  ['Base64', 'YWJj-_-_', 4],
  ['Base64', 'YWJj YQ=', 4],
  ['Base64URL', 'YWJj+/+/', 4],
  ['Base64URL', 'YWJjZA', 4],
]

for (const [strategy, value, offset] of corrupt) {
  test(`${strategy} refuses ${JSON.stringify(value)} at byte ${offset}`, async () => {
    const error = await failure(reading(value, { decodingStrategy: strategy }))
    assert.equal(error.code, 'DECODE_FAILED')
    assert.equal(
      error.message,
      `error processing spec.data[0] (key: k), err: error applying decoding strategy ${strategy} to data: ` +
        `illegal base64 data at input byte ${offset}`,
    )
  })
}

test('an extract names the key that it cannot decode, never the value', async () => {
  const error = await failure(extracting('{"a":"YQ==","b":"hunter2!"}', { decodingStrategy: 'Base64' }))
  assert.equal(error.code, 'DECODE_FAILED')
  assert.match(error.message, /failure decoding key b: illegal base64 data at input byte 7$/)
  assert.doesNotMatch(error.message, /hunter2/)
})

test('what base64 encodes, Base64 and Auto decode', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.constantFrom('Base64', 'Auto'), async (bytes, strategy) => {
      const value = Buffer.from(bytes).toString('base64')
      const { secret } = await resolve(reading(value, { decodingStrategy: strategy }))
      assert.deepEqual(Buffer.from(secret?.data.get('v') ?? []), Buffer.from(bytes))
    }),
    { numRuns: 200 },
  )
})

test('no text makes Auto fail, and None changes none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 20 }), async (value) => {
      await resolve(reading(value, { decodingStrategy: 'Auto' }))
      assert.equal((await data(reading(value)))['v'], value)
    }),
    { numRuns: 200 },
  )
})

test('nullBytePolicy', async (t) => {
  const bytes = reading('AGI=', { decodingStrategy: 'Base64', nullBytePolicy: 'Ignore' })
  await t.test('Ignore keeps them', async () => assert.deepEqual(await data(bytes), { v: '\0b' }))
  await t.test('Fail looks at the decoded value', async () => {
    const error = await failure(reading('AGI=', { decodingStrategy: 'Base64', nullBytePolicy: 'Fail' }))
    assert.equal(error.code, 'NULL_BYTE')
    assert.match(error.message, /fetched secret value for key "v" contains null bytes/)
  })
  await t.test('Fail names the key of an extract', async () => {
    const error = await failure(extracting('{"a":"\\u0000"}', { nullBytePolicy: 'Fail' }))
    assert.match(error.message, /spec.dataFrom\[0\].extract, err: fetched secret value for key "a" contains null bytes/)
  })
})
