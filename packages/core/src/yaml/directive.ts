import { isBlank, isBreakOrEnd, isDigit, isSeparator } from './characters.ts'
import type { Cursor } from './cursor.ts'
import { takeHandle, takeUri, takeWord } from './tag.ts'
import type { Token } from './token.ts'

/** Scans a `%YAML` or `%TAG` line. */
export function scanDirective(cursor: Cursor): Token {
  const { text } = cursor
  const token = cursor.token('version-directive')
  cursor.pos++
  cursor.newlines = 0
  const name = takeWord(cursor)
  if (name === '') cursor.fail('could not find expected directive name', token)
  if (!isSeparator(text.charCodeAt(cursor.pos))) cursor.fail('found unexpected non-alphabetical character', token)
  if (name === 'YAML') scanVersion(cursor, token)
  else if (name === 'TAG') scanPrefix(cursor, token)
  else cursor.fail('found unknown directive name', token)
  skipBlanks(cursor)
  if (text.charCodeAt(cursor.pos) === 0x23) cursor.advance(cursor.lineEnd())
  const c = text.charCodeAt(cursor.pos)
  if (!isBreakOrEnd(c)) cursor.fail('did not find expected comment or line break', token)
  if (c !== 0) cursor.skipLine()
  return token
}

function skipBlanks(cursor: Cursor): void {
  while (isBlank(cursor.text.charCodeAt(cursor.pos))) cursor.pos++
}

function scanVersion(cursor: Cursor, token: Token): void {
  skipBlanks(cursor)
  const major = takeNumber(cursor, token)
  if (cursor.text.charCodeAt(cursor.pos) !== 0x2e) {
    cursor.fail("did not find expected digit or '.' character", token)
  }
  cursor.pos++
  token.value = `${major}.${takeNumber(cursor, token)}`
}

function takeNumber(cursor: Cursor, token: Token): number {
  const start = cursor.pos
  while (isDigit(cursor.text.charCodeAt(cursor.pos))) {
    cursor.pos++
    if (cursor.pos - start > 2) cursor.fail('found extremely long version number', token)
  }
  if (cursor.pos === start) cursor.fail('did not find expected version number', token)
  return Number(cursor.text.slice(start, cursor.pos))
}

function scanPrefix(cursor: Cursor, token: Token): void {
  token.type = 'tag-directive'
  skipBlanks(cursor)
  token.value = takeHandle(cursor, true, token)
  if (!isBlank(cursor.text.charCodeAt(cursor.pos))) cursor.fail('did not find expected whitespace', token)
  skipBlanks(cursor)
  token.suffix = takeUri(cursor, '', token)
  if (!isSeparator(cursor.text.charCodeAt(cursor.pos))) {
    cursor.fail('did not find expected whitespace or line break', token)
  }
}
