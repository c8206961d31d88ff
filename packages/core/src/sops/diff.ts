import { sameValue } from './compare.ts'
import { entriesOf } from './entries.ts'
import { type Branch, type Item, isBranch, isComment, isList, type Value } from './tree.ts'
import type { TreePath } from './treepath.ts'

/** One value that is not the same in two versions of a file. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'changed'
  /** Number of the document, from 0. */
  readonly document: number
  /** Where it is; of a comment, where what holds the comment is. */
  readonly place: TreePath
  readonly comment: boolean
  readonly before?: Value
  readonly after?: Value
}

/**
 * What differs between two versions of a file, in the order of the second one and then of the first. Entries are
 * paired by key, list items by position; an order that changed is no difference.
 */
export function diffDocuments(before: readonly Branch[], after: readonly Branch[]): Change[] {
  const changes: Change[] = []
  for (let document = 0; document < Math.max(before.length, after.length); document++) {
    compare({ document, place: [], comment: false }, [before[document], after[document]], changes)
  }
  return changes
}

type Where = Pick<Change, 'document' | 'place' | 'comment'>
type Sides = readonly [before: Value | undefined, after: Value | undefined]

function compare(where: Where, sides: Sides, changes: Change[]): void {
  const [before, after] = sides
  if (sameValue(before, after)) return
  const kinds = [container(before), container(after)]
  // An added or removed mapping is told value by value, so that nothing hides in it.
  const branches = kinds.includes('branch') && kinds.every((kind) => kind !== 'leaf' && kind !== 'list')
  if (branches) compareBranches(where, sides, changes)
  else if (kinds.every((kind) => kind === 'list')) compareLists(where, sides, changes)
  else changes.push({ ...where, ...told(before, after) })
}

function container(value: Value | undefined): 'branch' | 'empty' | 'list' | 'leaf' | 'none' {
  if (value === undefined) return 'none'
  if (isBranch(value)) return value.items.length > 0 ? 'branch' : 'empty'
  return isList(value) ? 'list' : 'leaf'
}

function told(before: Value | undefined, after: Value | undefined): Pick<Change, 'kind' | 'before' | 'after'> {
  if (before === undefined) return { kind: 'added', after: after ?? null }
  if (after === undefined) return { kind: 'removed', before }
  return { kind: 'changed', before, after }
}

function compareBranches(where: Where, [before, after]: Sides, changes: Change[]): void {
  const sides = [before, after].map((side) => new Map(entries(side)))
  const [old = new Map<string, Item>(), fresh = new Map<string, Item>()] = sides
  for (const id of new Set([...fresh.keys(), ...old.keys()])) {
    const item = fresh.get(id) ?? old.get(id)
    if (item === undefined) continue
    const values = [old, fresh].map((side) => side.get(id))
    if (isComment(item.key)) compareComments(where, values, changes)
    else {
      const key = typeof item.key === 'string' ? item.key : item.key.text
      compare({ ...where, place: [...where.place, key] }, [values[0]?.value, values[1]?.value], changes)
    }
  }
}

function compareComments(where: Where, [before, after]: readonly (Item | undefined)[], changes: Change[]): void {
  if (before !== undefined && after !== undefined) return
  const comment = { ...where, comment: true }
  if (after !== undefined && isComment(after.key)) changes.push({ ...comment, kind: 'added', after: after.key })
  if (before !== undefined && isComment(before.key)) changes.push({ ...comment, kind: 'removed', before: before.key })
}

function compareLists(where: Where, [before, after]: Sides, changes: Change[]): void {
  const [old, fresh] = [before, after].map((side) => (side !== undefined && isList(side) ? side : []))
  for (let index = 0; index < Math.max(old?.length ?? 0, fresh?.length ?? 0); index++) {
    compare({ ...where, place: [...where.place, index] }, [old?.[index], fresh?.[index]], changes)
  }
}

function entries(value: Value | undefined): [string, Item][] {
  return isBranch(value) ? entriesOf(value).map(({ id, item }) => [id, item]) : []
}
