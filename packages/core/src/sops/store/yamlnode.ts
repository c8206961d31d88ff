import { isUtf8 } from 'node:buffer'
import { formatFloat } from '../../go/float.ts'
import { encodeUtf8 } from '../../go/utf8.ts'
import type { YamlNode } from '../../yaml/node.ts'
import { isBase60, isOldBool, resolveTag } from '../../yaml/resolve.ts'
import { type Branch, type Comment, type Item, isBranch, isComment, isList, isTime, type Value } from '../tree.ts'

/** The node of a whole document. */
export function documentNode(document: Branch): YamlNode {
  return { ...node('document', ''), content: [mappingNode(document)] }
}

/** The node of any value. */
export function valueNode(value: Value): YamlNode {
  if (isBranch(value)) return mappingNode(value)
  if (isList(value)) return sequenceNode(value)
  if (typeof value === 'string' && value.startsWith('ENC[') && !value.includes('\n')) return plainNode('!!str', value)
  return scalarNode(value)
}

function scalarNode(value: Exclude<Value, Branch | readonly Value[]>): YamlNode {
  if (typeof value === 'string') return stringNode(value)
  if (value === null) return plainNode('!!null', 'null')
  if (typeof value === 'boolean') return plainNode('!!bool', String(value))
  if (typeof value === 'bigint') return plainNode('!!int', String(value))
  if (typeof value === 'number') return numberNode(floatText(value))
  if (value instanceof Uint8Array)
    return { ...plainNode('!!binary', Buffer.from(value).toString('base64')), tagged: true }
  if (isTime(value)) return plainNode('!!timestamp', value.text)
  return plainNode('', value.text)
}

/** A float without a fraction reads as an integer, and yaml.v3 takes it for one when it writes it. */
function numberNode(text: string): YamlNode {
  return plainNode(resolveTag(text), text)
}

/** A string in the style that yaml.v3 gives it; where YAML does not allow that style the emitter takes the next. */
function stringNode(value: string): YamlNode {
  if (value === '<<') return { ...plainNode('!!merge', value), tagged: true }
  const node = plainNode('!!str', value)
  // Go loses a block that starts with a tab when it reads it again; sops then writes null.
  if (value.includes('\n')) return { ...node, style: value.startsWith('\t') ? 'double' : 'literal' }
  if (!value.isWellFormed()) return bytesNode(encodeUtf8(value))
  const plain = resolveTag(value) === '!!str' && !isOldBool(value) && !isBase60(value)
  return plain ? node : { ...node, style: 'double' }
}

/** A text that stands for bytes: base64 where they are no UTF-8, as yaml.v3 has it. */
function bytesNode(bytes: Uint8Array): YamlNode {
  if (isUtf8(bytes)) return stringNode(Buffer.from(bytes).toString())
  return { ...plainNode('!!binary', Buffer.from(bytes).toString('base64')), tagged: true }
}

/** A float as yaml.v3 writes it. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (Number.isFinite(value)) return formatFloat(value, 'g')
  return value > 0 ? '.inf' : '-.inf'
}

function node(kind: YamlNode['kind'], tag: string): YamlNode {
  return { kind, tag, value: '', content: [], line: 0, column: 0 }
}

function plainNode(tag: string, value: string): YamlNode {
  return { kind: 'scalar', tag, value, content: [], line: 0, column: 0 }
}

/** Comments that wait for the node they belong to. */
class Waiting {
  head: string[] = []
  inline: string[] = []

  add(from: Comment): void {
    const kind = from.inline ? this.inline : this.head
    kind.push(from.text)
  }

  putHead(on: YamlNode): void {
    if (this.head.length === 0) return
    on.headComment = above(joined(this.head), on.headComment)
    this.head = []
  }

  putLine(on: YamlNode): void {
    if (this.inline.length === 0) return
    on.lineComment = above(on.lineComment ?? '', joined(this.inline))
    this.inline = []
  }

  /** What is left at the end stands below the last node, or above an empty collection. */
  putRest(collection: YamlNode, last: YamlNode | undefined): void {
    this.head.push(...this.inline)
    if (this.head.length === 0) return
    if (last === undefined) this.putHead(collection)
    else last.footComment = above(last.footComment ?? '', joined(this.head))
  }
}

function joined(lines: readonly string[]): string {
  return `#${lines.join('\n#')}`
}

function above(first: string, second: string | undefined): string {
  if (second === undefined || second === '') return first
  return first === '' ? second : `${first}\n${second}`
}

/**
 * A key's node. `<<` merges only what is a mapping or a list of them; before anything else it is a text, which sops
 * writes as a merge all the same and then cannot read.
 */
function keyNode({ key, value }: Item): YamlNode {
  if (typeof key !== 'string') return scalarNode(key)
  const merges = isBranch(value) || (isList(value) && value.every((entry) => isBranch(entry) || isComment(entry)))
  return key === '<<' && !merges ? { ...plainNode('!!str', key), style: 'double' } : stringNode(key)
}

function mappingNode(from: Branch): YamlNode {
  const mapping = node('mapping', '!!map')
  const waiting = new Waiting()
  for (const item of from.items) {
    if (isComment(item.key)) {
      waiting.add(item.key)
      continue
    }
    if (mapping.content.length === 0) waiting.putHead(mapping)
    const key = keyNode(item)
    waiting.putHead(key)
    const value = valueNode(item.value)
    waiting.putLine(value)
    mapping.content.push(key, value)
  }
  waiting.putRest(mapping, mapping.content.at(-2))
  return mapping
}

function sequenceNode(from: readonly Value[]): YamlNode {
  const sequence = node('sequence', '!!seq')
  const waiting = new Waiting()
  for (const value of from) {
    if (isComment(value)) {
      waiting.add(value)
      continue
    }
    if (sequence.content.length === 0) waiting.putHead(sequence)
    const item = valueNode(value)
    quoteHinted(item)
    if (item.kind === 'mapping') for (const child of item.content) quoteHinted(child)
    waiting.putHead(item)
    waiting.putLine(item)
    sequence.content.push(item)
  }
  waiting.putRest(sequence, sequence.content.at(-1))
  return sequence
}

/**
 * A block that starts with a blank or an empty line needs an indentation hint, and yaml.v3 writes a wrong one in a list
 * item and in the entries of a mapping there: sops then cannot read its own file. Such a text is quoted instead.
 */
function quoteHinted(item: YamlNode): void {
  if (item.style === 'literal' && /^[ \n]/.test(item.value) && /[^\n]/.test(item.value)) item.style = 'double'
}
