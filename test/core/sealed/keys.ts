import { type PrivateKey, type PublicKey, platform } from '@sealkit/core/platform'

/** A fresh RSA key pair for a test; 1024 bits, the smallest that Go and Sealkit take, because it is made quickly. */
export async function keyPair(modulusBits = 1024): Promise<{ privateKey: PrivateKey; publicKey: PublicKey }> {
  const privateKey = await platform.generateRsaKey(modulusBits)
  return { privateKey, publicKey: platform.publicKey(privateKey) }
}

/** UTF-8 bytes of a text. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Text of UTF-8 bytes. */
export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data)
}
