import { encodeRune, fromRunes, isAscii, isDigit, isLetter, isSpace, runes } from '../utf8.ts'

// Where Go's simple mappings differ from JavaScript's full ones: one character in, one out.
const GREEK = [
  [0x1f80, 0x1f87, 8],
  [0x1f90, 0x1f97, 8],
  [0x1fa0, 0x1fa7, 8],
  [0x1fb3, 0x1fb3, 9],
  [0x1fc3, 0x1fc3, 9],
  [0x1ff3, 0x1ff3, 9],
] as const

/** Letters whose upper case came with Unicode 16 and 17; Go knows Unicode 15. */
const LATER_UPPER: ReadonlySet<number> = new Set([0x19b, 0x264, 0xa7d3, 0xa7d5])

/** Go's unicode.ToUpper. */
export function upperRune(rune: number): number {
  if (rune < 0x80) return rune >= 0x61 && rune <= 0x7a ? rune - 32 : rune
  if (rune > 0x10ffff || LATER_UPPER.has(rune)) return rune
  const mapped = String.fromCodePoint(rune).toUpperCase()
  const code = mapped.codePointAt(0) ?? rune
  if (String.fromCodePoint(code).length === mapped.length) return code
  const greek = GREEK.find(([first, last]) => rune >= first && rune <= last)
  return greek === undefined ? rune : rune + greek[2]
}

/** Go's unicode.ToLower. */
export function lowerRune(rune: number): number {
  if (rune < 0x80) return rune >= 0x41 && rune <= 0x5a ? rune + 32 : rune
  if (rune > 0x10ffff) return rune
  if (rune === 0x130) return 0x69
  const mapped = String.fromCodePoint(rune).toLowerCase()
  const code = mapped.codePointAt(0) ?? rune
  return String.fromCodePoint(code).length === mapped.length ? code : rune
}

const DIGRAPHS: ReadonlyMap<number, number> = new Map([
  ...[0x1c4, 0x1c5, 0x1c6].map((rune) => [rune, 0x1c5] as const),
  ...[0x1c7, 0x1c8, 0x1c9].map((rune) => [rune, 0x1c8] as const),
  ...[0x1ca, 0x1cb, 0x1cc].map((rune) => [rune, 0x1cb] as const),
  ...[0x1f1, 0x1f2, 0x1f3].map((rune) => [rune, 0x1f2] as const),
])

/** Go's unicode.ToTitle. */
function titleRune(rune: number): number {
  if (rune >= 0x10d0 && rune <= 0x10ff) return rune
  return DIGRAPHS.get(rune) ?? upperRune(rune)
}

function category(pattern: RegExp): (rune: number) => boolean {
  return (rune) => rune <= 0x10ffff && pattern.test(String.fromCodePoint(rune))
}

/** Go's unicode.IsUpper. */
export const isUpper: (rune: number) => boolean = category(/^\p{Lu}$/u)
/** Go's unicode.IsLower; Unicode 16 made a letter without case of U+0295. */
const isLower: (rune: number) => boolean = category(/^[\p{Ll}\u0295]$/u)
/** Go's unicode.IsTitle. */
const isTitle: (rune: number) => boolean = category(/^\p{Lt}$/u)
/** Go's unicode.IsPunct. */
export const isPunctuation: (rune: number) => boolean = category(/^\p{P}$/u)
/** Go's unicode.IsNumber. */
export const isNumber: (rune: number) => boolean = category(/^\p{N}$/u)

/** Go's strings.ToUpper. */
export function toUpper(text: string): string {
  return isAscii(text) ? text.toUpperCase() : fromRunes(runes(text).map(upperRune))
}

/** Go's strings.ToLower. */
export function toLower(text: string): string {
  return isAscii(text) ? text.toLowerCase() : fromRunes(runes(text).map(lowerRune))
}

/** Go's strings.Title: the first letter of each word in title case. */
export function toTitle(text: string): string {
  let previous = 0x20
  return fromRunes(
    runes(text).map((rune) => {
      const starts = separates(previous)
      previous = rune
      return starts ? titleRune(rune) : rune
    }),
  )
}

function separates(rune: number): boolean {
  if (rune < 0x80) return !isLetter(rune) && !isDigit(rune) && rune !== 0x5f
  return !isLetter(rune) && !isDigit(rune) && isSpace(rune)
}

/** goutils.Uncapitalize: the first letter of each word in lower case. */
export function untitle(text: string): string {
  let starts = true
  return fromRunes(
    runes(text).map((rune) => {
      if (isSpace(rune)) {
        starts = true
        return rune
      }
      const mapped = starts ? lowerRune(rune) : rune
      starts = false
      return mapped
    }),
  )
}

/** goutils.SwapCase: capitals become small; small letters capital, or title case where a word begins. */
export function swapCase(text: string): string {
  let space = true
  return fromRunes(
    runes(text).map((rune) => {
      if (isUpper(rune) || isTitle(rune)) {
        space = false
        return lowerRune(rune)
      }
      if (!isLower(rune)) {
        space = isSpace(rune)
        return rune
      }
      const mapped = space ? titleRune(rune) : upperRune(rune)
      space = false
      return mapped
    }),
  )
}

/** goutils.Initials, which takes each byte for a character. */
export function initials(text: string): string {
  let out = ''
  let gap = true
  for (let at = 0; at < text.length; at++) {
    const rune = text.charCodeAt(at)
    if (isSpace(rune)) gap = true
    else if (gap) {
      out += encodeRune(rune)
      gap = false
    }
  }
  return out
}

/** goutils.DeleteWhiteSpace, which takes each byte for a character when there is any space. */
export function withoutSpace(text: string): string {
  const kept = text.replace(/[\t-\r \x85\xa0]/g, '')
  if (kept.length === text.length) return text
  return isAscii(kept) ? kept : fromRunes([...kept].map((char) => char.charCodeAt(0)))
}
