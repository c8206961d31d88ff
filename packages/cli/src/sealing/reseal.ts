import { CoreError, SealkitError } from '@sealkit/core'
import { encodeBase64 } from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import { fingerprint, type KeyRing, type SealingKey, sealItem, unsealItem } from '@sealkit/core/sealed'
import type { YamlNode } from '@sealkit/core/yaml'
import {
  nodeAt,
  type SealedItem,
  type SealedObject,
  type Segment,
  scalarText,
  sealedObjects,
  segmentsOf,
} from './objects.ts'
import { labelOf, objectText, printable, sealedBytes } from './place.ts'
import { checkEdited, type Edit, scalarEdit, spliced } from './splice.ts'

/** The keys that resealing works with. */
export interface ResealKeys {
  /** What every item is sealed for in the end. */
  readonly publicKey: PublicKey
  /** What the items were sealed for. */
  readonly keyRing: KeyRing
  /** The private half of `publicKey`, when it is at hand: what it opens needs no new seal. */
  readonly current: SealingKey | undefined
}

/** What became of one text. */
export interface Resealed {
  readonly text: string
  /** SealedSecrets in the text. */
  readonly objects: number
  /** Items that were sealed again. */
  readonly items: number
  /** Items that could not be: what stands where, and why. */
  readonly failures: readonly ResealFailure[]
}

/** One item, or one object, that could not be sealed again. */
export interface ResealFailure {
  readonly place: string
  readonly error: SealkitError
}

/** The keys to reseal with; finds the private half of the new key among the old ones. */
export async function resealKeys(publicKey: PublicKey, keyRing: KeyRing): Promise<ResealKeys> {
  const id = await fingerprint(publicKey)
  return { publicKey, keyRing, current: keyRing.keys().find((key) => key.fingerprint === id) }
}

/** What an edit was made for. */
interface ItemEdit extends Edit {
  readonly node: YamlNode
  readonly value: string
}

/**
 * Seals every item of a text's SealedSecrets for another key. Only the ciphertexts change in the text; names, scopes,
 * templates, comments and layout stay.
 *
 * @throws YAML_SYNTAX; NOT_EDITABLE when the result would say anything else than the text did
 */
export async function resealText(text: string, keys: ResealKeys, namespace?: string): Promise<Resealed> {
  const segments = segmentsOf(text)
  const objects = sealedObjects(segments)
  const results = await Promise.all(objects.map((object) => resealObject(object, keys, namespace)))
  const edits = results.flatMap((result) => result.edits)
  const failures = results.flatMap((result) => result.failures)
  const edited = spliced(text, edits)
  if (edits.length > 0) checkEdited(segments, segmentsOf(edited), edits)
  return { text: edited, objects: objects.length, items: edits.length, failures }
}

interface ObjectResult {
  readonly edits: readonly ItemEdit[]
  readonly failures: readonly ResealFailure[]
}

async function resealObject(
  object: SealedObject,
  keys: ResealKeys,
  namespace: string | undefined,
): Promise<ObjectResult> {
  const edits: ItemEdit[] = []
  const failures: ResealFailure[] = []
  const place = objectText(object)
  const fail = (where: string, error: unknown): void => {
    if (!(error instanceof SealkitError)) throw error
    failures.push({ place: where, error })
  }
  let itemLabel: Uint8Array
  try {
    checkItems(object)
    itemLabel = labelOf(object, namespace)
  } catch (error) {
    fail(place, error)
    return { edits, failures }
  }
  await Promise.all(
    object.items.map(async (item) => {
      try {
        const edit = await resealItem(object.segment, item, itemLabel, keys)
        if (edit !== null) edits.push(edit)
      } catch (error) {
        fail(`${place}: ${printable(item.key)}`, error)
      }
    }),
  )
  return { edits, failures }
}

/** A list or a text in the place of the items would pass for no items at all. */
function checkItems({ root }: SealedObject): void {
  const data = nodeAt(root, ['spec', 'encryptedData'])
  if (data === undefined || data.kind === 'mapping' || scalarText(data) === undefined) return
  throw new CoreError('INVALID_MANIFEST', 'spec.encryptedData is no mapping', { hint: 'write KEY: VALUE lines' })
}

/** The edit that seals an item again; null where it is sealed for the new key already. */
async function resealItem(
  segment: Segment,
  item: SealedItem,
  label: Uint8Array,
  { publicKey, keyRing, current }: ResealKeys,
): Promise<ItemEdit | null> {
  const sealed = sealedBytes(item)
  const opened = current && (await unsealItem({ privateKey: current.privateKey, label, sealed }))
  if (opened) {
    opened.fill(0)
    return null
  }
  const plaintext = await keyRing.unseal(sealed, label)
  try {
    const value = encodeBase64(await sealItem({ publicKey, label, plaintext }))
    return { ...scalarEdit(segment, item.value, value), node: item.value, value }
  } finally {
    plaintext.fill(0)
  }
}
