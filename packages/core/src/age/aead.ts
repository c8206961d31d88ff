import { createCipheriv, createDecipheriv } from 'node:crypto'

const algorithm = 'chacha20-poly1305'
const tagLength = 16

/** ChaCha20-Poly1305 (RFC 8439) without additional data; the tag stands behind the ciphertext. */
export interface Aead {
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** Null where the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array | null
}

const native: Aead = {
  seal(key, nonce, plaintext) {
    const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength })
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open(key, nonce, ciphertext) {
    if (ciphertext.length < tagLength) return null
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength })
    decipher.setAuthTag(ciphertext.subarray(-tagLength))
    const plaintext = decipher.update(ciphertext.subarray(0, -tagLength))
    try {
      decipher.final()
      return plaintext
    } catch {
      return null
    }
  },
}

/** The runtime's cipher where it has one; Bun has none, and gets the one of `@noble/ciphers`. */
export async function aead(): Promise<Aead> {
  return hasNative() ? native : noble()
}

function hasNative(): boolean {
  try {
    createCipheriv(algorithm, new Uint8Array(32), new Uint8Array(12), { authTagLength: tagLength })
    return true
  } catch {
    return false
  }
}

async function noble(): Promise<Aead> {
  const { chacha20poly1305 } = await import('@noble/ciphers/chacha.js')
  return {
    seal: (key, nonce, plaintext) => chacha20poly1305(key, nonce).encrypt(plaintext),
    open(key, nonce, ciphertext) {
      try {
        return chacha20poly1305(key, nonce).decrypt(ciphertext)
      } catch {
        return null
      }
    },
  }
}
