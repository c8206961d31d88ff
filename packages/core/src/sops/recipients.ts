import { type Wrap, wrapDataKey } from './datakey.ts'
import { type KeyEntry, type KeyGroup, keyName } from './keygroup.ts'
import type { Metadata } from './metadata.ts'

/** What becomes of one key group. */
export interface GroupChange {
  readonly kept: readonly KeyEntry[]
  readonly added: readonly KeyEntry[]
  readonly removed: readonly KeyEntry[]
}

/** What differs between the key groups of two versions of a file, group by group; keys are told apart by their names. */
export function compareGroups(before: readonly KeyGroup[], after: readonly KeyGroup[]): GroupChange[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => {
    const [old = [], fresh = []] = [before[index], after[index]]
    return {
      kept: old.filter((key) => has(fresh, key)),
      added: fresh.filter((key) => !has(old, key)),
      removed: old.filter((key) => !has(fresh, key)),
    }
  })
}

/** Whether two versions of a file have the same keys in the same groups. */
export function sameGroups(before: readonly KeyGroup[], after: readonly KeyGroup[]): boolean {
  if (before.length !== after.length) return false
  return compareGroups(before, after).every(({ added, removed }) => added.length + removed.length === 0)
}

/** Whether every key of the one version is in the other: nobody who could read it is shut out. */
export function keepsAll(before: readonly KeyGroup[], after: readonly KeyGroup[]): boolean {
  const keys = after.flat()
  return before.flat().every((key) => has(keys, key))
}

/** Whether a list of keys has a key of the same kind and name. */
export function has(keys: readonly KeyEntry[], wanted: KeyEntry): boolean {
  return keys.some((key) => isSame(key, wanted))
}

function isSame(a: KeyEntry, b: KeyEntry): boolean {
  return a.kind === b.kind && keyName(a) === keyName(b)
}

/** How many groups recover the data key; what one group says does not count. */
export function thresholdOf({ keyGroups, shamirThreshold }: Pick<Metadata, 'keyGroups' | 'shamirThreshold'>): number {
  if (keyGroups.length <= 1) return 0
  return shamirThreshold === 0 ? keyGroups.length : shamirThreshold
}

/**
 * Gives a file other master keys for the same data key. Parts that are wrapped already are taken over where the groups
 * allow it: only new keys are asked.
 *
 * @throws `DATA_KEY_UNAVAILABLE`, `METADATA_INVALID`, `INVALID_KEY`
 */
export async function rewrapDataKey(
  before: Metadata,
  after: Metadata,
  { dataKey, wrap }: { readonly dataKey: Uint8Array; readonly wrap: Wrap },
): Promise<Metadata> {
  const sameShares = thresholdOf(before) === thresholdOf(after) && sameGroups(before.keyGroups, after.keyGroups)
  const single = before.keyGroups.length === 1 && after.keyGroups.length === 1
  // A share of several groups is new whenever one of them changes, and so is what every key wraps.
  if (!sameShares && !single) return wrapDataKey(after, dataKey, { wrap })
  const wrapped = before.keyGroups.flat().filter(({ enc }) => enc !== '')
  const keyGroups = after.keyGroups.map((group) =>
    group.map((key) => wrapped.find((old) => isSame(old, key)) ?? { ...key, enc: '' }),
  )
  if (sameShares) return { ...after, keyGroups }
  const wrapNew: Wrap = async (part, key) => (key.enc === '' ? wrap(part, key) : key)
  return wrapDataKey({ ...after, keyGroups }, dataKey, { wrap: wrapNew })
}
