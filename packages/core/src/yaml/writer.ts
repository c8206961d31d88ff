import { isPrintable } from './analysis.ts'
import { isBlank, isBreak, isSeparator } from './characters.ts'
import type { Dialect } from './error.ts'

/** Indentations that are written often enough to keep. */
const SPACES = ' '.repeat(64)

/** Writes YAML text and keeps what libyaml's emitter knows about the line at hand. */
export class Writer {
  text = ''
  protected readonly dialect: Dialect
  /** Spaces of one level. */
  protected readonly step: number
  /** Column from which spaces become line breaks; v3 never folds. */
  private readonly width: number
  protected column = 0
  protected indent = -1
  /** Whether the last character written was white space. */
  protected whitespace = true
  /** Whether nothing but indentation and indicators is on the line. */
  protected indention = true
  /** Indentation of the last foot comment, which an empty line must follow; -1 for none. */
  protected footIndent = -1

  constructor(dialect: Dialect, step: number) {
    this.dialect = dialect
    this.step = step < 2 || step > 9 ? 2 : step
    this.width = dialect === 'v2' ? 80 : Number.POSITIVE_INFINITY
  }

  protected put(text: string): void {
    this.text += text
    this.column += text.length
  }

  protected putBreak(): void {
    this.text += '\n'
    this.startLine()
  }

  private startLine(): void {
    this.column = 0
    this.indention = true
  }

  /** Writes a line break of the text: LS and PS as they are. */
  private writeBreak(text: string, i: number): void {
    this.text += text.charAt(i)
    this.startLine()
  }

