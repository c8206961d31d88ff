import { CoreError } from '../error.ts'
import { type Unwrap, type UnwrapOptions, unwrapDataKey } from './datakey.ts'
import { decryptFile } from './decrypt.ts'
import type { SopsFile } from './encrypt.ts'
import { fromPlain, toPlain } from './plain.ts'
import { takeBlock } from './store/block.ts'
import { type Format, type Indents, openStore } from './store/index.ts'
import { type Branch, isBranch } from './tree.ts'
import { checkVersion } from './version.ts'

/** How a file is opened. */
export interface OpenOptions {
  /** Recovers the data key from one master key entry; `@sealkit/keyservice` makes one. */
  readonly unwrap: Unwrap
  /** Kinds of master key to try first. */
  readonly order?: readonly string[] | undefined
  /** Timing of attempts with several master keys. */
  readonly attempts?: UnwrapOptions['attempts']
  /** Skips the MAC. */
  readonly ignoreMac?: boolean | undefined
}

/** A SOPS file in plain text. */
export interface OpenedFile {
  readonly documents: readonly Branch[]
  /** The plain file in this format, byte for byte what `sops decrypt` writes. */
  emit(format: Format, indents?: Indents): Promise<Uint8Array>
}

/**
 * Decrypts a SOPS file and verifies its MAC.
 *
 * @throws `METADATA_MISSING`, `METADATA_INVALID`, `YAML_SYNTAX`, `JSON_SYNTAX`, `INVALID_FORMAT` from reading it,
 * `DATA_KEY_UNAVAILABLE` where no master key gives the data key, and all of {@link decryptFile}'s.
 */
export async function openFile(
  bytes: Uint8Array | string,
  options: OpenOptions & { readonly format: Format },
): Promise<OpenedFile> {
  const store = await openStore(options.format)
  const file = store.loadEncrypted(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
  const documents = await openDocuments(file, options)
  return { documents, emit: async (format, indents) => (await openStore(format, indents)).emit(documents) }
}

/**
 * Decrypts a SOPS-encrypted manifest: a plain object with a `sops` field, or the text of one YAML or JSON document.
 * Text is the surer form: an object has lost the digits of large numbers and the form of timestamps, which the MAC
 * covers. Gives the plain object without `sops`, and null where there is no `sops` field.
 *
 * @throws as {@link openFile}; `INVALID_MANIFEST` where the text holds several documents or none
 */
export async function decryptManifest(
  manifest: string | Readonly<Record<string, unknown>>,
  options: OpenOptions,
): Promise<Record<string, unknown> | null> {
  const document = typeof manifest === 'string' ? await onlyDocument(manifest) : fromPlain(manifest)
  if (!isBranch(document)) throw new CoreError('INVALID_MANIFEST', 'a manifest is an object')
  if (!document.items.some(({ key }) => key === 'sops')) return null
  const [plain] = await openDocuments(takeBlock([document]), options)
  return plain === undefined ? null : (toPlain(plain) as Record<string, unknown>)
}

async function onlyDocument(text: string): Promise<Branch> {
  const store = await openStore(/^\s*\{/.test(text) ? 'json' : 'yaml')
  const [document, ...others] = store.load(Buffer.from(text))
  if (document === undefined || others.length > 0) {
    throw new CoreError('INVALID_MANIFEST', 'the text holds more than one document, or none', {
      hint: 'decrypt a file of several documents as a whole: they share one MAC',
    })
  }
  return document
}

async function openDocuments(file: SopsFile, options: OpenOptions): Promise<readonly Branch[]> {
  checkVersion(file.metadata.version)
  const dataKey = await unwrapDataKey(file.metadata, options)
  return decryptFile(file, { dataKey, ignoreMac: options.ignoreMac })
}
