import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync, type KeyObject, randomFillSync } from 'node:crypto'
import { CoreError } from '../error.ts'
import type { Aead } from './aead.ts'
import { bech32Problem, decodeBech32 } from './bech32.ts'

// DER of a PKCS#8 private and an SPKI public X25519 key (RFC 8410) up to the 32 bytes of the key.
const privatePrefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b656e032100', 'hex')
const label = 'age-encryption.org/v1/X25519'
const keyLength = 32
const zeroNonce = new Uint8Array(12)

/** A stanza of an age header: how one recipient gets the file key. */
export interface Stanza {
  readonly args: readonly string[]
  readonly body: Uint8Array
}

/** An X25519 key pair. */
export interface X25519Identity {
  readonly secret: KeyObject
  readonly recipient: Uint8Array
}

/**
 * Reads `AGE-SECRET-KEY-1...`.
 *
 * @throws `INVALID_KEY`; the message does not hold the key.
 */
export function parseX25519Identity(text: string): X25519Identity {
  const decoded = decodeIdentity(text, 'age-secret-key-')
  return x25519KeyPair(decoded)
}

/**
 * Checks that a text is a native identity: `AGE-SECRET-KEY-1...` or `AGE-SECRET-KEY-PQ-1...`.
 *
 * @throws `INVALID_KEY`; the message does not hold the key.
 */
export function checkIdentity(text: string): void {
  decodeIdentity(text, text.startsWith('AGE-SECRET-KEY-PQ-1') ? 'age-secret-key-pq-' : 'age-secret-key-')
}

function decodeIdentity(text: string, prefix: string): Uint8Array {
  const decoded = decodeBech32(text)
  if (decoded?.prefix === prefix && decoded.data.length === keyLength) return decoded.data
  const problem =
    decoded === null ? bech32Problem(text) : decoded.prefix === prefix ? 'invalid secret key size' : 'unknown type'
  throw new CoreError('INVALID_KEY', 'an age identity is malformed', {
    hint: 'an identity is one line AGE-SECRET-KEY-1..., as age-keygen writes it',
    upstream: `malformed secret key: ${problem}`,
  })
}

/** The 32 bytes of an `age1...` recipient; null where it is no X25519 recipient. */
export function parseX25519Recipient(text: string): Uint8Array | null {
  const decoded = decodeBech32(text)
  return decoded?.prefix === 'age' && decoded.data.length === keyLength ? decoded.data : null
}

/** Wraps a file key for a recipient with a fresh ephemeral key. */
export function wrapX25519(fileKey: Uint8Array, recipient: Uint8Array, aead: Aead): Stanza {
  const ephemeral = x25519KeyPair(randomFillSync(new Uint8Array(keyLength)))
  const key = wrapKey({ secret: ephemeral.secret, peer: recipient, salt: [ephemeral.recipient, recipient] })
  return {
    args: ['X25519', Buffer.from(ephemeral.recipient).toString('base64').replace(/=+$/, '')],
    body: aead.seal(key, zeroNonce, fileKey),
  }
}

/** Unwraps a file key; null where the stanza is another recipient's. */
export function unwrapX25519(stanza: Stanza, { secret, recipient }: X25519Identity, aead: Aead): Uint8Array | null {
  const share = Buffer.from(stanza.args[1] ?? '', 'base64')
  if (stanza.args.length !== 2 || share.length !== keyLength || stanza.body.length !== keyLength) {
    throw new CoreError('INVALID_FORMAT', 'the wrapped data key has a malformed X25519 stanza', {
      upstream: 'invalid X25519 recipient block',
    })
  }
  return aead.open(wrapKey({ secret, peer: share, salt: [share, recipient] }), zeroNonce, stanza.body)
}

/** The key pair of a secret of 32 bytes. */
export function x25519KeyPair(seed: Uint8Array): X25519Identity {
  const secret = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })
  const recipient = createPublicKey(secret as never)
    .export({ format: 'der', type: 'spki' })
    .subarray(-keyLength)
  return { secret, recipient }
}

/**
 * The secret that a key pair shares with a public key (RFC 7748 section 6.1).
 *
 * @throws `INVALID_FORMAT` for a point of low order, which anybody shares a secret with
 */
export function exchange(secret: KeyObject, peer: Uint8Array): Uint8Array {
  const publicKey = createPublicKey({ key: Buffer.concat([publicPrefix, peer]), format: 'der', type: 'spki' })
  const shared = sharedSecret(secret, publicKey)
  if (shared?.some((byte) => byte !== 0)) return shared
  throw new CoreError('INVALID_FORMAT', 'the wrapped data key was made with a low-order point', {
    upstream: 'invalid X25519 recipient block',
  })
}

function sharedSecret(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | null {
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch {
    // OpenSSL refuses such points by itself.
    return null
  }
}

function wrapKey(input: { secret: KeyObject; peer: Uint8Array; salt: readonly Uint8Array[] }): Uint8Array {
  const shared = exchange(input.secret, input.peer)
  return new Uint8Array(hkdfSync('sha256', shared, Buffer.concat(input.salt), label, keyLength))
}
