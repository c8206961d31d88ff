import { TemplateError } from '../error.ts'
import { sprintf } from '../fmt/printf.ts'
import type { Value } from '../value.ts'
import { Lexer } from './lex.ts'
import { describeToken, type Token, type TokenKind } from './token.ts'

/** What the parser needs to know besides the text. All strings are Go strings. */
export interface ParseOptions {
  readonly name: string
  readonly left: string
  readonly right: string
  readonly isFunction: (name: string) => boolean
}

/** Tokens with as much lookahead as is asked for, and Go's error texts. */
export class TokenReader {
  protected readonly options: ParseOptions
  protected readonly lexer: Lexer
  protected readonly pushed: Token[] = []
  /** The token that Go's error lines come from. */
  protected last: Token = { kind: 'eof', at: 0, text: '', line: 0 }
  protected actionLine = 0

  constructor(text: string, options: ParseOptions) {
    this.options = options
    this.lexer = new Lexer(text, {
      left: options.left,
      right: options.right,
      breakIsKeyword: !options.isFunction('break'),
      continueIsKeyword: !options.isFunction('continue'),
    })
  }

  protected next(): Token {
    const pushed = this.pushed.pop()
    if (pushed !== undefined) return pushed
    this.last = this.lexer.next()
    return this.last
  }

  protected push(token: Token): void {
    this.pushed.push(token)
  }

  protected peek(): Token {
    const token = this.next()
    this.push(token)
    return token
  }

  protected nextNonSpace(): Token {
    let token = this.next()
    while (token.kind === 'space') token = this.next()
    return token
  }

  protected peekNonSpace(): Token {
    const token = this.nextNonSpace()
    this.push(token)
    return token
  }

  /** The template's name goes through the format too, as in Go: a `%` in it garbles the text. */
  protected fail(format: string, ...values: readonly Value[]): never {
    const line = this.last.line
    const upstream = sprintf(`template: ${this.options.name}:${line}: ${format}`, values)
    throw new TemplateError('TEMPLATE_SYNTAX', `template ${this.options.name}: line ${line} cannot be parsed`, {
      upstream,
      hint: 'check the delimiters, quotes and function names of that line',
    })
  }

  protected expect(kinds: readonly TokenKind[], context: string): Token {
    const token = this.nextNonSpace()
    if (!kinds.includes(token.kind)) this.unexpected(token, context)
    return token
  }

  protected unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.fail('unexpected %s in %s', describeToken(token), context)
    let extra = ''
    if (this.actionLine !== 0 && this.actionLine !== token.line) {
      extra = ` in action started at ${this.options.name}:${this.actionLine}`
      if (token.text.endsWith(' action')) extra = extra.slice(' in action'.length)
    }
    this.fail('%s%s', token.text, extra)
  }
}
