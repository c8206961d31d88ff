import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CoreError } from '@sealkit/core'
import {
  decodeScalar,
  emitDocuments,
  marshalYaml,
  parseDocuments,
  parseYaml,
  type YamlNode,
  type YamlStyle,
  yamlToJson,
} from '@sealkit/core/yaml'
import * as oracle from 'yaml'
import { fc } from '../../property.ts'

const RUNS = { numRuns: 400 }

function node(kind: YamlNode['kind'], tag: string, parts: Partial<YamlNode>): YamlNode {
  return { kind, tag, value: '', content: [], line: 0, column: 0, ...parts }
}

function document(root: YamlNode): YamlNode {
  return node('document', '', { content: [root] })
}

const word = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
  .filter((text) => !/^(true|false|null|y|n|yes|no|on|off)$/.test(text))

function scalar(values: fc.Arbitrary<string>, style?: YamlStyle): fc.Arbitrary<YamlNode> {
  return values.map((value) => node('scalar', '!!str', { value, style }))
}

const sentence = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '))
const lines = fc.array(sentence, { minLength: 1, maxLength: 4 }).map((all) => `${all.join('\n')}\n`)
const flowScalar = fc.oneof(
  scalar(sentence),
  scalar(sentence, 'single'),
  scalar(fc.string({ unit: 'binary' }), 'double'),
)
const blockScalar = fc.oneof(flowScalar, scalar(lines, 'literal'), scalar(lines, 'folded'))
const comment = fc.option(
  sentence.map((text) => `# ${text}`),
  { nil: undefined },
)

function mapping(values: fc.Arbitrary<YamlNode>, style?: YamlStyle): fc.Arbitrary<YamlNode> {
  const heads = style === 'flow' ? fc.constant(undefined) : comment
  const entry = fc.tuple(word, heads, values).map(([value, headComment, item]) => {
    return [node('scalar', '!!str', { value, headComment }), item]
  })
  const entries = fc.array(entry, { minLength: 1, maxLength: 4 })
  return entries.map((all) => node('mapping', '!!map', { style, content: all.flat() }))
}

function sequence(values: fc.Arbitrary<YamlNode>, style?: YamlStyle): fc.Arbitrary<YamlNode> {
  const items = fc.array(values, { minLength: 1, maxLength: 4 })
  return items.map((content) => node('sequence', '!!seq', { style, content }))
}

const trees = fc.letrec<{ flow: YamlNode; block: YamlNode }>((tie) => ({
  flow: fc.oneof({ depthSize: 'small' }, flowScalar, mapping(tie('flow'), 'flow'), sequence(tie('flow'), 'flow')),
  block: fc.oneof(
    { depthSize: 'small' },
    blockScalar,
    mapping(tie('block')),
    sequence(tie('block')),
    mapping(tie('flow'), 'flow'),
    sequence(tie('flow'), 'flow'),
  ),
}))

/** What a node says, without where it stands. */
function meaning({ kind, style, tag, value, headComment, content }: YamlNode): unknown {
  return { kind, style, tag, value, headComment, content: content.map(meaning) }
}

/** The JavaScript value of a node, strings by their text. */
function toValue({ kind, content, ...rest }: YamlNode): unknown {
  if (kind === 'sequence') return content.map(toValue)
  if (kind === 'mapping') {
    const keys = content.filter((_, i) => i % 2 === 0)
    return Object.fromEntries(keys.map((key, i) => [key.value, toValue(content[2 * i + 1] as YamlNode)]))
  }
  const decoded = decodeScalar({ kind, content, ...rest })
  if (decoded.kind === 'null') return null
  return typeof decoded.value === 'bigint' ? Number(decoded.value) : decoded.value
}

/** JSON values, with strings of every kind that YAML has trouble with. */
const awkward = fc.constantFrom(
  '',
  ' ',
  'yes',
  '~',
  '0x1F',
  '1e3',
  '- a',
  'a: b',
  'a #b',
  '#',
  "it's",
  '"',
  '\t',
  '\ud83d\ude00',
  '---',
  '...',
  '<<',
)
const text = fc.oneof(fc.string({ unit: 'grapheme' }), awkward, lines)
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((x) => x + 0)
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(text, tie('json'), { maxKeys: 4 }),
  ),
}))

