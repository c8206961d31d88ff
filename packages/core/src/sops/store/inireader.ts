import { CoreError } from '../../error.ts'

/** One key of a section, with the comment lines above it or at its end. */
export interface IniKey {
  readonly name: string
  value: string
  comment: string
}

/** One section; sections of one name stand beside each other. */
export interface IniSection {
  readonly name: string
  comment: string
  /** In the file's order; of equal keys the first place and the last value count. */
  readonly keys: IniKey[]
}

/** The section of what stands above all sections. */
export const defaultSection = 'DEFAULT'

// Go's unicode.IsSpace.
const space = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const leading = new RegExp(`^${space}+`)
const trailing = new RegExp(`${space}+$`)
const delimiter = /[=:]/
const commentStart = /[#;]/

/** Cuts blanks as Go's `TrimSpace`. */
export function trim(text: string): string {
  return text.replace(leading, '').replace(trailing, '')
}

/**
 * Reads an INI text as go-ini 1.67 does with its defaults and sections that may repeat.
 *
 * @throws `INVALID_FORMAT`; the message names the line, `upstream` is go-ini's text
 */
export function readIni(text: string): IniSection[] {
  return new Reader(text.replace(/^\ufeff/, '')).sections()
}

class Reader {
  readonly #text: string
  readonly #sections: IniSection[] = [{ name: defaultSection, comment: '', keys: [] }]
  #at = 0
  #line = 0
  #comment = ''
  #count = 1
  #ended = false

  constructor(text: string) {
    this.#text = text
  }

  sections(): IniSection[] {
    while (!this.#ended) {
      const line = this.#next().replace(leading, '')
      if (line === '') continue
      if (commentStart.test(line.charAt(0))) this.#comment += line
      else if (line.startsWith('[')) this.#section(line)
      else this.#key(line)
    }
    return this.#sections
  }

  /** The next line with its end. */
  #next(): string {
    const end = this.#text.indexOf('\n', this.#at)
    const line = end < 0 ? this.#text.slice(this.#at) : this.#text.slice(this.#at, end + 1)
    this.#ended = end < 0
    this.#at += line.length
    this.#line++
    return line
  }

  #section(line: string): void {
    const end = line.lastIndexOf(']')
    if (end < 0) throw this.#broken(`unclosed section: ${line}`)
    const name = line.slice(1, end)
    if (name === '') throw this.#broken('empty section name')
    const inline = line.slice(end + 1).search(commentStart)
    if (inline >= 0) this.#comment += line.slice(end + 1 + inline)
    this.#sections.push({ name, comment: this.#takeComment(), keys: [] })
    this.#count = 1
  }

  #key(line: string): void {
    const { name: written, offset } = this.#keyName(line)
    const name = written === '-' ? `#${this.#count++}` : written
    const value = this.#value(line.slice(offset))
    if (name === '') throw this.#broken('error creating new key: empty key name')
    const keys = this.#sections.at(-1)?.keys ?? []
    const comment = this.#takeComment()
    const known = keys.find((key) => key.name === name)
    if (known === undefined) keys.push({ name, value, comment })
    else Object.assign(known, { value, comment })
  }

  #keyName(line: string): { name: string; offset: number } {
    const quote = keyQuote(line)
    if (quote === '') {
      const end = line.search(delimiter)
      if (end < 0) throw this.#broken(`key-value delimiter not found: ${line}`)
      if (end === 0) throw this.#broken(`empty key name: ${line}`)
      return { name: trim(line.slice(0, end)), offset: end + 1 }
    }
    const close = line.indexOf(quote, quote.length)
    if (close < 0) throw this.#broken(`missing closing key quote: ${line}`)
    const after = line.slice(close + quote.length).search(delimiter)
    if (after < 0) throw this.#broken(`key-value delimiter not found: ${line}`)
    return { name: trim(line.slice(quote.length, close)), offset: close + after + quote.length + 1 }
  }

  #value(from: string): string {
    const text = from.replace(leading, '')
    if (text === '') return ''
    const quote = text.length > 3 && text.startsWith('"""') ? '"""' : text.startsWith('`') ? '`' : ''
    if (quote !== '') {
      const body = text.slice(quote.length)
      const end = body.lastIndexOf(quote)
      return end < 0 ? this.#multiline(text, { body, quote }) : body.slice(0, end)
    }
    const line = trim(text)
    if (line.endsWith('\\')) return this.#continued(line.slice(0, -1))
    return unquote(this.#withoutComment(line))
  }

  #withoutComment(line: string): string {
    const at = line.search(commentStart)
    if (at < 0) return line
    this.#comment += line.slice(at)
    return trim(line.slice(0, at))
  }

  #multiline(line: string, { body, quote }: { body: string; quote: string }): string {
    let value = body
    for (;;) {
      const next = this.#next()
      const end = next.lastIndexOf(quote)
      const rest = next.slice(end + quote.length).replace(/[\r\n]+$/, '')
      if (end >= 0 && !trim(rest).endsWith('\\')) {
        const inline = next.slice(end).search(commentStart)
        if (inline >= 0) this.#comment += trim(next.slice(end + inline))
        return value + next.slice(0, end)
      }
      value += next
      if (end < 0 && this.#ended) {
        throw this.#broken(`missing closing key quote from ${JSON.stringify(line)} to ${JSON.stringify(next)}`)
      }
      if (this.#ended) throw this.#broken('missing closing key quote')
    }
  }

  #continued(first: string): string {
    let value = first
    for (;;) {
      const next = trim(this.#ended ? '' : this.#next())
      if (next === '') return value
      value += next
      if (!value.endsWith('\\')) return value
      value = value.slice(0, -1)
    }
  }

  #takeComment(): string {
    const comment = trim(this.#comment)
    this.#comment = ''
    return comment
  }

  #broken(upstream: string): CoreError {
    return new CoreError('INVALID_FORMAT', `line ${this.#line} of the INI file cannot be read`, {
      hint: 'write [section] or key = value',
      upstream: `Could not unmarshal input data: ${upstream}`,
    })
  }
}

function keyQuote(line: string): string {
  if (line.startsWith('`')) return '`'
  if (!line.startsWith('"')) return ''
  return line.length > 6 && line.startsWith('"""') ? '"""' : '"'
}

/** Takes quotes off that surround a value and occur nowhere inside. */
function unquote(value: string): string {
  const [quote] = value
  if (value.length < 2 || (quote !== '"' && quote !== "'") || !value.endsWith(quote)) return value
  return value.indexOf(quote, 1) === value.length - 1 ? value.slice(1, -1) : value
}
