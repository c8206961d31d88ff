import { compile, quoteMeta, type Regexp } from '@sealkit/core/go/regexp'
import { FunctionFailure, failure } from '../error.ts'
import { canBackquote, quote } from '../quote.ts'
import { decodeRune, fromText, RUNE_ERROR, runeWidth, toBytes, toText } from '../utf8.ts'
import { List, type Value } from '../value.ts'
import { type Context, type FunctionRow, type RowTail, rows } from './row.ts'
import { parsed } from './time.ts'

/** sprig's functions on regular expressions (RE2 syntax); those with `must` fail in the same way here. */
export function regexFunctions(): FunctionRow[] {
  return rows('Regular expressions', [
    [
      'regexMatch(string, string) bool',
      matchQuietly,
      'Whether a text holds a match; false for a wrong pattern.',
      'regexMatch "^[a-z]+$" .user',
      'heavy',
    ],
    [
      'mustRegexMatch(string, string) bool',
      match,
      'Whether a text holds a match.',
      'mustRegexMatch "^[a-z]+$" .user',
      'heavy',
    ],
    ...both('regexFind(string, string) string', find, 'The first match.', 'regexFind "[a-z]+" .user'),
    ...both(
      'regexFindAll(string, string, int) []string',
      findAll,
      'The matches, at most so many (-1: all).',
      'regexFindAll "[0-9]" .text -1',
    ),
    ...both(
      'regexReplaceAll(string, string, string) string',
      replace,
      'The text with each match replaced; `${1}` is a group.',
      'regexReplaceAll "a(x*)b" .text "${1}W"',
    ),
    ...both(
      'regexReplaceAllLiteral(string, string, string) string',
      replaceLiteral,
      'The text with each match replaced by the text as it is.',
      'regexReplaceAllLiteral "a(x*)b" .text "${1}"',
    ),
    ...both(
      'regexSplit(string, string, int) []string',
      split,
      'The parts between matches, at most so many (-1: all).',
      'regexSplit "z+" "pizza" -1',
    ),
    [
      'regexQuoteMeta(string) string',
      ([text]) => quoteMeta(text as string),
      'The text with all that has a meaning in a pattern escaped.',
      'regexQuoteMeta "1.2.3"',
    ],
  ])
}

function both(signature: string, run: FunctionRow['run'], doc: string, example: string): RowTail[] {
  const must = (text: string): string => `mustR${text.slice(1)}`
  return [
    [signature, orPanic(run), doc, example, 'heavy'],
    [must(signature), run, doc, must(example), 'heavy'],
  ]
}

/** Go's regexp.MustCompile says more of a wrong pattern than Compile. */
function orPanic(run: FunctionRow['run']): FunctionRow['run'] {
  return (args, context) => {
    try {
      return run(args, context)
    } catch (error) {
      if (!(error instanceof FunctionFailure)) throw error
      const pattern = args[0] as string
      const quoted = canBackquote(pattern) ? `\`${pattern}\`` : quote(pattern)
      return failure(`regexp: Compile(${quoted}): ${error.message}`)
    }
  }
}

/** A compiled pattern, kept for the render; a search costs what RE2 may need for it. */
export function patternOf(pattern: string, text: string, context: Context): Regexp {
  context.charge(Math.ceil((pattern.length * text.length) / 8) + pattern.length)
  const known = context.patterns.get(pattern)
  if (known !== undefined) return known
  const broken = invalidUtf8(pattern)
  if (broken !== null) refuse(pattern, broken)
  const compiled = parsed(() => compile(toText(pattern)))
  context.patterns.set(pattern, compiled)
  return compiled
}

/** Where a pattern stops to be UTF-8, or null. */
function invalidUtf8(text: string): number | null {
  for (let at = 0; at < text.length; at += runeWidth(text, at)) {
    if (decodeRune(text, at) === RUNE_ERROR && runeWidth(text, at) === 1) return at
  }
  return null
}

/** A pattern that ends where only the rest of it could tell whether it is sound. */
const UNFINISHED = /missing closing|trailing backslash|invalid (?:character class range|named capture)|`\\[xpP]/

/** Refuses a pattern that is not UTF-8: with the first fault before that place, as Go reads it, or for that itself. */
function refuse(pattern: string, broken: number): never {
  const before = faultOf(toText(pattern.slice(0, broken)))
  if (before === null || UNFINISHED.test(before)) {
    return failure(`error parsing regexp: invalid UTF-8: \`${pattern.slice(broken)}\``)
  }
  // The fault may quote the whole pattern, with the bytes that are no text: private characters stand for them meanwhile.
  const standIn = toText(pattern).replace(/[\udc80-\udcff]/gu, (byte) =>
    String.fromCharCode(0xe000 + (byte.charCodeAt(0) & 0xff)),
  )
  const whole = faultOf(standIn) ?? before
  return failure(
    fromText(whole.replace(/[\ue080-\ue0ff]/g, (char) => String.fromCharCode(0xdc00 + (char.charCodeAt(0) & 0xff)))),
  )
}

function faultOf(pattern: string): string | null {
  try {
    compile(pattern)
    return null
  } catch (error) {
    return (error as { upstream?: string }).upstream ?? null
  }
}

const match: FunctionRow['run'] = ([pattern, text], context) =>
  patternOf(pattern as string, text as string, context).test(toBytes(text as string))

const matchQuietly: FunctionRow['run'] = (args, context) => {
  try {
    return match(args, context)
  } catch (error) {
    if (error instanceof FunctionFailure) return false
    throw error
  }
}

const find: FunctionRow['run'] = ([pattern, text], context) => {
  const found = patternOf(pattern as string, text as string, context).findAll(toBytes(text as string), 1)
  return (text as string).slice(found[0]?.[0] ?? 0, found[0]?.[1] ?? 0)
}

/** Go makes room for ten matches at first, which `slice` could see. */
const MATCHES = 10

const findAll: FunctionRow['run'] = ([pattern, text, limit], context) => {
  const most = Number(limit)
  const regexp = patternOf(pattern as string, text as string, context)
  const found = most === 0 ? [] : regexp.findAll(toBytes(text as string), most)
  const items = found.map(([start = 0, end = 0]) => (text as string).slice(start, end))
  return new List('string', items, items.length === 0, items.length === 0 ? 0 : Math.max(MATCHES, items.length))
}

const replace: FunctionRow['run'] = ([pattern, text, by], context) => {
  const regexp = patternOf(pattern as string, text as string, context)
  return fromText(regexp.replaceAll(toBytes(text as string), toText(by as string)))
}

const replaceLiteral: FunctionRow['run'] = ([pattern, text, by], context) => {
  const regexp = patternOf(pattern as string, text as string, context)
  context.charge(((text as string).length + 1) * (by as string).length)
  return fromText(regexp.replaceAllLiteral(toBytes(text as string), toText(by as string)))
}

const split: FunctionRow['run'] = ([pattern, text, limit]: readonly Value[], context) => {
  const regexp = patternOf(pattern as string, text as string, context)
  const parts = regexp.split(toBytes(text as string), Number(limit)).map(fromText)
  return new List('string', parts, parts.length === 0)
}
