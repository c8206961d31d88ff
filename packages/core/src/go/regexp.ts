import { type Matcher, RE2JS } from 're2js'
import { CoreError } from '../error.ts'
import { originalText, type Translation, translate } from './regexp-syntax.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/** Byte offsets of one match: start and end of the whole, then of each group; -1 where a group took no part. */
export type MatchIndexes = readonly number[]

/** A compiled pattern, as Go's `regexp.Regexp`: RE2 syntax, leftmost-first, linear time, offsets in UTF-8 bytes. */
export interface Regexp {
  readonly pattern: string
  /** Names of the groups by number; the empty string where a group (and the whole, group 0) has none. */
  readonly groupNames: readonly string[]
  /** Whether the text holds a match anywhere (`MatchString`). */
  readonly test: (text: Subject) => boolean
  /** The first match as texts, `undefined` where a group took no part (`FindStringSubmatch`); null without a match. */
  readonly find: (text: Subject) => readonly (string | undefined)[] | null
  /** Offsets of all matches, or of the first `limit` ones (`FindAllStringSubmatchIndex`). */
  readonly findAll: (text: Subject, limit?: number) => MatchIndexes[]
  /** Replaces each match by a template with `$1`, `${1}`, `$name`, `$$` (`ReplaceAllString`). */
  readonly replaceAll: (text: Subject, template: string) => string
  /** Replaces each match by a text as it is (`ReplaceAllLiteralString`). */
  readonly replaceAllLiteral: (text: Subject, replacement: string) => string
  /** Splits at the matches into at most `limit` parts, -1 = all (`Split`). */
  readonly split: (text: Subject, limit?: number) => string[]
}

/** What is searched. Bytes need not be UTF-8; a text may hold bytes as `decodeUtf8` writes them. */
export type Subject = string | Uint8Array

/**
 * Compiles a pattern of RE2, as Go's `regexp.Compile`.
 *
 * @throws CoreError `INVALID_REGEXP`; `upstream` is Go's text, `message` does not quote the pattern
 */
export function compile(pattern: string): Regexp {
  const broken = pattern.search(/[\ud800-\udfff]/u)
  if (broken >= 0) throw syntaxError('invalid UTF-8', pattern.slice(broken))
  const translation = translate(pattern)
  try {
    return regexp(pattern, RE2JS.compile(translation.pattern), translation)
  } catch (error) {
    throw refused(pattern, translation, error)
  }
}

/** Escapes what has a meaning in a pattern (`regexp.QuoteMeta`). */
export function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function refused(pattern: string, translation: Translation, error: unknown): unknown {
  if (!(error instanceof Error) || !('error' in error)) return error
  const problem = String(error.error)
  const quoted = 'input' in error && typeof error.input === 'string' ? error.input : undefined
  if (problem.startsWith('trailing backslash')) return syntaxError(problem, '')
  return syntaxError(problem, quoted === undefined ? pattern : originalText(pattern, translation, quoted))
}

function syntaxError(problem: string, quoted: string): CoreError {
  return new CoreError('INVALID_REGEXP', `the pattern is not valid RE2: ${problem}`, {
    hint: 'lookarounds and backreferences do not exist in RE2',
    upstream: `error parsing regexp: ${problem}: \`${quoted}\``,
  })
}

function regexp(pattern: string, program: RE2JS, translation: Translation): Regexp {
  const groupNames: string[] = Array.from({ length: program.groupCount() + 1 }, () => '')
  for (const [name, index] of Object.entries(program.namedGroups())) {
    groupNames[index] = translation.names.get(name) ?? name
  }
  const replaceBy = (text: Subject, replacement: (match: MatchIndexes, bytes: Uint8Array) => Uint8Array): string => {
    const bytes = bytesOf(text)
    return decodeUtf8(concat(replaced(bytes, program, replacement)))
  }
  return {
    pattern,
    groupNames,
    // Without offsets characters do as well as bytes, and re2js can take its fastest way.
    test: (text) => program.test(typeof text === 'string' && text.isWellFormed() ? text : bytesOf(text)),
    find: (text) => {
      const bytes = bytesOf(text)
      const match = matchAt(program.matcher(bytes), 0)
      return match === null ? null : groupNames.map((_, group) => groupText(bytes, match, group))
    },
    findAll: (text, limit = -1) => findAll(program, bytesOf(text), limit),
    replaceAll: (text, template) => {
      const parts = parseTemplate(template)
      return replaceBy(text, (match, bytes) => concat(expand(parts, groupNames, match, bytes)))
    },
    replaceAllLiteral: (text, replacement) => {
      const bytes = encodeUtf8(replacement)
      return replaceBy(text, () => bytes)
    },
    split: (text, limit = -1) => split(pattern, program, bytesOf(text), limit),
  }
}

