import { createHash } from 'node:crypto'
import type { SopsFile } from './encrypt.ts'
import { selector } from './rules.ts'
import { type Branch, isComment, type Leaf } from './tree.ts'
import { isEncrypted, parseValue } from './value.ts'
import { type Place, walk } from './walk.ts'

/**
 * The documents of an encrypted file without a secret in them, and without a key: each encrypted value is replaced by
 * its type and a fingerprint of its ciphertext, which changes when the value is encrypted anew. Plain text in a place
 * that should be encrypted is not shown either.
 *
 * @throws `INVALID_REGEXP`, `UNSUPPORTED_VALUE`
 */
export async function maskFile(file: SopsFile): Promise<readonly Branch[]> {
  const rule = await selector(file.metadata.rule)
  return file.documents.map((document) => walk(document, rule, masked))
}

/** The documents of a plain file with every value hidden. */
export async function maskPlain(documents: readonly Branch[]): Promise<readonly Branch[]> {
  const rule = await selector(null)
  return documents.map((document) => walk(document, rule, (leaf) => (isEmpty(leaf) ? leaf : plainMark)))
}

const plainMark = '<not encrypted>'

function masked(leaf: Leaf, { selected }: Place): Leaf {
  const text = isComment(leaf) ? leaf.text : leaf
  if (typeof text === 'string' && isEncrypted(text)) return fingerprint(text)
  // Comments stay in plain text where old versions of sops left them so.
  return selected && !isEmpty(leaf) && !isComment(leaf) ? plainMark : leaf
}

function isEmpty(leaf: Leaf): boolean {
  return leaf === ''
}

function fingerprint(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return `<${typeOf(text)} ${digest}>`
}

function typeOf(text: string): string {
  try {
    const { type } = parseValue(text)
    return /^[a-z]+$/.test(type) ? type : 'unknown'
  } catch {
    return 'damaged'
  }
}
