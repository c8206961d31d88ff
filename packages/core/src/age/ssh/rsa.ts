import {
  constants,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto'
import { CoreError } from '../../error.ts'
import type { Stanza } from '../x25519.ts'
import { rsaKeyObject, rsaPublicKey, type SshRsaPublicKey } from './publickey.ts'

const oaep = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: 'sha256',
  oaepLabel: Buffer.from('age-encryption.org/v1/ssh-rsa'),
} as const

/** An RSA key pair. */
export interface RsaPair {
  readonly publicKey: SshRsaPublicKey
  readonly secret: KeyObject
}

/** The pair of a private key. */
export function rsaPair(jwk: JsonWebKey): RsaPair {
  const secret = createPrivateKey({ key: jwk, format: 'jwk' })
  const { n = '', e = '' } = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' })
  return { publicKey: rsaPublicKey(integer(n), integer(e), 16_384), secret }
}

function integer(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`)
}

/** Wraps a file key as the stanza `ssh-rsa` (agessh of the age project): RSA-OAEP with SHA-256. */
export function wrapRsa(fileKey: Uint8Array, recipient: SshRsaPublicKey): Stanza {
  const body = publicEncrypt({ key: rsaKeyObject(recipient), ...oaep }, fileKey)
  return { args: ['ssh-rsa', recipient.tag], body }
}

/**
 * Unwraps a file key; null where the stanza is another recipient's.
 *
 * @throws `INVALID_FORMAT`, `DECRYPTION_FAILED`
 */
export function unwrapRsa(stanza: Stanza, { publicKey, secret }: RsaPair): Uint8Array | null {
  const [type, tag] = stanza.args
  if (type !== 'ssh-rsa') return null
  if (stanza.args.length !== 2) {
    throw new CoreError('INVALID_FORMAT', 'the wrapped data key has a malformed ssh-rsa stanza', {
      upstream: 'invalid ssh-rsa recipient block',
    })
  }
  if (tag !== publicKey.tag) return null
  try {
    return privateDecrypt({ key: secret, ...oaep }, stanza.body)
  } catch {
    throw new CoreError('DECRYPTION_FAILED', 'the wrapped data key was changed', {
      upstream: 'failed to decrypt file key: crypto/rsa: decryption error',
    })
  }
}
