import type { ClusterObject, Resource, WatchEvent, WatchOptions } from '../cluster.ts'
import { KubernetesError } from '../error.ts'
import { fieldPredicate } from '../fields.ts'
import { labelPredicate, type Predicate } from '../labels.ts'
import { sameResource } from './identity.ts'

/** One change of one object; `last` is absent where it is new, `object` where it is gone. */
export interface Change {
  readonly version: number
  readonly resource: Resource
  readonly last?: ClusterObject
  readonly object?: ClusterObject
}

/** The latest changes of a directory, for watches to go on from. */
export interface ChangeLog {
  /** Version of the latest change. */
  readonly version: number
  /** Gives the next version to `make`, and the change to every watch. */
  push(make: (version: number) => Omit<Change, 'version'>): void
  /**
   * Changes after a version, then those to come until `signal` aborts.
   *
   * @throws GONE where the version is before what the log still holds
   */
  watch(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined>
}

/** So many changes are kept; a watch that fell behind more lists again. */
const kept = 4096

/** A change log. Versions begin with the time, so that they grow from one process to the next. */
export function changeLog(start: number = Date.now() * 1000): ChangeLog {
  const changes: Change[] = []
  const wakers = new Set<() => void>()
  let version = start
  /** The changes after a version. @throws GONE */
  const after = (seen: number): readonly Change[] => {
    const oldest = changes[0]?.version ?? version + 1
    if (seen < oldest - 1 && seen < version) {
      throw new KubernetesError('GONE', `too old resource version: ${seen} (${version})`, { reason: 'Expired' })
    }
    return changes.slice(lowerBound(changes, seen))
  }
  /** Resolves when there are changes after a version, or the signal aborts. */
  const news = async (seen: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted || seen < version) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    wakers.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    await promise
    wakers.delete(wake)
    signal.removeEventListener('abort', wake)
  }
  return {
    get version() {
      return version
    },
    push(make) {
      version += 1
      changes.push({ version, ...make(version) })
      if (changes.length > 2 * kept) changes.splice(0, kept)
      for (const wake of wakers) wake()
    },
    async *watch(resource, options) {
      const selects = predicate(options)
      const { signal } = options
      let seen = options.resourceVersion === '' ? version : Number(options.resourceVersion)
      while (!signal.aborted) {
        for (const change of after(seen)) {
          seen = change.version
          const event = sameResource(change.resource, resource) ? eventOf(change, selects, options) : undefined
          if (event !== undefined) yield event
          if (signal.aborted) return
        }
        await news(seen, signal)
      }
      throw new KubernetesError('ABORTED', 'the watch was stopped')
    },
  }
}

/** Index of the first change after a version. */
function lowerBound(changes: readonly Change[], version: number): number {
  let [low, high] = [0, changes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((changes[middle]?.version ?? 0) <= version) low = middle + 1
    else high = middle
  }
  return low
}

/** True for the objects that a list or watch is about. @throws BAD_REQUEST */
export function predicate(options: {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}): Predicate {
  const { namespace } = options
  const labels = options.labelSelector ? labelPredicate(options.labelSelector) : () => true
  const fields = options.fieldSelector ? fieldPredicate(options.fieldSelector) : () => true
  const inNamespace: Predicate = namespace ? ({ metadata }) => metadata.namespace === namespace : () => true
  return (object) => inNamespace(object) && labels(object) && fields(object)
}

/** An object that a change moves into the selection is added for this watch, one that it moves out is deleted. */
function eventOf(change: Change, selects: Predicate, options: WatchOptions): WatchEvent | undefined {
  const before = change.last !== undefined && selects(change.last)
  const now = change.object !== undefined && selects(change.object)
  const state = now ? change.object : change.last
  if ((!before && !now) || state === undefined) return undefined
  const type = now ? (before ? 'modified' : 'added') : 'deleted'
  const object = view(state, options.metadataOnly === true)
  object.metadata.resourceVersion = String(change.version)
  return { type, object: options.transform === undefined ? object : options.transform(object) }
}

/** A copy of an object for a caller, who may change it; or of its metadata alone. */
export function view(object: ClusterObject, metadataOnly: boolean): ClusterObject {
  const { apiVersion, kind, metadata } = object
  return structuredClone(metadataOnly ? { ...(apiVersion && { apiVersion }), ...(kind && { kind }), metadata } : object)
}
