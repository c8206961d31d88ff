import { type Branch, type Item, isComment } from './tree.ts'

/** One entry of a branch under a name that no other entry has: key or comment, and which of its like. */
export interface Entry {
  readonly id: string
  readonly item: Item
}

/** The entries of a branch under names by which those of two branches can be paired. */
export function entriesOf(from: Branch): Entry[] {
  const counts = new Map<string, number>()
  return from.items.map((item) => {
    const name = isComment(item.key)
      ? `#${item.key.text}`
      : `:${typeof item.key === 'string' ? item.key : item.key.text}`
    const number = counts.get(name) ?? 0
    counts.set(name, number + 1)
    return { id: `${number}${name}`, item }
  })
}
