const ESCAPE_FIRST = 0xdc80
const ESCAPE_LAST = 0xdcff

/**
 * The text of bytes that need not be UTF-8, without losing any: Go strings are bytes, ours are not.
 *
 * A byte that is no part of valid UTF-8 (as Go's `utf8.DecodeRune` sees it, one byte at a time) becomes the lone
 * surrogate U+DC00 + byte, which valid UTF-8 can never give. {@link encodeUtf8} turns it back into the byte.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return decodeLossless(bytes)
  }
}

function decodeLossless(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const parts: string[] = []
  let start = 0
  let at = 0
  while (at < bytes.length) {
    const size = sequenceLength(bytes, at)
    if (size > 0) {
      at += size
      continue
    }
    parts.push(decoder.decode(bytes.subarray(start, at)), String.fromCharCode(0xdc00 + (bytes[at] ?? 0)))
    at += 1
    start = at
  }
  parts.push(decoder.decode(bytes.subarray(start)))
  return parts.join('')
}

/** How many bytes the UTF-8 sequence at an offset has; 0 where there is none (RFC 3629, table of section 4). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const second = bytes[at + 1] ?? 0
  if (first < 0xe0) return isTail(second) ? 2 : 0
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high || !isTail(bytes[at + 2] ?? 0)) return 0
  if (first < 0xf0) return 3
  return isTail(bytes[at + 3] ?? 0) ? 4 : 0
}

function isTail(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/**
 * The bytes of a text, the inverse of {@link decodeUtf8}: an escaped byte is itself again, any other lone surrogate
 * becomes U+FFFD.
 */
export function encodeUtf8(text: string): Uint8Array {
  const encoder = new TextEncoder()
  if (text.isWellFormed()) return encoder.encode(text)
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code >= ESCAPE_FIRST && code <= ESCAPE_LAST) bytes.push(code - 0xdc00)
    else bytes.push(...encoder.encode(character))
  }
  return Uint8Array.from(bytes)
}

/** The byte that a code unit of {@link decodeUtf8} stands for, or -1 when it stands for itself. */
export function escapedByte(code: number): number {
  return code >= ESCAPE_FIRST && code <= ESCAPE_LAST ? code - 0xdc00 : -1
}

/** How many bytes a text has in UTF-8 (see {@link encodeUtf8}), counted without encoding it. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) continue
    if (code < 0x800) length += 1
    else if (code < 0xd800 || code > 0xdfff) length += 2
    else if (code < 0xdc00 && isLowSurrogate(text.charCodeAt(at + 1))) {
      length += 2
      at += 1
    } else if (escapedByte(code) < 0) length += 2
  }
  return length
}

/**
 * Compares two texts byte by byte in UTF-8, which is how Go orders strings and map keys.
 *
 * @returns a negative number, zero or a positive number, for `Array.prototype.sort`
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    // Code units order as UTF-8 does, except for surrogates.
    if (!isSurrogate(left) && !isSurrogate(right)) return left - right
    const from = isLowSurrogate(left) && at > 0 && isHighSurrogate(a.charCodeAt(at - 1)) ? at - 1 : at
    return compareBytes(encodeUtf8(a.slice(from)), encodeUtf8(b.slice(from)))
  }
  return a.length - b.length
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
