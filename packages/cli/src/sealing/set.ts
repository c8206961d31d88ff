import { CoreError } from '@sealkit/core'
import { checkDataKey, encodeBase64, setYamlEntries } from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import { sealItem } from '@sealkit/core/sealed'
import { CliError } from '../exit.ts'
import { nodeAt, type SealedItem, type SealedObject, scalarText, sealedObjects, segmentsOf } from './objects.ts'
import { labelOf, objectText } from './place.ts'
import { appendEdit, notEditable, prependEdit, scalarEdit, spliced } from './splice.ts'

/** What {@link setItem} sets, and where. */
export interface SetOptions {
  readonly key: string
  readonly plaintext: Uint8Array
  readonly publicKey: PublicKey
  /** Name of the SealedSecret, for a text that holds several. */
  readonly name?: string | undefined
  /** Namespace of a SealedSecret that declares none. */
  readonly namespace?: string | undefined
}

/**
 * Sets or adds one item of a SealedSecret in a text, sealed for the object's own name, namespace and scope. Nothing
 * else changes in the text.
 *
 * @throws YAML_SYNTAX, INVALID_MANIFEST, INVALID_KEY, NOT_EDITABLE, USAGE when it is not clear which SealedSecret is meant
 */
export async function setItem(text: string, options: SetOptions): Promise<string> {
  const { key, plaintext, publicKey, namespace } = options
  checkDataKey(key)
  const objects = sealedObjects(segmentsOf(text))
  const object = chosen(objects, options.name)
  if (object.items.some((item) => item.key === 'spec.data')) {
    throw new CoreError('INVALID_MANIFEST', `${objectText(object)} has the format before 0.7, one item for all`, {
      hint: 'unseal it and seal the Secret again',
    })
  }
  const label = labelOf(object, namespace)
  const value = encodeBase64(await sealItem({ publicKey, label, plaintext }))
  const edited = withItem(text, object, key, value)
  const expected = objects.map((one) => (one === object ? { ...texts(one), [key]: value } : texts(one)))
  if (isSame(sealedObjects(segmentsOf(edited)).map(texts), expected)) return edited
  throw notEditable('the text around it would not be read as before')
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

type Texts = Readonly<Record<string, string>>

function isSame(actual: readonly Texts[], expected: readonly Texts[]): boolean {
  const sorted = (objects: readonly Texts[]): string => JSON.stringify(objects.map((one) => Object.entries(one).sort()))
  return sorted(actual) === sorted(expected)
}
