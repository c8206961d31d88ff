import { validJson } from '@sealkit/core/go'
import { isJson } from '@sealkit/core/manifest'
import { type Scope, scopeOf } from '@sealkit/core/sealed'
import { parseDocuments, resolveScalar, type YamlNode } from '@sealkit/core/yaml'

/** A stretch of a text that is parsed by itself: a YAML stream, or one value of a stream of JSON. */
export interface Segment {
  readonly text: string
  /** Where it starts in the whole text. */
  readonly offset: number
  readonly format: 'json' | 'yaml'
  readonly documents: readonly YamlNode[]
  /** Offset of each line in the segment's text. */
  readonly lines: readonly number[]
}

/** One item as the text holds it. */
export interface SealedItem {
  /** Its key, or `spec.data` for the whole Secret that the format before 0.7 seals. */
  readonly key: string
  readonly name: YamlNode
  readonly value: YamlNode
}

/** One SealedSecret as the text holds it: nodes, so that it can be edited where it stands. */
export interface SealedObject {
  readonly segment: Segment
  /** Index of its document in the segment. */
  readonly document: number
  /** False for a member of a List. */
  readonly alone: boolean
  readonly root: YamlNode
  readonly apiVersion: string
  readonly metadata: SealedMetadata
  /** The mapping `spec.encryptedData`, if there is one. */
  readonly encryptedData: YamlNode | undefined
  readonly items: readonly SealedItem[]
}

/** What decides who may unseal an object, and a text of each: kubeseal reads `true` and `1` as text too. */
export interface SealedMetadata {
  readonly name: ScalarText | undefined
  readonly namespace: ScalarText | undefined
  readonly annotations: ReadonlyMap<string, ScalarText>
  readonly scope: Scope
  /** Names that the template carries: what the object may have been sealed for before it was renamed. */
  readonly template: { readonly name: ScalarText | undefined; readonly namespace: ScalarText | undefined }
}

/** A scalar's text, and whether it is text by YAML 1.1: an unquoted `true` or `1` is none. */
export interface ScalarText {
  readonly value: string
  readonly isText: boolean
}

/**
 * The segments of a text: JSON values one after the other, or YAML.
 *
 * @throws YAML_SYNTAX
 */
export function segmentsOf(text: string): Segment[] {
  const json = isJson(text) ? jsonValues(text) : null
  const parts = json ?? [{ text, offset: 0 }]
  const format = json === null ? 'yaml' : 'json'
  return parts.map((part) => {
    const read = json === null ? part.text : withYamlEscapes(part.text)
    return { ...part, format, documents: parseDocuments(read), lines: lineStarts(part.text) }
  })
}

/** YAML lacks two escapes of JSON; what stands for them here has their length, so that positions hold. */
function withYamlEscapes(json: string): string {
  return json.replace(/\\(?:u[dD][89a-fA-F][\da-fA-F]{2}|.)/g, (found) => {
    if (found.length > 2) return '??????'
    return found === '\\/' ? '//' : found
  })
}

/** Lines as YAML 1.1 counts them. */
function lineStarts(text: string): number[] {
  const breaks = [...text.matchAll(/\r\n|[\n\r\u0085\u2028\u2029]/g)]
  return [text.startsWith('\ufeff') ? 1 : 0, ...breaks.map(({ 0: found, index }) => index + found.length)]
}

/** Where each value of a JSON stream stands; null when it is no JSON. */
function jsonValues(text: string): { text: string; offset: number }[] | null {
  const values: { text: string; offset: number }[] = []
  let depth = 0
  let end = 0
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/gs)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    if (depth !== 0) continue
    const value = text.slice(end, index + token.length)
    if (!validJson(value)) return null
    values.push({ text: value, offset: end })
    end = index + token.length
  }
  return text.slice(end).trim() === '' ? values : null
}

/** Every SealedSecret of parsed segments; members of a List count as if they stood alone. */
export function sealedObjects(segments: readonly Segment[]): SealedObject[] {
  return segments.flatMap((segment) =>
    segment.documents.flatMap((node, document) => {
      const [root] = node.content
      if (root === undefined) return []
      const members = membersOf(root)
      return (members ?? [root])
        .filter((member) => textAt(member, ['kind'])?.value === 'SealedSecret')
        .map((member) => sealedObject(member, { segment, document, alone: members === null }))
    }),
  )
}

function membersOf(root: YamlNode): YamlNode[] | null {
  const kind = textAt(root, ['kind'])?.value
  const items = nodeAt(root, ['items'])
  if ((kind !== undefined && !kind.endsWith('List')) || items?.kind !== 'sequence') return null
  return items.content
}

