import { printValue } from '../fmt/print.ts'
import { sprintf } from '../fmt/printf.ts'
import { isOpaque, List, Sized, type Value } from '../value.ts'

/** sprig's strval: text as it is, bytes as text, what has a String method by it, the rest as `%v`. */
export function textOf(value: Value): string {
  if (typeof value === 'string') return value
  if (value instanceof List && value.element === 'uint8') return sprintf('%s', [value])
  if (value instanceof Sized && value.text !== undefined) return value.text
  if (value !== undefined && isOpaque(value)) return value.text?.() ?? printValue(value)
  return printValue(value)
}

/** sprig's strslice: a list of texts without its nils; what is no list is a list of one. */
export function textsOf(value: Value): readonly string[] {
  if (value == null) return []
  if (!(value instanceof List)) return [textOf(value)]
  if (value.element === 'string') return value.items as readonly string[]
  return value.items.filter((item) => item != null).map(textOf)
}

/** What Go's runtime says of a nil pointer, a call on a nil interface among them. */
export const NIL_POINTER = 'runtime error: invalid memory address or nil pointer dereference'
