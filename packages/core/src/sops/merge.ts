import { sameValue } from './compare.ts'
import { entriesOf } from './entries.ts'
import { type Branch, branch, type Item, isBranch, isComment, isList, type Value } from './tree.ts'
import type { TreePath } from './treepath.ts'

/** Three versions of one thing: the common ancestor, and what the two sides made of it. */
export interface Versions<T> {
  readonly base: T
  readonly ours: T
  readonly theirs: T
}

/** Whose value stands where both sides changed the same one. */
export type Side = 'ours' | 'theirs'

/** A place where both sides changed the same value, each to another one. */
export interface Conflict {
  /** Number of the document, from 0. */
  readonly document: number
  readonly place: TreePath
}

/** Merged documents, and where the preference decided. */
export interface Merged {
  readonly documents: readonly Branch[]
  readonly conflicts: readonly Conflict[]
}

/**
 * Merges plain documents value by value. What one side changed is taken from it; what both changed to the same is
 * taken once; for the rest the preferred side's value stands, and the place is a conflict. Comments never conflict:
 * those that a side added are kept, those that a side took away are gone.
 *
 * A file that both sides added has no documents in `base`.
 */
export function mergeDocuments(versions: Versions<readonly Branch[]>, prefer: Side): Merged {
  const { base, ours, theirs } = versions
  const merge = new Merge(prefer)
  const counts = new Set([ours.length, theirs.length, ...(base.length === 0 ? [] : [base.length])])
  if (counts.size > 1) {
    const documents = merge.value({ document: 0, place: [] }, versions)
    return { documents: (documents ?? []) as readonly Branch[], conflicts: merge.conflicts }
  }
  const documents = ours.map((one, document) => {
    const sides = { base: base[document] ?? branch([]), ours: one, theirs: theirs[document] ?? branch([]) }
    return merge.branches({ document, place: [] }, sides)
  })
  return { documents, conflicts: merge.conflicts }
}

type Sides = Versions<Value | undefined>

class Merge {
  readonly conflicts: Conflict[] = []
  readonly #prefer: Side

  constructor(prefer: Side) {
    this.#prefer = prefer
  }

  /** The merged value; undefined where it is gone. */
  value(where: Conflict, sides: Sides): Value | undefined {
    const { base, ours, theirs } = sides
    if (sameValue(ours, theirs) || sameValue(base, theirs)) return ours
    if (sameValue(base, ours)) return theirs
    if (isBranch(ours) && isBranch(theirs)) {
      return this.branches(where, { base: isBranch(base) ? base : branch([]), ours, theirs })
    }
    if (listed(ours) && listed(theirs) && listed(base)) return this.#lists(where, { base, ours, theirs })
    return this.#conflict(where, sides)
  }

  #conflict<T>(where: Conflict, sides: Versions<T>): T {
    this.conflicts.push(where)
    return sides[this.#prefer]
  }

  branches(where: Conflict, { base, ours, theirs }: Versions<Branch>): Branch {
    const maps = { base: index(base), ours: index(ours), theirs: index(theirs) }
    const merged = new Map<string, Item>()
    for (const id of new Set([...maps.ours.keys(), ...maps.theirs.keys(), ...maps.base.keys()])) {
      const item = maps.ours.get(id) ?? maps.theirs.get(id) ?? maps.base.get(id)
      const value = item === undefined ? undefined : this.#item(where, id, maps)
      if (item !== undefined && value !== undefined) merged.set(id, { key: item.key, value })
    }
    return branch(order(maps).flatMap((id) => merged.get(id) ?? []))
  }

  #item(where: Conflict, id: string, maps: Versions<ReadonlyMap<string, Item>>): Value | undefined {
    const items = { base: maps.base.get(id), ours: maps.ours.get(id), theirs: maps.theirs.get(id) }
    const key = (items.ours ?? items.theirs ?? items.base)?.key
    if (isComment(key)) return keptComment(items) ? null : undefined
    const place = [...where.place, typeof key === 'string' ? key : (key?.text ?? '')]
    const sides = { base: items.base?.value, ours: items.ours?.value, theirs: items.theirs?.value }
    return this.value({ ...where, place }, sides)
  }

  #lists(where: Conflict, sides: Versions<readonly Value[]>): Value {
    const { base, ours, theirs } = sides
    if (base.length === ours.length && base.length === theirs.length) {
      return base.map((value, at) => {
        const place = [...where.place, at]
        return this.value({ ...where, place }, { base: value, ours: ours[at], theirs: theirs[at] }) ?? null
      })
    }
    const extended = [ours, theirs].every((side) => base.every((value, at) => sameValue(value, side[at])))
    if (extended) return [...ours, ...theirs.slice(base.length)]
    return this.#conflict(where, sides)
  }
}

function listed(value: Value | undefined): value is readonly Value[] {
  return value !== undefined && isList(value)
}

function index(from: Branch): ReadonlyMap<string, Item> {
  return new Map(entriesOf(from).map(({ id, item }) => [id, item]))
}

function keptComment({ base, ours, theirs }: Versions<Item | undefined>): boolean {
  if (base === undefined) return ours !== undefined || theirs !== undefined
  return ours !== undefined && theirs !== undefined
}

/** All names in the order of the side that moved entries (ours, where both did), the other side's own ones after what they stood behind. */
function order({ base, ours, theirs }: Versions<ReadonlyMap<string, Item>>): string[] {
  const moved = !sameOrder(base, ours)
  const [main, other] = moved ? [ours, theirs] : [theirs, ours]
  const ids = [...main.keys()]
  const after = new Map<string, string[]>()
  let last = ''
  for (const id of other.keys()) {
    if (main.has(id)) last = id
    else after.set(last, [...(after.get(last) ?? []), id])
  }
  return [...(after.get('') ?? []), ...ids.flatMap((id) => [id, ...(after.get(id) ?? [])])]
}

function sameOrder(a: ReadonlyMap<string, Item>, b: ReadonlyMap<string, Item>): boolean {
  const common = [...a.keys()].filter((id) => b.has(id))
  const there = [...b.keys()].filter((id) => a.has(id))
  return common.every((id, at) => there[at] === id)
}
