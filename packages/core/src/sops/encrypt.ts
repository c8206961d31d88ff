import { CoreError } from '../error.ts'
import { Mac } from './mac.ts'
import type { Metadata } from './metadata.ts'
import { type Selector, selector } from './rules.ts'
import { type Branch, isComment, type Leaf } from './tree.ts'
import { encryptValue, type IvStash, plaintext, type Random } from './value.ts'
import { type Place, walk } from './walk.ts'

/** A SOPS file between a store and the cryptography. */
export interface SopsFile {
  /** One branch a document; all formats but YAML have one document. */
  readonly documents: readonly Branch[]
  readonly metadata: Metadata
}

/** What encryption works with. */
export interface EncryptOptions {
  readonly dataKey: Uint8Array
  /** The time of encryption; it becomes `lastmodified`, which the MAC is bound to. */
  readonly now: Date
  /** Vectors of an earlier decryption, to keep the ciphertext of what did not change. */
  readonly stash?: IvStash | undefined
  readonly random?: Random | undefined
}

/**
 * Encrypts the values that the file's rule selects, and sets `mac` and `lastmodified`.
 *
 * @throws `INVALID_REGEXP`, `UNSUPPORTED_VALUE`
 */
export async function encryptFile(file: SopsFile, options: EncryptOptions): Promise<SopsFile> {
  const rule = await selector(file.metadata.rule)
  const { documents, mac } = encryptDocuments(file, rule, options)
  const lastModified = `${options.now.toISOString().slice(0, 19)}Z`
  const sealed = encryptValue(mac, { ...options, aad: lastModified })
  return { documents, metadata: { ...file.metadata, mac: sealed, lastModified } }
}

/** Encrypts the documents and gives them with the MAC of their plain text. */
export function encryptDocuments(
  file: SopsFile,
  rule: Selector,
  options: Omit<EncryptOptions, 'now'>,
): { documents: Branch[]; mac: string } {
  const { macOnlyEncrypted } = file.metadata
  const mac = new Mac(macOnlyEncrypted)
  const { dataKey, stash, random } = options
  const visit = (leaf: Leaf, { aad, selected }: Place): Leaf => {
    const covered = (selected || !macOnlyEncrypted) && !isComment(leaf)
    if (covered) mac.add(plaintext(leaf))
    if (!selected) return leaf
    const text = encryptValue(leaf, { dataKey, aad, stash, random })
    if (isComment(leaf)) refuseSelectedComment(text, rule)
    return text
  }
  return { documents: file.documents.map((document) => walk(document, rule, visit)), mac: mac.digest() }
}

/** A ciphertext that matches the rule which keeps comments in the clear would be read as plain text. */
function refuseSelectedComment(text: string, rule: Selector): void {
  if (rule.on !== 'comment' || rule.encryptsMatches || !rule.matches(text)) return
  throw new CoreError('UNSUPPORTED_VALUE', 'unencrypted_comment_regex matches an encrypted comment', {
    hint: 'make the expression so specific that base64 cannot match it',
    upstream: `Encrypted comment ${JSON.stringify(text)} matches UnencryptedCommentRegex! Make sure that UnencryptedCommentRegex cannot match an encrypted comment.`,
  })
}
