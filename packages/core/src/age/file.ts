import { hkdfSync, randomFillSync } from 'node:crypto'
import { CoreError } from '../error.ts'
import { type Aead, aead } from './aead.ts'
import { armor, dearmor } from './armor.ts'
import { checkHeader, formatHeader, type Header, parseHeader } from './header.ts'
import { checkRecipient } from './recipient.ts'
import { parseX25519Identity, parseX25519Recipient, unwrapX25519, wrapX25519 } from './x25519.ts'

const fileKeyLength = 16
const nonceLength = 16
const chunkLength = 65_536 + 16
// Counter 0 with the flag of the last chunk: all of a file that fits into one.
const onlyChunk = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
const x25519Prefix = 'AGE-SECRET-KEY-1'

/**
 * Encrypts a short secret to one age recipient, armored, as sops wraps its data key.
 *
 * X25519 runs on `node:crypto`; other kinds of recipient are left to `age-encryption`, which is then loaded.
 *
 * @throws `INVALID_KEY` where the recipient is none, `UNSUPPORTED_VALUE` for kinds that are not supported.
 */
export async function encryptAge(secret: Uint8Array, recipient: string): Promise<string> {
  checkRecipient(recipient)
  const key = parseX25519Recipient(recipient)
  if (key === null) return (await import('./library.ts')).encrypt(secret, recipient)
  const cipher = await aead()
  const fileKey = randomFillSync(new Uint8Array(fileKeyLength))
  const nonce = randomFillSync(new Uint8Array(nonceLength))
  const header = formatHeader([wrapX25519(fileKey, key, cipher)], fileKey)
  return armor(Buffer.concat([header, nonce, cipher.seal(payloadKey(fileKey, nonce), onlyChunk, secret)]))
}

/**
 * Decrypts an armored age file of at most one chunk (64 KiB) with the first identity that fits; null where none does.
 *
 * @throws `INVALID_FORMAT` where it is no age file, `INVALID_KEY` for a malformed identity, `DECRYPTION_FAILED` where
 * an identity fits and the file was changed.
 */
export async function decryptAge(text: string, identities: readonly string[]): Promise<Uint8Array | null> {
  const header = parseHeader(dearmor(text))
  const cipher = await aead()
  for (const identity of identities.filter(isX25519)) {
    const fileKey = unwrap(header, identity, cipher)
    if (fileKey !== null) return openPayload(header, fileKey, cipher)
  }
  const others = identities.filter((identity) => !isX25519(identity))
  return others.length === 0 ? null : (await import('./library.ts')).decrypt(dearmor(text), others)
}

function isX25519(identity: string): boolean {
  return identity.startsWith(x25519Prefix)
}

function unwrap(header: Header, identity: string, cipher: Aead): Uint8Array | null {
  const parsed = parseX25519Identity(identity)
  for (const stanza of header.stanzas) {
    if (stanza.args[0] !== 'X25519') continue
    const fileKey = unwrapX25519(stanza, parsed, cipher)
    if (fileKey !== null) return fileKey
  }
  return null
}

function openPayload(header: Header, fileKey: Uint8Array, cipher: Aead): Uint8Array {
  checkHeader(header, fileKey)
  const nonce = header.payload.subarray(0, nonceLength)
  const chunk = header.payload.subarray(nonceLength)
  const key = payloadKey(fileKey, nonce)
  const plaintext = chunk.length > chunkLength ? null : cipher.open(key, onlyChunk, chunk)
  if (plaintext !== null) return plaintext
  throw new CoreError('DECRYPTION_FAILED', 'the wrapped data key was changed', {
    hint: 'restore the enc field of the recipient from version control',
    upstream: 'failed to decrypt and authenticate payload chunk, file may be corrupted or tampered with',
  })
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32))
}
