import type { NumberNode, Operand } from '../parse/node.ts'
import { ANY, Complex, Dict, List, Sized, typeOf, type Value } from '../value.ts'
import type { Eval, State } from './state.ts'

/** The parameter type that takes anything and tells an interface from what it holds (Go's reflect.Value). */
export const REFLECT = 'reflect.Value'

/** Makes an argument's value fit its parameter's type (Go's validateType). */
export function fit(state: State, value: Value, type: string): Value {
  if (type === ANY) return value === undefined ? null : value
  if (type === REFLECT) return value
  if (typeof value === 'string' && type === 'string') return value
  if (value === undefined) {
    if (type.startsWith('[]')) return new List(type.slice(2), [], true)
    if (type.startsWith('map[string]')) return new Dict(type.slice('map[string]'.length), new Map(), true)
    return state.fail('invalid value; expected %s', [type], true)
  }
  const given = value === null ? ANY : typeOf(value)
  if (given !== type) state.fail('wrong type for value; expected %s; got %s', [type, given], true)
  return value
}

/** A constant's own value (Go's idealConstant), or the text of the error that using it is. */
function idealConstant(node: NumberNode): Value | ConstantError {
  if (node.complex !== null) return new Complex(...node.complex)
  const { text, float, int } = node
  const looksFloat = float !== null && !isHexInt(text) && !text.startsWith("'") && /[.eEpP]/.test(text)
  if (looksFloat) return float
  return int ?? new ConstantError('%s overflows int', text)
}

/** Stands for a constant that cannot be used. */
class ConstantError {
  readonly format: string
  readonly values: readonly string[]

  constructor(format: string, ...values: readonly string[]) {
    this.format = format
    this.values = values
  }
}

function isHexInt(text: string): boolean {
  return text.length > 2 && /^0[xX]/.test(text) && !/[pP]/.test(text)
}

type Literal = Extract<Operand, { kind: 'number' | 'string' | 'bool' | 'nil' }>

/** A literal as an argument of a type: its value, or an error when the call is reached. */
export function literal(node: Literal, type: string, describe: (node: Operand) => string): Eval {
  const value = literalValue(node, type, describe)
  if (value instanceof ConstantError) {
    return (state) => {
      state.node = node
      return state.fail(value.format, value.values)
    }
  }
  return (state) => {
    state.node = node
    state.isInterface = value === null
    return value
  }
}

function literalValue(node: Literal, type: string, describe: (node: Operand) => string): Value | ConstantError {
  if (node.kind === 'nil') return nilOf(type)
  if (type === ANY || type === REFLECT) {
    if (node.kind === 'number') return idealConstant(node)
    return node.kind === 'string' ? node.text : node.value
  }
  const text = describe(node)
  switch (type) {
    case 'bool':
      return node.kind === 'bool' ? node.value : new ConstantError('expected bool; found %s', text)
    case 'string':
    case 'sprig.HashAlgorithm':
      return node.kind === 'string' ? node.text : new ConstantError('expected string; found %s', text)
    case 'float64':
      if (node.kind === 'number' && node.float !== null) return node.float
      return new ConstantError('expected float; found %s', text)
    case 'int':
      if (node.kind === 'number' && node.int !== null) return node.int
      return new ConstantError('expected integer; found %s', text)
    case 'time.Duration':
    case 'int64':
      if (node.kind === 'number' && node.int !== null) return new Sized(type, node.int)
      return new ConstantError('expected integer; found %s', text)
    case 'uint32':
      if (node.kind === 'number' && node.uint !== null) return new Sized(type, BigInt.asUintN(32, node.uint))
      return new ConstantError('expected unsigned integer; found %s', text)
  }
  return new ConstantError("can't handle %s for arg of type %s", text, type)
}

function nilOf(type: string): Value | ConstantError {
  if (type === ANY) return null
  if (type === REFLECT) return undefined
  if (type.startsWith('[]')) return new List(type.slice(2), [], true)
  if (type.startsWith('map[string]')) return new Dict(type.slice('map[string]'.length), new Map(), true)
  return new ConstantError('cannot assign nil to %s', type)
}
