import assert from 'node:assert/strict'
import test from 'node:test'
import { CoreError } from '@sealkit/core'
import { decodeUtf8, JsonDecoder, type JsonToken, marshalJson, parseJson, quoteJson, readJson } from '@sealkit/core/go'
import { fc } from '../../property.ts'

function upstream(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof CoreError, String(error))
    assert.equal(error.code, 'JSON_SYNTAX')
    return error.upstream
  }
  return undefined
}

function tokens(text: string): string[] {
  const decoder = new JsonDecoder(text)
  const seen: string[] = []
  for (;;) {
    const token = decoder.token()
    if (token === undefined) return seen
    seen.push(show(token))
  }
}

function show(token: JsonToken): string {
  return token.kind === 'null' ? 'null' : token.kind === 'number' ? token.text : JSON.stringify(token.value)
}

const REFUSED: readonly [text: string, upstream: string][] = [
  ['', 'unexpected end of JSON input'],
  ['  ', 'unexpected end of JSON input'],
  ['{', 'unexpected end of JSON input'],
  ['{"a"', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['{"a":1', 'unexpected end of JSON input'],
  ['[1,', 'unexpected end of JSON input'],
  ['"abc', 'unexpected end of JSON input'],
  ['"abc\\', "invalid character ' ' in string escape code"],
  ['"\\u12', "invalid character ' ' in \\u hexadecimal character escape"],
  ['-', "invalid character ' ' in numeric literal"],
  ['1.', "invalid character ' ' after decimal point in numeric literal"],
  ['1e', "invalid character ' ' in exponent of numeric literal"],
  ['tru', "invalid character ' ' in literal true (expecting 'e')"],
  ['nul1', "invalid character '1' in literal null (expecting 'l')"],
  ['01', "invalid character '1' after top-level value"],
  ['{1:2}', "invalid character '1' looking for beginning of object key string"],
  ["{'a':2}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a" 2}', "invalid character '2' after object key"],
  ['{"a":1 "b"', "invalid character '\"' after object key:value pair"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['[1 2]', "invalid character '2' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
  ['[é]', "invalid character 'Ã' looking for beginning of value"],
  ['😀', "invalid character 'ð' looking for beginning of value"],
  ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
  ['{"a":1} x', "invalid character 'x' after top-level value"],
  [`${'['.repeat(10001)}`, "invalid character '[' exceeded max depth"],
]

for (const [text, expected] of REFUSED) {
  test(`parseJson refuses ${JSON.stringify(text.slice(0, 20))} in Go's words`, () => {
    assert.equal(
      upstream(() => parseJson(text)),
      expected,
    )
    assert.equal(
      upstream(() => readJson(text)),
      expected,
    )
  })
}

test('a refusal names the place and no part of the text', () => {
  assert.throws(
    () => parseJson('{\n  "password": "hunter2",\n  "x": hunter3\n}'),
    (error: CoreError) =>
      error.message === 'invalid JSON at line 3, column 8' && !JSON.stringify(error).includes('hunter'),
  )
})

test('readJson keeps order, duplicates and number texts', () => {
  assert.deepEqual(readJson(' {"2":1.50,"1":-0,"2":[true,null,"\\u0041"]} '), {
    kind: 'object',
    members: [
      { key: '2', value: { kind: 'number', text: '1.50' } },
      { key: '1', value: { kind: 'number', text: '-0' } },
      {
        key: '2',
        value: {
          kind: 'array',
          items: [{ kind: 'bool', value: true }, { kind: 'null' }, { kind: 'string', value: 'A' }],
        },
      },
    ],
  })
})

test('what is no UTF-8 becomes U+FFFD in strings', () => {
  assert.equal(parseJson('"\\ud800x"'), '\ufffdx')
  assert.equal(parseJson('"\\ud83d\\ude00"'), '😀')
  assert.equal(parseJson('"\\ude00\\ud83d"'), '\ufffd\ufffd')
  const bytes = Uint8Array.from([0x22, 0x5c, 0x75, 0x64, 0x38, 0x33, 0x64, 0x80, 0xff, 0x22])
  assert.equal(parseJson(decodeUtf8(bytes)), '\ufffd\ufffd\ufffd')
})

test('parseJson makes own properties of every key', () => {
  const value = parseJson('{"__proto__":{"a":1},"constructor":2}') as object
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
})

test('parseJson refuses a number that no double holds, after the syntax', () => {
  assert.equal(
    upstream(() => parseJson('[1e999,-1e400]')),
    'json: cannot unmarshal number 1e999 into Go value of type float64',
  )
  assert.equal(
    upstream(() => parseJson('[1e999,')),
    'unexpected end of JSON input',
  )
})

const TOKENS: readonly [text: string, tokens: readonly string[] | string][] = [
  ['{"a":[1,{"b":null}],"a":"x"}', ['"{"', '"a"', '"["', '1', '"{"', '"b"', 'null', '"}"', '"]"', '"a"', '"x"', '"}"']],
  ['', []],
  ['{"a":', ['"{"', '"a"']],
  ['1 2', ['1', '2']],
  ['{"a":tru', 'unexpected EOF'],
  ['{"a":"x', 'unexpected EOF'],
  ['{"a":-', 'unexpected EOF'],
  ['{1', "invalid character '1'"],
  ['{,', "invalid character ','"],
  ['{"a",', "invalid character ',' after object key"],
  ['{"a":1 2', "invalid character '2' after object key:value pair"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['[01', "invalid character '1' after array element"],
  [']', "invalid character ']' looking for beginning of value"],
  ['[}', "invalid character '}' looking for beginning of value"],
]

for (const [text, expected] of TOKENS) {
  test(`JsonDecoder reads ${text}`, () => {
    if (typeof expected === 'string')
      assert.equal(
        upstream(() => tokens(text)),
        expected,
      )
    else assert.deepEqual(tokens(text), expected)
  })
}

test('JsonDecoder never looks past the token it gives, and has no depth limit', () => {
  const decoder = new JsonDecoder('{}garbage')
  assert.deepEqual(
    [decoder.token(), decoder.token()].map((token) => token?.kind),
    ['delim', 'delim'],
  )
  assert.equal(tokens('['.repeat(50_000)).length, 50_000)
})

test('marshalJson sorts bytewise, escapes HTML and indents as Go', () => {
  const value = { b: [1, 2.5, 1e21, -0], a: { '\uffff': 1, '😀': 2, z: [] }, c: new Map([['y', 10n]]), d: undefined }
  assert.equal(marshalJson(value), '{"a":{"z":[],"\uffff":1,"😀":2},"b":[1,2.5,1e+21,-0],"c":{"y":10}}')
  assert.equal(marshalJson({ b: '<&>', a: {} }, { indent: '  ' }), '{\n  "a": {},\n  "b": "\\u003c\\u0026\\u003e"\n}')
  assert.equal(marshalJson({ b: '<', a: 1 }, { sortKeys: false, escapeHtml: false }), '{"b":"<","a":1}')
  assert.equal(marshalJson([new Uint8Array([1, 2, 255])]), '["AQL/"]')
})

test('marshalJson refuses what JSON cannot hold', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, () => 1, Symbol('x')]) {
    assert.throws(() => marshalJson([value]), { code: 'UNSUPPORTED_VALUE' })
  }
  const cycle: unknown[] = []
  cycle.push(cycle)
  assert.throws(() => marshalJson(cycle), { code: 'UNSUPPORTED_VALUE' })
})

test('quoteJson writes what is no UTF-8 as an escape', () => {
  assert.equal(quoteJson('a\ud800b\udc80😀'), '"a\\ufffdb\\ufffd😀"')
})

test('what marshalJson writes, parseJson reads', () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'medium' }), (value) => {
      const text = marshalJson(value)
      assert.deepEqual(parseJson(text), JSON.parse(text))
      assert.equal(marshalJson(parseJson(text)), text)
    }),
  )
})

test('parseJson accepts exactly what JSON.parse accepts', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '1',
    '-0.5e3',
    ' ',
    'null',
    'true',
    '"\\n"',
    '0',
    'x',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('')
      let expected: unknown
      let accepted = true
      try {
        expected = JSON.parse(text)
      } catch {
        accepted = false
      }
      if (accepted) assert.deepEqual(parseJson(text), expected)
      else
        assert.notEqual(
          upstream(() => parseJson(text)),
          undefined,
        )
    }),
    { numRuns: 2000 },
  )
})
