import { isUtf8 } from 'node:buffer'
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import { CoreError } from '../error.ts'
import { formatFloat } from '../go/float.ts'
import { atoi, parseBool, parseFloat64 } from '../go/number.ts'
import { decodeUtf8, encodeUtf8 } from '../go/utf8.ts'
import { canonicalTime } from './time.ts'
import { comment, type Leaf } from './tree.ts'

/** Names of the types that an encrypted value carries. */
export type ValueType = 'str' | 'int' | 'float' | 'bool' | 'time' | 'comment' | 'bytes'

/** The parts of `ENC[AES256_GCM,data:...,iv:...,tag:...,type:...]`. */
export interface EncryptedValue {
  readonly data: Buffer
  readonly iv: Buffer
  readonly tag: Buffer
  readonly type: string
}

/** Fills a buffer with random bytes. */
export type Random = (buffer: Uint8Array) => void

/**
 * Initialisation vectors of decrypted values, by type, plaintext and associated data: what is encrypted again
 * unchanged keeps its vector, and so its ciphertext. Equal values of one list share an entry; the last one wins.
 */
export class IvStash {
  readonly #entries = new Map<string, Buffer>()

  get(type: string, plaintext: string, aad: string): Buffer | undefined {
    return this.#entries.get(stashKey(type, plaintext, aad))
  }

  set(entry: { type: string; plaintext: string; aad: string; iv: Buffer }): void {
    this.#entries.set(stashKey(entry.type, entry.plaintext, entry.aad), entry.iv)
  }

