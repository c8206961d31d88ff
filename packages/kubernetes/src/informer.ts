import { type Backoff, backoffDelay, type Clock, sleep, systemClock } from './clock.ts'
import type { Cluster, ClusterObject, ListOptions, ListResult, Resource, WatchEvent } from './cluster.ts'
import { isKubernetesError, KubernetesError } from './error.ts'
import { keyOf, keyText } from './resources.ts'
import { type Index, type ObjectStore, objectStore, type WritableStore } from './store.ts'

/** Why a handler is called: the first list, a change, or only because it is time to look again. */
export type Occasion = 'initial' | 'change' | 'resync'

/** What happens with the objects of an informer. Calls come in order, one at a time, and must return quickly. */
export interface InformerHandlers {
  added?(object: ClusterObject, occasion: Occasion): void
  /** `last` is what was known before; it is the same object at a resync. */
  updated?(object: ClusterObject, last: ClusterObject, occasion: Occasion): void
  /** `last` is the last state that was seen; where the deletion itself was missed, that may be old. */
  deleted?(last: ClusterObject): void
}

/** What an informer watches, and how. */
export interface InformerOptions {
  readonly cluster: Cluster
  readonly resource: Resource
  /** Selectors, one namespace or all, metadata only, what is kept of each object. */
  readonly list?: Omit<ListOptions, 'signal'>
  readonly handlers: InformerHandlers
  readonly indexes?: Readonly<Record<string, Index>>
  /** Milliseconds between calls of `updated` for every object; absent or 0 = never. */
  readonly resync?: number
  /** Told of every failure; the informer goes on. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
  readonly random?: () => number
  readonly backoff?: Backoff
}

/** A copy of a cluster's objects of one kind that keeps itself current. */
export interface Informer extends ObjectStore {
  /** Resolves once the first list is in the store and its handlers ran; rejects with ABORTED if stopped before. */
  readonly synced: Promise<void>
  /** Lists and watches until `signal` aborts. Call it once; it never rejects. */
  run(signal: AbortSignal): Promise<void>
}

/** client-go's waits: 0.8 s doubling to 30 s, with jitter, so that a thousand clients do not come back at once. */
const defaultBackoff: Backoff = { initial: 800, maximum: 30_000, jitter: 0.5 }

/** A server that was well for this long has its earlier failures forgotten. */
const healthyAfter = 120_000

/** So often may a list be older than what was seen before it is believed: the cluster was restored from a backup. */
const staleLists = 3

/**
 * Lists a kind page by page, then watches it from that version on. A broken watch goes on from the last version seen,
 * bookmarks included; a version that the server no longer has (410) means a new list, whose differences the handlers get.
 * What is in the store never goes back to an older version of the same object.
 */
export function informer(options: InformerOptions): Informer {
  const store = objectStore(options.indexes)
  const synced = Promise.withResolvers<void>()
  synced.promise.catch(() => undefined)
  const informing = new Informing(options, store, synced.resolve)
  return {
    get size() {
      return store.size
    },
    get: store.get,
    values: store.values,
    by: store.by,
    synced: synced.promise,
    async run(signal) {
      await informing.run(signal)
      synced.reject(new KubernetesError('ABORTED', 'the informer was stopped'))
    },
  }
}

class Informing {
  readonly #options: InformerOptions
  readonly #store: WritableStore
  readonly #synced: () => void
  readonly #clock: Clock
  #version = ''
  #listed = false
  #stale = 0
  #failures = 0
  #healthySince = 0

