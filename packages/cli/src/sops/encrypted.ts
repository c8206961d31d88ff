import { basename, resolve } from 'node:path'
import { type Format, openStore, type SopsFile, type Store } from '@sealkit/core/sops'
import type { Io } from '../io.ts'
import { readInput } from '../sealing/files.ts'
import type { Configs } from './creation.ts'
import { encryptedFormat, namedFormat } from './format.ts'
import { about } from './outcome.ts'

/** An encrypted file, read and taken apart. */
export interface EncryptedFile {
  /** As it was named, for messages. */
  readonly path: string
  readonly bytes: Uint8Array
  readonly format: Format
  /** Writes it again, with the indentation that its configuration asks for. */
  readonly store: Store
  readonly file: SopsFile
}

/** How {@link readEncrypted} reads. */
export interface ReadOptions {
  readonly configs: Configs
  /** Format by name; told by path and content without it. */
  readonly type?: string | undefined
  /** The path that says the format and the configuration, where it is not the file's own. */
  readonly name?: string | undefined
}

/**
 * Reads a SOPS file.
 *
 * @throws `FILE_UNREADABLE`, `METADATA_MISSING`, `METADATA_INVALID` and what the store throws; all name the file
 */
export async function readEncrypted(path: string, options: ReadOptions, io: Io): Promise<EncryptedFile> {
  return parseEncrypted({ path, bytes: readInput(path, io) }, options, io)
}

/** The same of bytes that were read already. */
export async function parseEncrypted(
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
  { configs, type, name = path }: ReadOptions,
  io: Io,
): Promise<EncryptedFile> {
  try {
    const format = type === undefined ? encryptedFormat(basename(name), bytes) : namedFormat(type, 'input-type')
    const store = await openStore(format, (await configs.find(resolve(io.cwd, name)))?.config.indents)
    return { path, bytes, format, store, file: store.loadEncrypted(bytes) }
  } catch (error) {
    throw about(path, error)
  }
}

/** True for the error of a file that is not encrypted at all. */
export function isPlain(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'METADATA_MISSING'
}
