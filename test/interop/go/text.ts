import fc from 'fast-check'

/** Texts made of given pieces, so that they come near what a parser accepts. */
export function pieces(parts: readonly string[], maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...parts), { maxLength }).map((chosen) => chosen.join(''))
}

/** Any text: ASCII, any character, or with bytes that are no UTF-8 (as `decodeUtf8` writes them). */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  pieces(['\udc80', '\udcff', 'é', '\ufffd', '\u2028', '<', '\u0000', '\u007f', '\u0080', '\ufeff', '`', '😀', 'a'], 6),
)

/** A text with one character removed, doubled or replaced. */
export function damaged(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.nat({ max: 1000 }), fc.constantFrom('', '0', '-', '.', ' ', ':', '"', 'é', '9', '_', '+'))
    .map(([text, position, replacement]) => {
      const at = text.length === 0 ? 0 : position % text.length
      return text.slice(0, at) + replacement + text.slice(at + 1)
    })
}
