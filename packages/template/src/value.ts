/**
 * Go values. The four kinds that templates hold most are JavaScript primitives, one to a kind, so that no number is
 * ever taken for another; the rest are objects that know their Go type:
 *
 * | Go | here |
 * |---|---|
 * | string | `string`, one byte a character (see utf8.ts) |
 * | int | `bigint` |
 * | float64 | `number` |
 * | bool | `boolean` |
 * | no value (a missing key) | `undefined` |
 * | nil in an interface | `null` |
 * | int64, uint8, time.Month, ... | {@link Sized} |
 * | slices | {@link List} |
 * | map[string]T | {@link Dict} |
 * | structs and pointers with methods | {@link Opaque} |
 */
export type Value = string | bigint | number | boolean | undefined | null | Sized | Complex | List | Dict | Opaque

/** Go's kinds, as `reflect.Kind` spells them. */
export type Kind =
  | 'invalid'
  | 'bool'
  | 'int'
  | 'int64'
  | 'uint'
  | 'uint8'
  | 'uint32'
  | 'uint64'
  | 'float64'
  | 'complex128'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'ptr'

/** The type of an interface value, as Go spells it. */
export const ANY = 'interface {}'

/** An integer of another type than int; its value is always within the type's range. */
export class Sized {
  /** Go's type, `int64` or `time.Month`. */
  readonly type: string
  readonly value: bigint
  readonly kind: Kind
  /** What its String method gives, for types that have one. */
  readonly text: string | undefined

  constructor(type: string, value: bigint, named: { kind: Kind; text: string } | undefined = undefined) {
    this.type = type
    this.value = value
    this.kind = named?.kind ?? (type as Kind)
    this.text = named?.text
  }
}

/** An int64, wrapped around as Go's arithmetic does. */
export function int64(value: bigint): Sized {
  return new Sized('int64', BigInt.asIntN(64, value))
}

/** A complex128, which only constants make. */
export class Complex {
  readonly real: number
  readonly imaginary: number

  constructor(real: number, imaginary: number) {
    this.real = real
    this.imaginary = imaginary
  }
}

/** A slice. Nothing in a template changes one in place, so `slice` may share. */
export class List {
  /** The type of the elements, as Go spells it. */
  readonly element: string
  readonly items: readonly Value[]
  readonly isNil: boolean
  /** The capacity, up to which `slice` may reach. */
  readonly capacity: number

  constructor(element: string, items: readonly Value[], isNil = false, capacity: number = items.length) {
    this.element = element
    this.items = items
    this.isNil = isNil
    this.capacity = capacity
  }
}

/** A []interface {}. */
export function list(items: readonly Value[]): List {
  return new List(ANY, items)
}

/** A []string. */
export function strings(items: readonly string[]): List {
  return new List('string', items)
}

/** A map with string keys; `set`, `unset` and `merge` change it in place, as in Go. */
export class Dict {
  /** The type of the values, as Go spells it. */
  readonly element: string
  readonly entries: Map<string, Value>
  readonly isNil: boolean

  constructor(element: string, entries: Map<string, Value> = new Map(), isNil = false) {
    this.element = element
    this.entries = entries
    this.isNil = isNil
  }

  /** The keys in the order of their bytes, in which Go ranges and prints. */
  sortedKeys(): string[] {
    const keys = [...this.entries.keys()]
    return keys.length < 2 ? keys : keys.sort(compareBytes)
  }
}

/** A map[string]interface {}. */
export function dict(entries: Iterable<readonly [string, Value]> = []): Dict {
  return new Dict(ANY, new Map(entries))
}

/** Orders Go strings by their bytes. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A method of an {@link Opaque} value: its parameters, as in a function table, and what it does. */
export interface Method {
  readonly parameters: readonly Parameter[]
  /** Go's result types, when they are not one value and perhaps an error. */
  readonly results?: number
  readonly run: (args: readonly Value[]) => Value
}

/**
 * The type of a parameter: a Go type that a function of the tables takes. `...` marks the last one of a variadic
 * function; `value` is reflect.Value, which takes anything and tells an interface from what it holds.
 */
export type Parameter = string

/** A struct or pointer that templates can print, compare, take apart by fields and call methods of. */
export interface Opaque {
  /** Go's type, `time.Time` or `*semver.Version`. */
  readonly type: string
  readonly kind: 'struct' | 'ptr'
  /** What its String method gives; absent when it has none. */
  readonly text?: () => string
  /** Its JSON text. */
  readonly json: () => string
  /** The exported fields in order, where templates reach them. */
  readonly fields?: ReadonlyMap<string, Value>
  /** Fields that only printing shows, in order. */
  readonly hidden?: ReadonlyMap<string, Value>
  readonly methods?: ReadonlyMap<string, Method>
  /** Go's reflect.DeepEqual and, for comparable types, `==`. */
  readonly equals: (other: Opaque) => boolean
}

/** Whether a value is a struct or pointer. */
export function isOpaque(value: Value): value is Opaque {
  return typeof value === 'object' && value !== null && !isBuiltin(value)
}

function isBuiltin(value: object): value is Sized | Complex | List | Dict {
  return value instanceof List || value instanceof Dict || value instanceof Sized || value instanceof Complex
}

/** The value's type as Go's `%T` spells it. */
export function typeOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'undefined':
      return '<nil>'
  }
  if (value === null) return '<nil>'
  if (value instanceof List) return `[]${value.element}`
  if (value instanceof Dict) return `map[string]${value.element}`
  return value instanceof Complex ? 'complex128' : value.type
}

/** The value's kind as Go's reflect spells it. */
export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    case 'undefined':
      return 'invalid'
  }
  if (value === null) return 'invalid'
  if (value instanceof List) return 'slice'
  if (value instanceof Dict) return 'map'
  return value instanceof Complex ? 'complex128' : value.kind
}

/** Whether Go's templates take the value for true. */
export function isTrue(value: Value): boolean {
  switch (typeof value) {
    case 'string':
      return value !== ''
    case 'bigint':
      return value !== 0n
    case 'number':
      return value !== 0
    case 'boolean':
      return value
    case 'undefined':
      return false
  }
  if (value === null) return false
  if (value instanceof List) return value.items.length > 0
  if (value instanceof Dict) return value.entries.size > 0
  if (value instanceof Sized) return value.value !== 0n
  return value instanceof Complex ? value.real !== 0 || value.imaginary !== 0 : true
}

/** The integer that a value of any Go integer type holds; null for other values. */
export function integerOf(value: Value): bigint | null {
  if (typeof value === 'bigint') return value
  return value instanceof Sized ? value.value : null
}

/** The zero value of a Go type (Go's reflect.Zero), for the types that maps and slices hold here. */
export function zeroOf(type: string): Value {
  if (type === 'string') return ''
  if (type === 'int') return 0n
  if (type === 'float64') return 0
  if (type === 'bool') return false
  if (type.startsWith('[]')) return new List(type.slice(2), [], true)
  if (type.startsWith('map[string]')) return new Dict(type.slice('map[string]'.length), new Map(), true)
  return type === ANY ? null : new Sized(type, 0n)
}
