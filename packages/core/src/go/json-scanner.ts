import { CoreError } from '../error.ts'
import { quote } from './quote.ts'
import { encodeUtf8, escapedByte } from './utf8.ts'

/** A JSON scalar as it stands in the text. */
export type JsonScalar =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/**
 * The lexical half of Go's `encoding/json`: strings, numbers, literals and the error texts of its state machine.
 *
 * `whole` reads like Unmarshal, which at the end of the text feeds its machine one space; `stream` like a Decoder,
 * which there says `unexpected EOF`.
 */
export class Scanner {
  readonly text: string
  readonly #mode: 'whole' | 'stream'
  /** Offset of the next character, in UTF-16 units. */
  at = 0

  constructor(text: string, mode: 'whole' | 'stream') {
    this.text = text
    this.#mode = mode
  }

  /** The next character, or the empty string at the end. */
  peek(): string {
    return this.text.charAt(this.at)
  }

  skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.at += 1
    }
  }

  /** Reads a key with its colon, up to where the value begins. */
  key(): string {
    if (this.peek() !== '"') this.fail('looking for beginning of object key string')
    const key = this.string()
    this.skipSpace()
    if (this.peek() !== ':') this.fail('after object key')
    this.at += 1
    this.skipSpace()
    return key
  }

  /** Reads what follows a value: true for a comma (and the space after it), false for the closing bracket. */
  separator(inObject: boolean): boolean {
    const character = this.peek()
    if (character !== ',' && character !== (inObject ? '}' : ']')) {
      this.fail(inObject ? 'after object key:value pair' : 'after array element')
    }
    this.at += 1
    if (character !== ',') return false
    this.skipSpace()
    return true
  }

  scalar(): JsonScalar {
    const character = this.peek()
    if (character === '"') return { kind: 'string', value: this.string() }
    if (character === 't') return { kind: 'bool', value: this.#literal('true') === 'true' }
    if (character === 'f') return { kind: 'bool', value: this.#literal('false') !== 'false' }
    if (character === 'n') {
      this.#literal('null')
      return { kind: 'null' }
    }
    if (character === '-' || isDigit(this.text.charCodeAt(this.at))) return { kind: 'number', text: this.#number() }
    return this.fail('looking for beginning of value')
  }

  /** Reads a string literal; the position is at its opening quote. What is no UTF-8 becomes U+FFFD. */
  string(): string {
    const { text } = this
    let value = ''
    let start = this.at + 1
    let at = start
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        this.at = at + 1
        return (value + text.slice(start, at).toWellFormed()).toWellFormed()
      }
      if (code === 0x5c) {
        this.at = at + 1
        value += text.slice(start, at).toWellFormed() + this.#escape()
        at = this.at
        start = at
      } else if (code >= 0x20) at += 1
      else {
        this.at = at
        this.fail('in string literal')
      }
    }
  }

  #escape(): string {
    const letter = this.peek()
    const simple = letter === '' ? undefined : ESCAPED[letter]
    if (simple === undefined && letter !== 'u') this.#failInside('in string escape code')
    this.at += 1
    if (simple !== undefined) return simple
    const start = this.at
    while (this.at < start + 4) {
      if (!/^[0-9a-fA-F]$/.test(this.peek())) this.#failInside('in \\u hexadecimal character escape')
      this.at += 1
    }
    return String.fromCharCode(Number.parseInt(this.text.slice(start, this.at), 16))
  }

  #literal(word: string): string {
    for (let index = 1; index < word.length; index++) {
      this.at += 1
      if (this.peek() !== word[index]) this.#failInside(`in literal ${word} (expecting '${word[index]}')`)
    }
    this.at += 1
    return word
  }

  #number(): string {
    const start = this.at
    if (this.peek() === '-') this.at += 1
    if (this.peek() === '0') this.at += 1
    else this.#digits('in numeric literal')
    if (this.peek() === '.') {
      this.at += 1
      this.#digits('after decimal point in numeric literal')
    }
    if (this.peek() === 'e' || this.peek() === 'E') {
      this.at += 1
      if (this.peek() === '+' || this.peek() === '-') this.at += 1
      this.#digits('in exponent of numeric literal')
    }
    return this.text.slice(start, this.at)
  }

  #digits(context: string): void {
    if (!isDigit(this.text.charCodeAt(this.at))) this.#failInside(context)
    while (isDigit(this.text.charCodeAt(this.at))) this.at += 1
  }

  /** Refuses the character at the position, between tokens or in a string. */
  fail(context: string): never {
    return this.#throw(this.at < this.text.length ? this.#unexpected(context) : 'unexpected end of JSON input')
  }

  /** Refuses the character at the position, inside a number, a literal or an escape. */
  #failInside(context: string): never {
    return this.#throw(this.#unexpected(context))
  }

  #throw(upstream: string): never {
    const before = this.text.slice(0, this.at)
    const line = before.split('\n').length
    const column = this.at - before.lastIndexOf('\n')
    const ended = this.at >= this.text.length
    throw new CoreError(
      'JSON_SYNTAX',
      ended ? 'invalid JSON: the text ends early' : `invalid JSON at line ${line}, column ${column}`,
      { upstream: ended && this.#mode === 'stream' ? 'unexpected EOF' : upstream },
    )
  }

  #unexpected(context: string): string {
    const point = this.at < this.text.length ? this.text.codePointAt(this.at) : 0x20
    return `invalid character ${quoteByte(point ?? 0x20)}${context === '' ? '' : ' '}${context}`
  }
}

/** A character in an error text. Go's machine sees bytes: of anything outside ASCII it names the first one. */
function quoteByte(codePoint: number): string {
  if (codePoint === 0x27) return "'\\''"
  if (codePoint === 0x22) return "'\"'"
  const escaped = escapedByte(codePoint)
  const byte = escaped >= 0 ? escaped : (encodeUtf8(String.fromCodePoint(codePoint))[0] ?? 0)
  return `'${quote(String.fromCharCode(byte)).slice(1, -1)}'`
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
