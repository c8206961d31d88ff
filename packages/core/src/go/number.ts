import { CoreError } from '../error.ts'
import { quote } from './quote.ts'

/** Why Go's strconv refused a text: not of the syntax, too large, or asked for a base or size that does not exist. */
export type NumberErrorReason = 'syntax' | 'range' | 'base' | 'size'

/**
 * The error of every parser here (code `INVALID_NUMBER`; `upstream` is the text of Go's `*strconv.NumError`).
 *
 * `value` is what Go returns beside the error: the nearest value that fits after a range error (±Infinity for a float),
 * else zero. It is not enumerable.
 */
export class NumberError<Value = unknown> extends CoreError {
  readonly reason: NumberErrorReason
  declare readonly value: Value

  constructor(failure: NumberFailure<Value>) {
    const { name, text, reason, value, detail } = failure
    super('INVALID_NUMBER', MESSAGES[reason], { upstream: `strconv.${name}: parsing ${quote(text)}: ${detail}` })
    this.reason = reason
    Object.defineProperty(this, 'value', { value, enumerable: false })
  }
}

interface NumberFailure<Value> {
  readonly name: string
  readonly text: string
  readonly reason: NumberErrorReason
  readonly detail: string
  readonly value: Value
}

const MESSAGES: Readonly<Record<NumberErrorReason, string>> = {
  syntax: 'the text is no number or boolean of the kind asked for',
  range: 'the number is too large for its type',
  base: 'the number base is not between 2 and 36',
  size: 'the number size is not between 0 and 64 bits',
}

const SYNTAX = 'invalid syntax'
const RANGE = 'value out of range'
const MAX_UINT64 = 0xffffffffffffffffn

/**
 * Parses an unsigned integer as Go's `strconv.ParseUint`.
 *
 * @param base 2 to 36, or 0: by the prefix (`0b`, `0o`, `0`, `0x`), with underscores between digits
 * @param size bits of the type that it must fit, 0 to 64; 0 means 64
 * @throws NumberError `INVALID_NUMBER`
 */
export function parseUint64(text: string, base: number = 10, size: number = 64): bigint {
  return unsigned({ name: 'ParseUint', whole: text, base, size }, text)
}

/**
 * Parses an integer as Go's `strconv.ParseInt`; parameters as for {@link parseUint64}, and a sign may come first.
 *
 * @throws NumberError `INVALID_NUMBER`
 */
export function parseInt64(text: string, base: number = 10, size: number = 64): bigint {
  return signed({ name: 'ParseInt', whole: text, base, size })
}

/**
 * Parses a decimal integer as Go's `strconv.Atoi`.
 *
 * @throws NumberError `INVALID_NUMBER`
 */
export function atoi(text: string): bigint {
  return signed({ name: 'Atoi', whole: text, base: 10, size: 64 })
}

/**
 * Parses a boolean as Go's `strconv.ParseBool`: `1 t T true TRUE True`, `0 f F false FALSE False`.
 *
 * @throws NumberError `INVALID_NUMBER`
 */
export function parseBool(text: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false
  throw new NumberError({ name: 'ParseBool', text, reason: 'syntax', detail: SYNTAX, value: false })
}

interface IntegerCall {
  readonly name: string
  readonly whole: string
  readonly base: number
  readonly size: number
}

function signed(call: IntegerCall): bigint {
  const negative = call.whole.startsWith('-')
  const digits = negative || call.whole.startsWith('+') ? call.whole.slice(1) : call.whole
  const cutoff = 1n << BigInt(Math.max(call.size === 0 ? 63 : call.size - 1, 0))
  const limit = negative ? -cutoff : cutoff - 1n
  const magnitude = clamped(call, digits)
  const value = negative ? -magnitude : magnitude
  if (negative ? value < limit : value > limit) throw outOfRange(call, limit)
  return value
}

/** An unsigned integer, or the largest there is: whether it fits the signed type is seen after that. */
function clamped(call: IntegerCall, digits: string): bigint {
  try {
    return unsigned(call, digits)
  } catch (error) {
    if (error instanceof NumberError && error.reason === 'range') return BigInt(error.value as bigint)
    throw error
  }
}

function unsigned(call: IntegerCall, text: string): bigint {
  const syntax = (): NumberError<bigint> =>
    new NumberError({ name: call.name, text: call.whole, reason: 'syntax', detail: SYNTAX, value: 0n })
  if (text === '') throw syntax()
  const { base, digits } = prefixed(call, text)
  const size = call.size === 0 ? 64 : call.size
  if (size < 0 || size > 64) {
    const detail = `invalid bit size ${size}`
    throw new NumberError({ name: call.name, text: call.whole, reason: 'size', detail, value: 0n })
  }
  const limit = size === 64 ? MAX_UINT64 : (1n << BigInt(size)) - 1n
  let value = 0n
  for (let at = 0; at < digits.length; at++) {
    if (call.base === 0 && digits[at] === '_') continue
    const digit = digitOf(digits.charCodeAt(at))
    if (digit >= base) throw syntax()
    value = value * BigInt(base) + BigInt(digit)
    // Go stops at the first digit that overflows, whatever follows it.
    if (value > limit) throw outOfRange(call, limit)
  }
  if (call.base === 0 && digits.includes('_') && !underscoresFit(text)) throw syntax()
  return value
}

