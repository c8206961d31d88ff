import { isBlank, isBreak, isBreakOrEnd } from './characters.ts'
import type { Scanner } from './scanner.ts'
import type { Comment, Token } from './token.ts'

/** go-yaml looks this many characters ahead for the next comment. */
const PEEK = 512

/** Takes a comment that stands behind a token, on its line. It belongs to the token at `tokenIndex`. */
export function scanLineComment(scanner: Scanner, tokenIndex: number): void {
  const { text } = scanner
  let start = scanner.pos
  while (isBlank(text.charCodeAt(start))) start++
  scanner.need(start - scanner.pos + 1)
  if (text.charCodeAt(start) !== 0x23 || start - scanner.pos >= PEEK) return
  scanner.pos = start
  const comment = newComment(tokenIndex)
  comment.startIndex = scanner.index()
  comment.startLine = scanner.line
  comment.startColumn = scanner.column()
  comment.line = readComment(scanner)
  scanner.comments.push(comment)
}

/** Reads from `#` to the end of the line. */
function readComment(scanner: Scanner): string {
  const { text, pos } = scanner
  const end = scanner.lineEnd()
  scanner.newlines = 0
  scanner.advance(end)
  scanner.need(1)
  return text.slice(pos, end)
}

/** Takes the block of comment lines that begins here, and splits it into feet of what came before and a head. */
export function scanComments(scanner: Scanner): void {
  new CommentBlock(scanner).scan()
}

/**
 * State of one run over consecutive comment lines. It follows go-yaml in what looks accidental as well: the break that
 * ends a comment is not counted, so CRLF acts as an empty line, and lines count from the last comment.
 */
class CommentBlock {
  private readonly scanner: Scanner
  private readonly token: Token
  private tokenIndex: number
  private scanIndex: number
  private text = ''
  private startIndex = 0
  private startLine = 0
  private startColumn = 0
  private nextIndent: number
  private recentEmpty = false
  private firstEmpty: boolean
  private line: number
  private column: number
  private readonly footLine: number
  private peek = 0

  constructor(scanner: Scanner) {
    this.scanner = scanner
    const last = scanner.tokens.at(-1) as Token
    this.token = (last.type === 'flow-entry' && scanner.tokens.at(-2)) || last
    this.tokenIndex = this.token.index
    this.scanIndex = scanner.scan.index
    this.nextIndent = Math.max(scanner.indent, 0)
    this.firstEmpty = scanner.newlines <= 1
    this.line = scanner.line
    this.column = scanner.column()
    this.footLine = footLine(scanner)
  }

  scan(): void {
    const { scanner } = this
    const { text } = scanner
    // Go sees bytes: behind a break of several bytes stands one that is neither blank nor break nor `#`.
    let insideBreak = false
    for (; this.peek < PEEK; this.peek++) {
      this.column++
      scanner.need(this.peek + 1)
      const c: number = insideBreak ? -1 : text.charCodeAt(scanner.pos + this.peek)
      if (isBlank(c)) continue
      const closesFlow = scanner.flowLevel > 0 && (c === 0x5d || c === 0x7d)
      if (closesFlow || isBreakOrEnd(c)) {
        if (closesFlow || !this.recentEmpty) this.endLine(closesFlow, c)
        if (!isBreak(c)) break
        this.firstEmpty = false
        this.recentEmpty = true
        this.column = 0
        this.line++
        insideBreak = c >= 0x80
        continue
      }
      // A comment at another indentation is a foot of what came before, no head of what comes.
      if (this.text !== '' && this.column - 1 < this.nextIndent && this.column !== this.startColumn) this.pushFoot()
      if (c !== 0x23) break
      this.takeLine()
      insideBreak = text.charCodeAt(scanner.pos) >= 0x80
    }
    if (this.text !== '') this.pushHead()
  }

  /** At the first empty line, what was read so far is a foot if it touches the token before, or is dedented. */
  private endLine(closesFlow: boolean, c: number): void {
    const touches = this.startLine === this.footLine && this.token.type !== 'value'
    const dedented = this.startColumn - 1 < this.nextIndent
    if (closesFlow || (this.firstEmpty && (touches || dedented))) {
      if (this.text === '') return
      if (dedented) this.tokenIndex = this.startIndex
      this.pushFoot()
    } else if (this.text !== '' && c !== 0) this.text += '\n'
  }

  private takeLine(): void {
    const { scanner } = this
    if (this.text === '') {
      this.startIndex = scanner.index() + this.peek
      this.startLine = this.line
      this.startColumn = this.column
    } else this.text += '\n'
    this.recentEmpty = false
    const start = scanner.pos + this.peek
    while (scanner.pos < start) {
      if (isBreak(scanner.text.charCodeAt(scanner.pos))) scanner.skipLine()
      else scanner.pos++
    }
    this.text += readComment(scanner)
    this.peek = 0
    this.column = 0
    this.line = scanner.line
    this.nextIndent = Math.max(scanner.indent, 0)
  }

  private pushFoot(): void {
    const comment = this.comment(this.tokenIndex)
    comment.foot = this.text
    comment.endIndex = this.scanner.index() + this.peek
    this.scanner.comments.push(comment)
    this.scanIndex = comment.endIndex
    this.tokenIndex = comment.endIndex
    this.text = ''
  }

  private pushHead(): void {
    const comment = this.comment(this.startIndex)
    comment.head = this.text
    comment.endIndex = this.scanner.index() + this.peek - 1
    this.scanner.comments.push(comment)
  }

  private comment(tokenIndex: number): Comment {
    const comment = newComment(tokenIndex)
    comment.scanIndex = this.scanIndex
    comment.startIndex = this.startIndex
    comment.startLine = this.startLine
    comment.startColumn = this.startColumn
    return comment
  }
}

/** The line on which a comment must start to be a foot of what came before: the one below it. */
function footLine(scanner: Scanner): number {
  if (scanner.scan.line === 0) return -1
  const line = scanner.line - scanner.newlines + 1
  return scanner.newlines === 0 && scanner.column() > 1 ? line + 1 : line
}

function newComment(tokenIndex: number): Comment {
  return {
    head: '',
    line: '',
    foot: '',
    tokenIndex,
    scanIndex: 0,
    startIndex: 0,
    startLine: 0,
    startColumn: 0,
    endIndex: 0,
  }
}
