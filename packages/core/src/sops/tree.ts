/** A comment of the file; `text` is what follows the comment character, leading space included. */
export interface Comment {
  readonly kind: 'comment'
  readonly text: string
  /** True where the comment stood at the end of a line of data. */
  readonly inline: boolean
}

/** A timestamp, as its RFC 3339 text: fraction without trailing zeros, `Z` for a zero offset. */
export interface Time {
  readonly kind: 'time'
  readonly text: string
}

/** Something that a store can hold and SOPS cannot: an unsigned integer above 2^63, or a key that is no string. */
export interface Foreign {
  readonly kind: 'foreign'
  /** Go's name of the type, for messages. */
  readonly type: string
  /** Its text in YAML. */
  readonly text: string
}

/** One entry of a branch. A comment stands in the place of a key, with the value null. */
export interface Item {
  readonly key: string | Comment | Foreign
  readonly value: Value
}

/** A mapping: entries in the file's order, duplicates and comments kept. */
export interface Branch {
  readonly kind: 'branch'
  readonly items: Item[]
}

/** A value that is encrypted as a whole. Text that is not UTF-8 is bytes; `bigint` is an integer, `number` a float. */
export type Leaf = string | Uint8Array | bigint | number | boolean | Time | Comment

/** Any value of a tree. */
export type Value = null | Leaf | Foreign | Branch | readonly Value[]

/** A branch of these items. */
export function branch(items: Item[]): Branch {
  return { kind: 'branch', items }
}

/** A comment with this text. */
export function comment(text: string, inline = false): Comment {
  return { kind: 'comment', text, inline }
}

/** True for a mapping. */
export function isBranch(value: unknown): value is Branch {
  return kindOf(value) === 'branch'
}

/** True for a comment. */
export function isComment(value: unknown): value is Comment {
  return kindOf(value) === 'comment'
}

/** True for a timestamp. */
export function isTime(value: unknown): value is Time {
  return kindOf(value) === 'time'
}

/** True for what SOPS cannot hold. */
export function isForeign(value: unknown): value is Foreign {
  return kindOf(value) === 'foreign'
}

/** True for a list; unlike `Array.isArray` it keeps the element type. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Go's name of a value's type, for the texts that name it. */
export function goType(value: Value): string {
  if (value === null) return '<nil>'
  if (isList(value)) return '[]interface {}'
  if (value instanceof Uint8Array) return 'string'
  if (typeof value !== 'object') return goTypes[typeof value as keyof typeof goTypes]
  if (value.kind === 'foreign') return value.type
  return goKinds[value.kind]
}

const goTypes = { string: 'string', bigint: 'int', number: 'float64', boolean: 'bool' } as const
const goKinds = { branch: 'sops.TreeBranch', comment: 'sops.Comment', time: 'time.Time' } as const

function kindOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? (value as { kind?: string }).kind : undefined
}

/** True where the documents hold a value that passes; comments are no values. */
export function hasValue(documents: readonly Branch[], test: (leaf: Leaf) => boolean): boolean {
  const passes = (value: Value): boolean => {
    if (value === null || isForeign(value) || isComment(value)) return false
    if (isList(value)) return value.some(passes)
    return isBranch(value) ? value.items.some((item) => passes(item.value)) : test(value)
  }
  return documents.some(passes)
}
