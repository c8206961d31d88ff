import { CoreError } from '@sealkit/core'

/**
 * Whether a text holds SealedSecrets. What SOPS encrypted is a SOPS file, whatever manifest it is; a text that names
 * the kind and cannot be read counts as one, so that the error is told.
 */
export async function holdsSealedSecret(bytes: Uint8Array): Promise<boolean> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!text.includes('SealedSecret') || text.includes('ENC[AES256_GCM,')) return false
  const { sealedObjects, segmentsOf } = await import('./objects.ts')
  try {
    return sealedObjects(segmentsOf(text.toString())).length > 0
  } catch (error) {
    if (error instanceof CoreError) return true
    throw error
  }
}
