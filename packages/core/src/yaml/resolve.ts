import { type Dialect, valueError } from './error.ts'
import type { YamlNode } from './node.ts'
import { shortTag } from './schema.ts'
import { parseTimestamp } from './timestamp.ts'

/** What a scalar stands for, by the Go type that go-yaml decodes it into. */
export type YamlScalar =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** An int64. */
  | { readonly kind: 'int'; readonly value: bigint }
  /** A uint64 that is no int64. */
  | { readonly kind: 'uint'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  /** A timestamp as Go's RFC3339Nano writes it. */
  | { readonly kind: 'time'; readonly value: string }
  | { readonly kind: 'string'; readonly value: string }
  /** `!!binary`, decoded. */
  | { readonly kind: 'bytes'; readonly value: Uint8Array }

interface Resolved {
  readonly tag: string
  readonly scalar: YamlScalar
}

const NULL: Resolved = { tag: '!!null', scalar: { kind: 'null' } }
const TRUE: Resolved = { tag: '!!bool', scalar: { kind: 'bool', value: true } }
const FALSE: Resolved = { tag: '!!bool', scalar: { kind: 'bool', value: false } }

function float(value: number): Resolved {
  return { tag: '!!float', scalar: { kind: 'float', value } }
}

const WORDS: Readonly<Record<string, Resolved>> = {
  '': NULL,
  '~': NULL,
  null: NULL,
  Null: NULL,
  NULL,
  true: TRUE,
  True: TRUE,
  TRUE,
  false: FALSE,
  False: FALSE,
  FALSE,
}

/** Booleans of YAML 1.1, which v2 reads and v3 only quotes. */
const OLD_WORDS: Readonly<Record<string, Resolved>> = {
  y: TRUE,
  Y: TRUE,
  yes: TRUE,
  Yes: TRUE,
  YES: TRUE,
  on: TRUE,
  On: TRUE,
  ON: TRUE,
  n: FALSE,
  N: FALSE,
  no: FALSE,
  No: FALSE,
  NO: FALSE,
  off: FALSE,
  Off: FALSE,
  OFF: FALSE,
}

/** Whether YAML 1.1 reads the text as a boolean and YAML 1.2 as a string. */
export function isOldBool(text: string): boolean {
  return text.length <= 3 && Object.hasOwn(OLD_WORDS, text)
}

/** What numbers to the base 60 begin and end with. */
const BASE_60 = /^[-+]?[0-9][0-9_]*:[0-9:]*[0-9](?:\.[0-9_]*)?$/
/** Places of such a number that are none, have three digits, or a value from 60 on. */
const NO_PLACE = /::|:[0-9]{3}|:[6-9][0-9]/

/** Whether YAML 1.1 reads the text as a number to the base 60, which go-yaml quotes and never reads. */
export function isBase60(text: string): boolean {
  return text.includes(':') && BASE_60.test(text) && !NO_PLACE.test(text)
}

/** Which texts can be anything but strings, by their first character: a word (M), a float (.) or a number (D). */
function hint(c: number): 'M' | '.' | 'D' | undefined {
  if ((c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d) return 'D'
  if (c === 0x2e) return '.'
  return 'yYnNtTfFoO~'.includes(String.fromCharCode(c)) ? 'M' : undefined
}

const SMALL_INT = /^(?:0|[1-9][0-9]{0,14})$/

/** The short tag of a plain scalar without tag, as v3 resolves it. */
export function resolveTag(text: string): string {
  if (SMALL_INT.test(text)) return '!!int'
  return resolvePlain(text, true, 'v3')?.tag ?? '!!str'
}

/** Resolves a text that no tag makes a string; undefined = it is a string. `timed` = it may be a timestamp. */
function resolvePlain(text: string, timed: boolean, dialect: Dialect): Resolved | undefined {
  const kind = text === '' ? 'M' : hint(text.charCodeAt(0))
  switch (kind) {
    case undefined:
      return undefined
    case 'M':
      if (text.length > 5) return undefined
      if (Object.hasOwn(WORDS, text)) return WORDS[text]
      return dialect === 'v2' && Object.hasOwn(OLD_WORDS, text) ? OLD_WORDS[text] : undefined
    case '.':
      return resolveDotted(text)
    default:
      return resolveNumber(text, timed, dialect)
  }
}

const INFINITY = /^[-+]?\.(?:inf|Inf|INF)$/
const DOTTED = /^\.[0-9][0-9_]*(?:[eE][-+]?[0-9][0-9_]*)?$/
/** Go takes an underscore between digits only. */
const STRAY_UNDERSCORE = /__|_[eE]|_$/

function resolveDotted(text: string): Resolved | undefined {
  if (text === '.nan' || text === '.NaN' || text === '.NAN') return float(Number.NaN)
  if (INFINITY.test(text)) return float(Number.POSITIVE_INFINITY)
  return DOTTED.test(text) && !STRAY_UNDERSCORE.test(text) ? finite(text.replaceAll('_', '')) : undefined
}

/** Out of range is no float. */
function finite(text: string): Resolved | undefined {
  const value = Number(text)
  return Number.isFinite(value) ? float(value) : undefined
}

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

function resolveNumber(text: string, timed: boolean, dialect: Dialect): Resolved | undefined {
  if (INFINITY.test(text)) return float(text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
  if (timed) {
    const time = parseTimestamp(text)
    if (time !== undefined) return { tag: '!!timestamp', scalar: { kind: 'time', value: time } }
  }
  const plain = text.includes('_') ? text.replaceAll('_', '') : text
  return resolveInt(plain) ?? (FLOAT.test(plain) ? finite(plain) : undefined) ?? resolveSignedDigits(plain, dialect)
}

const INT = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/

/** As Go's ParseInt and then ParseUint with base 0: prefixes `0x`, `0b`, `0o` and, for octal, `0`. */
function resolveInt(text: string): Resolved | undefined {
  const match = INT.exec(text)
  if (match === null) return undefined
  const [, sign, hex, binary, octal, decimal] = match
  if (decimal !== undefined && decimal.length < 16) return int(BigInt(text))
  if (hex !== undefined) return fit('0x', hex, sign)
  if (binary !== undefined) return fit('0b', binary, sign)
  return octal === undefined ? fit('', decimal ?? '', sign) : fit('0o', octal, sign)
}

function int(value: bigint): Resolved {
  return { tag: '!!int', scalar: { kind: 'int', value } }
}

/** Digits behind which no 64-bit integer goes on, in any base. Reading more as a bigint would take quadratic time. */
const MAX_DIGITS = 64

/** Too large for int64 it may be a uint64, which takes no sign. */
function fit(prefix: string, digits: string, sign: string | undefined): Resolved | undefined {
  const significant = digits.replace(/^0+(?=.)/, '')
  if (significant.length > MAX_DIGITS) return undefined
  const magnitude = BigInt(prefix + significant)
  const value = sign === '-' ? -magnitude : magnitude
  if (BigInt.asIntN(64, value) === value) return int(value)
  return !sign && magnitude < 1n << 64n ? { tag: '!!int', scalar: { kind: 'uint', value } } : undefined
}

/** go-yaml cuts the prefixes off itself, and so takes a sign behind them; v2 knows only the binary one. */
function resolveSignedDigits(text: string, dialect: Dialect): Resolved | undefined {
  const match = /^0(?:b([-+])([01]+)|o([-+])([0-7]+))$/.exec(text)
  if (match === null) return undefined
  const [, binarySign, binary, octalSign, octal] = match
  if (binary !== undefined) return fit('0b', binary, binarySign)
  return dialect === 'v2' ? undefined : fit('0o', octal ?? '', octalSign)
}

const RESOLVABLE = ['', '!!str', '!!bool', '!!int', '!!float', '!!null', '!!timestamp']

/**
 * Resolves a text under a short tag, empty for none.
 *
 * @throws CoreError YAML_SYNTAX if the text is of another type than the tag.
 */
export function resolveScalar(tag: string, text: string, dialect: Dialect = 'v3'): YamlScalar {
  const string: YamlScalar = { kind: 'string', value: text }
  if (tag === '!!str' || !RESOLVABLE.includes(tag)) return string
  const resolved = resolvePlain(text, tag === '' || tag === '!!timestamp', dialect)
  const actual = resolved?.tag ?? '!!str'
  if (tag === '' || tag === actual) return resolved?.scalar ?? string
  if (tag === '!!float' && resolved?.scalar.kind === 'int') {
    return { kind: 'float', value: Number(resolved.scalar.value) }
  }
  throw valueError(`a value does not fit its tag ${tag}`, `cannot decode ${actual} \`${text}\` as a ${tag}`)
}

/**
 * What a scalar node stands for, as go-yaml v3 decodes it into `any`.
 *
 * @throws CoreError YAML_SYNTAX if the value does not fit its tag.
 */
export function decodeScalar(node: YamlNode): YamlScalar {
  const tag = shortTag(node.tag)
  const untagged = tag === '' || tag === '!'
  if (tag === '!!str' || (untagged && node.style !== undefined)) return { kind: 'string', value: node.value }
  if (tag === '!!binary') return { kind: 'bytes', value: decodeBinary(node.value) }
  return resolveScalar(tag, node.value)
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** Decodes base64 as Go does: padding is wanted, line breaks are skipped. */
export function decodeBinary(text: string): Uint8Array {
  const digits = text.replace(/[\r\n]/g, '')
  if (digits.length % 4 !== 0 || !BASE64.test(digits)) {
    throw valueError('a !!binary value is no base64', '!!binary value contains invalid base64 data')
  }
  const binary = atob(digits)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
