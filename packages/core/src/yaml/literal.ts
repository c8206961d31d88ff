import { isBlank, isBreak, isBreakOrEnd, isDigit } from './characters.ts'
import { scanLineComment } from './comment.ts'
import type { Cursor } from './cursor.ts'
import { breakText } from './plain.ts'
import type { Scanner } from './scanner.ts'
import type { Token } from './token.ts'

/** Scans a literal (`|`) or folded (`>`) scalar. */
export function scanBlock(scanner: Scanner, literal: boolean): Token {
  const { text } = scanner
  const token = scanner.token('scalar')
  token.style = literal ? 'literal' : 'folded'
  const header = takeBlockHeader(scanner, token)
  const block = new BlockLines(scanner, token, header.increment)
  let lastBreak = ''
  let leadingBlank = false
  let breaks = block.skipBreaks()
  while (scanner.column() === block.indent && text.charCodeAt(scanner.pos) !== 0) {
    const blank = isBlank(text.charCodeAt(scanner.pos))
    const folds = !literal && lastBreak === '\n' && !leadingBlank && !blank
    token.value += (folds ? (breaks === '' ? ' ' : '') : lastBreak) + breaks + block.takeLine()
    leadingBlank = blank
    lastBreak = block.takeBreak()
    breaks = block.skipBreaks()
  }
  scanner.need(1)
  if (header.chomping !== '-') token.value += lastBreak
  if (header.chomping === '+') token.value += breaks
  return token
}

function takeBlockHeader(scanner: Scanner, token: Token): { chomping: string; increment: number } {
  const { text } = scanner
  let chomping = ''
  let increment = 0
  scanner.pos++
  scanner.newlines = 0
  // One chomping and one indentation indicator, in either order.
  for (let i = 0; i < 2; i++) {
    const c = text.charCodeAt(scanner.pos)
    if (chomping === '' && (c === 0x2b || c === 0x2d)) chomping = text.charAt(scanner.pos)
    else if (increment === 0 && isDigit(c)) {
      increment = c - 0x30
      if (increment === 0) scanner.fail('found an indentation indicator equal to 0', token)
    } else break
    scanner.pos++
  }
  while (isBlank(text.charCodeAt(scanner.pos))) scanner.pos++
  if (text.charCodeAt(scanner.pos) === 0x23) skipHeaderComment(scanner, token)
  const c = text.charCodeAt(scanner.pos)
  if (!isBreakOrEnd(c)) scanner.fail('did not find expected comment or line break', token)
  if (c !== 0) scanner.skipLine()
  return { chomping, increment }
}

function skipHeaderComment(scanner: Scanner, token: Token): void {
  if (scanner.dialect === 'v3') scanLineComment(scanner, token.index)
  scanner.advance(scanner.lineEnd())
}

/** The lines of a block scalar, and their indentation once it is known. */
class BlockLines {
  private readonly cursor: Cursor
  private readonly token: Token
  indent: number

  constructor(cursor: Cursor, token: Token, increment: number) {
    this.cursor = cursor
    this.token = token
    this.indent = increment === 0 ? 0 : Math.max(cursor.indent, 0) + increment
  }

  /** Skips indentation and empty lines, which it gives. The first line that is not empty sets the indentation. */
  skipBreaks(): string {
    const { cursor } = this
    const { text } = cursor
    let breaks = ''
    let deepest = 0
    for (;;) {
      let c = text.charCodeAt(cursor.pos)
      while (c === 0x20 && (this.indent === 0 || cursor.column() < this.indent)) c = text.charCodeAt(++cursor.pos)
      deepest = Math.max(deepest, cursor.column())
      if (c === 0x09 && (this.indent === 0 || cursor.column() < this.indent)) {
        cursor.fail('found a tab character where an indentation space is expected', this.token)
      }
      if (!isBreak(c)) break
      breaks += breakText(c)
      cursor.skipLine()
    }
    if (this.indent === 0) this.indent = Math.max(deepest, cursor.indent + 1, 1)
    return breaks
  }

  takeLine(): string {
    const { cursor } = this
    const { text, pos } = cursor
    const end = cursor.lineEnd()
    let first = pos
    while (first < end && isBlank(text.charCodeAt(first))) first++
    if (first < end) cursor.newlines = 0
    cursor.advance(end)
    cursor.need(2)
    return text.slice(pos, end)
  }

  takeBreak(): string {
    const c = this.cursor.text.charCodeAt(this.cursor.pos)
    if (c === 0) return ''
    this.cursor.skipLine()
    return breakText(c)
  }
}
