import { atoi, NumberError, parseInt64 } from '@sealkit/core/go'
import { failure } from '../error.ts'
import { sprint } from '../fmt/printf.ts'
import { int64, List, type Value } from '../value.ts'
import { attempt, type Cast } from './cast.ts'
import { add, type Decimal, divide, fromFloat, multiply, subtract, toFloat } from './decimal.ts'
import { randomBelow } from './random.ts'
import { type Context, type FunctionRow, rows } from './row.ts'
import { appendedCapacity } from './slicing.ts'

/** sprig's arithmetic: int64 that wraps around, floats through exact decimals. */
export function mathFunctions(cast: Cast): FunctionRow[] {
  const int = (value: Value): bigint => cast.toInt(value)
  const decimals = (operation: (a: Decimal, b: Decimal) => Decimal) => (args: readonly Value[]) =>
    fold(args, cast, operation)
  return rows('Numbers', [
    ['atoi(string) int', ([text]) => parseAtoi(text as string), 'The integer that a text holds, or 0.', 'atoi "42"'],
    ['int(any) int', ([value]) => int(value), 'The value as int.', 'int "42"'],
    ['int64(any) int64', ([value]) => int64(int(value)), 'The value as int64.', 'int64 "42"'],
    ['float64(any) float64', ([value]) => cast.toFloat(value), 'The value as float64.', 'float64 "1.5"'],
    [
      'toDecimal(any) int64',
      ([value]) => int64(attempt(() => parseInt64(sprint([value]), 8), 0n)),
      'The value of an octal text, as of a file mode.',
      'toDecimal "0777"',
    ],
    ['add1(any) int64', ([value]) => int64(int(value) + 1n), 'One more.', 'add1 1'],
    [
      'add(...any) int64',
      (args) => int64(args.reduce<bigint>((sum, value) => sum + int(value), 0n)),
      'The sum.',
      'add 1 2 3',
    ],
    ['sub(any, any) int64', ([a, b]) => int64(int(a) - int(b)), 'The difference.', 'sub 3 2'],
    [
      'mul(any, ...any) int64',
      (args) => int64(args.reduce<bigint>((product, value) => BigInt.asIntN(64, product * int(value)), 1n)),
      'The product.',
      'mul 2 3',
    ],
    [
      'div(any, any) int64',
      ([a, b]) => int64(int(a) / divisor(int(b))),
      'The quotient, without its fraction.',
      'div 7 2',
    ],
    ['mod(any, any) int64', ([a, b]) => int64(int(a) % divisor(int(b))), 'The remainder.', 'mod 7 2'],
    ['max(any, ...any) int64', (args) => int64(args.map(int).reduce(larger)), 'The largest.', 'max 1 3 2'],
    ['biggest(any, ...any) int64', (args) => int64(args.map(int).reduce(larger)), 'The largest.', 'biggest 1 3 2'],
    ['min(any, ...any) int64', (args) => int64(args.map(int).reduce(smaller)), 'The smallest.', 'min 1 3 2'],
    [
      'randInt(int, int) int',
      ([low, high], context) =>
        (low as bigint) + randomBelow(BigInt.asIntN(64, (high as bigint) - (low as bigint)), context),
      'A random integer from the first to below the second.',
      'randInt 12 30',
    ],
    ['add1f(any) float64', ([value]) => fold([value, 1n], cast, add), 'One more, as float.', 'add1f 1.5'],
    ['addf(...any) float64', (args) => fold([0, ...args], cast, add), 'The sum of floats.', 'addf 0.1 0.2'],
    ['subf(any, ...any) float64', decimals(subtract), 'The difference of floats.', 'subf 7.5 2 3'],
    ['mulf(any, ...any) float64', decimals(multiply), 'The product of floats.', 'mulf 1.5 2 2'],
    ['divf(any, ...any) float64', decimals(divide), 'The quotient of floats, to 16 places.', 'divf 10 2 4'],
    [
      'maxf(any, ...any) float64',
      (args) => args.map(cast.toFloat).reduce(maximum),
      'The largest float.',
      'maxf 1 2.5 3',
    ],
    [
      'minf(any, ...any) float64',
      (args) => args.map(cast.toFloat).reduce(minimum),
      'The smallest float.',
      'minf 1.5 2 3',
    ],
    [
      'floor(any) float64',
      ([value]) => Math.floor(cast.toFloat(value)),
      'The next lower whole number.',
      'floor 123.9999',
    ],
    ['ceil(any) float64', ([value]) => Math.ceil(cast.toFloat(value)), 'The next higher whole number.', 'ceil 123.001'],
    [
      'round(any, int, ...float64) float64',
      ([value, places, on]) => round(cast.toFloat(value), Number(places), (on as number | undefined) ?? 0.5),
      'The number rounded to so many places.',
      'round 123.555555 3',
    ],
    [
      'until(int) []int',
      ([count], context) =>
        untilStep({ start: 0n, stop: count as bigint, step: (count as bigint) < 0n ? -1n : 1n }, context),
      'The integers from 0 to below the argument.',
      'until 5',
    ],
    [
      'untilStep(int, int, int) []int',
      ([start, stop, step], context) =>
        untilStep({ start: start as bigint, stop: stop as bigint, step: step as bigint }, context),
      'The integers from a start to below a stop, by a step.',
      'untilStep 3 6 2',
    ],
    [
      'seq(...int) string',
      (args, context) => seq(args as bigint[], context),
      'Integers as text, as of the shell command seq.',
      'seq 1 2 10',
    ],
  ])
}

