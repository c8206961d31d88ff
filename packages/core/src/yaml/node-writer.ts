import { utf8Length } from '../go/utf8.ts'
import { type Analysis, analyzeScalar } from './analysis.ts'
import { CommentWriter } from './comment-writer.ts'
import type { YamlNode, YamlStyle } from './node.ts'
import { checkAnchor, escapeTag, splitTag, writtenTag } from './properties.ts'

/** Bytes up to which a key is written without `?`. */
const MAX_KEY_LENGTH = 128

/** A collection that is being written. */
export interface Frame {
  readonly node: YamlNode
  readonly kind: 'block-sequence' | 'block-mapping' | 'flow-sequence' | 'flow-mapping'
  /** The child that comes next. */
  index: number
  /** Whether the key at hand was written without `?`. */
  simple: boolean
  /** Whether the comma behind the last entry is written already, before a comment. */
  trailed: boolean
  /** Foot comment of the last key, which stands below its value. */
  tail: string
  /** Whether this is an entry of a block sequence, in which case its content stands two columns behind the dash. */
  readonly inSequence: boolean
  /** Whether this is a key, whose foot comment its mapping writes. */
  isKey: boolean
}

/** Writes the beginning of nodes, which is all of a scalar, and keeps the collections that are open. */
export class NodeWriter extends CommentWriter {
  protected readonly frames: Frame[] = []
  protected flowLevel = 0
  private readonly indents: number[] = []
  /** Properties of the node at hand. */
  private anchor = ''
  private tag = ''
  private quoted = false
  private analysis: Analysis = analyzeScalar('', 'v3')

  /**
   * Makes the node's comments and properties the ones at hand. A key (with `tail`, the foot comment of the key before)
   * keeps its own foot comment for behind its value.
   */
  protected analyze(node: YamlNode, tail?: string): void {
    const leaf = node.kind === 'scalar' || node.kind === 'alias'
    if (node.headComment) this.headComment = node.headComment
    if (leaf && node.lineComment) this.lineComment = node.lineComment
    if (leaf && node.footComment && tail === undefined) this.footComment = node.footComment
    if (tail) this.tailComment = tail
    const isAlias = node.kind === 'alias'
    this.anchor = (isAlias ? node.value : node.anchor) ?? ''
    if (isAlias || this.anchor !== '') checkAnchor(this.anchor, isAlias ? 'alias' : 'anchor')
    const { tag, quoted } = writtenTag(node)
    this.tag = tag
    this.quoted = quoted
    if (node.kind === 'scalar') this.analysis = analyzeScalar(node.value, 'v3')
  }

  protected isSimpleKey(key: YamlNode): boolean {
    if (key.kind === 'alias') return key.value.length <= MAX_KEY_LENGTH
    if (key.kind === 'scalar' ? this.analysis.multiline : key.content.length > (key.kind === 'mapping' ? 1 : 0)) {
      return false
    }
    const [handle, suffix] = splitTag(this.tag)
    const length = this.anchor.length + utf8Length(handle + suffix)
    return length + (key.kind === 'scalar' ? utf8Length(key.value) : 0) <= MAX_KEY_LENGTH
  }

  /**
   * Writes a node's properties, and all of it if it is a leaf; a collection is written step by step. In a flow
   * collection (`flow`) the comma comes before the comments.
   */
  protected node(node: YamlNode, isKey: boolean, flow?: Frame): void {
    if (flow !== undefined) flow.trailed = this.hasTrailing()
    if (node.kind === 'alias') this.writeWord(`*${this.anchor}`)
    else if (node.kind === 'scalar') this.scalar(node, isKey)
    else this.startCollection(node)
    if (flow === undefined) return
    if (this.hasTrailing()) this.appendIndicator(',')
    this.writeTrailing()
  }

  private startCollection(node: YamlNode): void {
    this.writeProperties()
    const isMapping = node.kind === 'mapping'
    const empty = node.content.length < (isMapping ? 2 : 1)
    const layout = this.flowLevel > 0 || node.style === 'flow' || empty ? 'flow' : 'block'
    this.frames.push({
      node,
      kind: `${layout}-${isMapping ? 'mapping' : 'sequence'}`,
      index: 0,
      simple: false,
      trailed: false,
      tail: '',
      inSequence: this.frames.at(-1)?.kind === 'block-sequence',
      isKey: false,
    })
  }

  private writeProperties(): void {
    if (this.anchor !== '') this.writeWord(`&${this.anchor}`)
    if (this.tag === '') return
    const [handle, suffix] = splitTag(this.tag)
    this.writeWord(handle === '' ? `!<${escapeTag(suffix)}>` : handle + escapeTag(suffix))
  }

  private scalar(node: YamlNode, isKey: boolean): void {
    const style = this.scalarStyle(node, isKey)
    const { value } = node
    this.writeProperties()
    this.increaseIndent(true, this.frames.at(-1)?.kind === 'block-sequence')
    if (style === undefined) this.writePlain(value, !isKey)
    else if (style === 'single') this.writeSingleQuoted(value, !isKey)
    else if (style === 'double') this.writeDoubleQuoted(value, !isKey)
    else {
      this.writeBlockHeader(style === 'literal' ? '|' : '>', value)
      if (this.lineComment === '') this.putBreak()
      else this.writeLineComment()
      if (style === 'literal') this.writeLiteralLines(value)
      else this.writeFoldedLines(value)
    }
    this.decreaseIndent()
  }

  /** The style asked for, or the next one that can hold the value in this place. */
  private scalarStyle(node: YamlNode, isKey: boolean): YamlStyle | undefined {
    const { analysis } = this
    let style = node.style === 'flow' ? undefined : node.style
    if (style === undefined && node.value.includes('\n')) style = 'literal'
    if (style === undefined && this.quoted) style = 'double'
    if (isKey && analysis.multiline) style = 'double'
    if (style === undefined) {
      const allowed = this.flowLevel > 0 ? analysis.plainInFlow : analysis.plainInBlock
      if (!allowed || (node.value === '' && (this.flowLevel > 0 || isKey))) style = 'single'
    }
    if (style === 'single' && !analysis.singleQuoted) style = 'double'
    const isBlock = style === 'literal' || style === 'folded'
    return isBlock && (!analysis.block || this.flowLevel > 0 || isKey) ? 'double' : style
  }

  /** Goes one level in: behind a dash by its two columns, else to the next multiple of the step. */
  protected increaseIndent(flow: boolean, inSequence: boolean): void {
    this.indents.push(this.indent)
    if (this.indent < 0) this.indent = flow ? this.step : 0
    else if (inSequence) this.indent += 2
    else this.indent = this.step * Math.floor((this.indent + this.step) / this.step)
  }

  protected decreaseIndent(): void {
    this.indent = this.indents.pop() ?? -1
  }
}
