import { isPrint } from '@sealkit/core/go'
import { encodeRune, isDigit, isLetter } from '../utf8.ts'

/** What stands for a character after the end. */
export const EOF: number = -1
const SPACES = ' \t\r\n'

/** Whether a character is one of Go's spaces: space, tab, newline, carriage return. */
export function isBlank(rune: number): boolean {
  return rune === 0x20 || rune === 0x09 || rune === 0x0d || rune === 0x0a
}

/** Whether a character may stand in a name. */
export function isWord(rune: number): boolean {
  return rune === 0x5f || (rune !== EOF && (isLetter(rune) || isDigit(rune)))
}

/** Where a stretch of a text ends without the spaces at its end. */
export function trimEnd(text: string, start: number, end: number): number {
  let at = end
  while (at > start && SPACES.includes(text[at - 1] ?? 'x')) at--
  return at
}

/** Go's `%#U`. */
export function unicodeName(rune: number): string {
  if (rune < 0) return 'U+FFFFFFFFFFFFFFFF'
  const code = `U+${rune.toString(16).toUpperCase().padStart(4, '0')}`
  return isPrint(rune) ? `${code} '${encodeRune(rune)}'` : code
}
