import { isBranch, isComment, isForeign, isList, isTime, type Value } from './tree.ts'

/** Whether two values are the same: types, order, duplicates and comments included. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (Object.is(a, b)) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (isList(a)) return isList(b) && a.length === b.length && a.every((entry, index) => sameValue(entry, b[index]))
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (isComment(a)) return isComment(b) && a.text === b.text
  if (isTime(a)) return isTime(b) && a.text === b.text
  if (isForeign(a)) return isForeign(b) && a.text === b.text && a.type === b.type
  if (!isBranch(a) || !isBranch(b) || a.items.length !== b.items.length) return false
  return a.items.every((item, index) => {
    const other = b.items[index]
    return other !== undefined && sameValue(item.key, other.key) && sameValue(item.value, other.value)
  })
}
