import {
  apiVersion,
  type Cluster,
  type ClusterObject,
  type Informer,
  type Key,
  keyOf,
  keyText,
  type Resource,
} from '@sealkit/kubernetes'
import { informers, type Namespaces } from '../informers.ts'
import { bodyHash } from './hash.ts'
import { names } from './names.ts'

/** Targets of other kinds than Secret: who looks at a kind, and which of them were found to be as they were written. */
export interface GenericWatches {
  /** Watches the kind of an ExternalSecret's target, and no longer the one that it had before. */
  watch(resource: Resource, externalSecret: Key): void
  /** Ends the watch of an ExternalSecret's target; that of a kind ends with the last. */
  release(externalSecret: Key): void
  /** Whether a target is known, without asking, to be as it was found last. */
  isSettled(resource: Resource, key: Key): boolean
  /** Takes a target, as it was read or written, for one that is as it should be. */
  settle(resource: Resource, target: ClusterObject): void
  /** Whether its body is another than when it was settled; false for one that never was. */
  isChanged(resource: Resource, target: ClusterObject): boolean
  /** Whether its body is that of when it was settled, which it then is again; false for one that never was. */
  isUnchanged(resource: Resource, target: ClusterObject): boolean
  /** Ends all watches. */
  stop(): Promise<void>
}

/** What kinds are watched with. */
export interface GenericWatchesOptions {
  readonly cluster: Cluster
  readonly namespaces: Namespaces
  readonly onError: (error: unknown) => void
  /** Told of each target that is not as it was settled, or is gone. */
  readonly onChange: (resource: Resource, target: ClusterObject) => void
}

/** One kind under watch. */
interface Watch {
  readonly informer: Informer
  readonly users: Set<string>
  readonly settled: Map<string, Settled>
  end(): Promise<void>
}

/** What is kept of a target: of its body the hash alone. */
interface Settled {
  readonly resourceVersion: string
  /** Of kinds that count the changes of their body; undefined for others. */
  readonly generation: number | undefined
  readonly mark: string
  readonly body: string
}

/** {@link GenericWatches} with nothing under watch. */
export function createGenericWatches(options: GenericWatchesOptions): GenericWatches {
  const watches = new Map<string, Watch>()
  const used = new Map<string, string>()
  const release = (user: string): void => {
    const id = used.get(user)
    const watch = watches.get(id ?? '')
    used.delete(user)
    watch?.users.delete(user)
    if (watch === undefined || id === undefined || watch.users.size > 0) return
    watches.delete(id)
    void watch.end()
  }
  const settledOf = (resource: Resource, key: Key): Settled | undefined =>
    watches.get(idOf(resource))?.settled.get(keyText(key))
  const settle = (resource: Resource, target: ClusterObject): void => {
    watches.get(idOf(resource))?.settled.set(keyText(keyOf(target)), settledAs(target))
  }
  return {
    watch(resource, externalSecret) {
      const [id, user] = [idOf(resource), keyText(externalSecret)]
      if (used.get(user) === id) return
      release(user)
      const watch = watches.get(id) ?? startWatch(resource, options)
      watch.users.add(user)
      watches.set(id, watch)
      used.set(user, id)
    },
    release: (externalSecret) => release(keyText(externalSecret)),
    isSettled(resource, key) {
      const watch = watches.get(idOf(resource))
      const target = watch?.informer.get(key)
      return watch !== undefined && target !== undefined && isAsSettled(watch.settled, target)
    },
    settle,
    isChanged(resource, target) {
      const known = settledOf(resource, keyOf(target))
      return known !== undefined && known.body !== bodyHash(target)
    },
    isUnchanged(resource, target) {
      const unchanged = settledOf(resource, keyOf(target))?.body === bodyHash(target)
      if (unchanged) settle(resource, target)
      return unchanged
    },
    async stop() {
      const all = [...watches.values()]
      watches.clear()
      used.clear()
      await Promise.all(all.map((watch) => watch.end()))
    },
  }
}

function idOf(resource: Resource): string {
  return `${apiVersion(resource)}/${resource.kind}`
}

function startWatch(resource: Resource, { cluster, namespaces, onError, onChange }: GenericWatchesOptions): Watch {
  const stop = new AbortController()
  const settled = new Map<string, Settled>()
  const look = (target: ClusterObject): void => {
    // What this process wrote is seen by the watch too, and needs no second look.
    if (!isAsSettled(settled, target)) onChange(resource, target)
  }
  const informer = informers(
    {
      cluster,
      resource,
      list: { labelSelector: `${names.managed}=true`, metadataOnly: true, transform: withoutWriters },
      onError,
      handlers: {
        added: look,
        updated: look,
        deleted(target) {
          settled.delete(keyText(keyOf(target)))
          onChange(resource, target)
        },
      },
    },
    namespaces,
  )
  informer.synced.catch(() => undefined)
  const running = informer.run(stop.signal)
  return {
    informer,
    users: new Set(),
    settled,
    end() {
      stop.abort()
      return running
    },
  }
}

function withoutWriters(target: ClusterObject): ClusterObject {
  target.metadata.managedFields = []
  return target
}

function settledAs(target: ClusterObject): Settled {
  const { resourceVersion = '', generation } = target.metadata
  return { resourceVersion, generation, mark: markOf(target), body: bodyHash(target) }
}

/** A status that changes is no news, where the kind tells it from the rest. */
function isAsSettled(settled: ReadonlyMap<string, Settled>, target: ClusterObject): boolean {
  const known = settled.get(keyText(keyOf(target)))
  if (known === undefined) return false
  const { resourceVersion, generation } = target.metadata
  if (known.resourceVersion === resourceVersion) return true
  return generation !== undefined && known.generation === generation && known.mark === markOf(target)
}

function markOf({ metadata }: ClusterObject): string {
  return metadata.annotations?.[names.dataHash] ?? ''
}
