import { sameValue } from './compare.ts'
import { newDataKey, type Wrap, wrapDataKey } from './datakey.ts'
import { encryptFile, type SopsFile } from './encrypt.ts'
import type { Metadata } from './metadata.ts'
import { keepsAll, rewrapDataKey, sameGroups, thresholdOf } from './recipients.ts'
import { defaultRule } from './rules.ts'
import { encryptAgain, type PlainFile } from './session.ts'

/** What {@link encryptOver} works with. */
export interface OverOptions {
  readonly wrap: Wrap
  readonly now: Date
}

/**
 * Encrypts plain documents as an earlier encrypted version of them was, so that only what changed differs: the data
 * key stays, and with it the ciphertext of values that are the same. Null where nothing at all changed.
 *
 * A master key that the earlier version had and the new one has not means a new data key, and then everything is new:
 * whoever held it knows the old data key.
 *
 * @param file documents in plain text with the metadata that they are to get; wrapped parts are made here
 * @throws `DATA_KEY_UNAVAILABLE`, `METADATA_INVALID`, and all of {@link encryptFile}'s
 */
export async function encryptOver(
  base: PlainFile,
  file: SopsFile,
  { wrap, now }: OverOptions,
): Promise<SopsFile | null> {
  if (!keepsAll(base.metadata.keyGroups, file.metadata.keyGroups)) {
    const dataKey = newDataKey()
    const metadata = await wrapDataKey(file.metadata, dataKey, { wrap })
    return encryptFile({ documents: file.documents, metadata }, { dataKey, now })
  }
  if (sameSettings(base.metadata, file.metadata) && sameValue(base.documents, file.documents)) return null
  const { dataKey } = base
  const metadata = await rewrapDataKey(base.metadata, file.metadata, { dataKey, wrap })
  return encryptAgain(base, { documents: file.documents, metadata }, { now })
}

/** Whether two versions of a file are encrypted by the same rule for the same keys. */
export function sameSettings(a: Metadata, b: Metadata): boolean {
  // Binary files have no rule when they are made, and the default one when they are read.
  const [one, other] = [a.rule ?? defaultRule, b.rule ?? defaultRule]
  return (
    sameGroups(a.keyGroups, b.keyGroups) &&
    thresholdOf(a) === thresholdOf(b) &&
    a.macOnlyEncrypted === b.macOnlyEncrypted &&
    one.name === other.name &&
    one.pattern === other.pattern
  )
}
