import { hexValue, isBlank, isBreak, isBreakOrEnd } from './characters.ts'
import type { Cursor } from './cursor.ts'
import { breakText, fold } from './plain.ts'
import type { Token } from './token.ts'

/** Scans a scalar in single or double quotes. */
export function scanQuoted(cursor: Cursor, single: boolean): Token {
  const { text } = cursor
  const token = cursor.token('scalar')
  token.style = single ? 'single' : 'double'
  cursor.pos++
  if (takeSimple(cursor, token, single ? "'" : '"')) return token
  for (;;) {
    cursor.need(4)
    if (cursor.pos === cursor.lineStart && cursor.atDocumentIndicator()) {
      cursor.fail('found unexpected document indicator', token)
    }
    if (text.charCodeAt(cursor.pos) === 0) cursor.fail('found unexpected end of stream', token)
    const escaped = single ? takeSingle(cursor, token) : takeDouble(cursor, token)
    cursor.need(2)
    if (text.charCodeAt(cursor.pos) === (single ? 0x27 : 0x22)) break
    token.value += skipQuotedGap(cursor, escaped)
  }
  cursor.pos++
  cursor.newlines = 0
  return token
}

/** Takes a scalar that ends on its line and holds no escape, which is what most are; false = it is another one. */
function takeSimple(cursor: Cursor, token: Token, quote: string): boolean {
  const { text, pos } = cursor
  // Looks for the quote first: a line may hold many.
  const end = text.indexOf(quote, pos)
  if (end < 0 || !cursor.source.onlyLf) return false
  const value = text.slice(pos, end)
  if (value.includes('\n')) return false
  if (quote === '"' ? value.includes('\\') : text.charAt(end + 1) === quote) return false
  cursor.need(Math.max(4, value.length + 2))
  token.value = value
  cursor.advance(end + 1)
  cursor.newlines = 0
  return true
}

/** Reads up to the closing quote or the end of the line, of which trailing blanks are no part of the value. */
function takeSingle(cursor: Cursor, token: Token): boolean {
  const { text } = cursor
  let start = cursor.pos
  let end = start
  for (let i = start; ; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x27) {
      end = i
      if (text.charCodeAt(i + 1) !== 0x27) break
      token.value += text.slice(start, i + 1)
      start = i + 2
      end = start
      i++
    } else if (isBreakOrEnd(c)) break
    else if (c !== 0x20 && c !== 0x09) end = i + 1
  }
  token.value += text.slice(start, end)
  cursor.advance(end)
  return false
}

/** As {@link takeSingle}; true if the line ended with an escaped line break, which is read as well. */
function takeDouble(cursor: Cursor, token: Token): boolean {
  const { text } = cursor
  let start = cursor.pos
  let end = start
  for (let i = start; ; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      end = i
      break
    }
    if (c === 0x5c) {
      token.value += text.slice(start, i)
      cursor.advance(i)
      if (isBreak(text.charCodeAt(i + 1))) {
        cursor.pos++
        cursor.skipLine()
        return true
      }
      token.value += takeEscape(cursor, token)
      start = cursor.pos
      end = start
      i = start - 1
    } else if (isBreakOrEnd(c)) break
    else if (c !== 0x20 && c !== 0x09) end = i + 1
  }
  token.value += text.slice(start, end)
  cursor.advance(end)
  return false
}

const ESCAPES: Readonly<Record<string, string | number>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'",
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
  x: 2,
  u: 4,
  U: 8,
}

function takeEscape(cursor: Cursor, token: Token): string {
  const { text } = cursor
  cursor.need(2)
  const meaning = ESCAPES[text.charAt(cursor.pos + 1)]
  if (meaning === undefined) cursor.fail('found unknown escape character', token)
  cursor.pos += 2
  if (typeof meaning === 'string') return meaning
  let code = 0
  cursor.need(meaning)
  for (let i = 0; i < meaning; i++) {
    const digit = hexValue(text.charCodeAt(cursor.pos + i))
    if (digit < 0) cursor.fail('did not find expected hexdecimal number', token)
    code = code * 16 + digit
  }
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) {
    cursor.fail('found invalid Unicode character escape code', token)
  }
  cursor.pos += meaning
  return String.fromCodePoint(code)
}

/** Skips blanks and breaks inside of quotes; `escaped` = a break was read already and counts for nothing. */
function skipQuotedGap(cursor: Cursor, escaped: boolean): string {
  const { text } = cursor
  let first = ''
  let rest = ''
  for (;;) {
    const c = text.charCodeAt(cursor.pos)
    if (isBlank(c)) cursor.pos++
    else if (!isBreak(c)) break
    else {
      if (first === '' && !escaped) first = breakText(c)
      else rest += breakText(c)
      cursor.skipLine()
    }
  }
  return fold(first, rest)
}