function prefixed(call: IntegerCall, text: string): { base: number; digits: string } {
  if (call.base >= 2 && call.base <= 36) return { base: call.base, digits: text }
  if (call.base !== 0) {
    const detail = `invalid base ${call.base}`
    throw new NumberError({ name: call.name, text: call.whole, reason: 'base', detail, value: 0n })
  }
  if (!text.startsWith('0')) return { base: 10, digits: text }
  const base = text.length >= 3 ? { b: 2, o: 8, x: 16 }[(text[1] ?? '').toLowerCase()] : undefined
  return base === undefined ? { base: 8, digits: text.slice(1) } : { base, digits: text.slice(2) }
}

function outOfRange(call: IntegerCall, value: bigint): NumberError<bigint> {
  return new NumberError({ name: call.name, text: call.whole, reason: 'range', detail: RANGE, value })
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a && code < 0x80 ? lower - 0x57 : 99
}

/** Whether each underscore stands between two digits, a base prefix counting as a digit (Go's number literals). */
function underscoresFit(text: string): boolean {
  const body = text.replace(/^[-+]/, '').replace(/^0([bo])/i, '0')
  if (/^0x/i.test(body)) return !/_(?![0-9a-f])|(?<![0-9a-f])_/i.test(body.replace(/^0x/i, '0'))
  return !/_(?![0-9])|(?<![0-9])_/.test(body)
}

const DECIMAL = /^([-+]?)([0-9_]*)(?:\.([0-9_]*))?(?:[eE]([-+]?)([0-9][0-9_]*))?$/
const HEXADECIMAL = /^([-+]?)0[xX]([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([-+]?)([0-9][0-9_]*)$/
const SPECIAL = /^(?:([-+]?)(?:inf|infinity)|nan)$/i

/**
 * Parses a double as Go's `strconv.ParseFloat(text, 64)`: decimal or hexadecimal, underscores between digits, any case
 * of `inf`, `infinity` and `nan`.
 *
 * @throws NumberError `INVALID_NUMBER`; after a range error its `value` is ±Infinity
 */
export function parseFloat64(text: string): number {
  const value = decimal(text) ?? hexadecimal(text) ?? special(text)
  if (value === undefined) {
    throw new NumberError({ name: 'ParseFloat', text, reason: 'syntax', detail: SYNTAX, value: 0 })
  }
  if (Number.isFinite(value) || SPECIAL.test(text)) return value
  throw new NumberError({ name: 'ParseFloat', text, reason: 'range', detail: RANGE, value })
}

function decimal(text: string): number | undefined {
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponentSign = '', exponent = '0'] = match
  if (!/[0-9]/.test(whole + fraction)) return undefined
  if (text.includes('_') && !underscoresFit(text)) return undefined
  const digits = `${whole}.${fraction}`.replaceAll('_', '')
  return Number(`${sign}0${digits}e${exponentSign}${cappedExponent(exponent)}`)
}

/** Go reads no more digits of an exponent once it has passed 10000. */
function cappedExponent(digits: string): number {
  let exponent = 0
  for (const digit of digits) {
    if (digit !== '_' && exponent < 10000) exponent = exponent * 10 + Number(digit)
  }
  return exponent
}

function hexadecimal(text: string): number | undefined {
  const match = HEXADECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponentSign = '', exponent = '0'] = match
  const digits = (whole + fraction).replaceAll('_', '')
  if (digits === '' || (text.includes('_') && !underscoresFit(text))) return undefined
  const power = cappedExponent(exponent) * (exponentSign === '-' ? -1 : 1)
  const magnitude = scale(BigInt(`0x${digits}`), power - 4 * fraction.replaceAll('_', '').length)
  return sign === '-' ? -magnitude : magnitude
}

/** `mantissa` times two to the power of `exponent`, rounded half to even to a double. */
function scale(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0
  const length = mantissa.toString(2).length
  // The lowest bit that the double can keep: 53 bits below the top one, or the smallest subnormal.
  const lowest = Math.max(length + exponent - 53, -1074)
  const dropped = lowest - exponent
  if (dropped <= 0) return Number(mantissa) * 2 ** exponent
  if (length < dropped) return 0
  const shift = BigInt(dropped)
  const half = 1n << (shift - 1n)
  const rest = mantissa & ((1n << shift) - 1n)
  let kept = mantissa >> shift
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n
  if (lowest > 971) return Number.POSITIVE_INFINITY
  return Number(kept) * 2 ** lowest
}

function special(text: string): number | undefined {
  const match = SPECIAL.exec(text)
  if (match === null) return undefined
  if (/nan/i.test(text)) return Number.NaN
  return match[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}
