import { ResolverError } from '../../error.ts'

/** Reads the text of a JSONPath; white space between tokens means nothing. */
export class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  atEnd(): boolean {
    this.#skip()
    return this.#at >= this.#text.length
  }

  sees(token: string): boolean {
    this.#skip()
    return this.#text.startsWith(token, this.#at)
  }

  take(token: string): boolean {
    if (!this.sees(token)) return false
    this.#at += token.length
    return true
  }

  /** @throws {ResolverError} `INVALID_STORE` when another token is there */
  expect(token: string): void {
    if (!this.take(token)) throw this.wrong()
  }

  /** A name after a dot. */
  name(): string {
    const [name] = this.#match(/[\p{L}_][\p{L}\p{N}_]*/uy) ?? []
    if (name === undefined) throw this.wrong()
    return name
  }

  /** What stands in brackets: a number or a quoted name. */
  key(): string | number {
    return this.number() ?? this.string() ?? this.fail()
  }

  number(): number | undefined {
    const [number] = this.#match(/-?\d+(?:\.\d+)?/y) ?? []
    return number === undefined ? undefined : Number(number)
  }

  string(): string | undefined {
    const [quoted] = this.#match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y) ?? []
    return quoted?.slice(1, -1).replaceAll(/\\(.)/g, '$1')
  }

  /** @throws {ResolverError} `INVALID_STORE` always */
  fail(): never {
    throw this.wrong()
  }

  wrong(): ResolverError {
    return new ResolverError('INVALID_STORE', `this is no JSONPath at character ${this.#at + 1}`)
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    this.#skip()
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match !== null) this.#at = pattern.lastIndex
    return match
  }

  #skip(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1
  }
}
