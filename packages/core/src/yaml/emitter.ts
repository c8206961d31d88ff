import type { YamlNode } from './node.ts'
import { type Frame, NodeWriter } from './node-writer.ts'
import { failure } from './properties.ts'

/** Writes documents as yaml.v3's encoder writes nodes, step by step, so that depth costs no stack. */
export class Emitter extends NodeWriter {
  private documents = 0

  constructor(step: number) {
    super('v3', step)
  }

  /** Writes a document, or a node as one. */
  document(document: YamlNode): void {
    const isDocument = document.kind === 'document'
    this.startDocument(isDocument ? (document.headComment ?? '') : '')
    const [root, ...others] = isDocument ? document.content : [document]
    if (root === undefined) {
      throw failure('expected SCALAR, SEQUENCE-START, MAPPING-START, or ALIAS, but got document end')
    }
    if (others.length > 0) throw failure('expected DOCUMENT-END')
    this.analyze(root)
    this.writeHead()
    this.node(root, false)
    this.writeTrailing()
    for (let frame = this.frames.at(-1); frame !== undefined; frame = this.frames.at(-1)) {
      this.advance(frame)
    }
    this.endDocument(isDocument ? (document.footComment ?? '') : '')
  }

  private startDocument(headComment: string): void {
    if (headComment !== '') this.headComment = headComment
    if (this.documents++ > 0) {
      this.writeIndent()
      this.writeIndicator('---')
      this.writeIndent()
    }
    if (this.headComment === '') return
    this.writeHead()
    this.putBreak()
  }

  private endDocument(footComment: string): void {
    if (footComment !== '') this.footComment = footComment
    this.footIndent = 0
    this.writeFoot()
    this.footIndent = -1
    this.writeIndent()
  }

  /** Writes the next entry, key or value of a collection, or its end. */
  private advance(frame: Frame): void {
    const isKey = frame.index % 2 === 0
    if (frame.kind === 'block-mapping') {
      if (isKey) this.blockKey(frame)
      else this.blockValue(frame)
    } else if (frame.kind === 'block-sequence') this.blockEntry(frame)
    else if (frame.kind === 'flow-sequence') this.flowEntry(frame)
    else if (isKey) this.flowKey(frame)
    else this.flowValue(frame)
  }

  private blockEntry(frame: Frame): void {
    if (frame.index === 0) this.increaseIndent(false, frame.inSequence)
    const child = frame.node.content[frame.index++]
    if (child === undefined) {
      this.takeEndComments(frame)
      this.leave()
      return
    }
    this.analyze(child)
    this.writeHead()
    this.writeIndent()
    this.writeIndicator('-', true)
    this.node(child, false)
    this.writeTrailing()
  }

  private blockKey(frame: Frame): void {
    if (frame.index === 0) this.increaseIndent(false, frame.inSequence)
    const key = this.takeKey(frame)
    this.writeHead()
    if (key === undefined) {
      this.leave()
      return
    }
    this.writeIndent()
    if (this.lineComment !== '') {
      this.keyLineComment = this.lineComment
      this.lineComment = ''
    }
    frame.simple = this.isSimpleKey(key)
    if (!frame.simple) this.writeIndicator('?', true)
    this.key(frame, key)
  }

  private blockValue(frame: Frame): void {
    const value = frame.node.content[frame.index++] as YamlNode
    this.analyze(value)
    if (frame.simple) this.appendIndicator(':')
    else {
      this.writeIndent()
      this.writeIndicator(':', true)
    }
    if (this.keyLineComment !== '') this.placeKeyComment(value)
    this.node(value, false)
    this.writeTrailing()
  }

  /** A comment on a key's line goes behind a scalar, or between the key and a block collection. */
  private placeKeyComment(value: YamlNode): void {
    if (value.kind === 'scalar') {
      if (this.lineComment !== '') return
      this.lineComment = this.keyLineComment
      this.keyLineComment = ''
    } else if (value.kind !== 'alias' && value.style !== 'flow') {
      const { lineComment } = this
      this.lineComment = this.keyLineComment
      this.writeLineComment()
      this.keyLineComment = this.lineComment
      this.lineComment = lineComment
    }
  }

  private leave(): void {
    this.decreaseIndent()
    this.frames.pop()
  }

  private takeEndComments({ node, isKey }: Frame): void {
    if (node.lineComment) this.lineComment = node.lineComment
    if (node.footComment && !isKey) this.footComment = node.footComment
  }

  /** The next key, with the last one's foot comment before it; at the end of a mapping its own comments as well. */
  private takeKey(frame: Frame): YamlNode | undefined {
    const { content } = frame.node
    const key = frame.index + 1 < content.length ? content[frame.index] : undefined
    frame.index++
    if (key === undefined) {
      if (frame.tail !== '') this.tailComment = frame.tail
      this.takeEndComments(frame)
      return undefined
    }
    // Sequences and aliases have no place for it.
    const tail = key.kind === 'scalar' || key.kind === 'mapping' ? frame.tail : ''
    this.analyze(key, tail)
    frame.tail = key.footComment ?? ''
    return key
  }

  private flowEntry(frame: Frame): void {
    const first = frame.index === 0
    if (first) this.openFlow('[', frame)
    const child = frame.node.content[frame.index++]
    if (child === undefined) {
      this.takeEndComments(frame)
      this.closeFlow(']', this.column === 0)
      return
    }
    this.analyze(child)
    this.separate(frame, first)
    this.writeHead()
    if (this.column === 0) this.writeIndent()
    this.node(child, false, frame)
  }

  private flowKey(frame: Frame): void {
    const first = frame.index === 0
    if (first) this.openFlow('{', frame)
    const key = this.takeKey(frame)
    if (key === undefined) {
      const commented = this.headComment !== '' || this.footComment !== '' || this.tailComment !== ''
      if (commented) this.separate(frame, first)
      this.writeHead()
      this.closeFlow('}', false)
      return
    }
    this.separate(frame, first)
    this.writeHead()
    if (this.column === 0) this.writeIndent()
    frame.simple = this.isSimpleKey(key)
    if (!frame.simple) this.writeIndicator('?')
    this.key(frame, key)
  }

  private key(frame: Frame, key: YamlNode): void {
    this.node(key, frame.simple)
    const opened = this.frames.at(-1)
    if (opened !== undefined && opened !== frame) opened.isKey = true
  }

  private flowValue(frame: Frame): void {
    const value = frame.node.content[frame.index++] as YamlNode
    this.analyze(value)
    if (frame.simple) this.appendIndicator(':')
    else this.writeIndicator(':')
    this.node(value, false, frame)
  }

  private openFlow(bracket: string, frame: Frame): void {
    this.writeIndicator(bracket)
    this.whitespace = true
    this.increaseIndent(true, frame.inSequence)
    this.flowLevel++
  }

  private closeFlow(bracket: string, indented: boolean): void {
    this.flowLevel--
    this.leave()
    if (indented) this.writeIndent()
    this.appendIndicator(bracket)
    this.writeTrailing()
  }

  private separate(frame: Frame, first: boolean): void {
    if (!first && !frame.trailed) this.appendIndicator(',')
    frame.trailed = false
  }
}
