import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  sign,
} from 'node:crypto'
import type { Platform, PrivateKey, PublicKey } from './platform.ts'
import { sealing } from './web.ts'
import { readPublicKey } from './x509.ts'

const tagLength = 16

/** All primitives: sealing on Web Crypto, and what works with private keys on `node:crypto`, for Node and Bun. */
export const platform: Platform = {
  ...sealing,

  async aesGcmDecrypt(key, nonce, ciphertext) {
    if (![16, 24, 32].includes(key.length) || ciphertext.length < tagLength) return null
    const end = ciphertext.length - tagLength
    const decipher = createDecipheriv(gcm(key), key, nonce, { authTagLength: tagLength })
    decipher.setAuthTag(ciphertext.subarray(end))
    try {
      return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()])
    } catch {
      return null
    }
  },

  async rsaOaepDecrypt(key, ciphertext, label) {
    if (key.algorithm !== 'rsa') return null
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const options = { key: keyObject(key), padding, oaepHash: 'sha256', oaepLabel: Buffer.from(label) }
    try {
      return privateDecrypt(options, ciphertext)
    } catch {
      return null
    }
  },

  publicKey(key): PublicKey {
    const spki = createPublicKey(keyObject(key)).export({ format: 'der', type: 'spki' })
    const read = readPublicKey(spki)
    if (read === null) throw new TypeError('the runtime exported a public key that cannot be read')
    return read
  },

  importPrivateKey(der, type) {
    try {
      const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type })
      const modulusBits = key.asymmetricKeyDetails?.modulusLength ?? 0
      return { kind: 'private', algorithm: key.asymmetricKeyType ?? '', modulusBits, native: key }
    } catch {
      return null
    }
  },

  exportPrivateKey: async (key, type) => keyObject(key).export({ format: 'der', type }),

  generateRsaKey: (modulusLength) =>
    new Promise((resolve, reject) => {
      generateKeyPair('rsa', { modulusLength, publicExponent: 65537 }, (error, _, key) => {
        if (error) reject(error)
        else resolve({ kind: 'private', algorithm: 'rsa', modulusBits: modulusLength, native: key })
      })
    }),

  signRsaSha256: async (key, data) => sign('sha256', data, keyObject(key)),
}

function gcm(key: Uint8Array): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  return key.length === 16 ? 'aes-128-gcm' : key.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm'
}

function keyObject(key: PrivateKey): KeyObject {
  return key.native as KeyObject
}
