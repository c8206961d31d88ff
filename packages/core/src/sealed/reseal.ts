import { encodeBase64 } from '../manifest/base64.ts'
import type { Manifest } from '../manifest/object.ts'
import type { PublicKey } from '../platform/platform.ts'
import { sealItem } from './encrypt.ts'
import type { KeyRing } from './keyring.ts'
import { label } from './label.ts'
import { scopeOf } from './scope.ts'
import { unsealItems } from './unseal.ts'

/** With what {@link resealItems} opens and seals. */
export interface ResealOptions {
  readonly keyRing: KeyRing
  readonly publicKey: PublicKey
}

/**
 * Seals the items of a SealedSecret again, for its own name, namespace and scope. Templates are not rendered and stay
 * what they are.
 *
 * @returns the new `spec.encryptedData`
 * @throws DECRYPTION_FAILED, INVALID_BASE64; one error for all items, naming their keys
 * @throws INVALID_KEY
 */
export async function resealItems(
  sealedSecret: Manifest,
  { keyRing, publicKey }: ResealOptions,
): Promise<Record<string, string>> {
  const { namespace = '', name = '', annotations } = sealedSecret.metadata ?? {}
  const itemLabel = label(scopeOf(annotations), namespace, name)
  const items = [...(await unsealItems(sealedSecret, keyRing))].map(async ([key, plaintext]) => {
    return [key, encodeBase64(await sealItem({ publicKey, label: itemLabel, plaintext }))] as const
  })
  return Object.fromEntries(await Promise.all(items))
}
