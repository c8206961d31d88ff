import { CoreError } from '../error.ts'
import type { Dialect } from './error.ts'
import type { YamlNode } from './node.ts'
import { type EventType, Parser } from './parser.ts'
import { openSource } from './reader.ts'
import { resolveTag } from './resolve.ts'
import { Scanner } from './scanner.ts'
import { shortTag } from './schema.ts'

/**
 * Builds nodes from events, one document at a time.
 *
 * In dialect v3 nodes are go-yaml's, field for field. In dialect v2 they carry no comments, and `tag` is the long tag as
 * written, since resolution is left to the decoder there.
 */
export class Composer {
  private readonly dialect: Dialect
  private readonly parser: Parser
  private readonly anchors = new Map<string, YamlNode>()
  /** Collections that are not complete yet, outermost first. */
  private readonly open: YamlNode[] = []

  constructor(input: string | Uint8Array, dialect: Dialect) {
    this.dialect = dialect
    this.parser = new Parser(new Scanner(openSource(input.length === 0 ? '\n' : input), dialect))
    this.parser.next()
  }

  /**
   * The next document, or undefined at the end of the stream.
   *
   * @throws CoreError YAML_SYNTAX
   */
  next(): YamlNode | undefined {
    const { parser } = this
    if (parser.next() === 'stream-end') return undefined
    // go-yaml v3 knows anchors across documents.
    if (this.dialect === 'v2') this.anchors.clear()
    const document = this.node('document')
    document.tag = ''
    this.open.push(document)
    for (;;) {
      const type = parser.next()
      if (type === 'document-end') break
      this.take(type)
    }
    this.open.pop()
    if (parser.event.footComment !== '') document.footComment = parser.event.footComment
    return document
  }

  private take(type: EventType): void {
    if (type === 'scalar') this.close(this.scalar())
    else if (type === 'alias') this.close(this.alias())
    else if (type === 'mapping-start') this.open.push(this.collection('mapping', '!!map'))
    else if (type === 'sequence-start') this.open.push(this.collection('sequence', '!!seq'))
    else this.close(this.endCollection())
  }

  private node(kind: YamlNode['kind']): YamlNode {
    const { event } = this.parser
    return {
      kind,
      style: undefined,
      tagged: undefined,
      tag: event.tag,
      value: '',
      anchor: event.anchor === '' ? undefined : event.anchor,
      alias: undefined,
      content: [],
      headComment: event.headComment === '' ? undefined : event.headComment,
      lineComment: event.lineComment === '' ? undefined : event.lineComment,
      footComment: event.footComment === '' ? undefined : event.footComment,
      line: event.line + 1,
      column: event.column + 1,
    }
  }

  private collection(kind: 'mapping' | 'sequence', tag: string): YamlNode {
    const node = this.node(kind)
    node.style = this.parser.event.style
    this.setTag(node, tag)
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
    return node
  }

  private scalar(): YamlNode {
    const { event } = this.parser
    const node = this.node('scalar')
    node.value = event.value
    node.style = event.style
    this.setTag(node, this.dialect === 'v2' ? '' : defaultTag(node))
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
    return node
  }

  /** Shortens a tag that was written, or puts the one that the node has without. */
  private setTag(node: YamlNode, tag: string): void {
    if (this.dialect === 'v2') return
    if (node.tag !== '' && node.tag !== '!') {
      node.tag = shortTag(node.tag)
      node.tagged = true
    } else node.tag = tag
  }

  private alias(): YamlNode {
    const node = this.node('alias')
    node.anchor = undefined
    node.value = this.parser.event.anchor
    node.alias = this.anchors.get(node.value)
    if (node.alias !== undefined) return node
    throw new CoreError('YAML_SYNTAX', `line ${node.line}, column ${node.column}: alias of an unknown anchor`, {
      upstream: `yaml: unknown anchor '${node.value}' referenced`,
    })
  }

  private endCollection(): YamlNode {
    const { event } = this.parser
    const node = this.open.pop() as YamlNode
    node.lineComment = event.lineComment === '' ? undefined : event.lineComment
    node.footComment = event.footComment === '' ? undefined : event.footComment
    if (node.kind !== 'mapping' || node.style === 'flow' || node.footComment === undefined) return node
    const lastKey = node.content.at(-2)
    if (lastKey === undefined) return node
    lastKey.footComment = node.footComment
    node.footComment = undefined
    return node
  }

  /** Gives a complete node to its parent. In a mapping, foot comments end up at the key that they stand below. */
  private close(node: YamlNode): void {
    const parent = this.open.at(-1) as YamlNode
    const { content } = parent
    content.push(node)
    if (parent.kind !== 'mapping' || node.footComment === undefined) return
    const isKey = content.length % 2 === 1
    const heir = content.at(isKey ? -3 : -2)
    if (heir === undefined) return
    if (isKey ? parent.style === 'flow' : heir.footComment !== undefined) return
    heir.footComment = node.footComment
    node.footComment = undefined
  }
}

/** The tag of a scalar without one: `<<` is a merge key only here, so a node that is built by hand needs the tag. */
function defaultTag({ style, value }: YamlNode): string {
  if (style !== undefined) return '!!str'
  return value === '<<' ? '!!merge' : resolveTag(value)
}
