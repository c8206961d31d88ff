import {
  type Branch,
  encryptAgain,
  hasValue,
  isBranch,
  isEncrypted,
  openPlain,
  type PlainFile,
  type SopsFile,
  type Value,
} from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'
import type { EncryptedFile } from './encrypted.ts'
import { about } from './outcome.ts'
import { checkSelected } from './selected.ts'
import { type TreePath, truncate } from './treepath.ts'

/**
 * Decrypts a file so that it can be changed; errors name the file.
 *
 * @throws `DATA_KEY_UNAVAILABLE`, `MAC_MISMATCH`, `DECRYPTION_FAILED`
 */
export async function openEncrypted({ path, file }: EncryptedFile, { unwrap }: MasterKeys): Promise<PlainFile> {
  try {
    return await openPlain(file, { unwrap })
  } catch (error) {
    throw about(path, error)
  }
}

/** Changes the first document; null where it comes to the same. */
export type Change = (document: Branch) => Branch | null

/**
 * The encrypted file with its first document changed: same data key, and the ciphertext of everything else kept. Null
 * where nothing changed.
 *
 * @throws `NO_SUCH_KEY`, `USAGE`, and as {@link openEncrypted}
 */
export async function changedFile(
  target: EncryptedFile,
  change: Change,
  { keys, io }: { readonly keys: MasterKeys; readonly io: Io },
): Promise<SopsFile | null> {
  const plain = await openEncrypted(target, keys)
  const [first, ...rest] = plain.documents
  if (first === undefined) throw new CliError('NO_SUCH_KEY', `${target.path}: the file has no documents`)
  const document = change(first)
  if (document === null) return null
  const documents = [document, ...rest]
  try {
    const encrypted = await encryptAgain(plain, { documents }, { now: io.now() })
    checkSelected(encrypted, { documents, metadata: plain.metadata })
    return encrypted
  } catch (error) {
    throw about(target.path, error)
  }
}

/**
 * Refuses to leave a value in plain text that somebody set in an encrypted file.
 *
 * @throws `USAGE`
 */
export function checkEncryptedAt(file: SopsFile, path: TreePath): void {
  const [first] = file.documents
  const value: Value = first === undefined ? null : truncate(first, path)
  const holder: Branch = isBranch(value) ? value : { kind: 'branch', items: [{ key: '', value }] }
  const isPlain = hasValue([holder], (leaf) => typeof leaf !== 'string' || (leaf !== '' && !isEncrypted(leaf)))
  if (!isPlain) return
  throw new CliError('USAGE', `the file's ${file.metadata.rule?.name ?? 'rule'} leaves this place in plain text`, {
    hint: 'pass --plain if that is meant',
  })
}
