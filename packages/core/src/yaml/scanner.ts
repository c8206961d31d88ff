import { isBreak, isSeparator } from './characters.ts'
import { scanComments, scanLineComment } from './comment.ts'
import { scanDirective } from './directive.ts'
import { scanBlock } from './literal.ts'
import { scanPlain } from './plain.ts'
import { TokenQueue } from './queue.ts'
import { scanQuoted } from './quoted.ts'
import { scanAnchor, scanTag } from './tag.ts'
import type { Comment, SimpleKey, Token, TokenType } from './token.ts'

/** Turns a text into libyaml's tokens, on demand. */
export class Scanner extends TokenQueue {
  /** Where the white space before the current token began. */
  readonly scan = { index: 0, line: 0, column: 0 }
  private started = false

  protected override fetchNext(): Token {
    if (!this.started) {
      this.started = true
      return this.push(this.token('stream-start'))
    }
    this.scan.index = this.index()
    this.scan.line = this.line
    this.scan.column = this.column()
    this.skipToNextToken()
    const column = this.column()
    if (this.indent > column) this.unroll(column, this.dialect === 'v3' ? this.scan : this.here())
    this.need(4)
    const c = this.text.charCodeAt(this.pos)
    if (c === 0) return this.fetchStreamEnd()
    if (column === 0 && c === 0x25) return this.fetchDirective()
    if (column === 0 && this.atDocumentIndicator()) return this.fetchDocumentIndicator(c)
    if (this.dialect === 'v2') return this.fetchToken(c)
    const follows = this.flowLevel === 0 ? c === 0x3a : c === 0x2c
    const commentIndex = follows ? (this.tokens.at(-1) as Token).index : this.index()
    const token = this.fetchToken(c)
    // What follows `- ` heads the item; it is no comment on the indicator.
    if (this.newlines === 0 && token.type !== 'block-entry') scanLineComment(this, commentIndex)
    return token
  }

  /** Eats white space and comments. Tabs count as such in flow collections and behind a token, not where keys begin. */
  private skipToNextToken(): void {
    const { text } = this
    if (this.pos === 0 && text.charCodeAt(0) === 0xfeff) this.pos = 1
    for (;;) {
      let c = text.charCodeAt(this.pos)
      while (c === 0x20 || (c === 0x09 && (this.flowLevel > 0 || !this.simpleKeyAllowed))) {
        c = text.charCodeAt(++this.pos)
      }
      if (this.comments.length > this.commentsHead) this.liftComment(c)
      if (c === 0x23) {
        this.skipComment()
        c = text.charCodeAt(this.pos)
      }
      if (!isBreak(c)) return
      this.skipLine()
      if (this.flowLevel === 0) this.simpleKeyAllowed = true
    }
  }

  private skipComment(): void {
    if (this.dialect === 'v3') scanComments(this)
    else this.advance(this.lineEnd())
  }

  /** A comment right behind the first `-` of a sequence heads what follows on the next line. */
  private liftComment(c: number): void {
    const comment = this.comments.at(-1) as Comment
    if (comment.line === '' || isBreak(c)) return
    if (this.tokens.at(-1)?.type !== 'block-entry' || this.tokens.at(-2)?.type !== 'block-sequence-start') return
    comment.head = comment.line
    comment.line = ''
    if (comment.startLine === this.line - 1) comment.tokenIndex = this.index()
  }

  private fetchDirective(): Token {
    this.leaveBlocks()
    return this.push(scanDirective(this))
  }

  private fetchDocumentIndicator(c: number): Token {
    this.leaveBlocks()
    return this.push(this.indicator(c === 0x2d ? 'document-start' : 'document-end', 3))
  }

  private fetchStreamEnd(): Token {
    if (this.column() !== 0) {
      this.lineStart = this.pos
      this.line++
    }
    this.leaveBlocks()
    return this.push(this.token('stream-end'))
  }

  private leaveBlocks(): void {
    if (this.indent > -1) this.unroll(-1, this.here())
    this.removeKey()
    this.simpleKeyAllowed = false
  }