  /** Takes over what another stash holds; both must be of one data key. */
  addAll(other: IvStash): void {
    for (const [key, iv] of other.#entries) this.#entries.set(key, iv)
  }
}

const prefix = 'ENC[AES256_GCM,data:'
const grammar = /^ENC\[AES256_GCM,data:([^\n]+),iv:([^\n]+),tag:([^\n]+),type:([^\n]+)\]/
const algorithm = 'aes-256-gcm'
const ivLength = 32
const tagLength = 16

/**
 * Reads one encrypted value; what follows its closing bracket is ignored, as sops ignores it.
 *
 * @throws `INVALID_FORMAT` where the text is no encrypted value or a part of it is no base64.
 */
export function parseValue(text: string): EncryptedValue {
  const dataEnd = text.indexOf(',iv:', prefix.length)
  const ivEnd = text.indexOf(',tag:', dataEnd + 4)
  const tagEnd = text.indexOf(',type:', ivEnd + 5)
  if (!text.startsWith(prefix) || dataEnd < 0 || ivEnd < 0 || tagEnd < 0 || !text.endsWith(']'))
    return parseLoosely(text)
  const data = decodeBase64(text.slice(prefix.length, dataEnd))
  const iv = decodeBase64(text.slice(dataEnd + 4, ivEnd))
  const tag = decodeBase64(text.slice(ivEnd + 5, tagEnd))
  const type = text.slice(tagEnd + 6, -1)
  if (!data?.length || !iv?.length || !tag?.length || type === '' || type.includes('\n')) return parseLoosely(text)
  return { data, iv, tag, type }
}

/** Writes one encrypted value. */
export function formatValue(value: EncryptedValue): string {
  const { data, iv, tag, type } = value
  return `ENC[AES256_GCM,data:${data.toString('base64')},iv:${iv.toString('base64')},tag:${tag.toString('base64')},type:${type}]`
}

/** The type name that a leaf is encrypted under. */
function valueType(leaf: Leaf): ValueType {
  if (typeof leaf === 'string' || leaf instanceof Uint8Array) return 'str'
  if (typeof leaf === 'bigint') return 'int'
  if (typeof leaf === 'number') return 'float'
  if (typeof leaf === 'boolean') return 'bool'
  return leaf.kind
}

/** The bytes of a leaf, which are both what is encrypted and what the MAC covers (strings stand for their UTF-8). */
export function plaintext(leaf: Leaf): string | Uint8Array {
  if (typeof leaf === 'string' || leaf instanceof Uint8Array) return leaf
  if (typeof leaf === 'bigint') return leaf.toString()
  if (typeof leaf === 'number') return formatFloat(leaf, 'f')
  if (typeof leaf === 'boolean') return leaf ? 'True' : 'False'
  return bytesOf(leaf.text)
}

/** A text as it is, or its bytes where it stands for some that are no UTF-8. */
function bytesOf(text: string): string | Uint8Array {
  return text.isWellFormed() ? text : encodeUtf8(text)
}

/** What {@link encryptValue} and {@link decryptValue} work with. */
export interface ValueContext {
  readonly dataKey: Uint8Array
  /** The associated data: the value's path. */
  readonly aad: string
  readonly stash?: IvStash | undefined
  readonly random?: Random | undefined
}

/**
 * Encrypts one leaf with AES-256-GCM and a 32-byte vector. An empty text stays empty, as sops keeps it.
 *
 * @throws `INVALID_KEY` where the data key is not 32 bytes long.
 */
export function encryptValue(leaf: Leaf, context: ValueContext): string {
  const bytes = plaintext(leaf)
  if (bytes.length === 0) return ''
  checkDataKey(context.dataKey)
  const type = valueType(leaf)
  const iv = stashed(context, type, bytes) ?? randomIv(context.random)
  const cipher = createCipheriv(algorithm, context.dataKey, iv)
  cipher.setAAD(Buffer.from(bytesOf(context.aad)))
  const data = typeof bytes === 'string' ? cipher.update(bytes, 'utf8') : cipher.update(bytes)
  cipher.final()
  return formatValue({ data, iv, tag: cipher.getAuthTag(), type })
}

/** A decrypted leaf with the bytes that it stands for. */
export interface Decrypted {
  readonly leaf: Leaf
  /** Canonical bytes of the leaf, which the MAC covers. */
  readonly bytes: string | Uint8Array
}

/**
 * Decrypts one value. Integers, floats, booleans and times come back in canonical form.
 *
 * @throws `INVALID_FORMAT` where the text is no encrypted value; `DECRYPTION_FAILED` where it does not decrypt with
 * this key at this path; `UNSUPPORTED_VALUE` where its type is not known or its plaintext is none of its type.
 */
export function decryptValue(text: string, context: ValueContext): Decrypted {
  if (text === '') return { leaf: '', bytes: '' }
  const value = parseValue(text)
  const bytes = open(value, context)
  const leaf = decodeLeaf(value.type, bytes)
  const canonical = typeof leaf === 'string' || leaf instanceof Uint8Array ? bytes : plaintext(leaf)
  context.stash?.set({ type: valueType(leaf), plaintext: latin1(canonical), aad: context.aad, iv: value.iv })
  return { leaf, bytes: canonical }
}

function open(value: EncryptedValue, context: ValueContext): Buffer {
  checkDataKey(context.dataKey)
  const failed = 'Could not decrypt with AES_GCM: cipher: message authentication failed'
  if (value.tag.length !== tagLength || value.iv.length === 0) throw undecryptable(failed)
  const decipher = createDecipheriv(algorithm, context.dataKey, value.iv)
  decipher.setAAD(Buffer.from(bytesOf(context.aad)))
  decipher.setAuthTag(value.tag)
  const bytes = decipher.update(value.data)
  try {
    decipher.final()
  } catch {
    throw undecryptable(failed)
  }
  return bytes
}

function undecryptable(upstream: string): CoreError {
  return new CoreError('DECRYPTION_FAILED', 'an encrypted value does not decrypt with this data key in this place', {
    hint: 'the value was changed, moved or copied from another file: restore it from version control',
    upstream,
  })
}

const decoders: Record<string, (bytes: Buffer) => Leaf> = {
  str: text,
  bytes: text,
  int: (bytes) => atoi(bytes.toString('utf8')),
  float: (bytes) => parseFloat64(bytes.toString('utf8')),
  bool: (bytes) => parseBool(bytes.toString('utf8')),
  time: (bytes) => ({ kind: 'time', text: canonicalTime(bytes.toString('utf8')) }),
  comment: (bytes) => comment(decodeUtf8(bytes)),
}

function decodeLeaf(type: string, bytes: Buffer): Leaf {
  const decode = Object.hasOwn(decoders, type) ? decoders[type] : undefined
  if (decode === undefined) {
    throw new CoreError('UNSUPPORTED_VALUE', 'an encrypted value has a type that SOPS does not know', {
      upstream: `Unknown datatype: ${type}`,
    })
  }
  return decode(bytes)
}

function text(bytes: Buffer): string | Uint8Array {
  const decoded = bytes.toString('utf8')
  return decoded.includes('\ufffd') && !isUtf8(bytes) ? bytes : decoded
}

/** Slow path: Go's regular expression with its greedy groups, and its error texts. */
function parseLoosely(value: string): EncryptedValue {
  const match = grammar.exec(value)
  if (match === null) {
    throw new CoreError('INVALID_FORMAT', 'a value that should be encrypted is not of the form ENC[AES256_GCM,...]', {
      hint: 'a value was added to the file in plain text, or the encrypted text was damaged',
      upstream: `Input string ${value} does not match sops' data format`,
    })
  }
  const [, data = '', iv = '', tag = '', type = ''] = match
  return { data: part('data', data), iv: part('iv', iv), tag: part('tag', tag), type }
}

function part(name: string, value: string): Buffer {
  const decoded = decodeBase64(value) ?? decodeBase64(value.replaceAll('\r', ''))
  if (decoded !== null) return decoded
  throw new CoreError('INVALID_FORMAT', `the ${name} of an encrypted value is not base64`, {
    upstream: `Error base64-decoding ${name}: illegal base64 data at input byte ${illegalOffset(value)}`,
  })
}

/** Padded standard base64 as Go reads it, or null. */
function decodeBase64(value: string): Buffer | null {
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0
  if (value.length % 4 !== 0) return null
  const decoded = Buffer.from(value, 'base64')
  // Buffer skips what it does not know and takes the URL alphabet, so length and alphabet are checked here.
  if (decoded.length !== (value.length / 4) * 3 - padding || value.includes('-') || value.includes('_')) return null
  return decoded
}

/** The offset that Go's decoder names: the first byte that is out of place. */
function illegalOffset(value: string): number {
  const bad = value.search(/[^A-Za-z0-9+/]/)
  if (bad < 0) return value.length - (value.length % 4)
  if (value[bad] !== '=') return bad
  return bad % 4 < 2 ? bad : value.length % 4 === 0 ? bad + 1 : value.length
}

function stashed(context: ValueContext, type: string, bytes: string | Uint8Array): Buffer | undefined {
  const iv = context.stash?.get(type, latin1(bytes), context.aad)
  return iv?.length === ivLength ? iv : undefined
}

function latin1(bytes: string | Uint8Array): string {
  return typeof bytes === 'string' ? Buffer.from(bytes).toString('latin1') : Buffer.from(bytes).toString('latin1')
}

function stashKey(type: string, bytes: string, aad: string): string {
  return `${type}\0${aad}\0${bytes}`
}

function randomIv(random: Random | undefined): Buffer {
  const iv = Buffer.allocUnsafe(ivLength)
  if (random === undefined) randomFillSync(iv)
  else random(iv)
  return iv
}

function checkDataKey(dataKey: Uint8Array): void {
  if (dataKey.length === 32) return
  throw new CoreError('INVALID_KEY', `a SOPS data key has 32 bytes, this one has ${dataKey.length}`, {
    upstream: `crypto/aes: invalid key size ${dataKey.length}`,
  })
}

/** True where the text looks like an encrypted value. */
export function isEncrypted(value: string): boolean {
  return value.startsWith('ENC[AES256_GCM,')
}
