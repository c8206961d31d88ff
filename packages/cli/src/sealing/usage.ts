import { CoreError } from '@sealkit/core'
import { unsealItem } from '@sealkit/core/sealed'
import type { FoundKey } from './keys.ts'
import { type SealedItem, type SealedObject, sealedObjects, segmentsOf } from './objects.ts'
import { labelOf, objectText, printable, sealedBytes } from './place.ts'

/** What one key opens of one object; no key = what none opens. */
export interface Usage {
  readonly key: FoundKey | undefined
  /** The object, as messages name it. */
  readonly object: string
  /** Keys of the items. */
  readonly items: readonly string[]
}

/**
 * Which key opens which item of a text's SealedSecrets. Ciphertexts name no key, so each is tried.
 *
 * @throws YAML_SYNTAX
 */
export async function usagesOf(text: string, keys: readonly FoundKey[], namespace?: string): Promise<Usage[]> {
  const usages: Usage[] = []
  for (const object of sealedObjects(segmentsOf(text))) {
    const byKey = new Map<FoundKey | undefined, string[]>()
    for (const item of object.items) {
      const key = await keyOf(object, item, keys, namespace)
      byKey.set(key, [...(byKey.get(key) ?? []), printable(item.key)])
    }
    usages.push(...[...byKey].map(([key, items]) => ({ key, object: objectText(object), items })))
  }
  return usages
}

async function keyOf(
  object: SealedObject,
  item: SealedItem,
  keys: readonly FoundKey[],
  namespace: string | undefined,
): Promise<FoundKey | undefined> {
  try {
    const sealed = sealedBytes(item)
    const label = labelOf(object, namespace)
    for (const found of keys) {
      const plaintext = await unsealItem({ privateKey: found.key.privateKey, label, sealed })
      if (plaintext === null) continue
      plaintext.fill(0)
      return found
    }
  } catch (error) {
    // What is no sealed item is sealed with no key; `check` says what is wrong with it.
    if (!(error instanceof CoreError)) throw error
  }
  return undefined
}
