import { isBlank, isBreak, isBreakOrEnd, isSeparator } from './characters.ts'
import type { Cursor } from './cursor.ts'
import type { Token } from './token.ts'

/** Scans a scalar without quotes, and the white space behind it. */
export function scanPlain(cursor: Cursor): Token {
  const { text } = cursor
  const token = cursor.token('scalar')
  const indent = cursor.indent + 1
  let gap = ''
  for (;;) {
    cursor.need(4)
    if (cursor.pos === cursor.lineStart && cursor.atDocumentIndicator()) break
    if (text.charCodeAt(cursor.pos) === 0x23) break
    const end = plainEnd(cursor)
    if (end === cursor.pos) break
    token.value += gap + text.slice(cursor.pos, end)
    gap = ''
    cursor.newlines = 0
    cursor.advance(end)
    cursor.need(2)
    gap = skipGap(cursor, token, indent)
    if (gap === '' || (cursor.flowLevel === 0 && cursor.column() < indent)) break
  }
  if (gap !== '') cursor.simpleKeyAllowed = true
  cursor.need(1)
  return token
}

/** Index behind the last character that belongs to a plain scalar on this line. */
function plainEnd(cursor: Cursor): number {
  const { text, pos } = cursor
  if (cursor.flowLevel === 0 && cursor.source.onlyLf) {
    const line = text.slice(pos, cursor.lineEnd())
    if (!line.includes('\t')) return pos + blockPlainLength(line)
  }
  const inFlow = cursor.flowLevel > 0
  let end = pos
  for (let i = pos; ; i++) {
    const c = text.charCodeAt(i)
    // Letters, digits and most of Unicode need no further look.
    if (c > 0x3f && c < 0x85 && c !== 0x5b && c !== 0x5d && c !== 0x7b && c !== 0x7d) end = i + 1
    else if (c === 0x20 || c === 0x09) continue
    else if (isBreakOrEnd(c)) return end
    else if (c === 0x3a && isSeparator(text.charCodeAt(i + 1))) return end
    else if (c === 0x23 && end < i) return end
    else if (inFlow && (c === 0x2c || c === 0x3f || c === 0x5b || c === 0x5d || c === 0x7b || c === 0x7d)) return end
    else end = i + 1
  }
}

/** The same for the rest of a line in block context, without tabs. */
function blockPlainLength(line: string): number {
  let length = line.indexOf(': ')
  if (length < 0) length = line.endsWith(':') ? line.length - 1 : line.length
  const comment = line.indexOf(' #')
  if (comment >= 0 && comment < length) length = comment
  while (line.charCodeAt(length - 1) === 0x20) length--
  return length
}

/** Skips blanks and line breaks; what they fold into, or nothing if there was no break. */
function skipGap(cursor: Cursor, token: Token, indent: number): string {
  const { text } = cursor
  let first = ''
  let rest = ''
  for (;;) {
    const c = text.charCodeAt(cursor.pos)
    if (isBlank(c)) {
      if (c === 0x09 && first !== '' && cursor.column() < indent) {
        cursor.fail('found a tab character that violates indentation', token)
      }
      cursor.pos++
    } else if (isBreak(c)) {
      if (first === '') first = breakText(c)
      else rest += breakText(c)
      cursor.skipLine()
    } else return fold(first, rest)
  }
}

/** What a line break stands for in a value: LS and PS are kept, all others are LF. */
export function breakText(c: number): string {
  return c === 0x2028 ? '\u2028' : c === 0x2029 ? '\u2029' : '\n'
}

/** One LF folds into a space, more of them lose the first. */
export function fold(first: string, rest: string): string {
  if (first !== '\n') return first + rest
  return rest === '' ? ' ' : rest
}
