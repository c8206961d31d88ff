import { parseJson } from '@sealkit/core/go'
import { type ByteString, fromBytes, toBytes } from './bytes.ts'
import { trimSpace } from './path.ts'
import { CODE, stringEnd } from './scan.ts'
import { numberOf } from './value.ts'

/** Options of `@pretty`. */
export interface PrettyOptions {
  readonly sortKeys: boolean
  readonly indent: ByteString
  readonly prefix: ByteString
  /** Arrays that fit into so many columns stay on one line; 0 or less: none does. */
  readonly width: number
}

/** Removes white space outside of strings (`@ugly`, `Ugly` of tidwall/pretty 1.2). */
export function ugly(json: ByteString): ByteString {
  const parts: ByteString[] = []
  for (let at = 0; at < json.length; ) {
    const code = json.charCodeAt(at)
    let end = at + 1
    if (code === CODE.quote) end = endOfString(json, at)
    else while (end < json.length && code > CODE.space && isBare(json.charCodeAt(end))) end += 1
    if (code > CODE.space) parts.push(json.slice(at, end))
    at = end
  }
  return parts.join('')
}

function isBare(code: number): boolean {
  return code > CODE.space && code !== CODE.quote
}

function endOfString(json: ByteString, start: number): number {
  const end = stringEnd(json, start + 1)
  return end < 0 ? json.length : end
}

/** Lays a document out over lines (`@pretty`, `PrettyOptions` of tidwall/pretty 1.2). */
export function pretty(json: ByteString, options: PrettyOptions): ByteString {
  const printer = new Printer(json, options)
  printer.out.write(options.prefix)
  printer.any(0, { lines: true, indent: options.indent, tabs: 0, most: -1, sortKeys: options.sortKeys })
  if (printer.out.length > 0) printer.out.write('\n')
  return printer.out.slice(0)
}

/** How a value is laid out: over lines, or (`most` >= 0) on one line if that takes no more bytes than `most`. */
interface Layout {
  readonly lines: boolean
  readonly indent: ByteString
  readonly tabs: number
  readonly most: number
  readonly sortKeys: boolean
}

/** Where a member stands: its key in the document, itself in the output. */
interface Member {
  readonly keyStart: number
  readonly keyEnd: number
  readonly start: number
  readonly end: number
}

/** How deep a document may be; what is deeper is left out. */
const MAX_DEPTH = 1000

class Printer {
  readonly json: ByteString
  readonly options: PrettyOptions
  readonly out: Output = new Output()
  /** Where the line began on which the output is. */
  #line = 0
  /** Where the attempt began to print an array on one line. */
  #attempt = 0
  /** Whether the last value may stay on one line. */
  #fits = true
  #depth = 0

  constructor(json: ByteString, options: PrettyOptions) {
    this.json = json
    this.options = options
  }

  /** Prints the next value from an offset on and returns the offset after it. */
  any(from: number, layout: Layout): number {
    const { json } = this
    this.#fits = true
    for (let at = from; at < json.length; at++) {
      const character = json.charAt(at)
      if (character <= ' ') continue
      if (character === '"') return this.#copy(at, endOfString(json, at))
      if (/^[-+0-9iIN]$/.test(character) || (character === 'n' && at + 1 < json.length && json[at + 1] !== 'u')) {
        return this.#number(at)
      }
      if (character === '{' || character === '[') return this.#block(at, layout)
      const word = WORDS[character]
      if (word !== undefined) {
        this.out.write(word)
        return at + word.length
      }
    }
    return json.length
  }

