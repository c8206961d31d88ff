import { NumberError, parseFloat64, parseInt64 } from '@sealkit/core/go'
import { integerOf, Sized, type Value } from '../value.ts'

/** How any value becomes a number; zero for what is none. */
export interface Cast {
  readonly toInt: (value: Value) => bigint
  readonly toFloat: (value: Value) => number
}

/** spf13/cast 1.7, which Sealed Secrets has: `"3.7"` is no integer, a trailing `.0` is dropped. */
export const CAST_1_7: Cast = {
  toInt: (value) => (isDuration(value) ? 0n : toInt(value, (text) => parse(text.replace(/\.0+$/, '')))),
  toFloat: (value) => (isDuration(value) ? 0 : toFloat(value)),
}

/** spf13/cast 1.10, which External Secrets has: `"3.7"` is 3. */
export const CAST_1_10: Cast = {
  toInt: (value) => toInt(value, (text) => parse(withoutFraction(text))),
  toFloat,
}

function withoutFraction(text: string): string {
  const match = /^([-+]?[0-9]*)(?:\.[0-9]*)?$/.exec(text)
  if (!text.includes('.') || match === null) return text
  const whole = match[1] ?? ''
  return whole === '' ? '0' : whole === '-' || whole === '+' ? `${whole}0` : whole
}

/** cast 1.7 does not know durations. */
function isDuration(value: Value): boolean {
  return value instanceof Sized && value.type === 'time.Duration'
}

function parse(text: string): bigint {
  return attempt(() => parseInt64(text, 0), 0n)
}

function toInt(value: Value, parseText: (text: string) => bigint): bigint {
  if (typeof value === 'string') return parseText(value)
  if (typeof value === 'number') return truncate(value)
  if (typeof value === 'boolean') return value ? 1n : 0n
  return BigInt.asIntN(64, integerOf(value) ?? 0n)
}

function toFloat(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return attempt(() => parseFloat64(value), 0)
  if (typeof value === 'boolean') return value ? 1 : 0
  return Number(integerOf(value) ?? 0n)
}

/** Go's conversion of a float64 to int64 on amd64: what does not fit is the least int64. */
function truncate(value: number): bigint {
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) return -(2n ** 63n)
  return BigInt(Math.trunc(value))
}

/** The result of a parser, or a fallback for its error. */
export function attempt<T>(parse: () => T, otherwise: T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof NumberError) return otherwise
    throw error
  }
}
