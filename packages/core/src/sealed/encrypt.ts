import { CoreError } from '../error.ts'
import type { PublicKey } from '../platform/platform.ts'
import { sealing } from '../platform/web.ts'
import { joinItem, minimumModulusBits, nonceBytes, sessionKeyBytes } from './hybrid.ts'

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
  const { publicKey, label, plaintext, random = sealing.randomBytes } = options
  checkKeySize(publicKey)
  const sessionKey = random(sessionKeyBytes)
  const wrapped = await sealing.rsaOaepEncrypt(publicKey, sessionKey, label)
  const encrypted = await sealing.aesGcmEncrypt(sessionKey, new Uint8Array(nonceBytes), plaintext)
  return joinItem({ wrapped, encrypted })
}

function checkKeySize(key: PublicKey): void {
  if (key.algorithm !== 'rsa') throw new CoreError('INVALID_KEY', 'the sealing key is no RSA key')
  if (key.modulusBits >= minimumModulusBits) return
  throw new CoreError('INVALID_KEY', `an RSA key of ${key.modulusBits} bits is too short to seal with`, {
    hint: 'use a certificate with an RSA key of 2048 bits or more',
    upstream: `crypto/rsa: ${key.modulusBits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`,
  })
}
