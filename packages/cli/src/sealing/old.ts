import { CoreError } from '@sealkit/core'
import { decodeBase64, type Manifest } from '@sealkit/core/manifest'
import type { KeyRing } from '@sealkit/core/sealed'
import type { SealedItem, SealedObject } from './objects.ts'
import { labelOf, sealedBytes } from './place.ts'

/** Key under which an object of the format before 0.7 lists its one item, the whole Secret. */
export const oldItem = 'spec.data'

/**
 * The Secret that an object of the format before 0.7 seals as one.
 *
 * @throws DECRYPTION_FAILED, INVALID_BASE64, INVALID_MANIFEST
 */
export async function openOldItem(
  object: SealedObject,
  item: SealedItem,
  keyRing: KeyRing,
  namespace: string | undefined,
): Promise<Manifest> {
  const plaintext = await keyRing.unseal(sealedBytes(item), labelOf(object, namespace))
  try {
    const secret: unknown = JSON.parse(new TextDecoder().decode(plaintext))
    if (typeof secret === 'object' && secret !== null && !Array.isArray(secret)) return secret as Manifest
  } catch {
    // The cause would quote the plaintext.
  } finally {
    plaintext.fill(0)
  }
  throw new CoreError('INVALID_MANIFEST', 'the decrypted spec.data is no JSON of a Secret')
}

/** Values of a Secret by key; `stringData` wins. */
export function oldSecretData(secret: Manifest): Map<string, Uint8Array> {
  const data = Object.entries((secret['data'] ?? {}) as Readonly<Record<string, string | null>>)
  const texts = Object.entries((secret['stringData'] ?? {}) as Readonly<Record<string, string | null>>)
  return new Map([
    ...data.map(([key, value]) => [key, decodeBase64(value ?? '')] as const),
    ...texts.map(([key, value]) => [key, new TextEncoder().encode(value ?? '')] as const),
  ])
}
