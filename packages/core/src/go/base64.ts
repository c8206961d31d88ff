/** Go's two alphabets: their digits, and text that is well-formed where its length is a multiple of four. */
const alphabets: Readonly<Record<'standard' | 'url', { readonly digit: RegExp; readonly whole: RegExp }>> = {
  standard: { digit: /^[A-Za-z0-9+/]$/, whole: /^[A-Za-z0-9+/]*={0,2}$/ },
  url: { digit: /^[A-Za-z0-9_-]$/, whole: /^[A-Za-z0-9_-]*={0,2}$/ },
}

/**
 * Offset of the byte at which Go's decoder stops in padded base64 (encoding/base64, `decodeQuantum`); -1 for text that
 * it takes. Nothing before that byte is outside ASCII, so characters count as bytes.
 */
export function base64Fault(text: string, alphabet: keyof typeof alphabets = 'standard'): number {
  const { digit, whole } = alphabets[alphabet]
  if (text.length % 4 === 0 && whole.test(text)) return -1
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (isLineBreak(character)) continue
    if (digit.test(character)) count = (count + 1) % 4
    else return character === '=' && count >= 2 ? paddingFault(text, at, count) : at
  }
  // Inside a group of four Go counts back one byte for each digit read, line breaks not counted apart.
  return count === 0 ? -1 : text.length - count
}

/** The first padding character stands at `at`, behind two or three digits of a group. */
function paddingFault(text: string, at: number, count: number): number {
  let end = skipLineBreaks(text, at + 1)
  if (count === 2) {
    if (end === text.length) return text.length
    if (text.charAt(end) !== '=') return end - 1
    end = skipLineBreaks(text, end + 1)
  }
  return end < text.length ? end : -1
}

function skipLineBreaks(text: string, from: number): number {
  let at = from
  while (isLineBreak(text.charAt(at))) at++
  return at
}

function isLineBreak(character: string): boolean {
  return character === '\n' || character === '\r'
}
