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

/**
 * The offset after the bracket that closes the one at `start`; every kind of bracket closes every other. The text's
 * length when it is never closed, and one more when a string in it never ends.
 */
export function blockEnd(json: ByteString, start: number): number {
  let depth = 1
  let at = start + 1
  // One branch a character, most frequent first: this loop is what a search spends its time in.
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
