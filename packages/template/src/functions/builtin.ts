import { failure } from '../error.ts'
import { sprint, sprintf, sprintln } from '../fmt/printf.ts'
import {
  Complex,
  Dict,
  integerOf,
  isOpaque,
  isTrue,
  kindOf,
  List,
  Sized,
  typeOf,
  type Value,
  zeroOf,
} from '../value.ts'
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts'
import { type FunctionRow, rows } from './row.ts'

/** The functions that text/template itself brings. */
export function builtinFunctions(): FunctionRow[] {
  return rows("Go's own", [
    [
      'and(reflect.Value, ...reflect.Value) reflect.Value',
      unreachable,
      'The first empty argument, or the last one.',
      'and .a .b',
    ],
    [
      'or(reflect.Value, ...reflect.Value) reflect.Value',
      unreachable,
      'The first non-empty argument, or the last one.',
      'or .a "default"',
    ],
    ['not(reflect.Value) bool', ([value]) => !isTrue(value), 'Whether the argument is empty.', 'not .a'],
    [
      'call(reflect.Value, ...reflect.Value) reflect.Value',
      call,
      'Calls a function value; no value here is one, so it always fails.',
      'call .f 1',
    ],
    [
      'index(reflect.Value, ...reflect.Value) reflect.Value',
      index,
      'The element of a list or map, or the byte of a string, at the indexes.',
      'index . "my-key"',
    ],
    ['slice(reflect.Value, ...reflect.Value) reflect.Value', slice, 'A part of a string or list.', 'slice .token 0 8'],
    ['len(reflect.Value) int', length, 'The length in elements, or in bytes of a string.', 'len .password'],
    [
      'print(...any) string',
      (args) => sprint(args),
      'The arguments as text, with spaces between those that are no strings.',
      'print .user "@" .host',
    ],
    [
      'printf(string, ...any) string',
      ([format, ...values], { charge }) => sprintf(format as string, values, { charge }),
      "The arguments in Go's format.",
      'printf "%s:%s" .user .password',
    ],
    [
      'println(...any) string',
      (args) => sprintln(args),
      'The arguments as text, with spaces between and a newline after.',
      'println .a .b',
    ],
    [
      'html(...any) string',
      (args) => escapeHtml(joined(args)),
      'The text with HTML special characters escaped.',
      'html .text',
    ],
    ['js(...any) string', (args) => escapeJs(joined(args)), 'The text escaped for a JavaScript string.', 'js .text'],
    [
      'urlquery(...any) string',
      (args) => escapeQuery(joined(args)),
      'The text escaped for a URL query.',
      'urlquery .password',
    ],
    [
      'eq(reflect.Value, ...reflect.Value) bool',
      ([first, ...rest]) => equalsAny(first, rest),
      'Whether the first argument equals any of the others.',
      'eq .env "prod" "stage"',
    ],
    [
      'ne(reflect.Value, reflect.Value) bool',
      ([a, b]) => !equalsAny(a, [b]),
      'Whether the arguments differ.',
      'ne .env "prod"',
    ],
    [
      'lt(reflect.Value, reflect.Value) bool',
      ([a, b]) => less(a, b),
      'Whether the first is less than the second.',
      'lt 1 2',
    ],
    [
      'le(reflect.Value, reflect.Value) bool',
      ([a, b]) => less(a, b) || equalsAny(a, [b]),
      'Whether the first is at most the second.',
      'le 1 2',
    ],
    [
      'gt(reflect.Value, reflect.Value) bool',
      ([a, b]) => !(less(a, b) || equalsAny(a, [b])),
      'Whether the first is greater than the second.',
      'gt 2 1',
    ],
    [
      'ge(reflect.Value, reflect.Value) bool',
      ([a, b]) => !less(a, b),
      'Whether the first is at least the second.',
      'ge 2 1',
    ],
  ])
}

function unreachable(): never {
  throw new Error('the compiler evaluates this function itself')
}

function joined(args: readonly Value[]): string {
  const [only] = args
  return args.length === 1 && typeof only === 'string' ? only : sprint(args.map((value) => value ?? '<no value>'))
}

function call([name, fn]: readonly Value[]): never {
  return fn == null ? failure('call of nil', true) : failure(`non-function ${name as string} of type ${typeOf(fn)}`)
}

/** An index as a number below or equal to `limit`. */
function position(value: Value, limit: number): number {
  if (value == null) failure('cannot index slice/array with nil', true)
  const at = integerOf(value)
  if (at === null) return failure(`cannot index slice/array with type ${typeOf(value)}`, true)
  if (at < 0n || at > BigInt(limit)) failure(`index out of range: ${BigInt.asIntN(64, at)}`, true)
  return Number(at)
}

function index([item, ...indexes]: readonly Value[]): Value {
  if (item == null) failure('index of untyped nil', true)
  let value: Value = item
  for (const at of indexes) value = element(value, at)
  return value
}

