import { decodeUtf8, encodeUtf8 } from '@sealkit/core/go'

/**
 * Go strings are bytes. Here a Go string is a JavaScript string that holds one byte in each character (0 to 255), which
 * V8 keeps in one byte a character: length, slicing, comparison and positions are Go's without any decoding, and turning
 * it into bytes is a copy. Only functions that speak of characters decode.
 */

/** What a byte sequence that is not UTF-8 decodes to. */
export const RUNE_ERROR = 0xfffd

const NOT_ASCII = /[\x80-\uffff]/

/** Whether every byte of a Go string is ASCII. */
export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text)
}

/** A Go string from bytes. */
export function fromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The bytes of a Go string. */
export function toBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** A Go string from JavaScript text; what {@link toText} made of bytes that are not UTF-8 becomes those bytes again. */
export function fromText(text: string): string {
  return isAscii(text) ? text : fromBytes(encodeUtf8(text))
}

/** JavaScript text from a Go string, without loss: a byte that is not UTF-8 becomes a lone surrogate (`decodeUtf8`). */
export function toText(text: string): string {
  return isAscii(text) ? text : decodeUtf8(toBytes(text))
}

/** The width in bytes of the character that {@link decodeRune} finds at `at`. */
export function runeWidth(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first < 0x80) return 1
  const need =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 1
  if (need === 1 || at + need > text.length) return 1
  const second = text.charCodeAt(at + 1)
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 1
  for (let i = at + 2; i < at + need; i++) if ((text.charCodeAt(i) & 0xc0) !== 0x80) return 1
  return need
}

/** The character at byte `at` (Go's utf8.DecodeRuneInString): {@link RUNE_ERROR} with width 1 for a byte that is no UTF-8. */
export function decodeRune(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first < 0x80) return first
  const width = runeWidth(text, at)
  if (width === 1) return RUNE_ERROR
  let rune = first & (0xff >> (width + 1))
  for (let i = 1; i < width; i++) rune = (rune << 6) | (text.charCodeAt(at + i) & 0x3f)
  return rune
}

/** The UTF-8 bytes of a character; what is no character becomes U+FFFD (Go's utf8.AppendRune). */
export function encodeRune(rune: number): string {
  if (rune >= 0 && rune < 0x80) return String.fromCharCode(rune)
  const code = rune < 0 || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff) ? RUNE_ERROR : rune
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
  if (code < 0x10000) {
    return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  }
  const head = String.fromCharCode(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f))
  return head + String.fromCharCode(0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
}

/** The characters of a Go string (Go's `[]rune(s)`). */
export function runes(text: string): number[] {
  const result: number[] = []
  for (let at = 0; at < text.length; at += runeWidth(text, at)) result.push(decodeRune(text, at))
  return result
}

/** A Go string of characters (Go's `string(runes)`). */
export function fromRunes(codes: readonly number[]): string {
  let text = ''
  for (const code of codes) text += encodeRune(code)
  return text
}

/** How many characters a Go string has (Go's utf8.RuneCountInString). */
export function runeCount(text: string): number {
  if (isAscii(text)) return text.length
  let count = 0
  for (let at = 0; at < text.length; at += runeWidth(text, at)) count++
  return count
}

/** Whether a Go string is UTF-8 throughout. */
export function isValidUtf8(text: string): boolean {
  if (isAscii(text)) return true
  for (let at = 0; at < text.length; at += runeWidth(text, at)) {
    if (text.charCodeAt(at) >= 0x80 && runeWidth(text, at) === 1) return false
  }
  return true
}

/** Go's unicode.IsLetter. */
export function isLetter(rune: number): boolean {
  if (rune < 0x80) return (rune >= 0x41 && rune <= 0x5a) || (rune >= 0x61 && rune <= 0x7a)
  return /^\p{L}$/u.test(String.fromCodePoint(rune))
}

/** Go's unicode.IsDigit. */
export function isDigit(rune: number): boolean {
  if (rune < 0x80) return rune >= 0x30 && rune <= 0x39
  return /^\p{Nd}$/u.test(String.fromCodePoint(rune))
}

/** Go's unicode.IsSpace. */
export function isSpace(rune: number): boolean {
  if (rune < 0x100) return (rune >= 9 && rune <= 13) || rune === 0x20 || rune === 0x85 || rune === 0xa0
  return /^\p{White_Space}$/u.test(String.fromCodePoint(rune))
}
