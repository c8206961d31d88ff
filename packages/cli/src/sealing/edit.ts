import { CoreError } from '@sealkit/core'
import { checkDataKey, decodeBase64, encodeBase64 } from '@sealkit/core/manifest'
import type { PublicKey } from '@sealkit/core/platform'
import type { KeyRing } from '@sealkit/core/sealed'
import { emitDocuments, parseDocuments, type YamlNode } from '@sealkit/core/yaml'
import { CliError } from '../exit.ts'
import { type SealedObject, sealedObjects, segmentsOf } from './objects.ts'
import { oldItem, oldSecretData, openOldItem } from './old.ts'
import { labelOf, objectText, printable, sealedBytes } from './place.ts'
import { changeItems, type ItemChanges } from './set.ts'

/** The tag that stands for a value that no key at hand opens. */
const sealedTag = '!sealed'

/** What an editor is shown of a text with SealedSecrets: a YAML document for each, its items by key. */
export interface PlainView {
  readonly content: string
  /** The items of each document; null is a value that could not be opened. */
  readonly objects: readonly PlainItems[]
}

type PlainItems = ReadonlyMap<string, Uint8Array | null>

/** What opens the items that are shown. */
export interface ViewKeys {
  /** None: everything is shown as sealed, and can be replaced. */
  readonly keyRing?: KeyRing | undefined
  /** Namespace of SealedSecrets that declare none. */
  readonly namespace?: string | undefined
}

/**
 * The plain view of a text's SealedSecrets.
 *
 * @throws YAML_SYNTAX; USAGE where there is none; NO_KEY for an object of the format before 0.7 that no key opens
 */
export async function plainView(text: string, keys: ViewKeys): Promise<PlainView> {
  const found = sealedObjects(segmentsOf(text))
  if (found.length === 0) {
    throw new CliError('USAGE', 'no SealedSecret found', { hint: 'make one with: sealkit seal' })
  }
  const objects: PlainItems[] = []
  for (const object of found) objects.push(await plainItems(object, keys))
  const documents = found.map((object, at) => viewDocument(object, objects[at] ?? new Map(), at === 0))
  return { content: emitDocuments(documents, { indent: 2 }), objects }
}

async function plainItems(object: SealedObject, { keyRing, namespace }: ViewKeys): Promise<PlainItems> {
  const old = object.items.find(({ key }) => key === oldItem)
  if (old !== undefined) {
    if (keyRing !== undefined) return oldSecretData(await openOldItem(object, old, keyRing, namespace))
    throw new CliError('NO_KEY', `${objectText(object)} has the format before 0.7, one item for all`, {
      hint: 'pass --key with its private key',
    })
  }
  const items = new Map<string, Uint8Array | null>()
  for (const item of object.items) {
    items.set(item.key, keyRing === undefined ? null : await opened(() => sealedBytes(item), object))
  }
  return items

  async function opened(bytes: () => Uint8Array, within: SealedObject): Promise<Uint8Array | null> {
    try {
      return (await keyRing?.unseal(bytes(), labelOf(within, namespace))) ?? null
    } catch (error) {
      // Whatever does not open, a placeholder that somebody wrote by hand included, can be replaced.
      if (error instanceof CoreError) return null
      throw error
    }
  }
}

const help = [
  '# What changes here is sealed again in the file; a line that is removed removes its item.',
  `# ${sealedTag} is a value that no key at hand opens: leave it as it is, or write another in its place.`,
]

function viewDocument(object: SealedObject, items: PlainItems, first: boolean): YamlNode {
  const { name, namespace, scope } = object.metadata
  const place = [namespace, name].flatMap((text) => (text?.value ? [printable(text.value)] : [])).join('/')
  const head = [`# SealedSecret ${place || '?'}, ${scope}`, ...(first ? help : [])].join('\n')
  const content = [...items].flatMap(([key, value]) => [textNode(key), valueNode(value)])
  const style = content.length === 0 ? ({ style: 'flow' } as const) : {}
  const mapping = node({ kind: 'mapping', tag: '!!map', content, headComment: head, ...style })
  return node({ kind: 'document', content: [mapping] })
}

function valueNode(value: Uint8Array | null): YamlNode {
  if (value === null) return node({ kind: 'scalar', tag: sealedTag, tagged: true })
  const text = textNode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(value))
  const isText = Buffer.from(text.value).equals(value) && readBack(text) === text.value
  return isText ? text : node({ kind: 'scalar', tag: '!!binary', tagged: true, value: encodeBase64(value) })
}