function sealedObject(root: YamlNode, place: Pick<SealedObject, 'segment' | 'document' | 'alone'>): SealedObject {
  const data = nodeAt(root, ['spec', 'encryptedData'])
  const encryptedData = data?.kind === 'mapping' ? data : undefined
  const old = entryOf(nodeAt(root, ['spec']), 'data')
  const oldText = old === undefined ? undefined : scalarText(old.value)
  return {
    ...place,
    root,
    apiVersion: textAt(root, ['apiVersion'])?.value ?? '',
    metadata: metadataOf(root),
    encryptedData,
    items: [
      ...(encryptedData === undefined ? [] : entriesOf(encryptedData)),
      ...(old !== undefined && oldText !== undefined ? [{ ...old, key: 'spec.data' }] : []),
    ],
  }
}

function metadataOf(root: YamlNode): SealedMetadata {
  const map = nodeAt(root, ['metadata', 'annotations'])
  const annotations = new Map<string, ScalarText>()
  for (const { key, value } of map?.kind === 'mapping' ? entriesOf(map) : []) {
    const text = scalarText(value)
    if (text !== undefined) annotations.set(key, text)
  }
  const texts = [...annotations].map(([key, { value }]) => [key, value] as const)
  return {
    name: textAt(root, ['metadata', 'name']),
    namespace: textAt(root, ['metadata', 'namespace']),
    annotations,
    scope: scopeOf(Object.fromEntries(texts)),
    template: {
      name: textAt(root, ['spec', 'template', 'metadata', 'name']),
      namespace: textAt(root, ['spec', 'template', 'metadata', 'namespace']),
    },
  }
}

/** The node at a path of keys, aliases and merge keys followed. */
export function nodeAt(root: YamlNode | undefined, path: readonly string[]): YamlNode | undefined {
  return path.reduce<YamlNode | undefined>((node, key) => target(entryOf(node, key)?.value), root)
}

function textAt(root: YamlNode, path: readonly string[]): ScalarText | undefined {
  const node = nodeAt(root, path)
  return node === undefined ? undefined : scalarText(node)
}

function entryOf(node: YamlNode | undefined, key: string): SealedItem | undefined {
  return node?.kind === 'mapping' ? entriesOf(node).findLast((entry) => entry.key === key) : undefined
}

/** The entries of a mapping, those of merge keys first: what stands in the mapping itself wins. */
function entriesOf(mapping: YamlNode, depth = 0): SealedItem[] {
  const own: SealedItem[] = []
  const merged: SealedItem[] = []
  for (let index = 0; index + 1 < mapping.content.length; index += 2) {
    const [name, value] = mapping.content.slice(index, index + 2)
    if (name === undefined || value === undefined) continue
    if (name.tag !== '!!merge') own.push({ key: target(name)?.value ?? '', name, value })
    else if (depth < 10) merged.push(...mergedEntries(target(value), depth))
  }
  return [...merged.filter(({ key }) => !own.some((entry) => entry.key === key)), ...own]
}

function mergedEntries(node: YamlNode | undefined, depth: number): SealedItem[] {
  const sources = node?.kind === 'sequence' ? node.content : [node]
  return sources.flatMap((source) => {
    const mapping = target(source)
    if (mapping?.kind !== 'mapping') return []
    // Seen as an alias each: what is edited there changes elsewhere too.
    return entriesOf(mapping, depth + 1).map((entry) => ({ ...entry, value: aliasTo(entry.value) }))
  })
}

function aliasTo(node: YamlNode): YamlNode {
  return { ...node, kind: 'alias', alias: target(node) ?? node, content: [] }
}

/** What an alias stands for, or the node itself. */
export function target(node: YamlNode | undefined): YamlNode | undefined {
  return node?.kind === 'alias' ? node.alias : node
}

/** The text of a scalar as kubeseal reads it; undefined for null. */
export function scalarText(node: YamlNode): ScalarText | undefined {
  const scalar = target(node)
  if (scalar?.kind !== 'scalar') return { value: '', isText: false }
  if (scalar.style !== undefined || scalar.tagged === true) return { value: scalar.value, isText: true }
  const resolved = resolveScalar('', scalar.value, 'v2')
  if (resolved.kind === 'null') return undefined
  if (resolved.kind === 'string' || resolved.kind === 'time') return { value: scalar.value, isText: true }
  return { value: 'value' in resolved ? String(resolved.value) : '', isText: false }
}
