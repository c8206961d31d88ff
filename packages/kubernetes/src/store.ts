import type { ClusterObject, Key } from './cluster.ts'
import { type Members, membersOf, withMember, withoutMember } from './members.ts'
import { keyOf, keyText } from './resources.ts'

/** Values by which an object is found, such as the names of the stores that it uses. */
export type Index = (object: ClusterObject) => readonly string[]

/** Objects by key, and by the values of each index. Reads give the stored object itself; nobody may change it. */
export interface ObjectStore {
  readonly size: number
  get(key: Key): ClusterObject | undefined
  /** Every object, in no order. */
  values(): Iterable<ClusterObject>
  /** Objects whose index gives `value`. @throws RangeError for an index that was not asked for. */
  by(index: string, value: string): ClusterObject[]
}

/** An {@link ObjectStore} that its owner fills. */
export interface WritableStore extends ObjectStore {
  /** Puts an object in place of the one of the same key, which is the result. */
  set(object: ClusterObject): ClusterObject | undefined
  delete(key: Key): ClusterObject | undefined
}

/** A store with these indexes. */
export function objectStore(indexes: Readonly<Record<string, Index>> = {}): WritableStore {
  const objects = new Map<string, ClusterObject>()
  const tables = new Map(Object.entries(indexes).map(([name, index]) => [name, indexTable(index)]))
  const unlink = (id: string, object: ClusterObject): void => {
    for (const table of tables.values()) table.unlink(id, object)
  }
  return {
    get size() {
      return objects.size
    },
    get: (key) => objects.get(keyText(key)),
    values: () => objects.values(),
    by(index, value) {
      const table = tables.get(index)
      if (table === undefined) throw new RangeError(`there is no index ${index}`)
      return table.ids(value).flatMap((id) => objects.get(id) ?? [])
    },
    set(object) {
      const id = keyText(keyOf(object))
      const last = objects.get(id)
      if (last !== undefined) unlink(id, last)
      for (const table of tables.values()) table.link(id, object)
      objects.set(id, object)
      return last
    },
    delete(key) {
      const id = keyText(key)
      const last = objects.get(id)
      if (last === undefined) return undefined
      unlink(id, last)
      objects.delete(id)
      return last
    },
  }
}

/** The ids of the objects for which one index gives a value. */
interface IndexTable {
  ids(value: string): readonly string[]
  link(id: string, object: ClusterObject): void
  unlink(id: string, object: ClusterObject): void
}

function indexTable(index: Index): IndexTable {
  const ids = new Map<string, Members<string>>()
  return {
    ids: (value) => membersOf(ids.get(value)),
    link(id, object) {
      for (const value of index(object)) ids.set(value, withMember(ids.get(value), id))
    },
    unlink(id, object) {
      for (const value of index(object)) {
        const left = withoutMember(ids.get(value), id)
        if (left === undefined) ids.delete(value)
        else ids.set(value, left)
      }
    },
  }
}