/** Some texts, such as U+0085 or a line of a tab, do not survive the way in which go-yaml writes them. */
function readBack(text: YamlNode): string | undefined {
  const mapping = node({ kind: 'mapping', tag: '!!map', content: [textNode('k'), text] })
  try {
    const [document] = parseDocuments(emitDocuments([node({ kind: 'document', content: [mapping] })], { indent: 2 }))
    return document?.content[0]?.content[1]?.value
  } catch (error) {
    if (error instanceof CoreError) return undefined
    throw error
  }
}

function textNode(value: string): YamlNode {
  return node({ kind: 'scalar', tag: '!!str', value })
}

function node(fields: Partial<YamlNode> & Pick<YamlNode, 'kind'>): YamlNode {
  return { tag: '', value: '', content: [], line: 0, column: 0, ...fields }
}

/** Changes by the index of their object, for the objects that have some. */
export type ViewChanges = ReadonlyMap<number, ItemChanges>

/**
 * What a person changed in a plain view. Whatever stands there is the value: `012` and `true` are texts.
 *
 * @throws YAML_SYNTAX, INVALID_MANIFEST naming the key where the text is no such view any more
 */
export function viewChanges(view: PlainView, edited: string): ViewChanges {
  if (edited.trim() === '') throw invalid('the view is empty', 'to remove every item, leave the comments, or {}')
  const documents = parseDocuments(edited)
  // Comments alone are no document.
  const roots = documents.length === 0 ? [undefined] : documents.map(({ content: [root] }) => root)
  if (roots.length !== view.objects.length) {
    throw invalid(`the view has ${roots.length} documents, not ${view.objects.length}`, 'keep the lines of ---')
  }
  const changes = roots.map((root, at) => changesOf(view.objects[at] ?? new Map(), root))
  return new Map([...changes.entries()].filter(([, { size }]) => size > 0))
}

function changesOf(before: PlainItems, root: YamlNode | undefined): ItemChanges {
  const after = editedItems(before, root)
  const changes = new Map<string, Uint8Array | null>()
  for (const key of before.keys()) if (!after.has(key)) changes.set(key, null)
  for (const [key, value] of after) {
    const old = before.get(key)
    if (value !== null && !(old && Buffer.from(old).equals(value))) changes.set(key, value)
  }
  return changes
}

/** The items of an edited document; null is one that stays sealed. */
function editedItems(before: PlainItems, root: YamlNode | undefined): Map<string, Uint8Array | null> {
  const items = new Map<string, Uint8Array | null>()
  if (root === undefined || (root.kind === 'scalar' && root.tag === '!!null')) return items
  if (root.kind !== 'mapping') throw invalid('the view is no mapping of keys to values', 'write KEY: VALUE lines')
  for (let at = 0; at + 1 < root.content.length; at += 2) {
    const [name, value] = root.content.slice(at, at + 2)
    if (name === undefined || value === undefined) continue
    const key = name.value
    if (items.has(key)) throw invalid(`${printable(key)} stands there twice`, 'keep one of them')
    if (!before.has(key)) checkDataKey(key)
    items.set(key, editedValue(before, key, value))
  }
  return items
}

function editedValue(before: PlainItems, key: string, value: YamlNode): Uint8Array | null {
  const place = printable(key)
  if (value.kind !== 'scalar') throw invalid(`the value of ${place} is no text`, 'quote it')
  if (value.tagged !== true || value.tag === '!!str') return new TextEncoder().encode(value.value)
  if (value.tag === '!!binary') return decodeBase64(value.value.replace(/\s/g, ''))
  if (value.tag !== sealedTag) throw invalid(`the value of ${place} has an unknown tag`, 'quote the value')
  if (value.value !== '') throw invalid(`the value of ${place} still has ${sealedTag} in front`, `remove ${sealedTag}`)
  if (before.get(key) === null) return null
  throw invalid(`${place} is not sealed, and ${sealedTag} is no value`, 'write the value, or quote it')
}

function invalid(message: string, hint: string): CoreError {
  return new CoreError('INVALID_MANIFEST', message, { hint })
}

/**
 * Seals the changes into the text that the view was made of. Everything else in it stays, byte for byte.
 *
 * @throws NOT_EDITABLE, INVALID_KEY
 */
export async function applyChanges(
  text: string,
  changes: ViewChanges,
  keys: ViewKeys & { readonly publicKey?: PublicKey },
): Promise<string> {
  let edited = text
  for (const [index, items] of changes) edited = await changeItems(edited, index, items, keys)
  return edited
}
