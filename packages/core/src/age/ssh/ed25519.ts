import { createHash, hkdfSync, randomFillSync } from 'node:crypto'
import { CoreError } from '../../error.ts'
import { aead } from '../aead.ts'
import type { Stanza } from '../x25519.ts'
import { exchange, x25519KeyPair } from '../x25519.ts'
import { ed25519PublicKey, type SshEd25519PublicKey } from './publickey.ts'
import { sshKeyError } from './wire.ts'

const label = 'age-encryption.org/v1/ssh-ed25519'
const keyLength = 32
const zeroNonce = new Uint8Array(12)

/** An Ed25519 key pair as age uses it: the same keys on Curve25519. */
export interface Ed25519Pair {
  readonly publicKey: SshEd25519PublicKey
  /** The X25519 secret. */
  readonly scalar: Uint8Array
}

/** The pair of a seed (RFC 8032 section 5.1.5: the scalar is half of the seed's hash). */
export async function ed25519Pair(seed: Uint8Array): Promise<Ed25519Pair> {
  const { ed25519 } = await import('@noble/curves/ed25519.js')
  const scalar = createHash('sha512').update(seed).digest().subarray(0, keyLength)
  return { publicKey: ed25519PublicKey(Buffer.from(ed25519.getPublicKey(seed))), scalar }
}

/** Wraps a file key as the stanza `ssh-ed25519` (agessh of the age project). */
export async function wrapEd25519(fileKey: Uint8Array, recipient: SshEd25519PublicKey): Promise<Stanza> {
  const point = await montgomery(recipient)
  const ephemeral = x25519KeyPair(randomFillSync(new Uint8Array(keyLength)))
  const shared = tweaked(exchange(ephemeral.secret, point), recipient)
  const key = wrapKey(shared, Buffer.concat([ephemeral.recipient, point]))
  return {
    args: ['ssh-ed25519', recipient.tag, Buffer.from(ephemeral.recipient).toString('base64').replace(/=+$/, '')],
    body: (await aead()).seal(key, zeroNonce, fileKey),
  }
}

/**
 * Unwraps a file key; null where the stanza is another recipient's.
 *
 * @throws `INVALID_FORMAT`, `DECRYPTION_FAILED`
 */
export async function unwrapEd25519(stanza: Stanza, pair: Ed25519Pair): Promise<Uint8Array | null> {
  const [type, tag, text = ''] = stanza.args
  if (type !== 'ssh-ed25519') return null
  const share = Buffer.from(text, 'base64')
  if (stanza.args.length !== 3 || share.length !== keyLength) throw malformed()
  if (tag !== pair.publicKey.tag) return null
  const own = x25519KeyPair(pair.scalar)
  const shared = tweaked(exchange(own.secret, share), pair.publicKey)
  const key = wrapKey(shared, Buffer.concat([share, own.recipient]))
  const fileKey = (await aead()).open(key, zeroNonce, stanza.body)
  if (fileKey !== null) return fileKey
  throw new CoreError('DECRYPTION_FAILED', 'the wrapped data key was changed', {
    upstream: 'failed to decrypt file key: chacha20poly1305: message authentication failed',
  })
}

/** The point on Curve25519 (RFC 7748 section 4.1: u = (1 + y) / (1 - y)). */
async function montgomery({ point }: SshEd25519PublicKey): Promise<Uint8Array> {
  const { ed25519 } = await import('@noble/curves/ed25519.js')
  try {
    return ed25519.utils.toMontgomery(point)
  } catch {
    throw sshKeyError('invalid Ed25519 public key: edwards25519: invalid point encoding')
  }
}

/** Binds the shared secret to the SSH key. */
function tweaked(shared: Uint8Array, { blob }: SshEd25519PublicKey): Uint8Array {
  const tweak = new Uint8Array(hkdfSync('sha256', Buffer.alloc(0), blob, label, keyLength))
  return exchange(x25519KeyPair(tweak).secret, shared)
}

function wrapKey(shared: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', shared, salt, label, keyLength))
}

function malformed(): CoreError {
  return new CoreError('INVALID_FORMAT', 'the wrapped data key has a malformed ssh-ed25519 stanza', {
    upstream: 'invalid ssh-ed25519 recipient block',
  })
}
