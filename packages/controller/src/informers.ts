import {
  type ClusterObject,
  type Informer,
  type InformerOptions,
  informer,
  type Key,
  type ListOptions,
  type ObjectStore,
} from '@sealkit/kubernetes'

/** Which namespaces a controller looks at; null = all. */
export type Namespaces = readonly string[] | null

/**
 * One informer over all namespaces, or one for each of a few: RBAC may allow no more than those.
 *
 * It is used as one informer; handlers get the events of each.
 */
export function informers(options: InformerOptions, namespaces: Namespaces): Informer {
  const list: ListOptions = options.list ?? {}
  const all = (namespaces ?? ['']).map((namespace) =>
    informer({ ...options, list: namespace === '' ? list : { ...list, namespace } }),
  )
  const [only] = all
  return all.length === 1 && only !== undefined ? only : joined(all)
}

function joined(all: readonly Informer[]): Informer {
  return {
    get size() {
      return all.reduce((sum, { size }) => sum + size, 0)
    },
    get(key: Key): ClusterObject | undefined {
      for (const each of all) {
        const object = each.get(key)
        if (object !== undefined) return object
      }
      return undefined
    },
    *values(): Iterable<ClusterObject> {
      for (const each of all) yield* each.values()
    },
    by: (index, value) => all.flatMap((each) => each.by(index, value)),
    synced: Promise.all(all.map(({ synced }) => synced)).then(() => undefined),
    async run(signal) {
      await Promise.all(all.map((each) => each.run(signal)))
    },
  }
}

/** The objects of an informer by key, as reconcilers ask for them. */
export function lookup(store: ObjectStore): (key: Key) => ClusterObject | null {
  return (key) => store.get(key) ?? null
}
