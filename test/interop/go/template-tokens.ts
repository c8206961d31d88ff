import { readFileSync } from 'node:fs'
import type { MissingKey } from '@sealkit/template'
import fc from 'fast-check'
import { type Case, DATA, HEAD } from './template.ts'

function lines(file: string): string[] {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
}

/** What a lexer takes apart, alone and where it has no business. */
const TOKENS = [
  ...String.raw`
    nil true false . .. .user .user.x .json.a.b .missing .user. .x.y.z .é .1 $ $.user $n $n.x $zz $d.m.x $d.zz.y
    $l $s $_ $é $1 $. $d. 1 -1 +1 1.5 .5 1. 1e3 1e 0x1F 0x1p4 0x 0b11 0b2 0o17 017 08 1_000 1__0 _1 1i 1.5i 1a
    1+2i 1+2 1e400 9223372036854775808 -0 'a' 'ab' '' '\n' '\'' '\x41' '\u00e9' '\400' '\q' 'é' ' "s" "" "a\"b"
    "\x41\u00e9\101" "\q" "open "%v" ( ) | := = , : (1) (.user) (.user).x ($d).m (1).x (nil) () ((1)) if else end
    range with break continue define block template upper lower printf print index len list dict and or not eq lt
    call html nosuch é _ a_b x.y upper.x - + * / # @ ! & % { } [ ] \ /* */ // ~ ; < > ? ^
  `
    .trim()
    .split(/\s+/),
  '- 1',
  "'\n'",
  '"a\nb"',
  '`r`',
  '`a\nb`',
  '`open',
  'else if',
  'else with',
  '/* c */',
  '\n',
  '\t',
  '\r\n',
  '\u0000',
  '\u007f',
  '\u00a0',
]

const bytes = (text: string): string => Buffer.from(text).toString('latin1')
const token = fc.constantFrom(...TOKENS).map(bytes)

/** Tokens one after the other, most of the time with a space between. */
const words = fc
  .array(fc.tuple(token, fc.constantFrom(' ', ' ', ' ', '')), { maxLength: 7 })
  .map((all) => all.flat().join(''))

const opening = fc.constantFrom('{{', '{{', '{{ ', '{{- ', '{{-', '{{-\n', '{{/*', '{{- /*')
const closing = fc.constantFrom('}}', '}}', ' }}', ' -}}', '-}}', '\n-}}', '*/}}', '*/ -}}', ' */ }}', '')

const soup = fc.tuple(opening, words, closing).map((parts) => parts.join(''))

/** Statements that may or may not close each other. */
const KEYWORDS = lines('template-statements.txt')
const between = fc.constantFrom('', ' ', '\n', 'x', ' \n\t x \n', '}}', '}', '-', '/*', '{').map(bytes)
const keyword = fc
  .tuple(fc.constantFrom('{{', '{{- ', '{{ '), fc.constantFrom(...KEYWORDS), fc.constantFrom('}}', ' -}}', ' }}'))
  .map((parts) => parts.join(''))
const control = fc
  .array(fc.oneof({ weight: 3, arbitrary: keyword }, between), { minLength: 1, maxLength: 9 })
  .map((all) => all.join(''))

/** Calls that take kinds apart, chains on what has no fields, and short circuits. */
const EXPRESSIONS = lines('template-expressions.txt')

const BODIES = [
  (each: string) => `{{ ${each} }}`,
  (each: string) => `{{ $v := ${each} }}{{ printf "%v %T" $v $v }}`,
  (each: string) => `{{ if ${each} }}yes{{ else }}no{{ end }}`,
  (each: string) => `{{ with ${each} }}[{{ . }}]{{ else with .user }}({{ . }}){{ end }}`,
  (each: string) => `{{ (${each}) }}`,
  (each: string) => `{{ ${each} | toJson }}`,
  (each: string) => `{{ define "t2" }}{{ ${each} }}{{ end }}{{ template "t2" $ }}`,
]
const expression = fc
  .tuple(fc.constantFrom(...EXPRESSIONS), fc.constantFrom(...BODIES))
  .map(([each, body]) => body(bytes(each)))

/** Two of the calls, the second with the first as its last argument. */
const piped = fc
  .tuple(fc.constantFrom(...EXPRESSIONS), fc.constantFrom(...EXPRESSIONS))
  .map(([first, second]) => bytes(`{{ ${first} | ${second} }}`))

const DELIMITERS = [
  ['<<', '>>'],
  ['[[', ']]'],
  ['<%', '%>'],
  ['{', '}'],
  ['{{{', '}}}'],
  ['(', ')'],
  ['--', '--'],
  ['$', '$'],
  ['é', 'è'],
  ['', '>>'],
] as const

/** A template with other delimiters, in which the usual ones are text. */
const delimited = fc.tuple(fc.oneof(control, expression, soup), fc.constantFrom(...DELIMITERS)).map(([text, pair]) => {
  const [left, right] = pair.map(bytes)
  const template = (HEAD + text).replaceAll('{{', left === '' ? '{{' : (left ?? '')).replaceAll('}}', right ?? '')
  return { template, delimiters: { left: left ?? '', right: right ?? '' } }
})

const plain = fc
  .oneof(
    { weight: 3, arbitrary: soup },
    { weight: 3, arbitrary: control },
    { weight: 3, arbitrary: expression },
    { weight: 2, arbitrary: piped },
    { weight: 1, arbitrary: fc.tuple(soup, control, soup).map((parts) => parts.join('')) },
  )
  .map((text) => ({ template: HEAD + text }))

/** Templates as nobody writes them: tokens out of place, statements that do not close, every kind where it does not fit. */
export const tokenCases: fc.Arbitrary<Case> = fc
  .tuple(fc.oneof({ weight: 6, arbitrary: plain }, delimited), fc.constantFrom<MissingKey>('default', 'error', 'zero'))
  .map(([text, missingKey]) => ({ name: 't', data: DATA, missingKey, ...text }))
  // A template that calls itself takes Go 100,000 calls to give up.
  .filter(({ template }) => !/(block|define).*(block|template)/s.test(template.slice(HEAD.length)))
  // Under a wrong verb Go prints a time's inner fields, a memory address among them.
  .filter(({ template }) => !(/toDate|semver|duration/.test(template) && /printf|%/.test(template.slice(HEAD.length))))
  // Go's maps have no order.
  .filter(({ template }) => !/keys|values/.test(template))
