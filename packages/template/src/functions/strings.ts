import { printValue } from '../fmt/print.ts'
import { quote } from '../quote.ts'
import { strings, type Value } from '../value.ts'
import { initials, swapCase, toLower, toTitle, toUpper, untitle, withoutSpace } from './case.ts'
import { type FunctionRow, rows } from './row.ts'
import { cut } from './slicing.ts'
import { textOf, textsOf } from './text.ts'
import {
  chargeSearch,
  indent,
  join,
  numbered,
  repeat,
  replaceAll,
  splitText,
  trimPrefix,
  trimSet,
  trimSpace,
  trimSuffix,
} from './text-parts.ts'
import { toLowerWords, toPascalCase } from './words.ts'
import { wrap } from './wrap.ts'

type Text = (text: string) => string

const each =
  (change: Text) =>
  ([text]: readonly Value[]): string =>
    change(text as string)

/** sprig's string functions. */
export function stringFunctions(): FunctionRow[] {
  return rows('Text', [
    ['hello() string', () => 'Hello!', 'The text `Hello!`.', 'hello'],
    [
      'abbrev(int, string) string',
      ([width, text]) => abbreviate(text as string, 0, Number(width)),
      'The text cut to a width with an ellipsis.',
      'abbrev 5 "hello world"',
    ],
    [
      'abbrevboth(int, int, string) string',
      ([left, right, text]) => abbreviate(text as string, Number(left), Number(right)),
      'The text cut on both sides with ellipses.',
      'abbrevboth 5 10 "1234 5678 9123"',
    ],
    [
      'trunc(int, string) string',
      ([count, text]) => truncate(Number(count), text as string),
      'The first bytes, or with a negative number the last ones.',
      'trunc 5 .password',
    ],
    ['trim(string) string', each(trimSpace), 'The text without space around it.', 'trim .password'],
    ['upper(string) string', each(toUpper), 'The text in capitals.', 'upper .user'],
    ['lower(string) string', each(toLower), 'The text in small letters.', 'lower .user'],
    ['title(string) string', each(toTitle), 'The first letter of each word in title case.', 'title "hello world"'],
    ['untitle(string) string', each(untitle), 'The first letter of each word in lower case.', 'untitle "Hello World"'],
    [
      'substr(int, int, string) string',
      ([start, end, text]) => substring(start as bigint, end as bigint, text as string),
      'The bytes from start to end.',
      'substr 0 5 "hello world"',
    ],
    [
      'repeat(int, string) string',
      ([count, text], context) => repeat(text as string, count as bigint, context),
      'The text a number of times.',
      'repeat 3 "ab"',
    ],
    [
      'trimall(string, string) string',
      ([set, text]) => trimSet(text as string, set as string),
      'The text without the given characters around it.',
      'trimall "$" "$5.00"',
    ],
    [
      'trimAll(string, string) string',
      ([set, text]) => trimSet(text as string, set as string),
      'The text without the given characters around it.',
      'trimAll "$" "$5.00"',
    ],
    [
      'trimSuffix(string, string) string',
      ([end, text]) => trimSuffix(text as string, end as string),
      'The text without an ending.',
      'trimSuffix "-" "hello-"',
    ],
    [
      'trimPrefix(string, string) string',
      ([start, text]) => trimPrefix(text as string, start as string),
      'The text without a beginning.',
      'trimPrefix "-" "-hello"',
    ],
    ['nospace(string) string', each(withoutSpace), 'The text without any space.', 'nospace "h e l l o"'],
    ['initials(string) string', each(initials), 'The first letter of each word.', 'initials "First Try"'],
    ['swapcase(string) string', each(swapCase), 'Capitals small and small letters capital.', 'swapcase "This Is"'],
    [
      'snakecase(string) string',
      each((text) => toLowerWords(text, '_')),
      'Words joined by underscores.',
      'snakecase "FirstName"',
    ],
    ['camelcase(string) string', each(toPascalCase), 'Words joined, each with a capital.', 'camelcase "http_server"'],
    [
      'kebabcase(string) string',
      each((text) => toLowerWords(text, '-')),
      'Words joined by hyphens.',
      'kebabcase "FirstName"',
    ],
    [
      'wrap(int, string) string',
      ([width, text], context) => wrap(text as string, width as bigint, { newline: '', breakWords: false, context }),
      'The text in lines of a width.',
      'wrap 80 .text',
    ],
    [
      'wrapWith(int, string, string) string',
      ([width, newline, text], context) =>
        wrap(text as string, width as bigint, { newline: newline as string, breakWords: true, context }),
      'The text in lines of a width, with a given separator.',
      'wrapWith 5 "\\t" "Hello World"',
    ],
    [
      'contains(string, string) bool',
      ([part, text], context) => {
        chargeSearch(text as string, part as string, context)
        return (text as string).includes(part as string)
      },
      'Whether the second text holds the first.',
      'contains "cat" "catch"',
    ],
    [
      'hasPrefix(string, string) bool',
      ([start, text]) => (text as string).startsWith(start as string),
      'Whether the second text begins with the first.',
      'hasPrefix "cat" "catch"',
    ],
    [
      'hasSuffix(string, string) bool',
      ([end, text]) => (text as string).endsWith(end as string),
      'Whether the second text ends with the first.',
      'hasSuffix "ch" "catch"',
    ],
    [
      'quote(...any) string',
      (args) =>
        given(args)
          .map((value) => quote(textOf(value)))
          .join(' '),
      'Each argument in double quotes, with Go escapes.',
      'quote .password',
    ],
    [
      'squote(...any) string',
      (args) =>
        given(args)
          .map((value) => `'${printValue(value)}'`)
          .join(' '),
      'Each argument in single quotes.',
      'squote .password',
    ],
    [
      'cat(...any) string',
      (args) => given(args).map(printValue).join(' '),
      'The arguments joined by spaces.',
      'cat "hello" "beautiful" "world"',
    ],
    [
      'indent(int, string) string',
      ([spaces, text], context) => indent(spaces as bigint, text as string, context),
      'Each line indented.',
      'indent 4 .config',
    ],
    [
      'nindent(int, string) string',
      ([spaces, text], context) => `\n${indent(spaces as bigint, text as string, context)}`,
      'A newline, then each line indented.',
      'nindent 4 .config',
    ],
    [
      'replace(string, string, string) string',
      ([old, by, text], context) => replaceAll(text as string, old as string, { by: by as string, context }),
      'The text with each occurrence replaced.',
      'replace " " "-" .name',
    ],
    [
      'plural(string, string, int) string',
      ([one, many, count]) => (count === 1n ? one : many),
      'The first text for one, else the second.',
      'plural "key" "keys" (len .keys)',
    ],
    ['toString(any) string', ([value]) => textOf(value), 'The value as text.', 'toString 42'],
    [
      'split(string, string) map[string]string',
      ([by, text], context) => numbered(splitText(text, by, { count: -1, context })),
      'The parts of a text as a map with keys `_0`, `_1`, ...',
      'split "$" "foo$bar"',
    ],
    [
      'splitList(string, string) []string',
      ([by, text], context) => strings(splitText(text, by, { count: -1, context })),
      'The parts of a text as a list.',
      'splitList "," "a,b"',
    ],
    [
      'splitn(string, int, string) map[string]string',
      ([by, count, text], context) => numbered(splitText(text, by, { count: Number(count), context })),
      'At most so many parts of a text as a map with keys `_0`, `_1`, ...',
      'splitn "$" 2 "foo$bar$baz"',
    ],
    [
      'toStrings(any) []string',
      ([value]) => strings(textsOf(value)),
      'The elements of a list as texts.',
      'toStrings (list 1 2)',
    ],
    [
      'join(string, any) string',
      ([by, value], context) => join(textsOf(value), by as string, context),
      'The elements of a list joined by a text.',
      'join "," (list "a" "b")',
    ],
  ])
}

function given(args: readonly Value[]): Value[] {
  return args.filter((value) => value != null)
}

function abbreviate(text: string, left: number, right: number): string {
  if (right < 4 || (left > 0 && right < 7) || text.length <= right) return text
  let offset = Math.min(left, text.length)
  if (text.length - offset < right - 3) offset = text.length - (right - 3)
  if (offset <= 4) return `${text.slice(0, right - 3)}...`
  if (offset + right - 3 >= text.length) return `...${text.slice(text.length - (right - 3))}`
  const rest = text.slice(offset)
  // Below a width of 4 goutils gives up on the rest, and its error is dropped.
  return `...${right - 3 < 4 ? '' : abbreviate(rest, 0, right - 3)}`
}

function truncate(count: number, text: string): string {
  if (count < 0) return text.length + count > 0 ? text.slice(count) : text
  return text.length > count ? text.slice(0, count) : text
}

function substring(start: bigint, end: bigint, text: string): string {
  if (start < 0) return cut(text, 0, end)
  return end < 0 || end > text.length ? cut(text, start) : cut(text, start, end)
}
