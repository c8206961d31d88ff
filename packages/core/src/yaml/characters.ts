/** Character classes of libyaml, over UTF-16 code units; 0 stands for the end of the text (NUL is no YAML character). */

/** Space or tab. */
export function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09
}

/** CR, LF, NEL, LS or PS (YAML 1.1 line breaks). */
export function isBreak(c: number): boolean {
  return c === 0x0a || c === 0x0d || c === 0x85 || c === 0x2028 || c === 0x2029
}

/** Line break or end of text. */
export function isBreakOrEnd(c: number): boolean {
  return c <= 0x0d ? c === 0x0a || c === 0x0d || c === 0 : c === 0x85 || c === 0x2028 || c === 0x2029
}

/** Blank, line break or end of text. */
export function isSeparator(c: number): boolean {
  return c <= 0x20 ? c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09 || c === 0 : c >= 0x85 && isBreak(c)
}

/** ASCII decimal digit. */
export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

/** Characters of anchors, tag handles and directive names: `[0-9A-Za-z_-]`. */
export function isWord(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39) || c === 0x5f || c === 0x2d
}

/** Value of a hexadecimal digit, -1 for any other character. */
export function hexValue(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  if (c >= 0x41 && c <= 0x46) return c - 0x37
  if (c >= 0x61 && c <= 0x66) return c - 0x57
  return -1
}
