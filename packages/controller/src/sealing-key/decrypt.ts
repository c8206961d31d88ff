import type { webcrypto } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { type PrivateKey, platform } from '@sealkit/core/platform'
import type { Decrypt } from '@sealkit/core/sealed'

/** One imported copy of a key, and how many decryptions wait on it. */
interface Copy {
  readonly key: Promise<webcrypto.CryptoKey>
  waiting: number
}

/**
 * RSA-OAEP beside the event loop, on every core.
 *
 * Web Crypto runs operations of one key one after the other, and those of different keys at once. So each private key
 * is imported several times, which costs nothing but the import, and a decryption goes to the copy that waits least.
 *
 * @param copies imported copies of a key; the number of cores by default
 */
export function parallelDecrypt(copies: number = availableParallelism()): Decrypt {
  const known = new WeakMap<PrivateKey, readonly Copy[]>()
  return async (key, ciphertext, label) => {
    if (key.algorithm !== 'rsa') return null
    let imported = known.get(key)
    if (imported === undefined) {
      imported = Array.from({ length: copies }, () => ({ key: importCopy(key), waiting: 0 }))
      known.set(key, imported)
    }
    const copy = imported.reduce((least, next) => (next.waiting < least.waiting ? next : least))
    copy.waiting += 1
    try {
      return await decryptWith(await copy.key, ciphertext, label)
    } finally {
      copy.waiting -= 1
    }
  }
}

async function importCopy(key: PrivateKey): Promise<webcrypto.CryptoKey> {
  const der = Uint8Array.from(await platform.exportPrivateKey(key, 'pkcs8'))
  return crypto.subtle.importKey('pkcs8', der, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['decrypt'])
}

async function decryptWith(
  key: webcrypto.CryptoKey,
  ciphertext: Uint8Array,
  label: Uint8Array,
): Promise<Uint8Array | null> {
  const algorithm = { name: 'RSA-OAEP', label: Uint8Array.from(label) }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, Uint8Array.from(ciphertext)))
  } catch (error) {
    // The one way in which Web Crypto says that the key does not fit.
    if (error instanceof DOMException && error.name === 'OperationError') return null
    throw error
  }
}
