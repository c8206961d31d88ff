import { Cursor } from './cursor.ts'
import type { Dialect, Position } from './error.ts'
import type { Source } from './reader.ts'
import type { Comment, SimpleKey, Token } from './token.ts'

/** Nesting that go-yaml allows in flow and, separately, in block collections. */
const MAX_DEPTH = 10_000

/** Characters after which `:` makes no simple key any more. */
const MAX_KEY_LENGTH = 1024

/** Tokens behind the head of the queue are dropped when there are so many. */
const DROP = 64

/**
 * The tokens between scanner and parser. They wait here while a later `:` could still make one of them a key, which
 * inserts tokens before it. The block collections that are open are kept here as well, since both open and close them.
 *
 * In dialect v3 comments are kept, and two tokens are read ahead so that they reach the right node.
 */
export abstract class TokenQueue extends Cursor {
  tokens: Token[] = []
  comments: Comment[] = []
  /** Comments before this one are with the parser already. */
  commentsHead = 0
  protected readonly keys: SimpleKey[] = [newKey()]
  private readonly indents: number[] = []
  private readonly lookahead: number
  private head = 0
  private parsed = 0
  private available = false
  /**
   * Numbers of the tokens that are not handed on before it is known whether they are keys. As in go-yaml a key that
   * turned out to be none by a line break stays here, and lets its token wait for the next one of its level.
   */
  private readonly waiting = new Map<number, SimpleKey>()

  constructor(source: Source, dialect: Dialect) {
    super(source, dialect)
    this.lookahead = dialect === 'v3' ? 2 : 0
  }

  /** The next token, which stays in the queue. */
  peek(): Token {
    if (!this.available) this.fetchMore()
    return this.tokens[this.head] as Token
  }

  /** Removes the token that `peek` gave. */
  skip(): void {
    this.available = false
    this.parsed++
    this.head++
  }

  private fetchMore(): void {
    for (;;) {
      if (this.head < this.tokens.length - this.lookahead) {
        const key = this.waiting.get(this.parsed)
        if (key === undefined || !this.keyIsValid(key)) break
      }
      this.fetchNext()
    }
    this.available = true
  }

  /** Appends the tokens that stand at the cursor, and gives the last. */
  protected abstract fetchNext(): Token

  protected push(token: Token): Token {
    // The last two are looked at once more, by comments.
    const spent = Math.min(this.head, this.tokens.length - 2)
    if (spent >= DROP) {
      this.tokens.splice(0, spent)
      this.head -= spent
    }
    this.tokens.push(token)
    return token
  }

  /** Puts a token before the one with the given number in the stream, or last if that one is with the parser already. */
  protected insert(number: number, token: Token): void {
    const { tokens } = this
    const at = number < this.parsed ? tokens.length : this.head + number - this.parsed
    tokens.push(token)
    for (let i = tokens.length - 1; i > at; i--) tokens[i] = tokens[i - 1] as Token
    tokens[at] = token
  }

  protected here(): { index: number; line: number; column: number } {
    return { index: this.index(), line: this.line, column: this.column() }
  }

  private nextNumber(): number {
    return this.parsed + this.tokens.length - this.head
  }

  /** Opens a flow collection, with a simple key of its own that carries its bracket's number for now. */
  protected openLevel(): void {
    this.keys.push(newKey(this.here(), this.nextNumber()))
    this.flowLevel++
    if (this.flowLevel > MAX_DEPTH) this.fail(`exceeded max depth of ${MAX_DEPTH}`, this.here())
  }

  /**
   * Closes a flow collection. Unless a key came in between, its key still carries the bracket's number, and the bracket
   * no longer waits: `[]` is handed on before `:` is seen.
   */
  protected closeLevel(): void {
    if (this.flowLevel === 0) return
    this.flowLevel--
    const key = this.keys.pop()
    if (key !== undefined) this.waiting.delete(key.token)
  }

  /** Notes that the next token may be a simple key, after which no other may begin. */
  protected saveKey(): void {
    if (this.simpleKeyAllowed) {
      this.removeKey()
      const key = this.keys.at(-1) as SimpleKey
      key.possible = true
      key.required = this.flowLevel === 0 && this.indent === this.column()
      key.token = this.nextNumber()
      key.index = this.index()
      key.line = this.line
      key.column = this.column()
      this.waiting.set(key.token, key)
    }
    this.simpleKeyAllowed = false
  }

  protected removeKey(): void {
    const key = this.keys.at(-1) as SimpleKey
    if (!key.possible) return
    if (key.required) this.fail("could not find expected ':'", key)
    this.settleKey(key)
  }

  /** Nothing depends on the key any more: it is one, or is none. */
  protected settleKey(key: SimpleKey): void {
    key.possible = false
    this.waiting.delete(key.token)
  }

  protected keyIsValid(key: SimpleKey): boolean {
    if (!key.possible) return false
    if (key.line === this.line && key.index + MAX_KEY_LENGTH >= this.index()) return true
    if (key.required) this.fail("could not find expected ':'", key)
    key.possible = false
    return false
  }

  /** Opens a block collection if the column is deeper than the current one. */
  protected roll(column: number, token: Token, number?: number): void {
    if (this.indent >= column) return
    this.indents.push(this.indent)
    this.indent = column
    if (this.indents.length > MAX_DEPTH) this.fail(`exceeded max depth of ${MAX_DEPTH}`, this.keys.at(-1))
    if (number === undefined) this.push(token)
    else this.insert(number, token)
  }

  /**
   * Closes the block collections that are deeper than the column. Their ends are put before comments that stand at the
   * indentation of what goes on, so that those become foot comments of the collection and not of its last entry.
   */
  protected unroll(column: number, from: Position & { readonly index: number }): void {
    if (this.flowLevel > 0) return
    let { line, column: endColumn } = from
    let index = this.dialect === 'v3' ? from.index - 1 : from.index
    const comments = this.recentComments(index)
    while (this.indent > column) {
      const comment = comments?.get(this.indent + 1)
      if (comment !== undefined) {
        index = comment.startIndex
        line = comment.startLine
        endColumn = comment.startColumn
      }
      const token = this.token('block-end')
      token.index = index
      token.line = line
      token.column = endColumn
      token.endColumn = endColumn
      this.push(token)
      this.indent = this.indents.pop() ?? -1
    }
  }

  /** The first comment at each column, of those that follow each other without anything between, up to an index. */
  private recentComments(index: number): ReadonlyMap<number, Comment> | undefined {
    if (this.comments.length === this.commentsHead) return undefined
    const first = new Map<number, Comment>()
    let stop = index
    for (let i = this.comments.length - 1; i >= this.commentsHead; i--) {
      const comment = this.comments[i] as Comment
      if (comment.endIndex < stop) break
      first.set(comment.startColumn, comment)
      stop = comment.scanIndex
    }
    return first
  }
}

function newKey(at: Position & { index: number } = { index: 0, line: 0, column: 0 }, token = 0): SimpleKey {
  const { index, line, column } = at
  return { possible: false, required: false, token, index, line, column }
}
