import { SealkitError } from '@sealkit/core'
import { compile, type Regexp } from '@sealkit/core/go/regexp'
import { fc } from '../../property.ts'
import type { Answer, Call } from './differential.ts'
import { pieces } from './text.ts'

/** Our answer to a call of `regexp/main.go`. */
export function ours({ args: [pattern = '', replacement = '', text = ''] }: Call): Answer {
  let regexp: Regexp
  try {
    regexp = compile(pattern)
  } catch (error) {
    if (error instanceof SealkitError) return { error: error.upstream ?? '' }
    throw error
  }
  const parts = regexp.split(text)
  return {
    names: regexp.groupNames.join(','),
    test: String(regexp.test(text)),
    find: indexes(regexp.findAll(text)),
    first: indexes(regexp.findAll(text, 2)),
    replace: regexp.replaceAll(text, replacement),
    literal: regexp.replaceAllLiteral(text, replacement),
    split: `${parts.length}:${parts.join('|')}`,
    splitN: regexp.split(text, 2).join('|'),
  }
}

/** As Go prints a slice of slices. */
function indexes(matches: readonly (readonly number[])[]): string {
  return `[${matches.map((match) => `[${match.join(' ')}]`).join(' ')}]`
}

const ATOMS = [
  'a',
  'b',
  'ab',
  'é',
  '😀',
  '.',
  '^',
  '$',
  '\\b',
  '\\B',
  '\\A',
  '\\z',
  '\\d',
  '\\W',
  '\\s',
  '[a-c]',
  '[^a]',
  '[^\\n]',
  '[[:alpha:]]',
  '[[:^digit:]é]',
  '\\pL',
  '\\p{Greek}',
  '\\P{lu}',
  '[\\p{Nd}_-]',
  '\\x41',
  '\\x{e9}',
  '\\n',
  '\\.',
  '\\Qa.b\\E',
  'K',
  '\u212a',
  'ſ',
  '',
]
const REPEATS = ['', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,1}?', '{2,}']
const FLAGS = ['', '', '(?i)', '(?s)', '(?m)', '(?U)', '(?im)', '(?-s)']

/** Patterns that are always valid. */
const tree = fc.letrec<{ node: string; atom: string; repeat: string; choice: string; group: string }>((tie) => ({
  atom: fc.constantFrom(...ATOMS),
  repeat: fc.tuple(tie('group'), fc.constantFrom(...REPEATS)).map(([group, times]) => `${group}${times}`),
  group: fc.oneof(
    { withCrossShrink: true, maxDepth: 4 },
    tie('atom'),
    tie('node').map((node) => `(${node})`),
    tie('node').map((node) => `(?:${node})`),
    tie('node').map((node) => `(?i:${node})`),
    fc.tuple(fc.constantFrom('n', 'm'), tie('node')).map(([name, node]) => `(?P<${name}>${node})`),
  ),
  choice: fc.tuple(tie('repeat'), tie('repeat')).map(([left, right]) => `${left}|${right}`),
  node: fc.oneof(
    { maxDepth: 4 },
    tie('repeat'),
    tie('choice'),
    fc.tuple(tie('repeat'), tie('repeat')).map((both) => both.join('')),
  ),
}))

const BITS = [
  ...ATOMS,
  ...REPEATS,
  ...FLAGS,
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '(?',
  '(?:',
  '(?P<n>',
  '(?<n>',
  '(?P<é>',
  '(?=',
  '|',
  '\\',
  '-',
  ':]',
  '[:',
  '[[:foo:]]',
  '\\p{',
  '\\p{Foo}',
  '\\pX',
  '\\p{^Greek}',
  '\\p{Old_Italic}',
  '\\p{any}',
  '\\C',
  '\\E',
  '\\Q',
  '\\x',
  '\\x{110000}',
  '\\777',
  '\\1',
  '{1001}',
  '{3,2}',
  '**',
  '^*',
]

const pattern = fc.oneof(
  fc.tuple(fc.constantFrom(...FLAGS), tree.node).map((parts) => parts.join('')),
  pieces(BITS, 7),
)
const text = pieces(
  [
    'a',
    'b',
    'c',
    'A',
    'B',
    'é',
    'É',
    '😀',
    '\n',
    ' ',
    '1',
    '_',
    '.',
    'k',
    '\u212a',
    's',
    'ſ',
    'λ',
    '\udc80',
    '\udcff',
    '\ufffd',
    '-',
  ],
  9,
)
const replacement = pieces(
  [
    '$1',
    '${1}',
    '$2',
    '$n',
    '${n}',
    '${m}',
    '$$',
    '$',
    '${',
    '}',
    'x',
    '$0',
    '$10',
    '$01',
    '${é}',
    '$nx',
    '\udcff',
    '\\1',
  ],
  4,
)

/** So long that re2js takes its other engines. */
const longText = fc
  .tuple(text, fc.integer({ min: 100, max: 700 }), text)
  .map(([repeated, times, last]) => repeated.repeat(times) + last)

/** Patterns, replacements and texts for `regexp/main.go`. */
export const calls: fc.Arbitrary<Call> = fc
  .tuple(pattern, replacement, fc.oneof({ weight: 100, arbitrary: text }, { weight: 1, arbitrary: longText }))
  .map((args) => ({ fn: '', args }))
