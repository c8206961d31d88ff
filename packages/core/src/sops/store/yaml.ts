import { isUtf8 } from 'node:buffer'
import { CoreError } from '../../error.ts'
import { formatFloat } from '../../go/float.ts'
import { emitDocuments } from '../../yaml/emit.ts'
import type { YamlNode } from '../../yaml/node.ts'
import { readDocuments } from '../../yaml/parse.ts'
import { decodeScalar, type YamlScalar } from '../../yaml/resolve.ts'
import { type Branch, branch, comment, goType, type Item, isForeign, isTime, type Value } from '../tree.ts'
import { hasBlock, putBlock, takeBlock } from './block.ts'
import type { Store } from './store.ts'
import { checkFirstDocument, checkSize } from './yamlcheck.ts'
import { documentNode, valueNode } from './yamlnode.ts'

const defaultIndent = 4

/**
 * YAML as sops keeps it: order, comments and documents stay; anchors are expanded, flow style, tags and empty lines
 * are lost.
 *
 * @param indent spaces a level, 0 for four
 */
export function yamlStore(indent: number): Store {
  const emit = (documents: readonly Branch[]): Uint8Array => {
    if (documents.length === 0) return new Uint8Array()
    return Buffer.from(emitDocuments(documents.map(documentNode), { indent: indentation(indent) }))
  }
  return {
    format: 'yaml',
    load,
    emit,
    loadEncrypted: (bytes) => takeBlock(load(bytes)),
    emitEncrypted: (file) => emit(putBlock(file)),
    // yaml.Marshal has an indentation of its own.
    emitValue: (value) => Buffer.from(emitDocuments([valueNode(value)], { indent: defaultIndent })),
    isReserved: hasBlock,
  }
}

function indentation(indent: number): number {
  if (indent > 0) return indent
  if (indent === 0) return defaultIndent
  const upstream = 'YAML Negative indentation not accepted'
  throw new CoreError('UNSUPPORTED_VALUE', 'YAML cannot be indented by a negative number', { upstream })
}

function load(bytes: Uint8Array): readonly Branch[] {
  if (bytes.length === 0) return []
  const documents: Branch[] = []
  const nodes = readDocuments(bytes)
  const first = nodes.next()
  if (first.done === true) throw new CoreError('YAML_SYNTAX', 'the YAML text holds no document', { upstream: 'EOF' })
  checkFirstDocument(first.value)
  documents.push(new Reader().document(first.value))
  try {
    for (const node of nodes) {
      checkSize(node)
      documents.push(new Reader().document(node))
    }
  } catch (error) {
    throw laterDocument(error)
  }
  return documents
}

/** Sops reads the first document twice, and has a prefix for errors of the second time only. */
function laterDocument(error: unknown): unknown {
  if (!(error instanceof CoreError)) return error
  const upstream = error.upstream ?? error.message
  const prefix = 'Error unmarshaling input YAML: '
  return new CoreError(error.code, error.message, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    upstream: upstream.startsWith(prefix) ? upstream : prefix + upstream,
  })
}

/** Node to tree; comments become entries. */
class Reader {
  document(node: YamlNode): Branch {
    const items: Item[] = []
    this.#document(node, items)
    return branch(items)
  }