function bytesOf(text: Subject): Uint8Array {
  return typeof text === 'string' ? encodeUtf8(text) : text
}

function groupText(bytes: Uint8Array, match: MatchIndexes, group: number): string | undefined {
  const start = match[2 * group] ?? -1
  return start < 0 ? undefined : decodeUtf8(bytes.subarray(start, match[2 * group + 1]))
}

function matchAt(matcher: Matcher, from: number): MatchIndexes | null {
  if (!matcher.find(from)) return null
  const indexes: number[] = []
  for (let group = 0; group <= matcher.groupCount(); group++) indexes.push(matcher.start(group), matcher.end(group))
  return indexes
}

function findAll(program: RE2JS, bytes: Uint8Array, limit: number): MatchIndexes[] {
  const matcher = program.matcher(bytes)
  const matches: MatchIndexes[] = []
  let at = 0
  let previousEnd = -1
  while (at <= bytes.length && (limit < 0 || matches.length < limit)) {
    const match = matchAt(matcher, at)
    if (match === null) break
    const [start = 0, end = 0] = match
    // An empty match right after another one does not count.
    if (end !== at || start !== previousEnd) matches.push(match)
    at = end === at ? at + Math.max(characterLength(bytes, at), 1) : end
    previousEnd = end
  }
  return matches
}

/** Length in bytes of the character at an offset; a byte that is no UTF-8 is one character, the end has none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  if (first === undefined) return 0
  if (first < 0x80) return 1
  const character = decodeUtf8(bytes.subarray(at, at + 4)).codePointAt(0) ?? 0
  if (character >= 0x10000) return 4
  if (character >= 0xd800 && character <= 0xdfff) return 1
  return character < 0x800 ? 2 : 3
}

function replaced(
  bytes: Uint8Array,
  program: RE2JS,
  replacement: (match: MatchIndexes, bytes: Uint8Array) => Uint8Array,
): Uint8Array[] {
  const matcher = program.matcher(bytes)
  const parts: Uint8Array[] = []
  let copied = 0
  let at = 0
  while (at <= bytes.length) {
    const match = matchAt(matcher, at)
    if (match === null) break
    const [start = 0, end = 0] = match
    parts.push(bytes.subarray(copied, start))
    // Not for an empty match right after another match.
    if (end > copied || start === 0) parts.push(replacement(match, bytes))
    copied = end
    at = Math.max(end, at + Math.max(characterLength(bytes, at), 1))
  }
  parts.push(bytes.subarray(copied))
  return parts
}

function split(pattern: string, program: RE2JS, bytes: Uint8Array, limit: number): string[] {
  if (limit === 0) return []
  if (pattern !== '' && bytes.length === 0) return ['']
  const parts: string[] = []
  let begin = 0
  let end = 0
  for (const [start = 0, stop = 0] of findAll(program, bytes, limit)) {
    if (limit > 0 && parts.length === limit - 1) break
    end = start
    if (stop !== 0) parts.push(decodeUtf8(bytes.subarray(begin, end)))
    begin = stop
  }
  if (end !== bytes.length) parts.push(decodeUtf8(bytes.subarray(begin)))
  return parts
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** A stretch of a replacement template: literal bytes, a group by number, or a group by name. */
type TemplatePart = Uint8Array | number | string

// A name is as long as possible: "$1x" is the group called "1x", which there is not.
const REFERENCE = /\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu

function parseTemplate(template: string): TemplatePart[] {
  const parts: TemplatePart[] = []
  let at = 0
  for (const match of template.matchAll(REFERENCE)) {
    const [token, bare, braced] = match
    parts.push(encodeUtf8(template.slice(at, match.index)))
    at = match.index + token.length
    const name = bare ?? braced
    if (name === undefined) parts.push(encodeUtf8('$'))
    else parts.push(/^(?:0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : name)
  }
  parts.push(encodeUtf8(template.slice(at)))
  return parts
}

function expand(
  parts: readonly TemplatePart[],
  groupNames: readonly string[],
  match: MatchIndexes,
  bytes: Uint8Array,
): Uint8Array[] {
  return parts.map((part) => {
    if (part instanceof Uint8Array) return part
    const took = (group: number): boolean => (match[2 * group] ?? -1) >= 0
    const group = typeof part === 'number' ? part : groupNames.findIndex((name, index) => name === part && took(index))
    return group >= 0 && took(group) ? bytes.subarray(match[2 * group], match[2 * group + 1]) : new Uint8Array()
  })
}
