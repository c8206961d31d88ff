import { CoreError } from '../error.ts'
import { encodeUtf8 } from './utf8.ts'

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  // The micro sign U+00B5 and the Greek letter U+03BC.
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const TERM = /^([0-9]*)(?:\.([0-9]*))?([^.0-9]*)/

/** 2^63, the magnitude of the smallest int64. */
const LIMIT = 1n << 63n

/**
 * Parses a duration as Go's `time.ParseDuration`: `1h30m`, `-1.5h`, `300ms`, `.5s`, `0`.
 *
 * @returns nanoseconds, within an int64
 * @throws CoreError `INVALID_TIME`; `upstream` is Go's text
 */
export function parseDuration(text: string): bigint {
  const negative = text.startsWith('-')
  let rest = negative || text.startsWith('+') ? text.slice(1) : text
  if (rest === '0') return 0n
  if (rest === '') throw durationError(text, 'invalid duration')
  let total = 0n
  while (rest !== '') {
    const [whole = '', integer = '', fraction = '', unit = ''] = TERM.exec(rest) ?? []
    if (whole === '' || !/[0-9.]/.test(rest[0] ?? '')) throw durationError(text, 'invalid duration')
    total += term(text, { integer, fraction, unit })
    if (total > LIMIT) throw durationError(text, 'invalid duration')
    rest = rest.slice(whole.length)
  }
  if (negative) return -total
  if (total === LIMIT) throw durationError(text, 'invalid duration')
  return total
}

/** One number with its unit, as it stands in a duration. */
interface Term {
  readonly integer: string
  readonly fraction: string
  readonly unit: string
}

function term(text: string, { integer, fraction, unit }: Term): bigint {
  if (integer === '' && fraction === '') throw durationError(text, 'invalid duration')
  const count = BigInt(integer === '' ? 0 : integer)
  if (count > LIMIT) throw durationError(text, 'invalid duration')
  if (unit === '') throw durationError(text, 'missing unit in duration')
  const size = UNITS[unit]
  if (size === undefined) throw durationError(text, `unknown unit ${quoteTime(unit)} in duration`)
  if (count > LIMIT / size) throw durationError(text, 'invalid duration')
  const value = count * size + fractionOf(fraction, size)
  if (value > LIMIT) throw durationError(text, 'invalid duration')
  return value
}

/** Go multiplies the fraction in floating point and stops reading its digits where an int64 is full. */
function fractionOf(digits: string, size: bigint): bigint {
  let value = 0n
  let scale = 1
  for (const digit of digits) {
    if (value > (LIMIT - 1n) / 10n) break
    const next = value * 10n + BigInt(digit)
    if (next > LIMIT) break
    value = next
    scale *= 10
  }
  return value === 0n ? 0n : BigInt(Math.trunc(Number(value) * (Number(size) / scale)))
}

/** Prints nanoseconds as Go's `Duration.String`: `1h30m0s`, `1.5ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (magnitude < 1_000n) return `${sign}${magnitude}ns`
  if (magnitude < 1_000_000n) return `${sign}${decimal(magnitude, 3)}µs`
  if (magnitude < 1_000_000_000n) return `${sign}${decimal(magnitude, 6)}ms`
  const minute = UNITS['m'] ?? 1n
  const minutes = magnitude / minute
  const seconds = `${decimal(magnitude % minute, 9)}s`
  if (minutes === 0n) return sign + seconds
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** `value` with the point moved left, without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  return digits.slice(0, -places) + (fraction === '' ? '' : `.${fraction}`)
}

/** The quoting of Go's package `time`: control characters and everything outside ASCII as `\xNN` bytes. */
export function quoteTime(text: string): string {
  let out = ''
  for (const character of text) {
    if (character === '"' || character === '\\') out += `\\${character}`
    else if (character >= ' ' && character < '\u0080') out += character
    else for (const byte of encodeUtf8(character)) out += `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return `"${out}"`
}

function durationError(text: string, problem: string): CoreError {
  return new CoreError('INVALID_TIME', 'the text is no duration', {
    hint: 'write a duration as Go does, for example 1h30m or 45s',
    upstream: `time: ${problem} ${quoteTime(text)}`,
  })
}
