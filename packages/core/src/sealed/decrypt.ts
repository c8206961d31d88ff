import { type PrivateKey, platform } from '../platform/index.ts'
import { minimumModulusBits, nonceBytes, splitItem } from './hybrid.ts'

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
  const parts = splitItem(sealed)
  if (parts === null || privateKey.modulusBits < minimumModulusBits) return null
  const wrapped = padLeft(parts.wrapped, Math.ceil(privateKey.modulusBits / 8))
  if (wrapped === null) return null
  const sessionKey = await decrypt(privateKey, wrapped, label)
  if (sessionKey === null) return null
  return platform.aesGcmDecrypt(sessionKey, new Uint8Array(nonceBytes), parts.encrypted)
}

/** Go takes an RSA ciphertext without its leading zeros; the runtimes want the modulus's length. */
function padLeft(bytes: Uint8Array, length: number): Uint8Array | null {
  if (bytes.length === length) return bytes
  if (bytes.length > length) return null
  const padded = new Uint8Array(length)
  padded.set(bytes, length - bytes.length)
  return padded
}
