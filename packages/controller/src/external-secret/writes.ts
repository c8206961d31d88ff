import { type ClusterObject, type Key, keyOf, keyText } from '@sealkit/kubernetes'

/**
 * What this process wrote of each object, for as long as the watch has not shown it: without that a sync would run twice,
 * and kept for longer every object would be in memory twice.
 */
export interface Writes {
  /** Objects that the watch has not shown yet. */
  readonly size: number
  /** The newer of what the watch shows and what was written. */
  latest(shown: ClusterObject): ClusterObject
  /** Takes in what the server answered to a write. */
  remember(written: ClusterObject): void
  /** To be called when the watch shows an object. */
  seen(shown: ClusterObject): void
  /** Forgets an object that is gone. */
  forget(key: Key): void
}

/** {@link Writes} beside a watch: `shown` gives what it has shown last of an object, null where there is none. */
export function createWrites(shown: (key: Key) => ClusterObject | null): Writes {
  const ahead = new Map<string, ClusterObject>()
  const latest = (object: ClusterObject): ClusterObject => newer(object, ahead.get(keyText(keyOf(object))))
  return {
    get size() {
      return ahead.size
    },
    latest,
    remember(written): void {
      const key = keyOf(written)
      const last = shown(key)
      // The watch is often faster than the answer.
      if (last === null || newer(last, written) === last) ahead.delete(keyText(key))
      else ahead.set(keyText(key), written)
    },
    seen(object): void {
      if (latest(object) === object) ahead.delete(keyText(keyOf(object)))
    },
    forget: (key) => void ahead.delete(keyText(key)),
  }
}

function newer(shown: ClusterObject, written: ClusterObject | undefined): ClusterObject {
  if (written === undefined || written.metadata.uid !== shown.metadata.uid) return shown
  const version = ({ metadata }: ClusterObject): number => Number(metadata.resourceVersion ?? 0)
  return version(written) > version(shown) ? written : shown
}
