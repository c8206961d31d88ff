import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { CoreError } from '@sealkit/core'
import {
  decodeScalar,
  emitDocuments,
  marshalYaml,
  parseDocuments,
  parseYaml,
  readDocuments,
  type YamlNode,
  yamlToJson,
} from '@sealkit/core/yaml'

/** The error that a call throws, which must be one of ours. */
function thrown(run: () => unknown): CoreError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof CoreError, String(error))
    return error
  }
  assert.fail('nothing was thrown')
}

function scalar(tag: string, value: string): YamlNode {
  return { kind: 'scalar', tag, value, tagged: true, content: [], line: 1, column: 1 }
}

function document(...content: YamlNode[]): YamlNode {
  return { kind: 'document', tag: '', value: '', content, line: 1, column: 1 }
}

describe("a broken text says where, in our words and in Go's", () => {
  const rows: [text: string, message: string, upstream: string][] = [
    [
      'a: b: c',
      'line 1, column 5: mapping values are not allowed in this context',
      'yaml: mapping values are not allowed in this context',
    ],
    [
      'a: 1\n b: 2',
      'line 2, column 3: mapping values are not allowed in this context',
      'yaml: line 2: mapping values are not allowed in this context',
    ],
    ['a: "x', 'line 1, column 6: found unexpected end of stream', 'yaml: found unexpected end of stream'],
    ['a:\n  - 1\n b: 2', 'line 3, column 2: did not find expected key', 'yaml: line 2: did not find expected key'],
    [
      'a: [1, 2',
      "line 2, column 1: did not find expected ',' or ']'",
      "yaml: line 1: did not find expected ',' or ']'",
    ],
    [
      'a: {b: 1',
      "line 2, column 1: did not find expected ',' or '}'",
      "yaml: line 1: did not find expected ',' or '}'",
    ],
    ['a: "\\q"', 'line 1, column 5: found unknown escape character', 'yaml: found unknown escape character'],
    [
      '\ta: 1',
      'line 1, column 1: found character that cannot start any token',
      'yaml: found character that cannot start any token',
    ],
    ['a: *b', 'line 1, column 4: alias of an unknown anchor', "yaml: unknown anchor 'b' referenced"],
    ['a: 1\n\0', 'control characters are not allowed', 'yaml: control characters are not allowed'],
    ['a: \ud800', 'invalid Unicode character', 'yaml: invalid Unicode character'],
    [
      '%YAML 2.0\n---\n',
      'line 1, column 1: found incompatible YAML document',
      'yaml: found incompatible YAML document',
    ],
  ]
  for (const [text, message, upstream] of rows) {
    test(JSON.stringify(text), () => {
      const error = thrown(() => parseDocuments(text))
      assert.deepEqual([error.code, error.message, error.upstream], ['YAML_SYNTAX', message, upstream])
    })
  }

  test('what could hold a value is shown by no inspector', () => {
    const error = thrown(() => decodeScalar(scalar('!!int', 'S3CR3T')))
    assert.equal(error.upstream, 'yaml: cannot decode !!str `S3CR3T` as a !!int')
    assert.ok(!inspect(error, { showHidden: false }).includes('S3CR3T'))
    assert.ok(!JSON.stringify(error).includes('S3CR3T'))
  })

  test('the documents before the error are given', () => {
    const documents: YamlNode[] = []
    const error = thrown(() => {
      for (const one of readDocuments('a: 1\n---\nb: 2\n---\n]\n')) documents.push(one)
    })
    assert.equal(error.code, 'YAML_SYNTAX')
    assert.equal(documents.length, 2)
  })
})

