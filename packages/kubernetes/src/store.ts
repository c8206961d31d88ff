import type { ClusterObject, Key } from './cluster.ts'
import { keyText } from './resources.ts'

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
  const tables = Object.entries(indexes).map(([name, index]) => ({ name, index, keys: new Map<string, Set<string>>() }))
  const unlink = (id: string, object: ClusterObject): void => {
    for (const { index, keys } of tables) {
      for (const value of index(object)) {
        const set = keys.get(value)
        if (set?.delete(id) && set.size === 0) keys.delete(value)
      }
    }
  }
  const link = (id: string, object: ClusterObject): void => {
    for (const { index, keys } of tables) {
      for (const value of index(object)) {
        const set = keys.get(value)
        if (set === undefined) keys.set(value, new Set([id]))
        else set.add(id)
      }
    }
  }
  return {
    get size() {
      return objects.size
    },
    get: (key) => objects.get(keyText(key)),
    values: () => objects.values(),
    by(index, value) {
      const table = tables.find(({ name }) => name === index)
      if (table === undefined) throw new RangeError(`there is no index ${index}`)
      return [...(table.keys.get(value) ?? [])].flatMap((id) => objects.get(id) ?? [])
    },
    set(object) {
      const id = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
      const last = objects.get(id)
      if (last !== undefined) unlink(id, last)
      objects.set(id, object)
      link(id, object)
      return last
    },
    delete(key) {
      const id = keyText(key)
      const last = objects.get(id)
      if (last === undefined) return undefined
      objects.delete(id)
      unlink(id, last)
      return last
    },
  }
}