  private fetchToken(c: number): Token {
    switch (c) {
      case 0x5b:
        return this.fetchFlowStart('flow-sequence-start')
      case 0x7b:
        return this.fetchFlowStart('flow-mapping-start')
      case 0x5d:
        return this.fetchFlowEnd('flow-sequence-end')
      case 0x7d:
        return this.fetchFlowEnd('flow-mapping-end')
      case 0x2c:
        return this.fetchFlowEntry()
      case 0x2d:
        return isSeparator(this.text.charCodeAt(this.pos + 1)) ? this.fetchBlockEntry() : this.fetchPlain()
      case 0x3f:
        return this.isIndicator() ? this.fetchKey() : this.fetchPlain()
      case 0x3a:
        return this.isIndicator() ? this.fetchValue() : this.fetchPlain()
      case 0x2a:
        return this.fetchAnchor('alias')
      case 0x26:
        return this.fetchAnchor('anchor')
      case 0x21:
        return this.fetchTag()
      case 0x27:
        return this.fetchQuoted(true)
      case 0x22:
        return this.fetchQuoted(false)
      case 0x7c:
      case 0x3e:
        if (this.flowLevel === 0) return this.fetchBlockScalar(c === 0x7c)
        break
      case 0x09:
      case 0x25:
      case 0x40:
      case 0x60:
        break
      default:
        return this.fetchPlain()
    }
    this.fail('found character that cannot start any token', this.here())
  }

  private isIndicator(): boolean {
    return this.flowLevel > 0 || isSeparator(this.text.charCodeAt(this.pos + 1))
  }

  private fetchFlowStart(type: TokenType): Token {
    this.saveKey()
    this.openLevel()
    this.simpleKeyAllowed = true
    return this.push(this.indicator(type, 1))
  }

  private fetchFlowEnd(type: TokenType): Token {
    this.removeKey()
    this.closeLevel()
    this.simpleKeyAllowed = false
    return this.push(this.indicator(type, 1))
  }

  private fetchFlowEntry(): Token {
    this.removeKey()
    this.simpleKeyAllowed = true
    return this.push(this.indicator('flow-entry', 1))
  }

  private fetchBlockEntry(): Token {
    // In flow context the parser reports the `-`, because it can name the collection.
    if (this.flowLevel === 0) this.startBlock('block-sequence-start', 'block sequence entries')
    this.removeKey()
    this.simpleKeyAllowed = true
    return this.push(this.indicator('block-entry', 1))
  }

  private fetchKey(): Token {
    if (this.flowLevel === 0) this.startBlock('block-mapping-start', 'mapping keys')
    this.removeKey()
    this.simpleKeyAllowed = this.flowLevel === 0
    return this.push(this.indicator('key', 1))
  }

  private fetchValue(): Token {
    const key = this.keys.at(-1) as SimpleKey
    if (this.keyIsValid(key)) {
      this.insert(key.token, keyToken('key', key))
      if (this.flowLevel === 0) this.roll(key.column, keyToken('block-mapping-start', key), key.token)
      this.settleKey(key)
      this.simpleKeyAllowed = false
    } else {
      if (this.flowLevel === 0) this.startBlock('block-mapping-start', 'mapping values')
      this.simpleKeyAllowed = this.flowLevel === 0
    }
    return this.push(this.indicator('value', 1))
  }

  private startBlock(type: TokenType, what: string): void {
    if (!this.simpleKeyAllowed) this.fail(`${what} are not allowed in this context`, this.here())
    this.roll(this.column(), this.token(type))
  }

  private fetchAnchor(type: 'alias' | 'anchor'): Token {
    this.saveKey()
    return this.push(scanAnchor(this, type))
  }

  private fetchTag(): Token {
    this.saveKey()
    return this.push(scanTag(this))
  }

  private fetchBlockScalar(literal: boolean): Token {
    this.removeKey()
    this.simpleKeyAllowed = true
    return this.push(scanBlock(this, literal))
  }

  private fetchQuoted(single: boolean): Token {
    this.saveKey()
    return this.push(scanQuoted(this, single))
  }

  private fetchPlain(): Token {
    this.saveKey()
    return this.push(scanPlain(this))
  }
}

function keyToken(type: TokenType, key: SimpleKey): Token {
  const { index, line, column } = key
  return { type, index, line, column, endColumn: column, value: '', suffix: '', style: undefined }
}
