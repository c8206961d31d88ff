import type { Context } from './row.ts'

/** How {@link wrap} breaks lines. */
export interface WrapOptions {
  /** Between lines; a newline when empty. */
  readonly newline: string
  /** Whether words longer than a line are broken. */
  readonly breakWords: boolean
  readonly context: Context
}

/** goutils.WrapCustom: lines of at most `width` bytes, broken at spaces. */
export function wrap(text: string, width: bigint, { newline, breakWords, context }: WrapOptions): string {
  const lineBreak = newline === '' ? '\n' : newline
  const length = width < 1n ? 1 : width > BigInt(text.length) ? text.length : Number(width)
  let offset = 0
  let out = ''
  const line = (end: number): void => {
    context.charge(lineBreak.length)
    out += text.slice(offset, end) + lineBreak
  }
  while (text.length - offset > length) {
    if (text[offset] === ' ') {
      offset++
      continue
    }
    const space = text.lastIndexOf(' ', offset + length)
    if (space >= offset) {
      line(space)
      offset = space + 1
    } else if (breakWords) {
      line(offset + length)
      offset += length
    } else {
      const next = text.indexOf(' ', offset + length)
      if (next < 0) return out + text.slice(offset)
      line(next)
      offset = next + 1
    }
  }
  return out + text.slice(offset)
}
