import { CoreError } from '../../error.ts'
import type { SopsFile } from '../encrypt.ts'
import { readMetadata, writeMetadata } from '../metadata.ts'
import { type Branch, branch, isBranch } from '../tree.ts'

/** The entry that holds the metadata, and the prefix of such entries in flat formats. */
const blockKey = 'sops'

/**
 * Takes the `sops` block out of a file's documents. It counts in the first document and is dropped from the others.
 *
 * @param open gives the block's nested form where the store keeps it flat; undefined where the block counts for none
 * @throws `METADATA_MISSING`, `METADATA_INVALID`
 */
export function takeBlock(documents: readonly Branch[], open: (block: Branch) => Branch | undefined = same): SopsFile {
  const blocks = (documents[0]?.items ?? []).filter((item) => item.key === blockKey)
  if (blocks.length > 1) throw invalid(`Found duplicate ${blockKey} entry`)
  const [block] = blocks
  if (block === undefined) throw missing()
  if (!isBranch(block.value)) throw invalid(`Found ${blockKey} entry that is not a mapping`)
  const opened = open(block.value)
  if (opened === undefined) throw missing()
  return {
    metadata: readMetadata(opened),
    documents: documents.map(({ items }) => branch(items.filter((item) => item.key !== blockKey))),
  }
}

/**
 * Puts the `sops` block at the end of every document.
 *
 * @throws `METADATA_INVALID` where a document has such an entry of its own.
 */
export function putBlock(file: SopsFile, close: (block: Branch) => Branch = same): Branch[] {
  const value = close(writeMetadata(file.metadata))
  return file.documents.map((document) => {
    if (hasBlock(document)) {
      throw invalid(
        `Error marshaling metadata: Found key "${blockKey}" in encrypted data, which is a reserved key used for SOPS metadata`,
      )
    }
    return branch([...document.items, { key: blockKey, value }])
  })
}

function same(block: Branch): Branch {
  return block
}

/** The block, if anything is in it: of an empty one in JSON or INI sops says that there is none. */
export function filled(block: Branch): Branch | undefined {
  return block.items.length === 0 ? undefined : block
}

/** True where a document has an entry named like the metadata. */
export function hasBlock(document: Branch): boolean {
  return document.items.some((item) => item.key === blockKey)
}

/** The error of a file without metadata. */
export function missing(): CoreError {
  return new CoreError('METADATA_MISSING', 'the file has no sops metadata', {
    hint: 'it is not encrypted, or not in this format',
    upstream: 'sops metadata not found',
  })
}

function invalid(upstream: string): CoreError {
  return new CoreError('METADATA_INVALID', upstream.replace(/^Error marshaling metadata: /, ''), {
    hint: 'rename or remove the entry',
    upstream,
  })
}
