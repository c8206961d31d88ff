import { hexValue, isSeparator, isWord } from './characters.ts'
import type { Cursor } from './cursor.ts'
import type { Token } from './token.ts'

/** Scans `&name` or `*name`. */
export function scanAnchor(cursor: Cursor, type: 'alias' | 'anchor'): Token {
  const token = cursor.token(type)
  cursor.pos++
  cursor.newlines = 0
  token.value = takeWord(cursor)
  const c = cursor.text.charCodeAt(cursor.pos)
  if (token.value === '' || !(isSeparator(c) || '?:,]}%@`'.includes(String.fromCharCode(c)))) {
    cursor.fail('did not find expected alphabetic or numeric character', token)
  }
  return token
}

/** Reads `[0-9A-Za-z_-]*`. */
export function takeWord(cursor: Cursor): string {
  const start = cursor.pos
  while (isWord(cursor.text.charCodeAt(cursor.pos))) cursor.pos++
  cursor.need(1)
  return cursor.text.slice(start, cursor.pos)
}

/** Scans `!<uri>`, `!handle!suffix`, `!suffix` or `!` into handle (`value`) and suffix. */
export function scanTag(cursor: Cursor): Token {
  const { text } = cursor
  const token = cursor.token('tag')
  if (text.charCodeAt(cursor.pos + 1) === 0x3c) {
    cursor.pos += 2
    token.suffix = takeUri(cursor, '', token)
    if (text.charCodeAt(cursor.pos) !== 0x3e) cursor.fail("did not find the expected '>'", token)
    cursor.pos++
  } else {
    const handle = takeHandle(cursor, false, token)
    const named = handle.length > 1 && handle.endsWith('!')
    token.suffix = takeUri(cursor, named ? '' : handle, token)
    token.value = named ? handle : '!'
    if (!named && token.suffix === '') {
      token.value = ''
      token.suffix = '!'
    }
  }
  cursor.newlines = 0
  if (!isSeparator(text.charCodeAt(cursor.pos))) cursor.fail('did not find expected whitespace or line break', token)
  return token
}

/** Reads `!`, `!!` or `!name!`; in a tag, what follows `!` may turn out to be a suffix, which a directive forbids. */
export function takeHandle(cursor: Cursor, directive: boolean, token: Token): string {
  const { text } = cursor
  const start = cursor.pos
  if (text.charCodeAt(start) !== 0x21) cursor.fail("did not find expected '!'", token)
  cursor.pos++
  takeWord(cursor)
  if (text.charCodeAt(cursor.pos) === 0x21) cursor.pos++
  else if (directive && cursor.pos - start > 1) cursor.fail("did not find expected '!'", token)
  return text.slice(start, cursor.pos)
}

const URI_PUNCTUATION = ";/?:@&=+$,.!~*'()[]%"

/** Reads the rest of a URI. `head` was read as a handle; what follows its `!` belongs to the URI. */
export function takeUri(cursor: Cursor, head: string, token: Token): string {
  const { text } = cursor
  let uri = head.slice(1)
  const start = cursor.pos
  for (;;) {
    const c = text.charCodeAt(cursor.pos)
    if (!isWord(c) && (c === 0 || !URI_PUNCTUATION.includes(String.fromCharCode(c)))) break
    if (c === 0x25) uri += takeUriEscape(cursor, token)
    else {
      uri += text.charAt(cursor.pos)
      cursor.pos++
    }
  }
  cursor.need(1)
  if (cursor.pos === start && head === '') cursor.fail('did not find expected tag URI', token)
  return uri
}

/** Reads `%XX` for each byte of one UTF-8 character. */
function takeUriEscape(cursor: Cursor, token: Token): string {
  const octets: number[] = []
  let width = 1
  while (octets.length < width) {
    const high = hexValue(cursor.text.charCodeAt(cursor.pos + 1))
    const low = hexValue(cursor.text.charCodeAt(cursor.pos + 2))
    if (cursor.text.charCodeAt(cursor.pos) !== 0x25 || high < 0 || low < 0) {
      cursor.fail('did not find URI escaped octet', token)
    }
    const octet = high * 16 + low
    if (octets.length === 0) {
      width = octet < 0x80 ? 1 : octet < 0xc0 ? 0 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : octet < 0xf8 ? 4 : 0
      if (width === 0) cursor.fail('found an incorrect leading UTF-8 octet', token)
    } else if ((octet & 0xc0) !== 0x80) cursor.fail('found an incorrect trailing UTF-8 octet', token)
    octets.push(octet)
    cursor.pos += 3
  }
  return new TextDecoder().decode(Uint8Array.from(octets))
}
