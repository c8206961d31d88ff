import {
  type Conflict,
  type Conflicted,
  mergedSide,
  mergeFiles,
  type PlainFile,
  pathText,
  type Versions,
} from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import type { Io } from '../io.ts'
import { printable } from '../sealing/place.ts'
import { openEncrypted } from './change.ts'
import type { Configs } from './creation.ts'
import { type EncryptedFile, isPlain, parseEncrypted } from './encrypted.ts'

/** Three versions of a file; an empty base where both sides added it. */
export interface MergeInput extends Versions<Uint8Array> {
  /** Where the file is; it tells the format, and messages name it. */
  readonly path: string
}

/** What a merge works with. */
export interface MergeWork {
  readonly keys: MasterKeys
  readonly configs: Configs
  readonly io: Io
}

/**
 * Merges three encrypted versions. What comes to one of the sides is that side's bytes.
 *
 * @throws `METADATA_MISSING` where a side is not encrypted, `DATA_KEY_UNAVAILABLE`, `METADATA_INVALID`
 */
export async function mergeVersions(
  input: MergeInput,
  { keys, configs, io }: MergeWork,
): Promise<{ readonly content: Uint8Array; readonly conflicts: readonly Conflict[] }> {
  const read = (bytes: Uint8Array): Promise<EncryptedFile> =>
    parseEncrypted({ path: input.path, bytes }, { configs }, io)
  const [ours, theirs] = await Promise.all([read(input.ours), read(input.theirs)])
  const opened = await Promise.all([ours, theirs].map((file) => openEncrypted(file, keys)))
  const versions = { base: await openBase(input.base, read, keys), ...pair(opened) }
  const side = mergedSide(versions)
  if (side !== null) return { content: input[side], conflicts: [] }
  const labels: Conflicted = { ours: 'ours', theirs: 'theirs' }
  const merged = await mergeFiles(versions, { store: ours.store, wrap: keys.wrap, now: io.now(), labels })
  return { content: Buffer.from(merged.text), conflicts: merged.conflicts }
}

function pair([ours, theirs]: readonly PlainFile[]): { ours: PlainFile; theirs: PlainFile } {
  if (ours === undefined || theirs === undefined) throw new TypeError('two sides')
  return { ours, theirs }
}

/** A base that was not encrypted yet, or that is not there, counts as none. */
async function openBase(
  bytes: Uint8Array,
  read: (bytes: Uint8Array) => Promise<EncryptedFile>,
  keys: MasterKeys,
): Promise<PlainFile | null> {
  if (bytes.length === 0) return null
  try {
    return await openEncrypted(await read(bytes), keys)
  } catch (error) {
    if (isPlain(error)) return null
    throw error
  }
}

/** The places of conflicts on one line. */
export function conflictPlaces(conflicts: readonly Conflict[]): string {
  return conflicts
    .map(
      ({ document, place }) =>
        `${document === 0 ? '' : `document ${document + 1} `}${printable(pathText(place)) || 'the whole file'}`,
    )
    .join(', ')
}
