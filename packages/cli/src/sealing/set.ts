import { checkDataKey, encodeBase64, setYamlEntries } from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import { type KeyRing, sealItem } from '@sealkit/core/sealed'
import { CliError } from '../exit.ts'
import { nodeAt, type SealedItem, type SealedObject, scalarText, sealedObjects, segmentsOf } from './objects.ts'
import { oldItem, oldSecretData, openOldItem } from './old.ts'
import { labelOf, objectText, printable } from './place.ts'
import { removeEdit } from './remove.ts'
import { appendEdit, notEditable, prependEdit, scalarEdit, spliced } from './splice.ts'

/** New plain texts by key; `null` removes the item. */
export type ItemChanges = ReadonlyMap<string, Uint8Array | null>

/** What {@link changeItems} works with. */
export interface ChangeKeys {
  /** What the new values are sealed for. */
  readonly publicKey: PublicKey
  /** Opens an object of the format before 0.7, whose items are sealed as one. */
  readonly keyRing?: KeyRing | undefined
  /** Namespace of a SealedSecret that declares none. */
  readonly namespace?: string | undefined
}

/** What {@link setItem} sets, and where. */
export interface SetOptions extends ChangeKeys {
  readonly key: string
  readonly plaintext: Uint8Array
  /** Name of the SealedSecret, for a text that holds several. */
  readonly name?: string | undefined
}

/**
 * Sets or adds one item of a SealedSecret in a text, sealed for the object's own name, namespace and scope. Nothing
 * else changes in the text.
 *
 * @throws YAML_SYNTAX, INVALID_MANIFEST, INVALID_KEY, NOT_EDITABLE, USAGE when it is not clear which SealedSecret is meant
 * @throws NO_KEY, DECRYPTION_FAILED for an object of the format before 0.7
 */
export async function setItem(text: string, options: SetOptions): Promise<string> {
  const { key, plaintext, name } = options
  checkDataKey(key)
  const objects = sealedObjects(segmentsOf(text))
  return changeItems(text, objects.indexOf(chosen(objects, name)), new Map([[key, plaintext]]), options)
}

/** What {@link removeItem} removes, and where. */
export interface RemoveOptions extends Partial<ChangeKeys> {
  readonly key: string
  /** Name of the SealedSecret, for a text that holds several. */
  readonly name?: string | undefined
}

/**
 * Removes one item of a SealedSecret from a text, with no key but for an object of the format before 0.7. Nothing else
 * changes in the text.
 *
 * @throws YAML_SYNTAX, NOT_EDITABLE, NO_SUCH_KEY, USAGE when it is not clear which SealedSecret is meant
 */
export async function removeItem(text: string, options: RemoveOptions): Promise<string> {
  const { key, name } = options
  const objects = sealedObjects(segmentsOf(text))
  return changeItems(text, objects.indexOf(chosen(objects, name)), new Map([[key, null]]), options)
}

/**
 * Sets and removes items of the SealedSecret at an index of a text.
 *
 * @throws like {@link setItem} and {@link removeItem}
 */
export async function changeItems(
  text: string,
  index: number,
  changes: ItemChanges,
  keys: Partial<ChangeKeys>,
): Promise<string> {
  let edited = text
  for (const [key, plaintext] of changes) edited = await changeItem(edited, index, { key, plaintext }, keys)
  return edited
}

interface Change {
  readonly key: string
  readonly plaintext: Uint8Array | null
}

async function changeItem(text: string, index: number, change: Change, keys: Partial<ChangeKeys>): Promise<string> {
  const objects = sealedObjects(segmentsOf(text))
  const object = objects[index]
  if (object === undefined) throw notEditable('the object is not there')
  const old = object.items.find((item) => item.key === oldItem)
  const { key, value, edited } =
    old === undefined
      ? await changeOwnItem(text, object, change, keys)
      : await changeOldItem(text, object, { ...change, item: old }, keys)
  const expected = objects.map((one) => (one === object ? withText(texts(one), key, value) : texts(one)))
  if (isSame(sealedObjects(segmentsOf(edited)).map(texts), expected)) return edited
  throw notEditable('the text around it would not be read as before')
}

/** A changed text, and the one item that is different in it; no value where it is gone. */
interface Changed {
  readonly key: string
  readonly value: string | null
  readonly edited: string
}

async function changeOwnItem(
  text: string,
  object: SealedObject,
  { key, plaintext }: Change,
  keys: Partial<ChangeKeys>,
): Promise<Changed> {
  if (plaintext === null) return { key, value: null, edited: withoutItem(text, object, key) }
  const value = await sealedText(object, plaintext, keys)
  return { key, value, edited: withItem(text, object, key, value) }
}

async function sealedText(object: SealedObject, plaintext: Uint8Array, keys: Partial<ChangeKeys>): Promise<string> {
  const { publicKey, namespace } = keys
  if (publicKey === undefined) throw new CliError('NO_KEY', 'no certificate to seal with', { hint: 'pass --cert' })
  return encodeBase64(await sealItem({ publicKey, label: labelOf(object, namespace), plaintext }))
}