  protected writeIndent(): void {
    const indent = Math.max(this.indent, 0)
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) this.putBreak()
    if (this.footIndent === indent) this.putBreak()
    if (this.column < indent) {
      const count = indent - this.column
      this.put(count <= SPACES.length ? SPACES.slice(0, count) : ' '.repeat(count))
    }
    this.whitespace = true
    this.footIndent = -1
    if (this.dialect === 'v2') this.indention = true
  }

  /** Writes an indicator behind a space; `isIndention` = the line stays open for another one. */
  protected writeIndicator(indicator: string, isIndention = false): void {
    this.put(this.whitespace ? indicator : ` ${indicator}`)
    this.whitespace = false
    this.indention = this.indention && isIndention
  }

  /** Writes an indicator right behind what came before. */
  protected appendIndicator(indicator: string): void {
    this.put(indicator)
    this.whitespace = false
    this.indention = false
  }

  /** Writes a word behind a space. */
  protected writeWord(word: string): void {
    this.put(this.whitespace ? word : ` ${word}`)
    this.whitespace = false
    this.indention = false
  }

  protected writePlain(text: string, foldable: boolean): void {
    if (text !== '') {
      if (!this.whitespace) this.put(' ')
      this.putFolded(text, foldable)
      this.whitespace = false
    }
    this.indention = false
  }

  /** Writes text without line breaks, with single spaces turned into breaks beyond the width. */
  private putFolded(text: string, foldable: boolean): void {
    if (!foldable || this.column + text.length <= this.width) {
      this.put(text)
      return
    }
    let start = 0
    for (let i = 1; i < text.length - 1; i++) {
      if (text.charCodeAt(i) !== 0x20 || this.column + i - start <= this.width) continue
      if (text.charCodeAt(i - 1) === 0x20 || text.charCodeAt(i + 1) === 0x20) continue
      this.put(text.slice(start, i))
      this.writeIndent()
      start = i + 1
    }
    this.put(text.slice(start))
  }

  protected writeSingleQuoted(text: string, foldable: boolean): void {
    this.writeIndicator("'")
    let breaks = false
    for (let i = 0; i < text.length; ) {
      if (isBreak(text.charCodeAt(i))) {
        if (!breaks && text.charCodeAt(i) === 0x0a) this.putBreak()
        this.writeBreak(text, i++)
        breaks = true
        continue
      }
      if (breaks) this.writeIndent()
      breaks = false
      const end = lineEnd(text, i)
      this.putFolded(text.slice(i, end).replaceAll("'", "''"), foldable)
      this.indention = false
      i = end
    }
    this.appendIndicator("'")
  }

  protected writeDoubleQuoted(text: string, foldable: boolean): void {
    this.writeIndicator('"')
    // libyaml looks for a byte order mark at the text's beginning wherever it stands, and then escapes everything.
    const all = text.charCodeAt(0) === 0xfeff
    let start = 0
    let spaces = false
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (all || c === 0x22 || c === 0x5c || !isPrintable(c) || isBreak(c)) {
        const code = text.codePointAt(i) ?? c
        this.put(text.slice(start, i) + escapeCharacter(code))
        if (code > 0xffff) i++
        start = i + 1
        spaces = false
      } else if (c !== 0x20) spaces = false
      else {
        if (foldable && !spaces && this.column + i - start > this.width && i > 0 && i < text.length - 1) {
          this.put(text.slice(start, i))
          this.writeIndent()
          if (text.charCodeAt(i + 1) === 0x20) this.put('\\')
          start = i + 1
        }
        spaces = true
      }
    }
    this.put(text.slice(start))
    this.appendIndicator('"')
  }

  /** Writes `|` or `>` with its hints. The indentation hint is the step, right or not, as go-yaml has it. */
  protected writeBlockHeader(indicator: string, text: string): void {
    const last = text.length - 1
    const first = text.charCodeAt(0)
    this.writeIndicator(indicator)
    if (first === 0x20 || isBreak(first)) this.appendIndicator(String(this.step))
    if (!isBreak(text.charCodeAt(last))) this.appendIndicator('-')
    else if (last === 0 || isBreak(text.charCodeAt(last - 1))) this.appendIndicator('+')
  }

  /** Writes the lines of a literal scalar. */
  protected writeLiteralLines(text: string): void {
    this.whitespace = true
    let breaks = true
    for (let i = 0; i < text.length; ) {
      if (isBreak(text.charCodeAt(i))) {
        this.writeBreak(text, i++)
        breaks = true
        continue
      }
      if (breaks) this.writeIndent()
      breaks = false
      const end = lineEnd(text, i)
      this.put(text.slice(i, end))
      this.indention = false
      i = end
    }
  }

  /** Writes the lines of a folded scalar, each break of which is written twice unless a line begins with a blank. */
  protected writeFoldedLines(text: string): void {
    this.whitespace = true
    let breaks = true
    let leadingBlank = true
    // libyaml looks at the first character of the whole text here, not at the one behind the break.
    let k = 0
    while (isBreak(text.charCodeAt(k))) k++
    const doubles = !isSeparator(k < text.length ? text.charCodeAt(k) : 0)
    for (let i = 0; i < text.length; ) {
      if (isBreak(text.charCodeAt(i))) {
        if (!breaks && !leadingBlank && text.charCodeAt(i) === 0x0a && doubles) this.putBreak()
        this.writeBreak(text, i++)
        breaks = true
        continue
      }
      if (breaks) {
        this.writeIndent()
        leadingBlank = isBlank(text.charCodeAt(i))
      }
      breaks = false
      const end = lineEnd(text, i)
      this.putFolded(text.slice(i, end), true)
      this.indention = false
      i = end
    }
  }

  /** Writes comment lines, each of which gets a `#` if it has none, and ends the line. */
  protected writeComment(comment: string): void {
    let breaks = false
    for (let i = 0; i < comment.length; ) {
      if (isBreak(comment.charCodeAt(i))) {
        this.writeBreak(comment, i++)
        breaks = true
        continue
      }
      if (breaks) this.writeIndent()
      breaks = false
      const end = lineEnd(comment, i)
      if (comment.charCodeAt(i) !== 0x23) this.put('# ')
      this.put(comment.slice(i, end))
      this.indention = false
      i = end
    }
    if (!breaks) this.putBreak()
    this.whitespace = true
  }
}

/** Index of the next line break, or of the end. */
function lineEnd(text: string, from: number): number {
  let end = from
  while (end < text.length && !isBreak(text.charCodeAt(end))) end++
  return end
}

const ESCAPES: Readonly<Record<number, string>> = {
  0: '0',
  7: 'a',
  8: 'b',
  9: 't',
  10: 'n',
  11: 'v',
  12: 'f',
  13: 'r',
  27: 'e',
  34: '"',
  92: '\\',
  133: 'N',
  160: '_',
  8232: 'L',
  8233: 'P',
}

function escapeCharacter(code: number): string {
  const short = ESCAPES[code]
  if (short !== undefined) return `\\${short}`
  const digits = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}
