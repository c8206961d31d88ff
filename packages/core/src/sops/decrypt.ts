import { CoreError } from '../error.ts'
import type { SopsFile } from './encrypt.ts'
import { Mac } from './mac.ts'
import { type Selector, selector } from './rules.ts'
import { type Branch, goType, isComment, type Leaf } from './tree.ts'
import { type Decrypted, decryptValue, type IvStash, plaintext, type ValueContext } from './value.ts'
import { type Place, walk } from './walk.ts'

/** What decryption works with. */
export interface DecryptOptions {
  readonly dataKey: Uint8Array
  /** Takes the vectors, for a later {@link encryptFile}. */
  readonly stash?: IvStash | undefined
  /** Skips the MAC (`--ignore-mac`). Values that do not decrypt still fail. */
  readonly ignoreMac?: boolean | undefined
  /** Told of every comment that stands in an encrypted place in plain text, which old versions of sops wrote. */
  readonly onPlainComment?: ((text: string) => void) | undefined
}

/**
 * Decrypts the values that the file's rule selects and checks the MAC.
 *
 * @throws `DECRYPTION_FAILED`, `INVALID_FORMAT`, `UNSUPPORTED_VALUE` from a value, `MAC_MISMATCH`, `INVALID_REGEXP`
 */
export async function decryptFile(file: SopsFile, options: DecryptOptions): Promise<readonly Branch[]> {
  const rule = await selector(file.metadata.rule)
  const { documents, mac } = decryptDocuments(file, rule, options)
  if (options.ignoreMac !== true) checkMac(file, mac, options)
  return documents
}

/** Decrypts the documents and gives them with the MAC of their plain text, which is not compared. */
export function decryptDocuments(
  file: SopsFile,
  rule: Selector,
  options: DecryptOptions,
): { documents: Branch[]; mac: string } {
  const { macOnlyEncrypted } = file.metadata
  const mac = new Mac(macOnlyEncrypted)
  const { dataKey, stash } = options
  const visit = (value: Leaf, { aad, selected }: Place): Leaf => {
    const { leaf, bytes } = selected ? open(value, { dataKey, aad, stash }, options) : plain(value)
    // Judged by what came out: comments of a list stand in the file as strings.
    if ((selected || !macOnlyEncrypted) && !isComment(leaf)) mac.add(bytes)
    return leaf
  }
  return { documents: file.documents.map((document) => walk(document, rule, visit)), mac: mac.digest() }
}

function plain(leaf: Leaf): Decrypted {
  return { leaf, bytes: plaintext(leaf) }
}

function open(value: Leaf, context: ValueContext, options: DecryptOptions): Decrypted {
  if (isComment(value)) {
    try {
      return decryptValue(value.text, context)
    } catch {
      options.onPlainComment?.(value.text)
      return plain(value)
    }
  }
  if (typeof value === 'string') return decryptLeaf(value, context)
  throw new CoreError('INVALID_FORMAT', `the value at ${place(context.aad)} should be encrypted and is not`, {
    hint: 'a value was added to the file in plain text: encrypt it with set or edit',
    upstream: `Expected encrypted value as string, but got ${goType(value)}`,
  })
}

function decryptLeaf(value: string, context: ValueContext): Decrypted {
  try {
    return decryptValue(value, context)
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    const options = error.hint === undefined ? {} : { hint: error.hint }
    throw new CoreError(error.code, `${place(context.aad)}: ${error.message}`, {
      ...options,
      cause: error,
      upstream: `Could not decrypt value: ${error.upstream ?? error.message}`,
    })
  }
}

/** A value's keys for a message: `data.password`. */
function place(aad: string): string {
  return JSON.stringify(aad.slice(0, -1).replaceAll(':', '.'))
}

function checkMac(file: SopsFile, computed: string, options: DecryptOptions): void {
  const stored = fileMac(file, options.dataKey)
  if (stored === computed) return
  throw new CoreError('MAC_MISMATCH', 'the MAC does not match: values were added, removed, moved or changed', {
    hint: 'restore the file from version control, or look at it with --ignore-mac and encrypt it again',
    upstream: `MAC mismatch. File has ${stored === '' ? 'no MAC' : stored}, computed ${computed}`,
  })
}

/**
 * The MAC that a file states, decrypted; empty where it states none.
 *
 * @throws `MAC_MISMATCH` where it does not decrypt
 */
export function fileMac(file: SopsFile, dataKey: Uint8Array): string {
  try {
    const { leaf } = decryptValue(file.metadata.mac, { dataKey, aad: file.metadata.lastModified })
    return typeof leaf === 'string' ? leaf : ''
  } catch (error) {
    const upstream = error instanceof CoreError ? (error.upstream ?? error.message) : String(error)
    throw new CoreError('MAC_MISMATCH', 'the MAC does not decrypt: mac or lastmodified was changed', {
      cause: error,
      hint: 'restore the file from version control, or look at it with --ignore-mac and encrypt it again',
      upstream: `Cannot decrypt MAC: ${upstream}`,
    })
  }
}