describe('bytes', () => {
  const rows: [name: string, bytes: number[], upstream: string | undefined][] = [
    ['UTF-8', [0x61, 0x3a, 0x20, 0xc3, 0xa9], undefined],
    ['UTF-8 with a byte order mark', [0xef, 0xbb, 0xbf, 0x61], undefined],
    ['UTF-16, little end first', [0xff, 0xfe, 0x61, 0x00, 0x3a, 0x00], undefined],
    ['UTF-16, big end first', [0xfe, 0xff, 0x00, 0x61, 0x00, 0x3a], undefined],
    ['half of a UTF-16 unit', [0xff, 0xfe, 0x61], 'yaml: incomplete UTF-16 character'],
    ['a lone low surrogate', [0xfe, 0xff, 0xdc, 0x00], 'yaml: unexpected low surrogate area'],
    ['a lone high surrogate', [0xfe, 0xff, 0xd8, 0x00], 'yaml: incomplete UTF-16 surrogate pair'],
    ['a leading byte too many', [0x61, 0x3a, 0x20, 0xff], 'yaml: invalid leading UTF-8 octet'],
    ['a trailing byte missing', [0x61, 0x3a, 0x20, 0xc3, 0x28], 'yaml: invalid trailing UTF-8 octet'],
    ['an end in the middle', [0x61, 0x3a, 0x20, 0xe2, 0x82], 'yaml: incomplete UTF-8 octet sequence'],
    ['an overlong form', [0x61, 0x3a, 0x20, 0xc0, 0xaf], 'yaml: invalid length of a UTF-8 sequence'],
    ['a surrogate in UTF-8', [0x61, 0x3a, 0x20, 0xed, 0xa0, 0x80], 'yaml: invalid Unicode character'],
    ['a control character', [0x61, 0x3a, 0x20, 0x01], 'yaml: control characters are not allowed'],
  ]
  for (const [name, bytes, upstream] of rows) {
    test(name, () => {
      const read = (): YamlNode[] => parseDocuments(Uint8Array.from(bytes))
      if (upstream === undefined) assert.equal(read().length, 1)
      else assert.equal(thrown(read).upstream, upstream)
    })
  }

  test('what stands in earlier chunks of 512 bytes is read before a broken one is seen', () => {
    const start = 'a: 1\n---\n'
    const filler = `b: |\n${'  filler\n'.repeat(120)}`
    assert.equal([...take(readDocuments(`${start}${filler}---\nc: \x01`))].length, 1)
    assert.equal([...take(readDocuments(`${start}---\nc: \x01`))].length, 0)
  })
})

/** Everything that a generator gives until it throws. */
function* take<Item>(items: Iterable<Item>): Generator<Item> {
  try {
    yield* items
  } catch {
    // The count is what matters.
  }
}

describe('limits', () => {
  const deep = 10_000
  const rows: [name: string, text: string, upstream: string | undefined][] = [
    ['10,000 flow collections', `${'['.repeat(deep)}${']'.repeat(deep)}`, undefined],
    ['10,001 flow collections', '['.repeat(deep + 1), 'yaml: exceeded max depth of 10000'],
    ['9,999 block collections', `${'- '.repeat(deep - 1)}a`, undefined],
    ['10,001 block collections', `${'- '.repeat(deep + 1)}a`, 'yaml: exceeded max depth of 10000'],
  ]
  for (const [name, text, upstream] of rows) {
    test(`${name}: read and written without a stack`, () => {
      if (upstream !== undefined) assert.equal(thrown(() => parseDocuments(text)).upstream, upstream)
      else assert.ok(emitDocuments(parseDocuments(text), { indent: 2 }).length >= text.length)
    })
  }

  test('deep values are no Kubernetes object', () => {
    assert.equal(thrown(() => yamlToJson('['.repeat(5000) + ']'.repeat(5000))).code, 'YAML_SYNTAX')
  })

  test('a document that is mostly aliases is refused', () => {
    const lists = Array.from({ length: 9 }, (_, i) => {
      const previous = i === 0 ? 'lol' : `*a${i - 1}`
      return `a${i}: &a${i} [${new Array(9).fill(previous).join(', ')}]`
    })
    const error = thrown(() => yamlToJson(lists.join('\n')))
    assert.equal(error.upstream, 'yaml: document contains excessive aliasing')
  })

  test('an anchor inside of itself is refused where it is expanded', () => {
    assert.equal(parseDocuments('a: &a [*a]').length, 1)
    assert.equal(thrown(() => parseYaml('a: &a [*a]')).upstream?.includes("anchor 'a' value contains itself"), true)
  })

  for (const [name, text] of [
    ['comment lines', `${'# c\n'.repeat(200_000)}a: 1\n`],
    ['comment lines of changing indentation', `a:\n  b: 1\n${' # c\n# d\n'.repeat(50_000)}c: 1\n`],
    ['literal lines', `a: |\n${'  x\n'.repeat(200_000)}`],
    ['quoted lines', `a: "${'x\n '.repeat(200_000)}"\n`],
    ['escapes', `a: "${'\\n'.repeat(200_000)}"\n`],
    ['entries on one line', `[${'a, '.repeat(100_000)}]`],
    ['quoted entries on one line', `[${`"a", 'b', `.repeat(200_000)}]`],
    ['pairs on one line', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}": "v"`).join(',')}}`],
    ['comments behind closing blocks', `${'- '.repeat(9990)}a\n${' # c\n# c\n'.repeat(50_000)}`],
    ['keys', Array.from({ length: 50_000 }, (_, i) => `k${i}: v\n`).join('')],
    ['documents', '---\na: 1\n'.repeat(50_000)],
  ] as const) {
    test(`many ${name} take linear time`, { timeout: 10_000 }, () => {
      emitDocuments(parseDocuments(text), { indent: 4 })
    })
  }
})

