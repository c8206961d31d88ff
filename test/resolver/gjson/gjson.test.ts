import assert from 'node:assert/strict'
import test from 'node:test'
import { get } from '@sealkit/resolver/gjson'
import { fc } from '../../property.ts'
import { evaluate } from '../../vectors/gjson.ts'
import { readVectors } from '../../vectors/vector.ts'

for (const vector of readVectors(new URL('../../vectors/gjson.jsonl', import.meta.url))) {
  test(`${vector.id}: ${JSON.stringify(vector['path'])}`, () => {
    assert.equal(evaluate(vector), null)
  })
}

test('a result keeps the text as it stands', () => {
  const json = '{"é": {"n": 1.50, "list": [ 1,  "ü" ]}}'
  assert.equal(get(json, 'é').raw, '{"n": 1.50, "list": [ 1,  "ü" ]}')
  assert.equal(get(json, 'é.n').raw, '1.50')
  assert.equal(get(json, 'é.n').string(), '1.5')
  assert.equal(get(json, 'é.list.1').string(), 'ü')
  assert.deepEqual(
    { ...get(json, 'x'), string: undefined },
    { exists: false, type: 'Null', raw: '', string: undefined },
  )
})

test('bytes that are no UTF-8 are kept', () => {
  const result = get(Uint8Array.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]), 'a')
  assert.equal(result.string(), '\udcff')
})

const HOSTILE: readonly [name: string, json: string, path: string][] = [
  ['a deep document', `${'['.repeat(200_000)}`, '0.'.repeat(100_000)],
  ['a deep document, dug', `${'{"a":'.repeat(20_000)}1`, '@dig:b'],
  ['a deep document, flattened', `${'['.repeat(50_000)}`, '@flatten:{"deep":true}'],
  ['a deep document, printed', `${'['.repeat(50_000)}`, '@pretty'],
  ['a deep document, printed over lines', `${'{"a":'.repeat(50_000)}`, '@pretty:{"sortKeys":true}'],
  ['a deep document, checked', `${'['.repeat(200_000)}`, '@valid'],
  ['a path of queries', `${'['.repeat(5_000)}`, '#('.repeat(50_000)],
  ['a path of nested queries', `${'['.repeat(3_000)}${']'.repeat(3_000)}`, `${'#('.repeat(3_000)}${')'.repeat(3_000)}`],
  ['a path of multipaths', '{"a":1}', '['.repeat(50_000) + ']'.repeat(50_000)],
  ['a path of pipes', '{"a":1}', '@this|'.repeat(50_000)],
  ['a path of literals', '{"a":1}', '!1'.repeat(50_000)],
  ['a pattern of stars', `{"${'a'.repeat(200)}":1}`, `${'*a'.repeat(100)}*b`],
  ['a pattern of many stars', `{"${'a'.repeat(20_000)}":1}`, `${'*a'.repeat(5_000)}*b?`],
]

for (const [name, json, path] of HOSTILE) {
  test(`comes to an end on ${name}`, { timeout: 120_000 }, () => {
    assert.equal(typeof get(json, path).string(), 'string')
  })
}

test('never throws, whatever it is given', () => {
  const piece = fc.constantFrom(
    ...'{}[]()"\\:,.|#*?@!~=<>% \n0a'.split(''),
    'null',
    'true',
    '"a":',
    '1.5',
    '\\u00',
    '@pretty',
    '@dig:a',
    '@flatten',
    '#(a=="b")#',
  )
  const garbage = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(garbage, garbage, (json, path) => {
      const result = get(json, path)
      assert.equal(typeof result.raw + typeof result.string(), 'stringstring')
    }),
    { numRuns: 5_000 },
  )
})

test('what is in a JSON object is found at its escaped key', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 2 }), fc.jsonValue()), (object) => {
      for (const [key, value] of Object.entries(object)) {
        if (/^[@!{[.]/.test(key)) continue
        const path = key.replace(/[\\.|*?]/g, '\\$&')
        const result = get(JSON.stringify(object), path)
        assert.deepEqual(result.exists && JSON.parse(result.raw), JSON.parse(JSON.stringify(value)))
      }
    }),
  )
})
