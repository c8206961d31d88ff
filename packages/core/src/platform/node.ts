import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import type { Platform, PrivateKey, PublicKey } from './platform.ts'

const tagLength = 16

/** The primitives on `node:crypto`, for Node and Bun. */
export const platform: Platform = {
  randomBytes: (length) => randomBytes(length),
  sha256: async (data) => createHash('sha256').update(data).digest(),
  toBase64: (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  fromBase64: (text) => Buffer.from(text, 'base64'),

  async aesGcmEncrypt(key, nonce, plaintext) {
    const cipher = createCipheriv(gcm(key), key, nonce, { authTagLength: tagLength })
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },

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

  rsaOaepEncrypt: async (key, plaintext, label) => publicEncrypt(oaep(keyObject(key), label), plaintext),

  async rsaOaepDecrypt(key, ciphertext, label) {
    if (key.algorithm !== 'rsa') return null
    try {
      return privateDecrypt(oaep(keyObject(key), label), ciphertext)
    } catch {
      return null
    }
  },

  async rsaComponents(key) {
    const { n = '', e = '' } = keyObject(key).export({ format: 'jwk' })
    return { modulus: Buffer.from(n, 'base64url'), exponent: Buffer.from(e, 'base64url') }
  },

  publicKey: (key) => publicKey(createPublicKey(keyObject(key))),
  exportPublicKey: async (key) => keyObject(key).export({ format: 'der', type: 'spki' }),

  readCertificate(der) {
    try {
      const certificate = new X509Certificate(der)
      const notBefore = new Date(certificate.validFrom)
      const notAfter = new Date(certificate.validTo)
      return { publicKey: publicKey(certificate.publicKey), notBefore, notAfter }
    } catch {
      return null
    }
  },

  importPrivateKey(der, type) {
    try {
      const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type })
      return { kind: 'private', ...describe(key), native: key }
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

function oaep(key: KeyObject, label: Uint8Array) {
  return { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from(label) }
}

function keyObject(key: PublicKey | PrivateKey): KeyObject {
  return key.native as KeyObject
}

function publicKey(key: KeyObject): PublicKey {
  return { kind: 'public', ...describe(key), native: key }
}

function describe(key: KeyObject): { algorithm: string; modulusBits: number } {
  return { algorithm: key.asymmetricKeyType ?? '', modulusBits: key.asymmetricKeyDetails?.modulusLength ?? 0 }
}
