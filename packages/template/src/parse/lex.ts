import { isPrint } from '@sealkit/core/go'
import { quote } from '../quote.ts'
import { decodeRune, encodeRune, runeWidth } from '../utf8.ts'
import { EOF, isBlank, isWord, trimEnd, unicodeName } from './character.ts'
import { KEYWORDS, type Keyword, type Token, type TokenKind } from './token.ts'

/** The action delimiters and whether `break` and `continue` are keywords (they are not when functions have those names). */
export interface LexerOptions {
  readonly left: string
  readonly right: string
  readonly breakIsKeyword: boolean
  readonly continueIsKeyword: boolean
}

/** Go's template lexer: tokens on demand, byte positions, Go's error texts. */
export class Lexer {
  #input: string
  readonly #options: LexerOptions
  #at = 0
  #start = 0
  #line = 1
  #startLine = 1
  #parens = 0
  #inAction = false

  constructor(input: string, options: LexerOptions) {
    this.#input = input
    this.#options = options
  }

  /** The next token; 'eof' or 'error' for ever once one of them came. */
  next(): Token {
    return this.#inAction ? this.#insideAction() : this.#text()
  }

  #token(kind: TokenKind): Token {
    const token = { kind, at: this.#start, text: this.#input.slice(this.#start, this.#at), line: this.#startLine }
    this.#begin()
    return token
  }

  /** Starts a new token here, counting the lines that the old one held. */
  #begin(): void {
    for (let i = this.#start; i < this.#at; i++) if (this.#input.charCodeAt(i) === 0x0a) this.#line++
    this.#start = this.#at
    this.#startLine = this.#line
  }

  #fail(text: string): Token {
    const token: Token = { kind: 'error', at: this.#start, text, line: this.#startLine }
    this.#input = ''
    this.#at = 0
    this.#start = 0
    return token
  }

