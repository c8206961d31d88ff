import type { Scanner } from './scanner.ts'

/** Whether a member stays. */
export type Comparison = (member: unknown) => boolean

type Operand = (member: unknown) => unknown

type Compare = (a: unknown, b: unknown) => boolean

/** Orders two numbers or two texts; nothing else has an order. */
function ordered(holds: (order: number) => boolean): Compare {
  return (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return holds(a - b)
    if (typeof a === 'string' && typeof b === 'string') return holds(a < b ? -1 : a > b ? 1 : 0)
    return false
  }
}

const operators: readonly (readonly [token: string, compare: Compare])[] = [
  ['==', (a, b) => a === b],
  ['!=', (a, b) => a !== b],
  ['<=', ordered((order) => order <= 0)],
  ['>=', ordered((order) => order >= 0)],
  ['<', ordered((order) => order < 0)],
  ['>', ordered((order) => order > 0)],
]

/** Reads `(@.a == 'x' && @.b)`: paths below a member and literals, compared, and joined by `&&` and `||`. */
export function parseFilter(scanner: Scanner): Comparison {
  scanner.expect('(')
  const filter = either(scanner)
  scanner.expect(')')
  return filter
}

function either(scanner: Scanner): Comparison {
  const all = [both(scanner)]
  while (scanner.take('||')) all.push(both(scanner))
  return (member) => all.some((one) => one(member))
}

function both(scanner: Scanner): Comparison {
  const all = [comparison(scanner)]
  while (scanner.take('&&')) all.push(comparison(scanner))
  return (member) => all.every((one) => one(member))
}

function comparison(scanner: Scanner): Comparison {
  if (scanner.sees('(')) return parseFilter(scanner)
  const left = operand(scanner)
  const operator = operators.find(([token]) => scanner.take(token))
  if (operator === undefined) return (member) => left(member) !== undefined && left(member) !== false
  const right = operand(scanner)
  return (member) => operator[1](left(member), right(member))
}

const words: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

function operand(scanner: Scanner): Operand {
  if (scanner.take('@')) {
    const path = memberPath(scanner)
    return (member) => lookup(member, path)
  }
  const word = words.find(([token]) => scanner.take(token))
  const literal = word === undefined ? scanner.key() : word[1]
  return () => literal
}

function memberPath(scanner: Scanner): (string | number)[] {
  const path: (string | number)[] = []
  for (;;) {
    if (scanner.take('.')) path.push(scanner.name())
    else if (scanner.take('[')) {
      path.push(scanner.key())
      scanner.expect(']')
    } else return path
  }
}

/** The value at a path below one value; undefined when it is not there. */
function lookup(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((current, key) => {
    if (typeof key === 'number') return Array.isArray(current) ? current.at(key) : undefined
    return isObject(current) && Object.hasOwn(current, key) ? current[key] : undefined
  }, value)
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
