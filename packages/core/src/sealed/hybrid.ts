const lengthBytes = 2

/** Length of the AES-256 key that each item is encrypted with. */
export const sessionKeyBytes = 32

/** The session key encrypts one message only, so a nonce of zeros is safe (upstream's `HybridEncrypt`). */
export const nonceBytes = 12

/** Go neither encrypts nor decrypts with shorter RSA keys. */
export const minimumModulusBits = 1024

/** A sealed item: `length of the RSA part (2 bytes, big-endian) | RSA part | ciphertext and tag`. */
export interface HybridItem {
  /** The session key, encrypted by RSA-OAEP. */
  readonly wrapped: Uint8Array
  /** The plaintext, encrypted by AES-256-GCM. */
  readonly encrypted: Uint8Array
}

/** The bytes of a sealed item. */
export function joinItem({ wrapped, encrypted }: HybridItem): Uint8Array {
  const sealed = new Uint8Array(lengthBytes + wrapped.length + encrypted.length)
  new DataView(sealed.buffer).setUint16(0, wrapped.length)
  sealed.set(wrapped, lengthBytes)
  sealed.set(encrypted, lengthBytes + wrapped.length)
  return sealed
}

/** The two parts of a sealed item; `null` when it is too short to have them. */
export function splitItem(sealed: Uint8Array): HybridItem | null {
  if (sealed.length < lengthBytes) return null
  const end = lengthBytes + new DataView(sealed.buffer, sealed.byteOffset).getUint16(0)
  if (sealed.length < end) return null
  return { wrapped: sealed.subarray(lengthBytes, end), encrypted: sealed.subarray(end) }
}