  #peek(): number {
    return this.#at < this.#input.length ? decodeRune(this.#input, this.#at) : EOF
  }

  #advance(): number {
    const rune = this.#peek()
    if (rune !== EOF) this.#at += runeWidth(this.#input, this.#at)
    return rune
  }

  #accept(set: string): boolean {
    const char = this.#input[this.#at]
    if (char === undefined || !set.includes(char)) return false
    this.#at++
    return true
  }

  #acceptRun(set: string): void {
    while (this.#accept(set));
  }

  #text(): Token {
    const found = this.#input.indexOf(this.#options.left, this.#at)
    if (found < 0) {
      this.#at = this.#input.length
      return this.#token(this.#at > this.#start ? 'text' : 'eof')
    }
    if (found > this.#at) {
      const trimmed = this.#trimsLeft(found + this.#options.left.length)
        ? trimEnd(this.#input, this.#start, found)
        : found
      this.#at = trimmed
      const token = this.#token('text')
      this.#at = found
      this.#begin()
      if (token.text !== '') return token
    }
    return this.#leftDelim()
  }

  #trimsLeft(at: number): boolean {
    return this.#input[at] === '-' && isBlank(this.#input.charCodeAt(at + 1))
  }

  /** Whether a right delimiter is here: 0 no, 1 plain, 2 after a trim marker. */
  #rightDelim(at: number): 0 | 1 | 2 {
    const marker = isBlank(this.#input.charCodeAt(at)) && this.#input[at + 1] === '-'
    if (marker && this.#input.startsWith(this.#options.right, at + 2)) return 2
    return this.#input.startsWith(this.#options.right, at) ? 1 : 0
  }

  #leftDelim(): Token {
    this.#at += this.#options.left.length
    const marker = this.#trimsLeft(this.#at) ? 2 : 0
    if (this.#input.startsWith('/*', this.#at + marker)) {
      this.#at += marker
      this.#begin()
      return this.#comment()
    }
    const token = this.#token('leftDelim')
    this.#inAction = true
    this.#at += marker
    this.#begin()
    this.#parens = 0
    return token
  }

  #comment(): Token {
    const end = this.#input.indexOf('*/', this.#at + 2)
    if (end < 0) return this.#fail('unclosed comment')
    this.#at = end + 2
    const closing = this.#rightDelim(this.#at)
    if (closing === 0) return this.#fail('comment ends before closing delimiter')
    this.#skipRightDelim(closing)
    this.#begin()
    return this.#text()
  }

  #skipRightDelim(closing: 1 | 2): void {
    if (closing === 2) this.#at += 2
    this.#at += this.#options.right.length
    if (closing === 2) while (isBlank(this.#input.charCodeAt(this.#at))) this.#at++
  }

  #closeAction(): Token {
    const closing = this.#rightDelim(this.#at)
    if (closing === 2) {
      this.#at += 2
      this.#begin()
    }
    this.#at += this.#options.right.length
    const token = this.#token('rightDelim')
    if (closing === 2) {
      while (isBlank(this.#input.charCodeAt(this.#at))) this.#at++
      this.#begin()
    }
    this.#inAction = false
    return token
  }

  #insideAction(): Token {
    if (this.#rightDelim(this.#at) !== 0) {
      return this.#parens === 0 ? this.#closeAction() : this.#fail('unclosed left paren')
    }
    const rune = this.#peek()
    if (rune === EOF) return this.#fail('unclosed action')
    if (isBlank(rune)) return this.#space()
    if (rune === 0x2b || rune === 0x2d || (rune >= 0x30 && rune <= 0x39)) return this.#number()
    if (rune === 0x2e) return this.#dot()
    if (isWord(rune)) return this.#identifier()
    this.#advance()
    return this.#symbol(rune)
  }

  #symbol(rune: number): Token {
    switch (rune) {
      case 0x3d:
        return this.#token('assign')
      case 0x3a:
        return this.#accept('=') ? this.#token('declare') : this.#fail('expected :=')
      case 0x7c:
        return this.#token('pipe')
      case 0x22:
        return this.#quoted('"', 'string', 'unterminated quoted string')
      case 0x27:
        return this.#quoted("'", 'charConstant', 'unterminated character constant')
      case 0x60:
        return this.#rawQuoted()
      case 0x24:
        return this.#name('variable')
      case 0x28:
        this.#parens++
        return this.#token('leftParen')
      case 0x29:
        this.#parens--
        return this.#parens < 0 ? this.#fail('unexpected right paren') : this.#token('rightParen')
    }
    if (rune < 0x80 && isPrint(rune)) return this.#token('char')
    return this.#fail(`unrecognized character in action: ${unicodeName(rune)}`)
  }

  #space(): Token {
    let count = 0
    while (isBlank(this.#input.charCodeAt(this.#at))) {
      this.#at++
      count++
    }
    // The last space may belong to a trim marker.
    if (this.#rightDelim(this.#at - 1) === 2) {
      this.#at--
      if (count === 1) return this.#closeAction()
    }
    return this.#token('space')
  }

  #dot(): Token {
    const next = this.#input.charCodeAt(this.#at + 1)
    if (this.#at + 1 >= this.#input.length || (next >= 0x30 && next <= 0x39)) return this.#number()
    this.#at++
    return this.#name('field')
  }

  #identifier(): Token {
    while (isWord(this.#peek())) this.#advance()
    if (!this.#atTerminator()) return this.#fail(`bad character ${unicodeName(this.#peek())}`)
    return this.#token(this.#wordKind(this.#input.slice(this.#start, this.#at)))
  }

  #wordKind(word: string): TokenKind {
    if (word === 'true' || word === 'false') return 'bool'
    if (!KEYWORDS.has(word) || word === 'dot') return 'identifier'
    if (word === 'break' && !this.#options.breakIsKeyword) return 'identifier'
    if (word === 'continue' && !this.#options.continueIsKeyword) return 'identifier'
    return word as Keyword
  }

  /** A field or variable, whose first character is already read. */
  #name(kind: 'field' | 'variable'): Token {
    if (this.#atTerminator()) return this.#token(kind === 'variable' ? kind : 'dot')
    while (isWord(this.#peek())) this.#advance()
    if (!this.#atTerminator()) return this.#fail(`bad character ${unicodeName(this.#peek())}`)
    return this.#token(kind)
  }

  #atTerminator(): boolean {
    const rune = this.#peek()
    if (rune === EOF || isBlank(rune) || '.,|:)('.includes(encodeRune(rune))) return true
    return this.#input.startsWith(this.#options.right, this.#at)
  }

  #quoted(mark: string, kind: 'string' | 'charConstant', unterminated: string): Token {
    for (;;) {
      let char = this.#input[this.#at++]
      if (char === '\\') {
        char = this.#input[this.#at++]
        if (char !== undefined && char !== '\n') continue
      }
      if (char === undefined || char === '\n') return this.#fail(unterminated)
      if (char === mark) return this.#token(kind)
    }
  }

  #rawQuoted(): Token {
    const end = this.#input.indexOf('`', this.#at)
    if (end < 0) return this.#fail('unterminated raw quoted string')
    this.#at = end + 1
    return this.#token('rawString')
  }

  #number(): Token {
    if (!this.#scanNumber()) return this.#badNumber()
    const sign = this.#peek()
    if (sign !== 0x2b && sign !== 0x2d) return this.#token('number')
    if (!this.#scanNumber() || this.#input[this.#at - 1] !== 'i') return this.#badNumber()
    return this.#token('complex')
  }

  #badNumber(): Token {
    return this.#fail(`bad number syntax: ${quote(this.#input.slice(this.#start, this.#at))}`)
  }

  #scanNumber(): boolean {
    this.#accept('+-')
    let digits = '0123456789_'
    if (this.#accept('0')) {
      if (this.#accept('xX')) digits = '0123456789abcdefABCDEF_'
      else if (this.#accept('oO')) digits = '01234567_'
      else if (this.#accept('bB')) digits = '01_'
    }
    this.#acceptRun(digits)
    if (this.#accept('.')) this.#acceptRun(digits)
    const exponent = digits.length === 11 ? 'eE' : digits.length === 23 ? 'pP' : ''
    if (this.#accept(exponent)) {
      this.#accept('+-')
      this.#acceptRun('0123456789_')
    }
    this.#accept('i')
    if (!isWord(this.#peek())) return true
    this.#advance()
    return false
  }
}
