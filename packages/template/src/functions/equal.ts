import { Complex, Dict, isOpaque, List, Sized, type Value } from '../value.ts'

/** Go's reflect.DeepEqual. */
export function deepEqual(a: Value, b: Value): boolean {
  if (a == null || b == null) return a == null && b == null
  if (typeof a !== 'object' || typeof b !== 'object') return a === b
  if (a === b) return true
  if (a instanceof List) return b instanceof List && equalLists(a, b)
  if (a instanceof Dict) return b instanceof Dict && equalDicts(a, b)
  if (a instanceof Sized) return b instanceof Sized && a.type === b.type && a.value === b.value
  if (a instanceof Complex) return b instanceof Complex && a.real === b.real && a.imaginary === b.imaginary
  return isOpaque(b) && a.type === b.type && a.equals(b)
}

function equalLists(a: List, b: List): boolean {
  if (a.element !== b.element || a.isNil !== b.isNil || a.items.length !== b.items.length) return false
  return a.items.every((item, i) => deepEqual(item, b.items[i]))
}

function equalDicts(a: Dict, b: Dict): boolean {
  if (a.element !== b.element || a.isNil !== b.isNil || a.entries.size !== b.entries.size) return false
  return [...a.entries].every(([key, value]) => b.entries.has(key) && deepEqual(value, b.entries.get(key)))
}
