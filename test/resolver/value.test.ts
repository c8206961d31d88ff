import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.ts'
import { data, extracting, failure } from './fixture.ts'

const extracted: readonly (readonly [value: string, result: Record<string, string>])[] = [
  ['{"a":"x"}', { a: 'x' }],
  ['{"a": 1.50, "b":1e3,"c":true,"d":null}', { a: '1.50', b: '1e3', c: 'true', d: '' }],
  ['{"big":12345678901234567890}', { big: '12345678901234567890' }],
  ['{"o": { "z" : 1 , "a":[1, 2 ] } , "l":[ {"}":"]"} ]}', { o: '{ "z" : 1 , "a":[1, 2 ] }', l: '[ {"}":"]"} ]' }],
  ['{"a":"1","a":"2"}', { a: '2' }],
  ['{"q":"\\"{[,:","n":{"k\\\\":"\\"}"}}', { q: '"{[,:', n: '{"k\\\\":"\\"}"}' }],
  ['{"e":"\\ud83d\\ude00\\n","s":"\\ud83d"}', { e: '😀\n', s: '\ufffd' }],
]

for (const [value, result] of extracted) {
  test(`extract of ${value}`, async () => assert.deepEqual(await data(extracting(value)), result))
}

const refused: readonly (readonly [value: string, upstream: string])[] = [
  ['plain s3cret', "invalid character 'p' looking for beginning of value"],
  ['', 'unexpected end of JSON input'],
  ['{"a":s3cret}', "invalid character 's' looking for beginning of value"],
  ['[1]', 'json: cannot unmarshal array into Go value of type map[string]json.RawMessage'],
  ['"s3cret"', 'json: cannot unmarshal string into Go value of type map[string]json.RawMessage'],
  ['true', 'json: cannot unmarshal bool into Go value of type map[string]json.RawMessage'],
  ['12', 'json: cannot unmarshal number into Go value of type map[string]json.RawMessage'],
]

for (const [value, upstream] of refused) {
  test(`extract refuses ${JSON.stringify(value)}`, async () => {
    const error = await failure(extracting(value))
    const prefix = 'error processing spec.dataFrom[0].extract, err: unable to unmarshal secret: '
    assert.equal(error.code, 'VALUE_INVALID')
    assert.equal(error.upstream, prefix + upstream)
    assert.doesNotMatch(error.message, /s3cret|invalid character/)
  })
}

test('a member keeps the very text that stands in the object', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.json()),
      fc.nat(3),
      async (members, indent) => {
        const parsed = Object.fromEntries(Object.entries(members).map(([key, json]) => [key, JSON.parse(json)]))
        const result =
          Object.keys(parsed).length === 0 ? {} : await data(extracting(JSON.stringify(parsed, null, indent)))
        for (const [key, value] of Object.entries(parsed)) {
          const text = result[key] ?? ''
          if (typeof value === 'string') assert.equal(text, value.toWellFormed())
          else if (value === null) assert.equal(text, '')
          else assert.deepEqual(JSON.parse(text), value)
        }
      },
    ),
    { numRuns: 200 },
  )
})
