import { CoreError } from '../error.ts'
import { sealing } from '../platform/web.ts'

const alphabet = /^[A-Za-z0-9+/]*={0,2}$/

/** Standard base64 with padding, as Kubernetes holds bytes in JSON. */
export function encodeBase64(data: Uint8Array): string {
  return sealing.toBase64(data)
}

/**
 * Decodes base64 exactly as Go's `base64.StdEncoding`: line breaks are skipped, padding is required, trailing bits are
 * ignored, everything else is refused.
 *
 * @throws INVALID_BASE64 with the offset of the offending byte, which is Go's text too.
 */
export function decodeBase64(text: string): Uint8Array {
  const dense = text.replaceAll('\n', '').replaceAll('\r', '')
  const bytes = sealing.fromBase64(dense)
  // Text that encodes to itself is well-formed, which is cheaper to see than by a pattern.
  if (sealing.toBase64(bytes) === dense) return bytes
  if (dense.length % 4 === 0 && alphabet.test(dense)) return bytes
  const message = `illegal base64 data at input byte ${corruptOffset(new TextEncoder().encode(text))}`
  throw new CoreError('INVALID_BASE64', message, { upstream: message })
}

const equals = 0x3d

/** Offset at which Go's decoder stops in text that it refuses (encoding/base64, `decodeQuantum`). */
function corruptOffset(text: Uint8Array): number {
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0
    if (isLineBreak(byte)) continue
    if (isDigit(byte)) {
      digits = (digits + 1) % 4
      continue
    }
    if (byte !== equals || digits < 2) return at
    return digits === 2 ? corruptPadding(text, at) : skipLineBreaks(text, at + 1)
  }
  return corruptEnd(text, digits)
}

/** The text ended inside a quantum: Go counts back one byte per digit read, line breaks not counted apart. */
function corruptEnd(text: Uint8Array, digits: number): number {
  return text.length - digits
}

/** The first of two padding characters stands at `at`. */
function corruptPadding(text: Uint8Array, at: number): number {
  const next = skipLineBreaks(text, at + 1)
  if (next === text.length) return text.length
  if (text[next] !== equals) return next - 1
  return skipLineBreaks(text, next + 1)
}

function skipLineBreaks(text: Uint8Array, from: number): number {
  let at = from
  while (at < text.length && isLineBreak(text[at] ?? 0)) at++
  return at
}

function isLineBreak(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d
}

function isDigit(byte: number): boolean {
  return (
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2f
  )
}
