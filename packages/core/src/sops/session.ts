import { type Unwrap, unwrapDataKey } from './datakey.ts'
import { decryptFile } from './decrypt.ts'
import { encryptFile, type SopsFile } from './encrypt.ts'
import type { OpenOptions } from './file.ts'
import { formatVersion, type Metadata } from './metadata.ts'
import type { Branch } from './tree.ts'
import { IvStash, type Random } from './value.ts'
import { checkVersion } from './version.ts'

/** A SOPS file in plain text, with all that it takes to encrypt it again. */
export interface PlainFile extends SopsFile {
  readonly dataKey: Uint8Array
  /** Vectors of its values: what does not change keeps its ciphertext. */
  readonly stash: IvStash
}

/**
 * Decrypts a file so that it can be changed.
 *
 * @throws `DATA_KEY_UNAVAILABLE`, and all of {@link decryptFile}'s
 */
export async function openPlain(file: SopsFile, options: OpenOptions): Promise<PlainFile> {
  checkVersion(file.metadata.version)
  const dataKey = await unwrapDataKey(file.metadata, options)
  const stash = new IvStash()
  const documents = await decryptFile(file, { dataKey, stash, ignoreMac: options.ignoreMac })
  return { documents, metadata: file.metadata, dataKey, stash }
}

/** What {@link encryptAgain} may change besides the documents. */
export interface AgainOptions {
  readonly now: Date
  readonly random?: Random | undefined
}

/**
 * Encrypts a file with other documents or metadata, and the same data key: values that stayed keep their ciphertext.
 *
 * @throws all of {@link encryptFile}'s
 */
export function encryptAgain(
  plain: PlainFile,
  change: { readonly documents?: readonly Branch[]; readonly metadata?: Metadata },
  options: AgainOptions,
): Promise<SopsFile> {
  const { dataKey, stash } = plain
  const { documents = plain.documents, metadata = plain.metadata } = change
  const version = newerVersion(metadata.version, formatVersion)
  return encryptFile({ documents, metadata: { ...metadata, version } }, { dataKey, stash, ...options })
}

/** What is written now has the newest of both formats. */
function newerVersion(a: string, b: string): string {
  const [left, right] = [a, b].map((version) => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number))
  const difference = (right ?? []).map((part, at) => part - (left?.[at] ?? 0)).find((part) => part !== 0) ?? 0
  return difference > 0 ? b : a
}

/**
 * The same `unwrap` that asks for each wrapped part once, however many files hold it. What was given up because its
 * file had its data key by another master key is asked again when another file wants it.
 */
export function sharedUnwrap(unwrap: Unwrap): Unwrap {
  const asked = new Map<string, Promise<Uint8Array>>()
  return async (key, options) => {
    const name = JSON.stringify([key.kind, key.fields, key.context ?? null, key.enc])
    for (;;) {
      const known = asked.get(name)
      if (known === undefined) {
        const mine = unwrap(key, options)
        asked.set(name, mine)
        return mine.catch((error: unknown) => {
          if (options?.signal?.aborted === true) asked.delete(name)
          throw error
        })
      }
      try {
        return await known
      } catch (error) {
        if (asked.get(name) === known || options?.signal?.aborted === true) throw error
      }
    }
  }
}
