import type { SopsFile } from '../encrypt.ts'
import type { Branch, Value } from '../tree.ts'

/** The formats that SOPS reads and writes. */
export type Format = 'binary' | 'dotenv' | 'ini' | 'json' | 'yaml'

/** Indentation by format: `stores` in `.sops.yaml`, or `--indent`. JSON has a tab for -1. */
export interface Indents {
  readonly yaml?: number
  readonly json?: number
  readonly json_binary?: number
}

/** One file format: text to tree and back, with the same bytes as sops. */
export interface Store {
  readonly format: Format
  /** Reads a file in plain text: one branch a document. */
  load(bytes: Uint8Array): readonly Branch[]
  /** Writes documents in plain text. */
  emit(documents: readonly Branch[]): Uint8Array
  /** Reads an encrypted file and takes its metadata out of it. */
  loadEncrypted(bytes: Uint8Array): SopsFile
  /** Writes an encrypted file with its metadata. */
  emitEncrypted(file: SopsFile): Uint8Array
  /** Writes one value (`--extract`) that is neither a string nor a branch. */
  emitValue(value: Value): Uint8Array
  /** True where a document has an entry that would clash with the metadata: mostly it is encrypted already. */
  isReserved(document: Branch): boolean
}