function element(item: Value, at: Value): Value {
  if (item == null) return failure('index of nil pointer', true)
  if (typeof item === 'string') {
    const i = position(at, item.length)
    if (i === item.length) failure('reflect: string index out of range', true)
    return new Sized('uint8', BigInt(item.charCodeAt(i)))
  }
  if (item instanceof List) {
    const i = position(at, item.items.length)
    if (i === item.items.length) failure('reflect: slice index out of range', true)
    return item.items[i]
  }
  if (!(item instanceof Dict)) return failure(`can't index item of type ${pointedType(item)}`, true)
  if (at == null) return failure('value is nil; should be of type string', true)
  if (typeof at !== 'string') return failure(`value has type ${typeOf(at)}; should be string`, true)
  return item.entries.has(at) ? item.entries.get(at) : zeroOf(item.element)
}

function slice([item, ...indexes]: readonly Value[]): Value {
  if (item == null) failure('slice of untyped nil', true)
  if (indexes.length > 3) failure(`too many slice indexes: ${indexes.length}`, true)
  if (typeof item !== 'string' && !(item instanceof List))
    return failure(`can't slice item of type ${typeOf(item)}`, true)
  if (typeof item === 'string' && indexes.length === 3) failure('cannot 3-index slice a string', true)
  const total = typeof item === 'string' ? item.length : item.items.length
  const limit = typeof item === 'string' ? item.length : item.capacity
  const at = indexes.map((value) => position(value, limit))
  const [from = 0, to = total, most = limit] = at
  if (from > to) failure(`invalid slice index: ${from} > ${to}`, true)
  if (to > most) failure(`invalid slice index: ${to} > ${most}`, true)
  if (typeof item === 'string') return item.slice(from, to)
  return new List(item.element, grown(item, to).slice(from, to), false, most - from)
}

function grown(item: List, to: number): readonly Value[] {
  if (to <= item.items.length) return item.items
  return [...item.items, ...new Array<Value>(to - item.items.length).fill(zeroOf(item.element))]
}

function length([item]: readonly Value[]): bigint {
  if (typeof item === 'string') return BigInt(item.length)
  if (item instanceof List) return BigInt(item.items.length)
  if (item instanceof Dict) return BigInt(item.entries.size)
  if (item === null) return failure('len of nil pointer', true)
  if (item === undefined) return failure('reflect: call of reflect.Value.Type on zero Value', true)
  return failure(`len of type ${pointedType(item)}`, true)
}

/** The type of a value, or of what it points to. */
function pointedType(value: Value): string {
  return typeOf(value).replace(/^\*/, '')
}

type Basic = 'bool' | 'int' | 'uint' | 'float' | 'complex' | 'string' | null

function basicKind(value: Value): Basic {
  if (value instanceof Sized) return value.kind.startsWith('uint') ? 'uint' : 'int'
  switch (kindOf(value)) {
    case 'bool':
      return 'bool'
    case 'int':
      return 'int'
    case 'float64':
      return 'float'
    case 'complex128':
      return 'complex'
    case 'string':
      return 'string'
  }
  return null
}

function equalsAny(first: Value, rest: readonly Value[]): boolean {
  if (rest.length === 0) failure('missing argument for comparison', true)
  return rest.some((other) => equals(first, other))
}

function equals(a: Value, b: Value): boolean {
  const kind = basicKind(a)
  const other = basicKind(b)
  if (kind !== other) {
    if (integerOf(a) !== null && integerOf(b) !== null) return integerOf(a) === integerOf(b)
    if (a != null && b != null) failure(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`, true)
    return false
  }
  if (kind === 'int' || kind === 'uint') return integerOf(a) === integerOf(b)
  if (kind !== null && kind !== 'complex') return a === b
  if (a instanceof Complex && b instanceof Complex) return a.real === b.real && a.imaginary === b.imaginary
  return equalsObjects(a, b)
}

function equalsObjects(a: Value, b: Value): boolean {
  const kindA = kindOf(a)
  const kindB = kindOf(b)
  if (kindA !== kindB && a != null && b != null) {
    failure(`non-comparable types ${reflectText(a)}: ${typeOf(a)}, ${typeOf(b)}: ${sprint([b])}`)
  }
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b)
  if (!isOpaque(b)) failure(`non-comparable type ${reflectText(b)}: ${typeOf(b)}`)
  // Pointers are equal when they point to the same thing.
  return isOpaque(a) && a.type === b.type && (b.kind === 'ptr' ? a === b : a.equals(b))
}

/** What `%s` of a reflect.Value prints: the value under `%s`. */
function reflectText(value: Value): string {
  return sprintf('%s', [value])
}

function isNil(value: Value): boolean {
  return value == null || ((value instanceof List || value instanceof Dict) && value.isNil)
}

function less(a: Value, b: Value): boolean {
  const kind = basicKind(a)
  const other = basicKind(b)
  if (kind === null || other === null) failure('invalid type for comparison', true)
  const left = integerOf(a)
  const right = integerOf(b)
  if (left !== null && right !== null) return left < right
  if (kind !== other) failure(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`, true)
  if (kind === 'bool' || kind === 'complex') failure('invalid type for comparison', true)
  return (a as string) < (b as string)
}