  #copy(start: number, end: number): number {
    this.out.write(this.json.slice(start, end))
    return end
  }

  #number(start: number): number {
    let end = start + 1
    while (end < this.json.length && !/^[\0- ,:\]}]$/.test(this.json.charAt(end))) end += 1
    return this.#copy(start, end)
  }

  #block(at: number, layout: Layout): number {
    if (this.#depth >= MAX_DEPTH) return this.json.length
    const inArray = this.json[at] === '['
    if (this.options.width > 0) {
      if (layout.lines && inArray && layout.most < 0) {
        const end = this.#oneLine(at)
        if (end !== undefined) return end
      } else if (layout.most >= 0 && !inArray) {
        this.#fits = false
        return at
      }
    }
    this.#depth += 1
    const end = this.#entries(at, inArray, layout)
    this.#depth -= 1
    return end
  }

  /** Tries to print an array on the rest of the line; undefined, with nothing printed, when it does not fit. */
  #oneLine(at: number): number | undefined {
    const { out } = this
    const line = this.#line
    const start = out.length
    const most = this.options.width - (start - line)
    if (most <= 3) return undefined
    this.#attempt = start
    this.#depth += 1
    const end = this.#entries(at, true, { lines: false, indent: '', tabs: 0, most, sortKeys: this.options.sortKeys })
    this.#depth -= 1
    this.#line = line
    if (this.#fits && out.length - start <= most) return end
    out.truncate(start)
    return undefined
  }

  #entries(start: number, inArray: boolean, layout: Layout): number {
    const { json, out } = this
    const close = inArray ? ']' : '}'
    const members: Member[] = []
    let at = start + 1
    out.write(json.charAt(start))
    for (; at < json.length; at++) {
      const character = json.charAt(at)
      if (character <= ' ') continue
      if (character === close) {
        if (layout.lines) this.#closeLines(members, inArray, layout)
        out.write(close)
        this.#fits = inArray
        return at + 1
      }
      if (!inArray && character !== '"') continue
      if (members.length > 0) out.write(inArray && this.options.width !== -1 ? ', ' : ',')
      if (layout.lines) this.#breakLine()
      const printed = out.length
      if (layout.lines) this.#indent(layout, layout.tabs + 1)
      const keyEnd = inArray ? at : this.#key(at, layout)
      const end = this.any(keyEnd, { ...layout, tabs: layout.tabs + 1 })
      if (layout.most >= 0 && (!this.#fits || out.length - this.#attempt > layout.most)) {
        this.#fits = false
        return end
      }
      members.push({ keyStart: at, keyEnd, start: printed, end: out.length })
      at = end - 1
    }
    this.#fits = inArray
    return at
  }

  #key(at: number, layout: Layout): number {
    const end = this.#copy(at, endOfString(this.json, at))
    this.out.write(layout.lines ? ': ' : ':')
    return end
  }

  #closeLines(members: readonly Member[], inArray: boolean, layout: Layout): void {
    if (!inArray && layout.sortKeys) this.#sort(members)
    if (members.length > 0) this.#breakLine()
    if (members.length > 0 || this.out.last() !== (inArray ? '[' : '{')) this.#indent(layout, layout.tabs)
  }

  /** A space at the end of a line becomes its end. */
  #breakLine(): void {
    this.#line = this.out.length
    if (this.out.last() === ' ') this.out.truncate(this.#line - 1)
    this.out.write('\n')
  }

  #indent(layout: Layout, tabs: number): void {
    this.out.write(this.options.prefix + layout.indent.repeat(tabs))
  }

  #sort(members: readonly Member[]): void {
    const [first] = members
    const sorted = [...members].sort((a, b) => this.#order(a, b))
    if (first === undefined || sorted.every((member, index) => member === members[index])) return
    const texts = sorted.map(({ start, end }) => this.out.slice(start, end))
    this.out.truncate(first.start)
    this.out.write(texts.join(',\n'))
  }

  /** By key, then by value. */
  #order(a: Member, b: Member): number {
    const left = this.json.slice(a.keyStart, a.keyEnd)
    const right = this.json.slice(b.keyStart, b.keyEnd)
    return compare(left, right) || compare(this.#printedValue(a, left), this.#printedValue(b, right))
  }

  #printedValue({ start, end }: Member, key: ByteString): ByteString {
    const text = trimSpace(this.out.slice(start, end))
    return text.length > key.length ? trimSpace(text.slice(key.length + 1)) : text
  }
}

const WORDS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' }

/** The order of types: null, false, numbers, strings, true, objects and arrays. */
function rank(raw: ByteString): number {
  const order: Readonly<Record<string, number>> = { '': 0, n: 0, f: 1, '"': 3, t: 4, '[': 5, '{': 5 }
  return order[raw.charAt(0)] ?? 2
}

function compare(a: ByteString, b: ByteString): number {
  const kind = rank(a)
  if (kind !== rank(b)) return kind - rank(b)
  if (kind === 2) return Math.sign(numberOf(a) - numberOf(b)) || 0
  const left = kind === 3 ? contents(a) : a
  const right = kind === 3 ? contents(b) : b
  return left < right ? -1 : left > right ? 1 : 0
}

/** The inside of a string literal; nothing where it has escapes and is no JSON. */
function contents(raw: ByteString): ByteString {
  const mark = /["\\]/.exec(raw.slice(1))
  if (mark === null) return ''
  if (mark[0] === '"') return raw.slice(1, 1 + mark.index)
  try {
    const value = parseJson(fromBytes(raw))
    return typeof value === 'string' ? toBytes(value) : ''
  } catch {
    return ''
  }
}

/** Bytes that grow, and are cut off where an attempt fails. */
class Output {
  length = 0
  #bytes = new Uint8Array(1024)

  write(text: ByteString): void {
    if (this.length + text.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + text.length))
      larger.set(this.#bytes.subarray(0, this.length))
      this.#bytes = larger
    }
    for (let at = 0; at < text.length; at++) this.#bytes[this.length + at] = text.charCodeAt(at)
    this.length += text.length
  }

  truncate(length: number): void {
    this.length = length
  }

  last(): string {
    return this.slice(this.length - 1)
  }

  slice(start: number, end: number = this.length): ByteString {
    return Buffer.from(this.#bytes.buffer, start, end - start).toString('latin1')
  }
}
