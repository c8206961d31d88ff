import { longBlockEnd } from './block.ts'
import type { ByteString } from './bytes.ts'

// Where the parts of a JSON text end. None of these checks that the text is JSON: like gjson they only look for what
// must come next, so each also says something about garbage.

/** Character codes that the scanners look for. */
export const CODE = {
  quote: 0x22,
  backslash: 0x5c,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  openParen: 0x28,
  closeParen: 0x29,
  comma: 0x2c,
  colon: 0x3a,
  space: 0x20,
  minus: 0x2d,
} as const

/** The offset after the quote that ends a string whose inside begins at `start`; -1 when it does not end. */
export function stringEnd(json: ByteString, start: number): number {
  let at = json.indexOf('"', start)
  while (at > start && json.charCodeAt(at - 1) === CODE.backslash && isEscaped(json, start, at)) {
    at = json.indexOf('"', at + 1)
  }
  return at < 0 ? -1 : at + 1
}

/** Whether an odd number of backslashes stands before a quote. */
function isEscaped(json: ByteString, start: number, quote: number): boolean {
  let at = quote - 1
  while (at >= start && json.charCodeAt(at) === CODE.backslash) at -= 1
  return (quote - at) % 2 === 0
}

/** The offset after a number, or whatever begins like one: up to a space, a comma or a closing bracket. */
function numberEnd(json: ByteString, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code <= CODE.space || code === CODE.comma || code === CODE.closeBracket || code === CODE.closeBrace) return at
  }
  return json.length
}

/** The offset after `true`, `false`, `null` or whatever else is lower-case letters. */
function literalEnd(json: ByteString, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code < 0x61 || code > 0x7a) return at
  }
  return json.length
}

/**
 * The offset after the bracket that closes the one at `start`; every kind of bracket closes every other. The text's
 * length when it is never closed, and one more when a string in it never ends.
 */
export function blockEnd(json: ByteString, start: number): number {
  const end = longBlockEnd(json, start)
  return end < 0 ? plainBlockEnd(json, start) : end
}

function plainBlockEnd(json: ByteString, start: number): number {
  let depth = 1
  let at = start + 1
  // One branch a character, most frequent first: in short texts this loop is what a search spends its time in.
  while (at < json.length) {
    const code = json.charCodeAt(at++)
    if (code === CODE.quote) {
      at = stringEnd(json, at)
      if (at < 0) return json.length + 1
    } else if (code === CODE.openBrace || code === CODE.openBracket || code === CODE.openParen) depth += 1
    else if (code === CODE.closeBrace || code === CODE.closeBracket || code === CODE.closeParen) {
      depth -= 1
      if (depth === 0) return at
    }
  }
  return json.length
}

/** How a value begins, and so how its end is found. */
export const KIND = { none: 0, string: 1, object: 2, array: 3, literal: 4, number: 5 } as const

const KINDS = /* @__PURE__ */ kinds()

function kinds(): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of '+-0123456789iINn') table[character.charCodeAt(0)] = KIND.number
  for (const character of 'tf') table[character.charCodeAt(0)] = KIND.literal
  table[CODE.quote] = KIND.string
  table[CODE.openBrace] = KIND.object
  table[CODE.openBracket] = KIND.array
  return table
}

const LETTER_N = 0x6e
const LETTER_U = 0x75

/** The kind of the value that begins at an offset; none where none does. */
export function valueKind(json: ByteString, at: number): number {
  const code = json.charCodeAt(at)
  // "n" begins a null, unless it is the "nan" that gjson also reads.
  if (code === LETTER_N && (at + 1 >= json.length || json.charCodeAt(at + 1) === LETTER_U)) return KIND.literal
  return KINDS[code] ?? KIND.none
}

/** The offset of the next character that begins a value, or the end. */
export function valueStart(json: ByteString, from: number): number {
  let at = from
  while (at < json.length && KINDS[json.charCodeAt(at)] === KIND.none) at += 1
  return at
}

/** The offset after a value; -1 for a string that does not end. */
export function valueEnd(json: ByteString, at: number, kind: number): number {
  if (kind === KIND.string) return stringEnd(json, at + 1)
  if (kind === KIND.object || kind === KIND.array) return blockEnd(json, at)
  if (kind === KIND.literal) return literalEnd(json, at)
  return kind === KIND.number ? numberEnd(json, at) : at
}
