import { type Key, keyText } from '@sealkit/kubernetes'

/** Sees to it that one store whose provider is slow does not keep every worker waiting. */
export interface Turns {
  /**
   * Begins the work on an object that needs these stores; the result ends it. Null where one of them has enough under
   * way: the object is called back when that has less.
   */
  begin(stores: readonly string[], key: Key): (() => void) | null
}

/** {@link Turns} of so many objects of a store at once. */
export function createTurns(most: number, callBack: (key: Key) => void): Turns {
  const active = new Map<string, number>()
  const parked = new Map<string, Map<string, Key>>()
  const count = (store: string, change: number): void => {
    const next = (active.get(store) ?? 0) + change
    if (next === 0) active.delete(store)
    else active.set(store, next)
  }
  const next = (store: string): void => {
    const keys = parked.get(store)
    for (const [id, key] of keys ?? []) {
      keys?.delete(id)
      if (keys?.size === 0) parked.delete(store)
      callBack(key)
      return
    }
  }
  return {
    begin(stores, key): (() => void) | null {
      const full = stores.find((store) => (active.get(store) ?? 0) >= most)
      if (full !== undefined) {
        const keys = parked.get(full) ?? new Map<string, Key>()
        parked.set(full, keys.set(keyText(key), key))
        return null
      }
      for (const store of stores) count(store, 1)
      return () => {
        for (const store of stores) {
          count(store, -1)
          next(store)
        }
      }
    },
  }
}
