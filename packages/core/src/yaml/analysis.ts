import { isBreak } from './characters.ts'
import type { Dialect } from './error.ts'

/** How a text may be written. */
export interface Analysis {
  readonly multiline: boolean
  readonly plainInFlow: boolean
  readonly plainInBlock: boolean
  readonly singleQuoted: boolean
  /** Literal or folded. */
  readonly block: boolean
}

const EMPTY: Analysis = { multiline: false, plainInFlow: false, plainInBlock: true, singleQuoted: true, block: false }
const SIMPLE: Analysis = { multiline: false, plainInFlow: true, plainInBlock: true, singleQuoted: true, block: true }
const BLOCK_ONLY: Analysis = { ...SIMPLE, plainInFlow: false }

/** Texts that every style can hold, unless they end with a space. */
const HARMLESS = /^[A-Za-z0-9_./+=$()<;~^\\][A-Za-z0-9_./+=$()<>;~^\\"'!%&*@`| -]*$/

/** Repeated alternatives take stack for each character, so longer texts are not matched against them. */
const MAX_MATCHED = 4096

/** The same with flow indicators, as in the values of SOPS. */
const HARMLESS_IN_BLOCK = /^[A-Za-z0-9_./+=$()<;~^\\](?:[A-Za-z0-9_./+=$()<>;~^\\"'!%&*@`| ,?[\]{}-]|:(?=[^ \t]))*$/

/** Whether YAML shows a character unescaped: neither a control, nor a byte order mark, nor one of four bytes in UTF-8. */
export function isPrintable(c: number): boolean {
  if (c < 0x7f) return c >= 0x20 || c === 0x0a
  return c >= 0xa0 && (c < 0xd800 || (c >= 0xe000 && c !== 0xfeff && c < 0xfffe))
}

/** Finds out how a text may be written, as libyaml does. */
export function analyzeScalar(text: string, dialect: Dialect): Analysis {
  if (text === '') return EMPTY
  if (!text.endsWith(' ') && !text.startsWith('...')) {
    if (HARMLESS.test(text)) return SIMPLE
    if (text.length <= MAX_MATCHED && HARMLESS_IN_BLOCK.test(text)) return BLOCK_ONLY
  }
  return new ScalarAnalyzer(text, dialect).analyze()
}

/** One pass over a text, noting what forbids which style. */
class ScalarAnalyzer {
  private readonly text: string
  private readonly dialect: Dialect
  private blockIndicators = false
  private flowIndicators = false
  private lineBreaks = false
  private special = false
  private tabs = false
  private breakSpace = false
  private spaceBreak = false

  constructor(text: string, dialect: Dialect) {
    this.text = text
    this.dialect = dialect
  }

  analyze(): Analysis {
    const { text } = this
    if (text.startsWith('---') || text.startsWith('...')) this.noteIndicator(true)
    const mayBePlain = !text.includes('\n')
    let previous = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (mayBePlain && c < 0x7f && (c < 0x30 || c > 0x39) && (c < 0x41 || c > 0x5a) && (c < 0x61 || c > 0x7a)) {
        this.notePunctuation(c, i)
      }
      if (c === 0x09 && this.dialect === 'v3') this.tabs = true
      else if (!isPrintable(c)) this.special = true
      if (c === 0x20) {
        if (isBreak(previous)) this.breakSpace = true
      } else if (isBreak(c)) {
        this.lineBreaks = true
        if (previous === 0x20) this.spaceBreak = true
      }
      previous = c
    }
    return this.conclude()
  }

  /** Notes what would end a plain scalar, or can never begin one. */
  private notePunctuation(c: number, i: number): void {
    switch (c) {
      case 0x23: // #
        if (i === 0 || this.isSeparated(i)) this.noteIndicator(true)
        break
      case 0x3a: // :
        this.noteIndicator(this.isFollowedBySpace(i))
        break
      case 0x3f: // ?
        this.noteIndicator(i === 0 && this.isFollowedBySpace(i))
        break
      case 0x2d: // -
        if (i === 0 && this.isFollowedBySpace(i)) this.noteIndicator(true)
        break
      case 0x2c: // , [ ] { }
      case 0x5b:
      case 0x5d:
      case 0x7b:
      case 0x7d:
        this.noteIndicator(i === 0)
        break
      default:
        if (i === 0 && '&*!|>\'"%@`'.includes(this.text.charAt(0))) this.noteIndicator(true)
    }
  }

  private isFollowedBySpace(i: number): boolean {
    const c = this.text.charCodeAt(i + 1)
    return i + 1 >= this.text.length || c === 0x20 || c === 0x09
  }

  private isSeparated(i: number): boolean {
    const c = this.text.charCodeAt(i - 1)
    return c === 0x20 || c === 0x09 || c === 0 || isBreak(c)
  }

  private noteIndicator(inBlock: boolean): void {
    this.flowIndicators = true
    if (inBlock) this.blockIndicators = true
  }

  private conclude(): Analysis {
    const { text, special, tabs, breakSpace, spaceBreak, lineBreaks } = this
    const first = text.charCodeAt(0)
    const last = text.charCodeAt(text.length - 1)
    const padded = first === 0x20 || isBreak(first) || last === 0x20 || isBreak(last)
    const escapes = spaceBreak || special || tabs
    const plain = !padded && !breakSpace && !escapes && !lineBreaks
    return {
      multiline: lineBreaks,
      plainInFlow: plain && !this.flowIndicators,
      plainInBlock: plain && !this.blockIndicators,
      singleQuoted: !breakSpace && !escapes,
      block: last !== 0x20 && !spaceBreak && !special,
    }
  }
}
