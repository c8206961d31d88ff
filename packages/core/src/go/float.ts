/** The formats of Go's `strconv.FormatFloat`. */
export type FloatFormat = 'b' | 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X'

/** A decimal: 0.DIGITS times ten to the power of `point`, no trailing zeros; zero has no digits. */
interface Decimal {
  readonly digits: string
  readonly point: number
}

/** The parts of a finite double: its absolute value is `mantissa` times two to the power of `exponent`. */
interface Binary {
  readonly mantissa: bigint
  readonly exponent: number
}

/**
 * Formats a double as Go's `strconv.FormatFloat(x, format, precision, 64)`.
 *
 * `f` never has an exponent; `g` has one below 1e-04 and from ten to the power of the precision on (of six without a
 * precision: 1e+06, but 123456). `%v` of a float prints `formatFloat(x, 'g')`.
 *
 * @param precision digits after the point (`e`, `f`, `x`) or significant digits (`g`); -1 = the fewest that read back
 *   as the same double
 */
export function formatFloat(x: number, format: FloatFormat, precision: number = -1): string {
  if (Number.isNaN(x)) return 'NaN'
  if (!Number.isFinite(x)) return x > 0 ? '+Inf' : '-Inf'
  const sign = x < 0 || Object.is(x, -0) ? '-' : ''
  const magnitude = Math.abs(x)
  if (format === 'b') return sign + formatBinary(magnitude)
  if (format === 'x' || format === 'X') return sign + formatHex(magnitude, format, precision)
  if (precision < 0) return sign + layOut(shortest(magnitude), format, undefined)
  const digits = format === 'g' || format === 'G' ? Math.max(precision, 1) : precision
  return sign + layOut(rounded(magnitude, format, digits), format, digits)
}

function layOut(decimal: Decimal, format: FloatFormat, precision: number | undefined): string {
  const count = decimal.digits.length
  if (format === 'e' || format === 'E') return scientific(decimal, precision ?? Math.max(count - 1, 0), format)
  if (format === 'f') return plain(decimal, precision ?? Math.max(count - decimal.point, 0))
  let limit = precision ?? 6
  if (precision !== undefined && limit > count && count >= decimal.point) limit = count
  const exponent = decimal.point - 1
  if (exponent < -4 || exponent >= limit) {
    return scientific(decimal, Math.min(precision ?? count, count) - 1, format === 'G' ? 'E' : 'e')
  }
  const significant = precision === undefined || precision > decimal.point ? count : precision
  return plain(decimal, Math.max(significant - decimal.point, 0))
}

function scientific({ digits, point }: Decimal, precision: number, letter: string): string {
  const head = digits[0] ?? '0'
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : ''
  const exponent = digits === '' ? 0 : point - 1
  return `${head}${fraction}${letter}${exponent < 0 ? '-' : '+'}${twoDigits(exponent)}`
}

function plain({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  if (precision <= 0) return whole
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`
}

function twoDigits(exponent: number): string {
  return String(Math.abs(exponent)).padStart(2, '0')
}

function shortest(magnitude: number): Decimal {
  if (magnitude === 0) return { digits: '', point: 0 }
  const [mantissa = '', exponent = '0'] = magnitude.toExponential().split('e')
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 }
}

/** The exact decimal value rounded half to even, as Go does (`toFixed` rounds halves up). */
function rounded(magnitude: number, format: FloatFormat, precision: number): Decimal {
  const exact = exactDecimal(magnitude)
  if (format === 'f') return roundDecimal(exact, exact.point + precision)
  return roundDecimal(exact, format === 'g' || format === 'G' ? precision : precision + 1)
}

function exactDecimal(magnitude: number): Decimal {
  if (magnitude === 0) return { digits: '', point: 0 }
  const { mantissa, exponent } = decompose(magnitude)
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)
  const text = scaled.toString()
  return { digits: trimZeros(text), point: text.length - (exponent >= 0 ? 0 : -exponent) }
}

function roundDecimal(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal
  if (count < 0 || count >= digits.length) return decimal
  const kept = digits.slice(0, count)
  const next = digits.charCodeAt(count) - 0x30
  const half = next === 5 && digits.length === count + 1
  const up = half ? count > 0 && (kept.charCodeAt(count - 1) - 0x30) % 2 === 1 : next >= 5
  if (!up) return kept === '' ? { digits: '', point: 0 } : { digits: trimZeros(kept), point }
  const last = kept.search(/[0-8]9*$/)
  if (last < 0) return { digits: '1', point: point + 1 }
  return { digits: kept.slice(0, last) + String(Number(kept[last]) + 1), point }
}

function trimZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end -= 1
  return digits.slice(0, end)
}

function decompose(magnitude: number): Binary {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, magnitude)
  const bits = view.getBigUint64(0)
  const biased = Number(bits >> 52n)
  const fraction = bits & 0xfffffffffffffn
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 }
}

function formatBinary(magnitude: number): string {
  const { mantissa, exponent } = decompose(magnitude)
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`
}

function formatHex(magnitude: number, format: 'x' | 'X', precision: number): string {
  let { mantissa, exponent } = decompose(magnitude)
  exponent = mantissa === 0n ? 0 : exponent + 52
  // The leading one goes to bit 60, so that the fraction is fifteen whole hexadecimal digits.
  mantissa <<= 8n
  while (mantissa !== 0n && mantissa < 1n << 60n) {
    mantissa <<= 1n
    exponent -= 1
  }
  if (precision >= 0 && precision < 15) {
    const dropped = BigInt(60 - precision * 4)
    const rest = mantissa & ((1n << dropped) - 1n)
    const half = 1n << (dropped - 1n)
    mantissa >>= dropped
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n
    mantissa <<= dropped
    if (mantissa >= 1n << 61n) {
      mantissa >>= 1n
      exponent += 1
    }
  }
  const digits = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, '0')
  const fraction = precision < 0 ? trimZeros(digits) : digits.slice(0, precision).padEnd(precision, '0')
  const text = `0x${mantissa >> 60n}${fraction === '' ? '' : `.${fraction}`}p`
  const power = `${exponent < 0 ? '-' : '+'}${twoDigits(exponent)}`
  return (format === 'X' ? text.toUpperCase() : text) + power
}