describe('a scalar of ten million characters costs neither stack nor patience', () => {
  const size = 10_000_000
  const rows: [name: string, run: () => unknown][] = [
    ['encrypted', () => emitDocuments([document(scalar('', `ENC[data:${'x'.repeat(size)},iv:a]`))], { indent: 4 })],
    ['in double quotes', () => parseDocuments(`a: "${'x'.repeat(size)}"`)],
    ['literal', () => parseDocuments(`a: |\n  ${'x'.repeat(size)}\n`)],
    ['binary', () => decodeScalar(scalar('!!binary', 'AAAA'.repeat(size / 4)))],
    ['digits', () => decodeScalar(scalar('', '1'.repeat(size)))],
    ['hexadecimal digits', () => decodeScalar(scalar('', `0x${'f'.repeat(size)}`))],
    ['digits with underscores', () => decodeScalar(scalar('', `.1${'_1'.repeat(size / 2)}`))],
    ['to the base 60', () => marshalYaml({ a: `1${':1'.repeat(size / 2)}` })],
  ]
  for (const [name, run] of rows) {
    test(name, { timeout: 20_000 }, () => {
      run()
    })
  }
})

describe('what cannot be written', () => {
  const anchored = (anchor: string): YamlNode => ({ ...scalar('', 'a'), tagged: false, anchor })
  const rows: [name: string, run: () => string, upstream: string][] = [
    ['no documents', () => emitDocuments([], { indent: 4 }), 'yaml: expected STREAM-START'],
    [
      'an empty document',
      () => emitDocuments([document()], { indent: 4 }),
      'yaml: expected SCALAR, SEQUENCE-START, MAPPING-START, or ALIAS, but got document end',
    ],
    [
      'two roots',
      () => emitDocuments([document(scalar('', 'a'), scalar('', 'b'))], { indent: 4 }),
      'yaml: expected DOCUMENT-END',
    ],
    [
      'a name that is no anchor',
      () => emitDocuments([document(anchored('a b'))], { indent: 4 }),
      'yaml: anchor value must contain alphanumerical characters only',
    ],
    [
      'an alias of nothing',
      () => emitDocuments([document({ ...anchored(''), kind: 'alias', value: '' })], { indent: 4 }),
      'yaml: alias value must not be empty',
    ],
    [
      'a negative indentation',
      () => emitDocuments([document(scalar('', 'a'))], { indent: -1 }),
      'yaml: cannot indent to a negative number of spaces',
    ],
    [
      'a number that is none',
      () => marshalYaml({ a: Number.NaN }),
      'error marshaling into JSON: json: unsupported value: NaN',
    ],
    ['a control character', () => marshalYaml({ a: '\x7f' }), 'yaml: control characters are not allowed'],
  ]
  for (const [name, run, upstream] of rows) {
    test(name, () => assert.equal(thrown(run).upstream, upstream))
  }
})
