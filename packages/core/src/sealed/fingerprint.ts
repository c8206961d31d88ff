import type { PublicKey } from '../platform/platform.ts'
import { sealing } from '../platform/web.ts'

/**
 * The id of a sealing key: OpenSSH's SHA-256 fingerprint, `SHA256:` and unpadded base64 over the `ssh-rsa` blob
 * (RFC 4253 section 6.6).
 */
export async function fingerprint(publicKey: PublicKey): Promise<string> {
  const { modulus, exponent } = await sealing.rsaComponents(publicKey)
  const fields = [new TextEncoder().encode('ssh-rsa'), mpint(exponent), mpint(modulus)]
  const blob = new Uint8Array(fields.reduce((length, field) => length + 4 + field.length, 0))
  const view = new DataView(blob.buffer)
  let at = 0
  for (const field of fields) {
    view.setUint32(at, field.length)
    blob.set(field, at + 4)
    at += 4 + field.length
  }
  return `SHA256:${sealing.toBase64(await sealing.sha256(blob)).replace(/=+$/, '')}`
}

/** A positive `mpint` (RFC 4251 section 5): a zero byte in front when the first bit is set. */
function mpint(magnitude: Uint8Array): Uint8Array {
  return (magnitude[0] ?? 0) < 0x80 ? magnitude : Uint8Array.of(0, ...magnitude)
}
