import { isDeepStrictEqual } from 'node:util'
import { validJson } from '@sealkit/core/go'
import { get, type Scan } from '@sealkit/resolver/gjson'
import { fc } from '../../property.ts'
import type { Answer, Call } from './differential.ts'
import { damaged, pieces } from './text.ts'

/** Our answer to a call of `gjson/main.go`; no answer of Go's has a `scan`, so the two ways must agree. */
export function ours(call: Call): Answer {
  const plain = answer(call, 'plain')
  const simd = answer(call, 'simd')
  return isDeepStrictEqual(plain, simd) ? plain : { ...simd, scan: 'simd' }
}

function answer({ args: [document = '', path = ''] }: Call, scan: Scan): Answer {
  const result = get(document, path, scan)
  return {
    exists: String(result.exists),
    type: result.type,
    raw: result.raw,
    str: result.string(),
    valid: String(validJson(document)),
  }
}

const KEYS = [
  'a',
  'a',
  'a',
  'b',
  'b',
  'b',
  'c',
  'c',
  'a',
  'b',
  'c',
  'name',
  'é',
  'a.b',
  'x|y',
  '*',
  'a?',
  '#',
  '@this',
  '1',
  '0',
  '',
  'key with space',
  'q"t',
  'back\\',
  '😀',
  '!',
  '{',
  '[',
]
const SCALARS = [
  '1',
  '0',
  '-1',
  '1.50',
  '1e3',
  '-0',
  '12345678901234567890',
  '1e400',
  'true',
  'false',
  'null',
  '"a"',
  '"b"',
  '"true"',
  '"é\\u00e9"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '""',
  '"1"',
  '"a\\"b"',
  '"<&>"',
]

const document = fc.letrec<{ value: string; list: string; object: string; space: string }>((tie) => ({
  space: fc.constantFrom('', '', '', ' ', '\n', '  '),
  value: fc.oneof({ maxDepth: 4 }, fc.constantFrom(...SCALARS), tie('list'), tie('object')),
  list: fc
    .tuple(fc.array(tie('value'), { maxLength: 5 }), tie('space'))
    .map(([items, space]) => `[${space}${items.join(`,${space}`)}${space}]`),
  object: fc
    .tuple(fc.array(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 5 }), tie('space'))
    .map(
      ([members, space]) =>
        `{${space}${members.map(([key, value]) => `${JSON.stringify(key)}:${space}${value}`).join(`,${space}`)}${space}}`,
    ),
}))

const json = fc.oneof(
  { weight: 6, arbitrary: fc.oneof(document.object, document.list) },
  { weight: 1, arbitrary: damaged(fc.oneof(document.object, document.list)) },
  { weight: 1, arbitrary: document.value },
  {
    weight: 2,
    arbitrary: pieces(
      [
        '{',
        '}',
        '[',
        ']',
        '(',
        ')',
        '"',
        '\\',
        ':',
        ',',
        ' ',
        '\n',
        '"a"',
        '"a":',
        '"\\u00e',
        '"b',
        'true',
        'nan',
        'NaN',
        'inf',
        'Infinity',
        '+1',
        '.5',
        '1_0',
        'é',
        '\udcff',
        'x',
        '\u0001',
        '"\\u12é4"',
      ],
      12,
    ),
  },
)

const PATH_KEYS = [
  'a',
  'a',
  'a',
  'a',
  'b',
  'b',
  'b',
  '0',
  '0',
  '1',
  '#',
  '#',
  '*',
  'a',
  'b',
  'c',
  'name',
  'é',
  'a\\.b',
  'x\\|y',
  '\\*',
  'a\\?',
  '*',
  'n*e',
  '?',
  '??',
  '*a*',
  '0',
  '1',
  '2',
  '99999999999999999999',
  '-1',
  '#',
  '\\#',
  '\\@this',
  'key with space',
  'q"t',
  '',
  '..',
]
const VALUES = [
  '1',
  '0',
  '"a"',
  'a',
  '"b*"',
  '*',
  'true',
  'false',
  'null',
  '~true',
  '~false',
  '~null',
  '~*',
  '~x',
  '"é"',
  '',
  ' 1.5 ',
  '"a\\"b"',
  '1e3',
]
const OPERATORS = ['=', '==', '!=', '<', '<=', '>', '>=', '%', '!%', '!', '', '=~']
const MODIFIERS = [
  '@this',
  '@reverse',
  '@ugly',
  '@valid',
  '@flatten',
  '@flatten:{"deep":true}',
  '@join',
  '@join:{"preserve":true}',
  '@keys',
  '@values',
  '@tostr',
  '@fromstr',
  '@group',
  '@dig:a',
  '@dig:#(a)',
  '@pretty',
  '@pretty:{"sortKeys":true}',
  '@pretty:{"width":10,"indent":"\\t","prefix":" "}',
  '@pretty:{"width":0}',
  '@nope',
  '@nope:1',
  '@this:x',
  '@keys:',
  '@tostr:"x"',
]
const LITERALS = ['!"x"', '!1', '!true', '!nan', '!null', '!{"a":1}', '![1,2]', '!x', '!', '!Inf']

