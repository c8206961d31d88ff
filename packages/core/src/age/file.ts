import { hkdfSync, randomFillSync } from 'node:crypto'
import { CoreError } from '../error.ts'
import { type Aead, aead } from './aead.ts'
import { armor, dearmor } from './armor.ts'
import { checkHeader, formatHeader, type Header, parseHeader } from './header.ts'
import type { Identity, Recipient } from './identity.ts'
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
 * X25519 runs on `node:crypto`; what other recipients need is loaded when one is met. A recipient of a plugin is given
 * as an object, because only the caller can start programs.
 *
 * @throws `INVALID_KEY` where the recipient is none, `UNSUPPORTED_VALUE` for a plugin's recipient as text.
 */
export async function encryptAge(secret: Uint8Array, recipient: string | Recipient): Promise<string> {
  const wrapping = typeof recipient === 'string' ? await parseRecipient(recipient) : recipient
  if (wrapping === null) return (await import('./library.ts')).encrypt(secret, String(recipient))
  const cipher = await aead()
  const fileKey = randomFillSync(new Uint8Array(fileKeyLength))
  const nonce = randomFillSync(new Uint8Array(nonceLength))
  const header = formatHeader(await wrapping.wrap(fileKey), fileKey)
  return armor(Buffer.concat([header, nonce, cipher.seal(payloadKey(fileKey, nonce), onlyChunk, secret)]))
}

/** Null for what is left to `age-encryption`. */
async function parseRecipient(text: string): Promise<Recipient | null> {
  checkRecipient(text)
  if (text.startsWith('ssh-')) return (await import('./ssh/ssh.ts')).sshRecipient(text)
  const key = parseX25519Recipient(text)
  return key === null ? null : { wrap: async (fileKey) => [wrapX25519(fileKey, key, await aead())] }
}

/**
 * Decrypts an age file of at most one chunk (64 KiB), armored or not, with the first identity that fits; null where none
 * does. Texts (`AGE-SECRET-KEY-1...`, `AGE-SECRET-KEY-PQ-1...`) are tried before objects, which may ask a person.
 *
 * @throws `INVALID_FORMAT` where it is no age file, `INVALID_KEY` for a malformed identity, `DECRYPTION_FAILED` where
 * an identity fits and the file was changed, and what the objects throw.
 */
export async function decryptAge(
  file: string | Uint8Array,
  identities: readonly (string | Identity)[],
  signal?: AbortSignal,
): Promise<Uint8Array | null> {
  const bytes = typeof file === 'string' ? dearmor(file) : Buffer.from(file)
  const header = parseHeader(bytes)
  const cipher = await aead()
  for (const identity of identities.filter(isX25519)) {
    const fileKey = unwrap(header, identity, cipher)
    if (fileKey !== null) return openPayload(header, fileKey, cipher)
  }
  const others = identities.filter((identity) => typeof identity === 'string' && !isX25519(identity)) as string[]
  const opened = others.length === 0 ? null : await (await import('./library.ts')).decrypt(bytes, others)
  if (opened !== null) return opened
  for (const identity of identities) {
    const fileKey = typeof identity === 'string' ? null : await identity.unwrap(header.stanzas, signal)
    if (fileKey !== null) return openPayload(header, fileKey, cipher)
  }
  return null
}

function isX25519(identity: string | Identity): identity is string {
  return typeof identity === 'string' && identity.startsWith(x25519Prefix)
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
