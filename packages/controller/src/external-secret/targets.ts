import { type ClusterObject, type Key, keyOf, keyText, type ObjectStore } from '@sealkit/kubernetes'
import { dataHash } from './hash.ts'
import { names } from './names.ts'

/** What is known of the managed Secrets without asking: their metadata, and which of them were found to be whole. */
export interface TargetCache {
  /** Metadata of a managed Secret; null for one that is not there, not managed, or not seen yet. */
  metadata(key: Key): ClusterObject | null
  /** Whether the Secret was whole, its data those of its hash, in the state that the metadata are of. */
  isWhole(metadata: ClusterObject): boolean
  /** Looks at a Secret that was read or written; true when its data are those of its hash. */
  inspect(secret: ClusterObject): boolean
}

/** A {@link TargetCache}, and how its owner keeps it. */
export interface Targets extends TargetCache {
  /** True for a state that this process wrote or inspected: it needs no second look. */
  isKnown(metadata: ClusterObject): boolean
  forget(key: Key): void
}

/**
 * A {@link TargetCache} over the metadata that an informer holds. Of data nothing is kept but the resourceVersion at
 * which they were found to be whole.
 */
export function createTargets(secrets: Pick<ObjectStore, 'get'>): Targets {
  const whole = new Map<string, string>()
  const isKnown = (secret: ClusterObject): boolean =>
    whole.get(keyText(keyOf(secret))) === secret.metadata.resourceVersion
  return {
    metadata: (key) => secrets.get(key) ?? null,
    isWhole: isKnown,
    isKnown,
    inspect(secret): boolean {
      const { annotations = {}, resourceVersion = '' } = secret.metadata
      const isWhole = annotations[names.dataHash] === dataHash((secret['data'] ?? {}) as Record<string, string>)
      if (isWhole) whole.set(keyText(keyOf(secret)), resourceVersion)
      else whole.delete(keyText(keyOf(secret)))
      return isWhole
    },
    forget: (key) => void whole.delete(keyText(key)),
  }
}
