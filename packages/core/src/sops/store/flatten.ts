import { CoreError } from '../../error.ts'
import { type Branch, branch, type Item, isBranch, isComment, isList, type Value } from '../tree.ts'

const separators = { map: '__map_', list: '__list_' } as const

/**
 * Writes a nested branch as one level: `a: {b: [{c: v}]}` becomes `a__map_b__list_0__map_c: v`. Comments are skipped.
 *
 * @throws `UNSUPPORTED_VALUE` where two entries get the same name.
 */
export function flatten(from: Branch): Item[] {
  const items = from.items.flatMap(({ key, value }) => (typeof key === 'string' ? flattenValue(key, value) : []))
  const seen = new Set<unknown>()
  for (const { key } of items) {
    if (seen.has(key)) throw broken(`Found key collision ${JSON.stringify(key)} while flattening`)
    seen.add(key)
  }
  return items
}

function flattenValue(key: string, value: Value): Item[] {
  if (isBranch(value)) {
    return value.items.flatMap((item) =>
      typeof item.key === 'string' ? flattenValue(`${key}${separators.map}${item.key}`, item.value) : [],
    )
  }
  if (!isList(value)) return [{ key, value }]
  return value
    .filter((entry) => !isComment(entry))
    .flatMap((entry, index) => flattenValue(`${key}${separators.list}${index}`, entry))
}

interface Node {
  value?: Value
  readonly fields: Map<string, Node>
  readonly entries: Map<number, Node>
}

/**
 * The inverse of {@link flatten}.
 *
 * @throws `METADATA_INVALID` where entries contradict each other or a list has gaps.
 */
export function unflatten(items: readonly Item[]): Branch {
  const root = node()
  for (const { key, value } of items) {
    if (typeof key !== 'string') continue
    const at = tokens(key).reduce(descend, root)
    if (at.value !== undefined) throw broken(`Error while unflattening ${JSON.stringify(key)}: Duplicate value`)
    at.value = value
  }
  const result = convert(root)
  if (isBranch(result)) return result
  throw broken('Internal error: cannot find root')
}

function node(): Node {
  return { fields: new Map(), entries: new Map() }
}

type Token = { readonly field: string } | { readonly entry: number }

function tokens(path: string): Token[] {
  const [first = '', ...rest] = path.split(/(?=__map_|__list_)/)
  const found: Token[] = [{ field: first }]
  // A path that starts with a separator has an empty first field.
  if (first.startsWith(separators.map) || first.startsWith(separators.list))
    found.splice(0, 1, { field: '' }, token(first))
  return [...found, ...rest.map(token)]
}

function token(part: string): Token {
  if (part.startsWith(separators.map)) return { field: part.slice(separators.map.length) }
  const position = part.slice(separators.list.length)
  return { entry: /^[+-]?\d+$/.test(position) ? Number(position) : 0 }
}

function descend(from: Node, token: Token): Node {
  if ('field' in token) return child(from.fields, token.field)
  return child(from.entries, token.entry)
}

function child<K>(children: Map<K, Node>, key: K): Node {
  const existing = children.get(key)
  if (existing !== undefined) return existing
  const made = node()
  children.set(key, made)
  return made
}

function convert(from: Node): Value {
  const kinds = [from.value !== undefined, from.fields.size > 0, from.entries.size > 0].filter(Boolean).length
  if (kinds > 1) throw broken('Error while unflattening: Type mismatch')
  if (from.value !== undefined) return from.value
  if (from.entries.size > 0) return convertList(from.entries)
  const keys = [...from.fields.keys()].sort()
  return branch(keys.map((key) => ({ key, value: convert(from.fields.get(key) ?? node()) })))
}

function convertList(entries: ReadonlyMap<number, Node>): Value[] {
  return Array.from({ length: entries.size }, (_, index) => {
    const entry = entries.get(index)
    if (entry === undefined) throw broken('Error while unflattening: Incomplete list')
    return convert(entry)
  })
}

function broken(upstream: string): CoreError {
  return new CoreError('METADATA_INVALID', 'the flattened sops entries contradict each other', {
    hint: 'restore the sops entries from version control',
    upstream,
  })
}
