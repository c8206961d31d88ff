import { decodeUtf8, encodeUtf8, quoteJson } from '@sealkit/core/go'

/**
 * A Go string as a JavaScript string with one character a byte. gjson works on bytes, also inside characters and on
 * what is no UTF-8; ASCII text is its own byte string, so that nothing is copied in the common case.
 */
export type ByteString = string

const OUTSIDE_ASCII = /[^\0-\x7f]/

/** The bytes of a document or a path. */
export function toBytes(text: string | Uint8Array): ByteString {
  // As many bytes as characters: counting is several times faster than looking for a character outside ASCII.
  if (typeof text === 'string') return Buffer.byteLength(text) === text.length ? text : latin1(encodeUtf8(text))
  return latin1(text)
}

/** The text of bytes; what is no UTF-8 as `decodeUtf8` writes it. */
export function fromBytes(bytes: ByteString): string {
  return OUTSIDE_ASCII.test(bytes) ? decodeUtf8(Buffer.from(bytes, 'latin1')) : bytes
}

/** A JSON string literal of a byte string. */
export function quoteBytes(bytes: ByteString): ByteString {
  return toBytes(quoteJson(fromBytes(bytes)))
}

function latin1(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** One character of a byte string: its code point and its bytes; 0xFFFD and 1 where there is no UTF-8. */
export interface Rune {
  readonly code: number
  readonly size: number
}

const NO_RUNE: Rune = { code: 0xfffd, size: 0 }
const BROKEN: Rune = { code: 0xfffd, size: 1 }
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}/y

/** The character that begins at an offset, before `end`. */
export function runeAt(bytes: ByteString, at: number, end: number): Rune {
  if (at >= end) return NO_RUNE
  const first = bytes.charCodeAt(at)
  if (first < 0x80) return { code: first, size: 1 }
  SEQUENCE.lastIndex = at
  const sequence = SEQUENCE.exec(bytes)?.[0]
  if (sequence === undefined || at + sequence.length > end) return BROKEN
  return { code: decodeUtf8(Buffer.from(sequence, 'latin1')).codePointAt(0) ?? 0xfffd, size: sequence.length }
}

/** The character that ends at an offset, after `begin`. */
export function runeBefore(bytes: ByteString, begin: number, end: number): Rune {
  if (end <= begin) return NO_RUNE
  const last = bytes.charCodeAt(end - 1)
  if (last < 0x80) return { code: last, size: 1 }
  let start = end - 2
  while (start > begin && start > end - 4 && (bytes.charCodeAt(start) & 0xc0) === 0x80) start -= 1
  start = Math.max(start, begin)
  const rune = runeAt(bytes, start, end)
  return start + rune.size === end ? rune : BROKEN
}
