import { CoreError } from '../error.ts'
import { type Branch, branch, isBranch, isComment, isList, isTime, type Value } from './tree.ts'

/**
 * The tree of a plain JSON-like value. Whole numbers become integers: their bytes, which the MAC covers, are the same.
 *
 * @throws `UNSUPPORTED_VALUE` for functions, symbols and other values that JSON has no text for.
 */
export function fromPlain(value: unknown): Value {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(fromPlain)
  if (value instanceof Date) return { kind: 'time', text: value.toISOString() }
  if (typeof value === 'object') return objectBranch(value)
  throw new CoreError('UNSUPPORTED_VALUE', `a ${typeof value} is no JSON value`)
}

function objectBranch(value: object): Branch {
  return branch(
    Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .map(([key, entry]) => ({ key, value: fromPlain(entry) })),
  )
}

/** The plain value of a tree: comments dropped, the last of equal keys kept, integers as numbers where they are safe. */
export function toPlain(value: Value): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (isList(value)) return value.filter((entry) => !isComment(entry)).map(toPlain)
  if (isBranch(value)) return plainObject(value)
  if (isTime(value)) return value.text
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (typeof value === 'object' && value !== null) return value.text
  return value
}

function plainObject(from: Branch): Record<string, unknown> {
  const entries = from.items.flatMap(({ key, value }) =>
    isComment(key) ? [] : [[textOf(key), toPlain(value)] as const],
  )
  // fromEntries defines own properties, so a key such as "__proto__" is data like any other.
  return Object.fromEntries(entries)
}

function textOf(key: string | { readonly text: string }): string {
  return typeof key === 'string' ? key : key.text
}
