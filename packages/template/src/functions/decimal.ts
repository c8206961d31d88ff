import { failure } from '../error.ts'

/** An exact decimal: `value` times ten to the power of `-scale`. */
export interface Decimal {
  readonly value: bigint
  readonly scale: number
}

const DIVISION_DIGITS = 16

/** The shortest decimal that reads back as the float (shopspring's NewFromFloat). */
export function fromFloat(number: number): Decimal {
  if (!Number.isFinite(number)) {
    const name = Number.isNaN(number) ? 'NaN' : number > 0 ? '+Inf' : '-Inf'
    failure(`Cannot create a Decimal from ${name}`, true)
  }
  const [mantissa = '0', exponent = '0'] = number.toExponential().split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { value: BigInt(whole + fraction) * (whole === '-0' ? -1n : 1n), scale: fraction.length - Number(exponent) }
}

/** The nearest float. */
export function toFloat({ value, scale }: Decimal): number {
  return Number(`${value}e${-scale}`)
}

function align(a: Decimal, b: Decimal): [a: bigint, b: bigint, scale: number] {
  const scale = Math.max(a.scale, b.scale)
  return [a.value * 10n ** BigInt(scale - a.scale), b.value * 10n ** BigInt(scale - b.scale), scale]
}

/** a + b. */
export function add(a: Decimal, b: Decimal): Decimal {
  const [left, right, scale] = align(a, b)
  return { value: left + right, scale }
}

/** a - b. */
export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { value: -b.value, scale: b.scale })
}

/** a times b. */
export function multiply(a: Decimal, b: Decimal): Decimal {
  return { value: a.value * b.value, scale: a.scale + b.scale }
}

/** a / b to 16 decimal places, halves away from zero. */
export function divide(a: Decimal, b: Decimal): Decimal {
  if (b.value === 0n) failure('decimal division by 0', true)
  const [left, right] = align(a, b)
  const scaled = left * 10n ** BigInt(DIVISION_DIGITS)
  const quotient = scaled / right
  const rest = scaled % right
  const up = 2n * magnitude(rest) >= magnitude(right)
  const sign = left < 0n === right < 0n ? 1n : -1n
  return { value: up ? quotient + sign : quotient, scale: DIVISION_DIGITS }
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
