import * as go from '@sealkit/core/go'
import { decodeRune, encodeRune, fromText, isValidUtf8, runeWidth, toText } from './utf8.ts'

/** Go's strconv.Quote of a Go string. */
export function quote(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : fromText(go.quote(toText(text)))
}

/** Go's strconv.QuoteToASCII. */
export function quoteToAscii(text: string): string {
  return go.quoteToAscii(toText(text))
}

/** Go's strconv.QuoteRune and, with `ascii`, QuoteRuneToASCII. */
export function quoteRune(rune: number, ascii: boolean): string {
  return ascii ? go.quoteRuneToAscii(rune) : fromText(go.quoteRune(rune))
}

/** Go's strconv.CanBackquote: whether the text fits in a raw string on one line. */
export function canBackquote(text: string): boolean {
  return go.canBackquote(toText(text))
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

/** What {@link unquoteChar} found: the bytes it stands for, the code, and where the next one begins. */
export interface Unquoted {
  readonly bytes: string
  readonly rune: number
  readonly next: number
}

/** Go's strconv.UnquoteChar of `text` at byte `at`, inside quotes of `mark`; null for a wrong escape. */
export function unquoteChar(text: string, at: number, mark: string): Unquoted | null {
  const first = text[at]
  if (first === undefined || first === mark) return null
  if (first.charCodeAt(0) >= 0x80) {
    const rune = decodeRune(text, at)
    return { bytes: encodeRune(rune), rune, next: at + runeWidth(text, at) }
  }
  if (first !== '\\') return { bytes: first, rune: first.charCodeAt(0), next: at + 1 }
  const kind = text[at + 1]
  if (kind === undefined) return null
  const simple = SIMPLE[kind]
  if (simple !== undefined) return { bytes: simple, rune: simple.charCodeAt(0), next: at + 2 }
  if (kind === '"' || kind === "'")
    return kind === mark ? { bytes: kind, rune: kind.charCodeAt(0), next: at + 2 } : null
  return unquoteNumber(text, at, kind)
}

function unquoteNumber(text: string, at: number, kind: string): Unquoted | null {
  const digits = { x: 2, u: 4, U: 8 }[kind]
  if (digits === undefined) {
    const octal = /^[0-7]{3}/.exec(text.slice(at + 1, at + 4))
    const value = octal === null ? 256 : Number.parseInt(octal[0], 8)
    return value > 255 ? null : { bytes: String.fromCharCode(value), rune: value, next: at + 4 }
  }
  const body = text.slice(at + 2, at + 2 + digits)
  if (body.length < digits || !/^[0-9a-fA-F]+$/.test(body)) return null
  const value = Number.parseInt(body, 16)
  const next = at + 2 + digits
  if (kind === 'x') return { bytes: String.fromCharCode(value), rune: value, next }
  return value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)
    ? null
    : { bytes: encodeRune(value), rune: value, next }
}

/** Go's strconv.Unquote of a double quoted or raw string; null for what it calls invalid syntax. */
export function unquote(text: string): string | null {
  const mark = text[0]
  if (text.length < 2 || mark === undefined || text.at(-1) !== mark) return null
  const body = text.slice(1, -1)
  if (mark === '`') return body.includes('`') ? null : body.replaceAll('\r', '')
  if (mark !== '"' || body.includes('\n')) return null
  if (!body.includes('\\') && !body.includes('"') && isValidUtf8(body)) return body
  let out = ''
  for (let at = 0; at < body.length; ) {
    const char = unquoteChar(body, at, mark)
    if (char === null) return null
    out += char.bytes
    at = char.next
  }
  return out
}
