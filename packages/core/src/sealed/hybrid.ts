import { CoreError } from '../error.ts'
import { type PrivateKey, type PublicKey, platform } from '../platform/index.ts'

const lengthBytes = 2
const sessionKeyBytes = 32
/** The session key encrypts one message only, so a constant nonce is safe (upstream's `HybridEncrypt`). */
const nonceBytes = 12
const minimumModulusBits = 1024

/** What {@link sealItem} takes. */
export interface SealItemOptions {
  readonly publicKey: PublicKey
  /** OAEP label, see `label`. */
  readonly label: Uint8Array
  readonly plaintext: Uint8Array
  /** Source of the session key; the platform's by default. */
  readonly random?: (length: number) => Uint8Array
}

/**
 * Encrypts one item: `length of the RSA part (2 bytes, big-endian) | RSA-OAEP(session key) | AES-256-GCM(plaintext)`.
 *
 * @throws INVALID_KEY when the key is no RSA key or shorter than 1024 bits, which Go refuses.
 */
export async function sealItem(options: SealItemOptions): Promise<Uint8Array> {
  const { publicKey, label, plaintext, random = platform.randomBytes } = options
  checkKeySize(publicKey)
  const sessionKey = random(sessionKeyBytes)
  const wrapped = await platform.rsaOaepEncrypt(publicKey, sessionKey, label)
  const encrypted = await platform.aesGcmEncrypt(sessionKey, new Uint8Array(nonceBytes), plaintext)
  const sealed = new Uint8Array(lengthBytes + wrapped.length + encrypted.length)
  new DataView(sealed.buffer).setUint16(0, wrapped.length)
  sealed.set(wrapped, lengthBytes)
  sealed.set(encrypted, lengthBytes + wrapped.length)
  return sealed
}

function checkKeySize(key: PublicKey): void {
  if (key.algorithm !== 'rsa') throw new CoreError('INVALID_KEY', 'the sealing key is no RSA key')
  if (key.modulusBits >= minimumModulusBits) return
  throw new CoreError('INVALID_KEY', `an RSA key of ${key.modulusBits} bits is too short to seal with`, {
    hint: 'use a certificate with an RSA key of 2048 bits or more',
    upstream: `crypto/rsa: ${key.modulusBits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`,
  })
}

/**
 * Unwraps a session key with one private key: the session key, or `null` when the key does not fit.
 *
 * A throw means that the machinery failed, not that the key is the wrong one.
 */
export type Decrypt = (key: PrivateKey, ciphertext: Uint8Array, label: Uint8Array) => Promise<Uint8Array | null>

/** What {@link unsealItem} takes. */
export interface UnsealItemOptions {
  readonly privateKey: PrivateKey
  readonly label: Uint8Array
  readonly sealed: Uint8Array
  /** Where RSA runs; the platform's own, in this thread, by default. */
  readonly decrypt?: Decrypt
}

/** Decrypts one item with one key; `null` when anything at all does not fit, with no word about what. */
export async function unsealItem(options: UnsealItemOptions): Promise<Uint8Array | null> {
  const { privateKey, label, sealed, decrypt = platform.rsaOaepDecrypt } = options
  const parts = split(sealed)
  if (parts === null || privateKey.modulusBits < minimumModulusBits) return null
  const wrapped = padLeft(parts.wrapped, Math.ceil(privateKey.modulusBits / 8))
  if (wrapped === null) return null
  const sessionKey = await decrypt(privateKey, wrapped, label)
  if (sessionKey === null) return null
  return platform.aesGcmDecrypt(sessionKey, new Uint8Array(nonceBytes), parts.encrypted)
}

/** The two parts of a sealed item; `null` when it is too short to have them. */
export function split(sealed: Uint8Array): { readonly wrapped: Uint8Array; readonly encrypted: Uint8Array } | null {
  if (sealed.length < lengthBytes) return null
  const end = lengthBytes + new DataView(sealed.buffer, sealed.byteOffset).getUint16(0)
  if (sealed.length < end) return null
  return { wrapped: sealed.subarray(lengthBytes, end), encrypted: sealed.subarray(end) }
}

/** Go takes an RSA ciphertext without its leading zeros; the runtimes want the modulus's length. */
function padLeft(bytes: Uint8Array, length: number): Uint8Array | null {
  if (bytes.length === length) return bytes
  if (bytes.length > length) return null
  const padded = new Uint8Array(length)
  padded.set(bytes, length - bytes.length)
  return padded
}