/** The format before 0.7 seals the whole Secret: it is opened, changed and sealed again, as one item. */
async function changeOldItem(
  text: string,
  object: SealedObject,
  { key, plaintext, item }: Change & { readonly item: SealedItem },
  keys: Partial<ChangeKeys>,
): Promise<Changed> {
  if (keys.keyRing === undefined) {
    throw new CliError('NO_KEY', `${objectText(object)} has the format before 0.7, one item for all`, {
      hint:
        plaintext === null
          ? 'remove it with sealkit edit --key, which has its private key'
          : 'pass --key with its private key, or unseal it and seal the Secret again',
    })
  }
  const secret = await openOldItem(object, item, keys.keyRing, keys.namespace)
  const data = oldSecretData(secret)
  if (plaintext === null && !data.has(key)) throw noSuchItem(object, key)
  if (plaintext === null) data.delete(key)
  else data.set(key, plaintext)
  const entries = [...data].map(([name, bytes]) => [name, encodeBase64(bytes)] as const)
  const { stringData: _, ...rest } = secret
  const json = JSON.stringify({ ...rest, data: Object.fromEntries(entries) })
  const value = await sealedText(object, new TextEncoder().encode(json), keys)
  return { key: oldItem, value, edited: spliced(text, [scalarEdit(object.segment, item.value, value)]) }
}

function chosen(objects: readonly SealedObject[], name: string | undefined): SealedObject {
  const found = objects.filter(({ metadata }) => name === undefined || metadata.name?.value === name)
  const [object, ...more] = found
  if (object === undefined) {
    const which = name === undefined ? '' : ` of the name ${name}`
    throw new CliError('USAGE', `no SealedSecret${which} found`, { hint: 'make one with: sealkit seal' })
  }
  if (more.length === 0) return object
  throw new CliError('USAGE', `${found.length} SealedSecrets found`, {
    hint: 'say which one with --name, or keep each in a file of its own',
  })
}

function noSuchItem(object: SealedObject, key: string): CliError {
  return new CliError('NO_SUCH_KEY', `${objectText(object)} has no item ${printable(key)}`, {
    hint: `it has: ${object.items.map((item) => printable(item.key)).join(', ') || 'none'}`,
  })
}

function withoutItem(text: string, object: SealedObject, key: string): string {
  const { segment, encryptedData } = object
  const [item, ...more] = object.items.filter((one) => one.key === key)
  if (item === undefined || encryptedData === undefined) throw noSuchItem(object, key)
  if (more.length > 0) throw notEditable('the key stands there several times')
  return spliced(text, [removeEdit(segment, encryptedData, item)])
}

function withItem(text: string, object: SealedObject, key: string, value: string): string {
  const { segment, encryptedData } = object
  const [item, ...more] = object.items.filter((one) => one.key === key)
  if (more.length > 0) throw notEditable('the key stands there several times')
  if (item !== undefined) return spliced(text, [scalarEdit(segment, item.value, value)])
  if (encryptedData !== undefined) return spliced(text, [appendEdit(segment, encryptedData, key, value)])
  return withFirstItem(text, object, key, value)
}

/** `spec.encryptedData` is not there, or null. */
function withFirstItem(text: string, object: SealedObject, key: string, value: string): string {
  const { segment, document, alone, root } = object
  if (!alone) throw notEditable('spec.encryptedData is missing')
  if (segment.format === 'yaml') {
    return setYamlEntries(text, document, { path: ['spec', 'encryptedData'], entries: { [key]: value } })
  }
  const json = JSON.stringify({ [key]: value })
  const spec = nodeAt(root, ['spec'])
  if (spec?.kind !== 'mapping') throw notEditable('spec is missing')
  const old = nodeAt(spec, ['encryptedData'])
  return spliced(text, [
    old === undefined ? prependEdit(segment, spec, 'encryptedData', json) : scalarEdit(segment, old, json),
  ])
}

/** What counts of the items: line breaks behind a ciphertext mean nothing. */
function texts({ items }: SealedObject): Readonly<Record<string, string>> {
  return Object.fromEntries(items.map(({ key, value }: SealedItem) => [key, scalarText(value)?.value.trimEnd() ?? '']))
}

function withText(items: Texts, key: string, value: string | null): Texts {
  const others = Object.entries(items).filter(([name]) => name !== key)
  return Object.fromEntries(value === null ? others : [...others, [key, value]])
}

type Texts = Readonly<Record<string, string>>

function isSame(actual: readonly Texts[], expected: readonly Texts[]): boolean {
  const sorted = (objects: readonly Texts[]): string => JSON.stringify(objects.map((one) => Object.entries(one).sort()))
  return sorted(actual) === sorted(expected)
}