const path = fc.letrec<{ path: string; step: string; query: string; multi: string }>((tie) => ({
  path: fc
    .array(fc.tuple(tie('step'), fc.constantFrom('.', '.', '.', '|')), { minLength: 1, maxLength: 4 })
    .map((steps) => steps.map(([step, separator], index) => (index === 0 ? '' : separator) + step).join('')),
  step: fc.oneof(
    { maxDepth: 3 },
    { weight: 6, arbitrary: fc.constantFrom(...PATH_KEYS) },
    { weight: 2, arbitrary: fc.constantFrom(...MODIFIERS) },
    { weight: 1, arbitrary: fc.constantFrom(...LITERALS) },
    { weight: 3, arbitrary: tie('query') },
    { weight: 2, arbitrary: tie('multi') },
  ),
  query: fc
    .tuple(
      tie('path'),
      fc.constantFrom(...OPERATORS),
      fc.constantFrom(...VALUES),
      fc.constantFrom('', '#'),
      fc.constantFrom('()', '[]'),
    )
    .map(([left, operator, value, all, [open, close]]) => `#${open}${left}${operator}${value}${close}${all}`),
  multi: fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom('', '', '"n":', 'n:', '"<":'), tie('path')), { maxLength: 3 }),
      fc.constantFrom('{}', '[]'),
    )
    .map(([members, [open, close]]) => `${open}${members.map((member) => member.join('')).join(',')}${close}`),
}))

const anyPath = fc.oneof(
  { weight: 8, arbitrary: path.path },
  { weight: 1, arbitrary: damaged(path.path) },
  { weight: 1, arbitrary: path.path.map((rest) => `..${rest}`) },
  {
    weight: 2,
    arbitrary: pieces(
      [
        ...PATH_KEYS,
        ...OPERATORS,
        ...MODIFIERS,
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '"',
        '\\',
        ':',
        ',',
        '|',
        '.',
        '#(',
        ')#',
        '@',
        '!',
        ' ',
        '\udcff',
      ],
      8,
    ),
  },
)

/** A component that names something of a value, chosen by a number, and what it then is about. */
function component(value: unknown, choice: number): { readonly text: string; readonly next: unknown } {
  if (Array.isArray(value)) {
    const index = choice % Math.max(value.length, 1)
    const element: unknown = value[index]
    if (choice % 3 === 0) return { text: String(index), next: element }
    if (choice % 3 === 1) return { text: '#', next: element }
    return { text: queryFor(element, choice), next: element }
  }
  if (typeof value !== 'object' || value === null)
    return { text: MODIFIERS[choice % MODIFIERS.length] ?? '', next: value }
  const keys = Object.keys(value)
  const key = keys[choice % Math.max(keys.length, 1)] ?? ''
  const escaped = key.replace(/[\\.|*?#@!{[]/g, '\\$&')
  return { text: choice % 5 === 0 ? `${escaped.slice(0, 1)}*` : escaped, next: (value as Record<string, unknown>)[key] }
}

/** A query whose right side is a scalar of the element that it is made for, so that it often holds. */
function queryFor(element: unknown, choice: number): string {
  const operator = OPERATORS[choice % OPERATORS.length] ?? '='
  const all = choice % 2 === 0 ? '#' : ''
  if (typeof element !== 'object' || element === null) return `#(${operator}${JSON.stringify(element) ?? ''})${all}`
  const [key, value] = Object.entries(element)[choice % Math.max(Object.keys(element).length, 1)] ?? ['a', 1]
  const right = choice % 7 === 0 ? VALUES[choice % VALUES.length] : JSON.stringify(value)
  return `#(${key}${operator}${right})${all}`
}

/** A document and a path that follows what is in it. */
const followed = fc
  .tuple(
    fc.oneof(document.object, document.list),
    fc.array(fc.tuple(fc.nat({ max: 5_000 }), fc.constantFrom('.', '.', '.', '|')), { minLength: 1, maxLength: 6 }),
  )
  .map(([text, choices]) => {
    let value: unknown = JSON.parse(text)
    let path = ''
    for (const [index, [choice, separator]] of choices.entries()) {
      const step = component(value, choice)
      path += (index === 0 ? '' : separator) + step.text
      value = step.next
    }
    return [text, path]
  })

/** A list of objects with a number, a string and a boolean each, asked by every operator. */
const asked = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom('a', 'b', 'ab', 'é'), fc.boolean()), {
      maxLength: 6,
    }),
    fc.constantFrom(...OPERATORS),
    fc.oneof(
      fc.tuple(fc.constant('n'), fc.integer({ min: -3, max: 3 }).map(String)),
      fc.tuple(fc.constant('s'), fc.constantFrom('a', '"a"', '"b"', '"ab"', '"é"', 'a*', '?')),
      fc.tuple(fc.constantFrom('n', 's', 'b', 'n.x', ''), fc.constantFrom(...VALUES)),
    ),
    fc.constantFrom(')', ')#', ').s', ')#.n', ')#.n|0', ')#|#', ')|s', ')#.s|@reverse'),
  )
  .map(([rows, operator, [key, value], end]) => [
    JSON.stringify(rows.map(([n, s, b]) => ({ n, s, b }))),
    `#(${key}${operator}${value}${end}`,
  ])

/** Lists about as long as a line, printed. */
const printed = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom('1', '"ab"', '[1, 2]', '{"b":1,"a":[]}', 'true'), document.value), {
      maxLength: 22,
    }),
    fc.integer({ min: -1, max: 40 }),
  )
  .map(([items, width]) => [`{"z":[${items.join(',')}],"a":1}`, `@pretty:{"width":${width},"sortKeys":true}`])

/** Documents and paths for `gjson/main.go`. */
export const calls: fc.Arbitrary<Call> = fc
  .oneof(
    { weight: 4, arbitrary: fc.tuple(json, anyPath) },
    { weight: 3, arbitrary: followed },
    { weight: 2, arbitrary: asked },
    { weight: 1, arbitrary: printed },
  )
  .map((args) => ({ fn: '', args }))