function larger(a: bigint, b: bigint): bigint {
  return b > a ? b : a
}

function smaller(a: bigint, b: bigint): bigint {
  return b < a ? b : a
}

function parseAtoi(text: string): bigint {
  try {
    return atoi(text)
  } catch (error) {
    if (error instanceof NumberError) return error.value as bigint
    throw error
  }
}

function divisor(value: bigint): bigint {
  return value === 0n ? failure('runtime error: integer divide by zero', true) : value
}

function fold(args: readonly Value[], cast: Cast, operation: (a: Decimal, b: Decimal) => Decimal): number {
  return toFloat(args.map((value) => fromFloat(cast.toFloat(value))).reduce(operation))
}

// Go's math.Max and math.Min look at infinities before NaN.
function maximum(a: number, b: number): number {
  return a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : Math.max(a, b)
}

function minimum(a: number, b: number): number {
  return a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY ? Number.NEGATIVE_INFINITY : Math.min(a, b)
}

function round(value: number, places: number, on: number): number {
  const power = powerOfTen(places)
  const digit = power * value
  const fraction = Number.isFinite(digit) ? digit - Math.trunc(digit) : Number.NaN
  return (fraction >= on ? Math.ceil(digit) : Math.floor(digit)) / power
}

/** Go's math.Pow(10, n), which squares its way up and so is not always the nearest float. */
function powerOfTen(exponent: number): number {
  if (Math.abs(exponent) > 400) return exponent > 0 ? Number.POSITIVE_INFINITY : 0
  let result = 1
  let resultExponent = 0
  let base = 0.625
  let baseExponent = 4
  for (let i = Math.abs(exponent); i !== 0; i >>= 1) {
    if (i & 1) {
      result *= base
      resultExponent += baseExponent
    }
    base *= base
    baseExponent *= 2
    if (base < 0.5) {
      base += base
      baseExponent--
    }
  }
  if (exponent < 0)
    return (1 / result) * 2 ** Math.max(-resultExponent, -1022) * 2 ** Math.min(-resultExponent + 1022, 0)
  return resultExponent > 1023 ? result * 2 ** 1023 * 2 ** (resultExponent - 1023) : result * 2 ** resultExponent
}

interface Steps {
  readonly start: bigint
  readonly stop: bigint
  readonly step: bigint
}

function untilStep(steps: Steps, context: Context): List {
  const items = stepped(steps, context)
  return new List('int', items, false, appendedCapacity(items.length, 8))
}

function stepped({ start, stop, step }: Steps, context: Context): bigint[] {
  const items: bigint[] = []
  const down = stop < start
  if (down ? step >= 0n : step <= 0n) return items
  for (let i = start; down ? i > stop : i < stop; i = BigInt.asIntN(64, i + step)) {
    context.charge(8)
    items.push(i)
  }
  return items
}

function seq(args: readonly bigint[], context: Context): string {
  const [a = 0n, b = 0n, c = 0n] = args
  const text = (steps: Steps): string => stepped({ ...steps, stop: BigInt.asIntN(64, steps.stop) }, context).join(' ')
  if (args.length === 1) {
    const step = a < 1n ? -1n : 1n
    return text({ start: 1n, stop: a + step, step })
  }
  if (args.length === 2) {
    const step = b < a ? -1n : 1n
    return text({ start: a, stop: b + step, step })
  }
  if (args.length !== 3 || (c < a && b > 0n)) return ''
  return text({ start: a, stop: c + (c < a ? -1n : 1n), step: b })
}
