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
  while (at >= 0) {
    let backslashes = 0
    while (at - backslashes > start && json.charCodeAt(at - backslashes - 1) === CODE.backslash) backslashes += 1
    if (backslashes % 2 === 0) return at + 1
    at = json.indexOf('"', at + 1)
  }
  return -1
}

/** The offset after a number, or whatever begins like one: up to a space, a comma or a closing bracket. */
export function numberEnd(json: ByteString, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code <= CODE.space || code === CODE.comma || code === CODE.closeBracket || code === CODE.closeBrace) return at
  }
  return json.length
}

/** The offset after `true`, `false`, `null` or whatever else is lower-case letters. */
export function literalEnd(json: ByteString, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code < 0x61 || code > 0x7a) return at
  }
  return json.length
}

const OTHER = 0
const CLOSE = 1
const STRING = 2
const OPEN = 3
const KINDS = /* @__PURE__ */ kinds()

function kinds(): Uint8Array {
  const table = new Uint8Array(256)
  for (const code of [CODE.openBrace, CODE.openBracket, CODE.openParen]) table[code] = OPEN
  for (const code of [CODE.closeBrace, CODE.closeBracket, CODE.closeParen]) table[code] = CLOSE
  table[CODE.quote] = STRING
  return table
}

/**
 * The offset after the bracket that closes the one at `start`; every kind of bracket closes every other. The text's
 * length when it is never closed, and one more when a string in it never ends.
 */
export function blockEnd(json: ByteString, start: number): number {
  let depth = 1
  for (let at = start + 1; at < json.length; at++) {
    const kind = KINDS[json.charCodeAt(at)]
    if (kind === OTHER) continue
    if (kind === STRING) {
      const end = stringEnd(json, at + 1)
      if (end < 0) return json.length + 1
      at = end - 1
    } else if (kind === OPEN) depth += 1
    else if (--depth === 0) return at + 1
  }
  return json.length
}