  #document(node: YamlNode, items: Item[]): void {
    addItems(items, node.headComment)
    addItems(items, node.lineComment)
    this.#documentContent(node, items)
    addItems(items, node.footComment)
  }

  #documentContent(node: YamlNode, items: Item[]): void {
    if (node.kind === 'document') for (const child of node.content) this.#document(child, items)
    else if (node.kind === 'mapping') this.#mapping(node, items)
    else if (node.kind === 'alias' && node.alias !== undefined) this.#document(node.alias, items)
    // An empty document with a document marker is a null.
    else if (node.kind === 'sequence') throw notMapping('sequences')
    else if (node.tag !== '!!null') throw notMapping('values')
  }

  #mapping(node: YamlNode, items: Item[]): void {
    for (let index = 0; index < node.content.length; index += 2) {
      const key = node.content[index]
      const value = node.content[index + 1]
      if (key === undefined || value === undefined) continue
      addItems(items, key.headComment)
      addItems(items, key.lineComment)
      // Comments of a mapping or sequence belong inside it; a scalar's go before it.
      const outside = value.kind === 'scalar' || value.kind === 'alias'
      if (outside) {
        addItems(items, value.headComment)
        addItems(items, value.lineComment, true)
      }
      items.push({ key: keyOf(key), value: this.#value(value, outside) })
      if (outside) addItems(items, value.footComment)
      addItems(items, key.footComment)
    }
  }

  #value(node: YamlNode, commentsDone: boolean): Value {
    if (node.kind === 'scalar') return scalarValue(node)
    if (node.kind === 'alias') return node.alias === undefined ? null : this.#value(node.alias, false)
    return node.kind === 'sequence' ? this.#list(node, commentsDone) : this.#branch(node, commentsDone)
  }

  #branch(node: YamlNode, commentsDone: boolean): Branch {
    const items: Item[] = []
    if (!commentsDone) {
      addItems(items, node.headComment)
      addItems(items, node.lineComment)
    }
    this.#mapping(node, items)
    if (!commentsDone) addItems(items, node.footComment)
    return branch(items)
  }

  #list(node: YamlNode, commentsDone: boolean): Value[] {
    const values: Value[] = []
    if (!commentsDone) {
      addValues(values, node.headComment)
      addValues(values, node.lineComment)
    }
    for (const item of node.content) {
      addValues(values, item.headComment)
      addValues(values, item.lineComment, true)
      values.push(this.#value(item, true))
      addValues(values, item.footComment)
    }
    if (!commentsDone) addValues(values, node.footComment)
    return values
  }
}

function addItems(items: Item[], text: string | undefined, inline = false): void {
  for (const key of comments(text, inline)) items.push({ key, value: null })
}

function addValues(values: Value[], text: string | undefined, inline = false): void {
  values.push(...comments(text, inline))
}

const none: readonly [] = []

function comments(text: string | undefined, inline: boolean): readonly ReturnType<typeof comment>[] {
  if (text === undefined || text === '') return none
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => comment(line.slice(1), inline))
}

function keyOf(node: YamlNode): Item['key'] {
  const target = node.kind === 'alias' ? node.alias : node
  if (target === undefined || target.kind !== 'scalar') {
    return { kind: 'foreign', type: 'map[string]interface {}', text: '' }
  }
  if (target.tag === '!!str' || target.tag === '!!merge') return target.value
  const value = scalarValue(target)
  if (typeof value === 'string') return value
  if (value === null) return { kind: 'foreign', type: '<nil>', text: 'null' }
  return foreignKey(value)
}

function foreignKey(value: Value): Item['key'] {
  if (typeof value === 'bigint') return { kind: 'foreign', type: 'int', text: value.toString() }
  if (typeof value === 'boolean') return { kind: 'foreign', type: 'bool', text: String(value) }
  if (typeof value === 'number') return { kind: 'foreign', type: 'float64', text: formatFloat(value, 'g') }
  if (isTime(value)) return { kind: 'foreign', type: 'time.Time', text: value.text }
  return isForeign(value) ? value : { kind: 'foreign', type: goType(value), text: '' }
}

function scalarValue(node: YamlNode): Value {
  if (node.tag === '!!str' || node.tag === '!!merge') return node.value
  try {
    return fromScalar(decodeScalar(node))
  } catch {
    // Scalars that are not what their tag says are found in the first document before; in later ones sops has null.
    return null
  }
}

function fromScalar(scalar: YamlScalar): Value {
  if (scalar.kind === 'null') return null
  if (scalar.kind === 'uint') return { kind: 'foreign', type: 'uint64', text: scalar.value.toString() }
  if (scalar.kind === 'time') return { kind: 'time', text: scalar.value }
  if (scalar.kind === 'bytes') return text(scalar.value)
  return scalar.value
}

function text(bytes: Uint8Array): string | Uint8Array {
  return isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : bytes
}

function notMapping(what: string): CoreError {
  const upstream = `Error unmarshaling input YAML: YAML documents that are ${what} are not supported`
  return new CoreError('UNSUPPORTED_VALUE', `YAML documents that are ${what} are not supported`, {
    hint: 'wrap the document in a mapping',
    upstream,
  })
}