  constructor(options: InformerOptions, store: WritableStore, synced: () => void) {
    this.#options = options
    this.#store = store
    this.#synced = synced
    this.#clock = options.clock ?? systemClock
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopResync = this.#startResync()
    let relist = true
    while (!signal.aborted) {
      try {
        if (relist) await this.#list(signal)
        relist = false
        this.#healthySince = this.#clock.now()
        await this.#watch(signal)
      } catch (error) {
        if (signal.aborted) break
        relist ||= isKubernetesError(error, 'GONE')
        if (!isKubernetesError(error, 'GONE')) this.#report(error)
        await this.#wait(error, signal)
      }
    }
    stopResync()
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { cluster, resource, list } = this.#options
    const result = await cluster.list(resource, { ...list, signal })
    if (isOlder(result.resourceVersion, this.#version) && ++this.#stale < staleLists) {
      throw new KubernetesError('UNAVAILABLE', 'the server listed an older state than it had shown before')
    }
    this.#stale = 0
    this.#replace(result)
    this.#version = result.resourceVersion
    if (this.#listed) return
    this.#listed = true
    this.#synced()
  }

  /** Makes the store equal to a list, and tells the handlers what changed. */
  #replace(result: ListResult): void {
    const occasion = this.#listed ? 'change' : 'initial'
    const present = new Set<string>()
    for (const object of result.items) {
      present.add(keyText(keyOf(object)))
      const last = this.#store.get(keyOf(object))
      if (last === undefined || last.metadata.resourceVersion !== object.metadata.resourceVersion) {
        this.#put(object, occasion)
      }
    }
    for (const last of [...this.#store.values()]) {
      if (!present.has(keyText(keyOf(last)))) this.#remove(last)
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { cluster, resource, list } = this.#options
    const started = this.#clock.now()
    const watching = { ...list, resourceVersion: this.#version, signal }
    for await (const event of cluster.watch(resource, watching)) this.#apply(event)
    if (signal.aborted) return
    // A server that closes every watch at once is not well, though it gives no error.
    if (this.#clock.now() - started < 1000) {
      throw new KubernetesError('UNAVAILABLE', 'the server closed the watch as soon as it began')
    }
  }

  #apply(event: WatchEvent): void {
    if (event.type === 'bookmark') {
      if (event.resourceVersion !== '') this.#version = event.resourceVersion
      return
    }
    const { object } = event
    const version = object.metadata.resourceVersion
    const last = this.#store.get(keyOf(object))
    const replayed = last?.metadata.uid === object.metadata.uid && isOlder(version, last?.metadata.resourceVersion)
    if (!replayed) {
      if (event.type === 'deleted') this.#remove(object)
      else this.#put(object, 'change')
    }
    if (version !== undefined && !isOlder(version, this.#version)) this.#version = version
  }

  #put(object: ClusterObject, occasion: Occasion): void {
    const { handlers } = this.#options
    const last = this.#store.set(object)
    if (last === undefined) this.#call(() => handlers.added?.(object, occasion))
    else if (last.metadata.uid === object.metadata.uid) this.#call(() => handlers.updated?.(object, last, occasion))
    else {
      // The same name, another object: its deletion was missed.
      this.#call(() => handlers.deleted?.(last))
      this.#call(() => handlers.added?.(object, occasion))
    }
  }

  #remove(last: ClusterObject): void {
    if (this.#store.delete(keyOf(last)) === undefined) return
    this.#call(() => this.#options.handlers.deleted?.(last))
  }

  /** A handler that throws has a bug of its own; it must not end the watch. */
  #call(handler: () => void): void {
    try {
      handler()
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    this.#options.onError?.(error)
  }

  async #wait(error: unknown, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now()
    if (now - this.#healthySince > healthyAfter) this.#failures = 0
    this.#failures += 1
    this.#healthySince = Number.POSITIVE_INFINITY
    const { backoff = defaultBackoff, random = Math.random } = this.#options
    const asked = isKubernetesError(error) ? (error.retryAfter ?? 0) * 1000 : 0
    await sleep(this.#clock, Math.max(asked, backoffDelay(backoff, this.#failures, random)), signal)
  }

  #startResync(): () => void {
    const { resync = 0, handlers, random = Math.random } = this.#options
    if (resync <= 0) return () => undefined
    let cancel = (): void => undefined
    const plan = (): void => {
      // A tenth earlier or later, so that informers of one process do not all come at the same time.
      cancel = this.#clock.timer(resync * (0.9 + 0.2 * random()), () => {
        plan()
        for (const object of [...this.#store.values()]) this.#call(() => handlers.updated?.(object, object, 'resync'))
      })
    }
    plan()
    return () => cancel()
  }
}

/**
 * True where `version` is surely before `than`. Versions of one resource are numbers that grow (Kubernetes 1.35 promises
 * it); others are never called older.
 */
function isOlder(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return false
  if (!/^[1-9]\d*$/.test(version) || !/^[1-9]\d*$/.test(than)) return false
  return version.length === than.length ? version < than : version.length < than.length
}