/** Nodes of a JSON value, double quoted where go-yaml would write a text that it does not read again. */
function fromValue(value: unknown): YamlNode {
  if (Array.isArray(value)) return node('sequence', '!!seq', { content: value.map(fromValue) })
  if (typeof value === 'object' && value !== null) {
    const content = Object.entries(value).flatMap(([key, item]) => [fromValue(key), fromValue(item)])
    return node('mapping', '!!map', { content })
  }
  if (typeof value === 'string') {
    return node('scalar', '!!str', { value, style: /[\n\u2028\u2029]/.test(value) ? 'double' : undefined })
  }
  return node('scalar', '', { value: String(value) })
}

describe('round trips', () => {
  test('what is written is read again, in the same style', () => {
    fc.assert(
      fc.property(trees.block, fc.integer({ min: 2, max: 9 }), (root, indent) => {
        const [read] = parseDocuments(emitDocuments([document(root)], { indent }))
        assert.deepEqual(meaning(read?.content[0] as YamlNode), meaning(root))
      }),
      RUNS,
    )
  })

  test('a JSON value survives writing and reading', () => {
    fc.assert(
      fc.property(json, (value) => {
        const [read] = parseDocuments(emitDocuments([document(fromValue(value))], { indent: 4 }))
        assert.deepEqual(JSON.stringify(toValue(read?.content[0] as YamlNode)), JSON.stringify(value))
      }),
      RUNS,
    )
  })

  test('a JSON value survives sigs.k8s.io/yaml', () => {
    fc.assert(
      fc.property(json, (value) => {
        // Go reads the value as YAML first, which has no such characters and folds NEL.
        fc.pre(!/[\x7f-\x9f\ufffe\uffff]/.test(JSON.stringify(value)))
        // go-yaml loses a tab or a byte order mark at the beginning of some lines, and reads a string `<<` as a merge.
        fc.pre(!/\\t|\ufeff|\\n |"<<"/.test(JSON.stringify(value)))
        assert.deepEqual(parseYaml(marshalYaml(value)), JSON.parse(JSON.stringify(value)))
      }),
      RUNS,
    )
  })
})

describe('the yaml package agrees', () => {
  test('on what we write', () => {
    fc.assert(
      fc.property(json, (value) => {
        const written = emitDocuments([document(fromValue(value))], { indent: 4 })
        assert.equal(JSON.stringify(oracle.parse(written, { uniqueKeys: false })), JSON.stringify(value))
      }),
      RUNS,
    )
  })

  test('on what it writes itself', () => {
    fc.assert(
      fc.property(json, (value) => {
        // To YAML 1.2 these are no line breaks.
        fc.pre(!/[\x85\u2028\u2029]/.test(JSON.stringify(value)))
        // Inside of a list, since libyaml wants a root block scalar indented.
        const [read] = parseDocuments(oracle.stringify([value], { lineWidth: 0 }))
        // Texts such as `0b1` or `2024-01-01` are strings to YAML 1.2 and not to Go: compared as they are written.
        const texts = (root: YamlNode): unknown => (root.content.length > 0 ? root.content.map(texts) : root.value)
        assert.deepEqual(texts(read?.content[0] as YamlNode), texts(fromValue([value])))
      }),
      RUNS,
    )
  })
})

describe('anything at all', () => {
  const yamlish = fc.array(fc.constantFrom(...'-?:,[]{}#&*!|>\'"%@` \n\t\r', 'a', '1', 'S3CR3T', ': ', '- ', '\n  '))
  const inputs = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary' }),
    yamlish.map((pieces) => pieces.join('')),
  )
  for (const [name, read] of [
    ['parseDocuments', parseDocuments],
    ['yamlToJson', yamlToJson],
    ['parseYaml', parseYaml],
  ] as const) {
    test(`${name} answers or throws an error whose message shows nothing of the text`, () => {
      fc.assert(
        fc.property(inputs, (input) => {
          try {
            read(input)
          } catch (error) {
            assert.ok(error instanceof CoreError, String(error))
            assert.ok(error.upstream !== undefined)
            assert.ok(!error.message.includes('S3CR3T'), error.message)
          }
        }),
        { numRuns: 1500 },
      )
    })
  }
})
