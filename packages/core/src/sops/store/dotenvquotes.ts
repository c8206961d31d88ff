import { CoreError } from '../../error.ts'
import { type Branch, branch, comment, type Item, isComment } from '../tree.ts'
import { isComplex, plainText } from './plain.ts'

/**
 * Reads a dotenv file as shells and dotenv libraries do, which sops does not: `export`, spaces around the name, quotes
 * (`'...'` and backticks as they are, `"..."` with escapes), values of several lines, and comments behind a value.
 *
 * @throws `INVALID_FORMAT` naming the line
 */
export function readQuotedDotenv(text: string): Branch {
  return branch(new Reader(text.replaceAll('\r\n', '\n')).items())
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  items(): Item[] {
    const items: Item[] = []
    while (this.#at < this.#text.length) {
      this.#take(/\s*/y)
      const line = this.#take(/#([^\n]*)/y)
      if (line !== null) items.push({ key: comment(line[1] ?? ''), value: null })
      else if (this.#at < this.#text.length) items.push(...this.#entry())
    }
    return items
  }

  #entry(): Item[] {
    const key = this.#take(/(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=(?:[ \t]+(?![ \t#]))?/y)?.[1]
    if (key === undefined) throw this.#invalid('no NAME=value')
    const value = this.#value()
    const rest = this.#take(/[ \t]*(?:#([^\n]*))?(?=\n|$)/y)
    if (rest === null) throw this.#invalid('something stands behind the closing quote')
    const item = { key, value }
    return rest[1] === undefined ? [item] : [{ key: comment(rest[1], true), value: null }, item]
  }

  #value(): string {
    const raw = this.#take(/'([^']*)'|`([^`]*)`/y)
    if (raw !== null) return raw[1] ?? raw[2] ?? ''
    const double = this.#take(/"((?:[^"\\]|\\.)*)"/sy)
    if (double !== null) {
      return (double[1] ?? '').replace(/\\(.)/gs, (_, one: string) => (one === '\n' ? '' : (escapes[one] ?? one)))
    }
    if (/['"`]/.test(this.#text[this.#at] ?? '')) throw this.#invalid('a quote is not closed')
    // A # is a comment behind a space only, so that passwords and addresses may hold one.
    return (this.#take(/(?:(?![ \t]+#)[^\n])*/y)?.[0] ?? '').trimEnd()
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found !== null) this.#at += found[0].length
    return found
  }

  #invalid(why: string): CoreError {
    const line = this.#text.slice(0, this.#at).split('\n').length
    return new CoreError('INVALID_FORMAT', `line ${line} of the dotenv file: ${why}`, {
      hint: 'write NAME=value, and quote values that hold spaces, quotes or line breaks',
    })
  }
}

/**
 * Writes a dotenv file that shells and dotenv libraries read: values in quotes where they need some.
 *
 * @throws `UNSUPPORTED_VALUE` for lists and mappings
 */
export function writeQuotedDotenv({ items }: Branch): string {
  return items.map(writeLine).join('')
}

function writeLine({ key, value }: Item): string {
  if (isComment(key)) return `#${key.text}\n`
  const name = typeof key === 'string' ? key : key.text
  if (isComplex(value)) {
    throw new CoreError('UNSUPPORTED_VALUE', `a dotenv file holds texts only; ${name} has parts of its own`)
  }
  const text = value instanceof Uint8Array ? Buffer.from(value).toString() : value === null ? '' : plainText(value)
  return `${name}=${quoted(text)}\n`
}

function quoted(text: string): string {
  if (/^[\w./:@%+,-]*$/.test(text)) return text
  if (!text.includes("'")) return `'${text}'`
  return `"${text.replace(/[\\"$`]/g, '\\$&')}"`
}
