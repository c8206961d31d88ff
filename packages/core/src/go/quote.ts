import { isPrint } from './printable.ts'
import { escapedByte } from './utf8.ts'

const SHORT: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
}

/** A double-quoted Go string literal (`strconv.Quote`, `%q`). Bytes that are not UTF-8 print as `\xNN`. */
export function quote(text: string): string {
  return `"${escapeAll(text, '"', isPrint)}"`
}

/** As {@link quote}, with everything outside ASCII escaped (`strconv.QuoteToASCII`, `%+q`). */
export function quoteToAscii(text: string): string {
  return `"${escapeAll(text, '"', isAsciiPrint)}"`
}

/** What `%#q` prints: the text between backquotes where Go's syntax allows that, else {@link quote}. */
export function quoteRaw(text: string): string {
  return canBackquote(text) ? `\`${text}\`` : quote(text)
}

/** As {@link quoteRaw}, falling back to {@link quoteToAscii} (`%+#q`). */
export function quoteRawToAscii(text: string): string {
  return canBackquote(text) ? `\`${text}\`` : quoteToAscii(text)
}

/**
 * A single-quoted Go character literal (`strconv.QuoteRune`, `%q` of an integer). What is no Unicode scalar value
 * prints as U+FFFD.
 */
export function quoteRune(codePoint: number): string {
  return `'${escapeRune(scalar(codePoint), "'", isPrint)}'`
}

/** As {@link quoteRune}, with everything outside ASCII escaped (`strconv.QuoteRuneToASCII`, `%+q`). */
export function quoteRuneToAscii(codePoint: number): string {
  return `'${escapeRune(scalar(codePoint), "'", isAsciiPrint)}'`
}

/** Whether a text can stand between backquotes as it is (`strconv.CanBackquote`). */
export function canBackquote(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code === 0xfeff || code === 0x60 || code === 0x7f) return false
    if (code < 0x20 && code !== 9) return false
    if (escapedByte(code) >= 0) return false
  }
  return true
}

function escapeAll(text: string, mark: string, printable: (code: number) => boolean): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return text
  let out = ''
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    const byte = escapedByte(code)
    out += byte >= 0 ? `\\x${hex(byte, 2)}` : escapeRune(code, mark, printable)
  }
  return out
}

function escapeRune(given: number, mark: string, printable: (code: number) => boolean): string {
  const code = scalar(given)
  const character = String.fromCodePoint(code)
  if (character === mark || character === '\\') return `\\${character}`
  if (printable(code)) return character
  const short = SHORT[code]
  if (short !== undefined) return short
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

function isAsciiPrint(code: number): boolean {
  return code >= 0x20 && code < 0x7f
}

function scalar(code: number): number {
  return code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0xfffd : code
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
