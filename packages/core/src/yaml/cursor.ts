import { isBreakOrEnd, isSeparator } from './characters.ts'
import { type Dialect, type Position, syntaxError } from './error.ts'
import type { Source } from './reader.ts'
import type { Token, TokenType } from './token.ts'

/**
 * A place in a text, and what the scanners of scalars, tags and comments need to know about it.
 *
 * Columns and indexes count characters as Go does, while `pos` counts UTF-16 units: `lineStart` and `shift` absorb the
 * difference.
 */
export class Cursor {
  readonly dialect: Dialect
  readonly text: string
  readonly source: Source
  pos = 0
  line = 0
  lineStart = 0
  /** Surrogate pairs before `pos`. */
  shift = 0
  /** Line breaks since the last character that is not blank. */
  newlines = 0
  flowLevel = 0
  /** Column of the innermost block collection, -1 outside any. */
  indent = -1
  simpleKeyAllowed = true

  constructor(source: Source, dialect: Dialect) {
    this.source = source
    this.text = source.text
    this.dialect = dialect
  }

  column(): number {
    return this.pos - this.lineStart
  }

  index(): number {
    return this.pos - this.shift
  }

  /** A token that begins here. */
  token(type: TokenType): Token {
    const column = this.pos - this.lineStart
    return {
      type,
      index: this.pos - this.shift,
      line: this.line,
      column,
      endColumn: column,
      value: '',
      suffix: '',
      style: undefined,
    }
  }

  /** The token of an indicator of `length` characters, which stands here and is stepped over. */
  indicator(type: TokenType, length: number): Token {
    const token = this.token(type)
    this.pos += length
    this.newlines = 0
    token.endColumn += length
    return token
  }

  /** Steps over the line break at `pos`. */
  skipLine(): void {
    const crlf = this.text.charCodeAt(this.pos) === 0x0d && this.text.charCodeAt(this.pos + 1) === 0x0a
    this.pos += crlf ? 2 : 1
    this.lineStart = this.pos
    this.line++
    this.newlines++
  }

  /** Steps over text up to `end`, which holds no line break. */
  advance(end: number): void {
    if (this.source.astral) {
      for (let i = this.pos; i < end; i++) {
        if ((this.text.charCodeAt(i) & 0xfc00) !== 0xd800) continue
        this.lineStart++
        this.shift++
      }
    }
    this.pos = end
  }

  /** Index of the break that ends the line, or of the text's end. */
  lineEnd(): number {
    if (this.source.onlyLf) {
      const found = this.text.indexOf('\n', this.pos)
      return found < 0 ? this.source.length : found
    }
    let end = this.pos
    while (!isBreakOrEnd(this.text.charCodeAt(end))) end++
    return end
  }

  /** Whether `---` or `...` stands here, followed by white space. */
  atDocumentIndicator(): boolean {
    const { text, pos } = this
    const c = text.charCodeAt(pos)
    if (c !== 0x2d && c !== 0x2e) return false
    return text.charCodeAt(pos + 1) === c && text.charCodeAt(pos + 2) === c && isSeparator(text.charCodeAt(pos + 3))
  }

  /**
   * Called where go-yaml wants so many characters to be read. At the end of the text they need not be there, unless it
   * ends only because the reader could not go on.
   *
   * @throws CoreError YAML_SYNTAX with the reader's failure.
   */
  need(count: number): void {
    const { failure, length } = this.source
    if (failure === undefined || this.pos + count <= length) return
    throw syntaxError(this.dialect, { part: 'reader', problem: failure })
  }

  /** @throws CoreError YAML_SYNTAX always, for what stands here, inside of what began at `context`. */
  fail(problem: string, context?: Position): never {
    this.need(1)
    const at = { line: this.line, column: this.column() }
    throw syntaxError(this.dialect, { part: 'scanner', problem, at, context })
  }
}
