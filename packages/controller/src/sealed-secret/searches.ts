import { CoreError } from '@sealkit/core'
import type { Manifest } from '@sealkit/core/manifest'
import { type KeyRing, scopeOf, type Unsealer } from '@sealkit/core/sealed'
import { type ClusterObject, type Key, keyOf, keyText, type Priority } from '@sealkit/kubernetes'

/** Keys that an item is tried with at once: the one that succeeded last, and the newest. */
export const likelyKeys = 2

/**
 * Which SealedSecrets are tried with all keys, and when. An item names no key: that none fits is known after a private
 * operation with each, so what the likely keys do not open waits until nobody else does, and what was found to fit no key
 * is not tried again until the object or the set of keys is another. Of the contents nothing is kept.
 */
export interface Searches {
  /**
   * Unseals a SealedSecret with the likely keys, at `idle` priority with all.
   *
   * @returns null where other keys are to be tried, later
   * @throws what unsealing throws; of an object that no key opens the same error again
   */
  unseal(
    sealedSecret: ClusterObject,
    priority: Priority,
    open: (unsealer: Unsealer) => Promise<Manifest>,
  ): Promise<Manifest | null>
  /** Forgets an object that is gone. */
  forget(key: Key): void
}

/** {@link Searches} with the keys of a ring. */
export function createSearches(keyRing: KeyRing): Searches {
  const hopeless = new Map<string, { readonly state: string; readonly failure: CoreError }>()
  return {
    async unseal(sealedSecret, priority, open): Promise<Manifest | null> {
      const id = keyText(keyOf(sealedSecret))
      const state = stateOf(sealedSecret, keyRing.revision)
      const known = hopeless.get(id)
      if (known !== undefined && known.state === state) throw known.failure
      hopeless.delete(id)
      const opening = keyRing.opening(priority === 'idle' ? {} : { tries: likelyKeys })
      try {
        return await open(opening)
      } catch (error) {
        if (opening.incomplete) return null
        if (state !== null && isUndecryptable(error)) hopeless.set(id, { state, failure: error })
        throw error
      }
    },
    forget: (key) => void hopeless.delete(keyText(key)),
  }
}

/** All that decides whether an object can be decrypted; null where objects carry no generation (those of a folder). */
function stateOf({ metadata }: ClusterObject, revision: number): string | null {
  const { uid, generation, annotations } = metadata
  return generation === undefined ? null : `${uid} ${generation} ${scopeOf(annotations)} ${revision}`
}

function isUndecryptable(error: unknown): error is CoreError {
  return error instanceof CoreError && error.code === 'DECRYPTION_FAILED'
}
