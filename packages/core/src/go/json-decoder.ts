import { CoreError } from '../error.ts'
import { Scanner } from './json-scanner.ts'

/** A JSON value that keeps what a JavaScript value loses: key order, duplicate keys and the text of numbers. */
export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }

/** One entry of a JSON object. */
export interface JsonMember {
  readonly key: string
  readonly value: JsonNode
}

/** What {@link JsonDecoder} reads: brackets and scalars (keys are strings); commas and colons are left out. */
export type JsonToken =
  | Exclude<JsonNode, { kind: 'array' } | { kind: 'object' }>
  | { readonly kind: 'delim'; readonly value: '{' | '}' | '[' | ']' }

/** What the next token may be, as in Go's Decoder; `value*` and `start*` are where a value may come. */
type Place = 'top' | 'startArray' | 'valueArray' | 'commaArray' | 'startObject' | 'key' | 'colon' | 'value' | 'comma'

const CONTEXT: Readonly<Record<Place, string>> = {
  top: 'looking for beginning of value',
  startArray: 'looking for beginning of value',
  valueArray: 'looking for beginning of value',
  value: 'looking for beginning of value',
  commaArray: 'after array element',
  // Go's Decoder has no text for the place after "{".
  startObject: '',
  key: 'looking for beginning of object key string',
  colon: 'after object key',
  comma: 'after object key:value pair',
}

const VALUE_PLACES: ReadonlySet<Place> = new Set(['top', 'startArray', 'valueArray', 'value'])

/**
 * Reads JSON token by token, as Go's `json.Decoder` with `UseNumber`: it sees only as much of the text as it is asked
 * for, so what follows the last token read may be anything, and nesting has no limit.
 */
export class JsonDecoder {
  readonly #scanner: Scanner
  readonly #stack: Place[] = []
  #place: Place = 'top'

  constructor(text: string) {
    this.#scanner = new Scanner(text, 'stream')
  }

  /**
   * The next token; `undefined` at the end of the text, wherever that comes (Go's `io.EOF`).
   *
   * @throws CoreError `JSON_SYNTAX` (`upstream` is Go's text; inside a value cut short it is `unexpected EOF`)
   */
  token(): JsonToken | undefined {
    const scanner = this.#scanner
    for (;;) {
      scanner.skipSpace()
      const character = scanner.peek()
      if (character === '') return undefined
      if (character === ':' && this.#place === 'colon') this.#step('value')
      else if (character === ',' && this.#place === 'commaArray') this.#step('valueArray')
      else if (character === ',' && this.#place === 'comma') this.#step('key')
      else return this.#tokenAt(character)
    }
  }

  #step(place: Place): void {
    this.#scanner.at += 1
    this.#place = place
  }

  #tokenAt(character: string): JsonToken {
    const place = this.#place
    if (character === '[' || character === '{') {
      if (!VALUE_PLACES.has(place)) this.#fail()
      this.#stack.push(place)
      this.#step(character === '[' ? 'startArray' : 'startObject')
      return { kind: 'delim', value: character }
    }
    if (character === ']' || character === '}') return this.#close(character)
    if (character === '"' && (place === 'startObject' || place === 'key')) {
      const value = this.#scanner.string()
      this.#place = 'colon'
      return { kind: 'string', value }
    }
    if (character === ':' || character === ',' || !VALUE_PLACES.has(place)) this.#fail()
    const scalar = this.#scanner.scalar()
    this.#place = after(place)
    return scalar
  }

  #close(character: ']' | '}'): JsonToken {
    const place = this.#place
    const fits =
      character === ']'
        ? place === 'startArray' || place === 'commaArray'
        : place === 'startObject' || place === 'comma'
    if (!fits) this.#fail()
    this.#step(after(this.#stack.pop() ?? 'top'))
    return { kind: 'delim', value: character }
  }

  #fail(): never {
    return this.#scanner.fail(CONTEXT[this.#place])
  }
}

function after(place: Place): Place {
  if (place === 'value') return 'comma'
  return place === 'top' ? 'top' : 'commaArray'
}

const MAX_DEPTH = 10000

/** What {@link read} makes of the values it finds. */
interface Builder<Value> {
  readonly scalar: (token: Exclude<JsonToken, { kind: 'delim' }>) => Value
  readonly array: (items: Value[]) => Value
  readonly object: (keys: string[], values: Value[]) => Value
}

const NODES: Builder<JsonNode> = {
  scalar: (token) => token,
  array: (items) => ({ kind: 'array', items }),
  object: (keys, values) => ({
    kind: 'object',
    members: values.map((value, index) => ({ key: keys[index] ?? '', value })),
  }),
}

/**
 * Parses one JSON text whole, keeping key order, duplicate keys and the text of numbers. One pass, no recursion; as
 * Go's `json.Unmarshal` it refuses nesting deeper than 10000 and anything after the value.
 *
 * @throws CoreError `JSON_SYNTAX`; `upstream` is Go's text, `message` names line and column only
 */
export function readJson(text: string): JsonNode {
  return read(text, NODES)
}

/**
 * Parses one JSON text to plain JavaScript values, as Go's `json.Unmarshal` into `any`: numbers are doubles, the last of
 * duplicate keys counts, `__proto__` is a key like any other.
 *
 * @throws CoreError `JSON_SYNTAX`, also for a number that no double can hold
 */
export function parseJson(text: string): unknown {
  let tooLarge: string | undefined
  const value = read<unknown>(text, {
    scalar: (token) => {
      if (token.kind === 'null') return null
      if (token.kind !== 'number') return token.value
      const number = Number(token.text)
      if (!Number.isFinite(number)) tooLarge ??= token.text
      return number
    },
    array: (items) => items,
    object: plainObject,
  })
  if (tooLarge === undefined) return value
  throw new CoreError('JSON_SYNTAX', 'invalid JSON: a number is too large', {
    upstream: `json: cannot unmarshal number ${tooLarge} into Go value of type float64`,
  })
}

/** Whether a text is one JSON value, by the rules of {@link readJson} (`json.Valid`). */
export function validJson(text: string): boolean {
  try {
    read<undefined>(text, NOTHING)
    return true
  } catch (error) {
    if (error instanceof CoreError) return false
    throw error
  }
}

const NOTHING: Builder<undefined> = { scalar: () => undefined, array: () => undefined, object: () => undefined }

function plainObject(keys: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [index, key] of keys.entries()) {
    if (key !== '__proto__') object[key] = values[index]
    else
      Object.defineProperty(object, key, { value: values[index], writable: true, enumerable: true, configurable: true })
  }
  return object
}

interface Frame<Value> {
  readonly keys: string[] | undefined
  readonly values: Value[]
}

function read<Value>(text: string, builder: Builder<Value>): Value {
  const scanner = new Scanner(text, 'whole')
  const stack: Frame<Value>[] = []
  let top: Frame<Value> | undefined
  scanner.skipSpace()
  for (;;) {
    let value: Value
    const character = scanner.peek()
    if (character === '{' || character === '[') {
      if (stack.length >= MAX_DEPTH) scanner.fail('exceeded max depth')
      scanner.at += 1
      const opened: Frame<Value> = { keys: character === '{' ? [] : undefined, values: [] }
      scanner.skipSpace()
      if (scanner.peek() !== (character === '{' ? '}' : ']')) {
        stack.push(opened)
        top = opened
        if (opened.keys !== undefined) opened.keys.push(scanner.key())
        continue
      }
      scanner.at += 1
      value = build(builder, opened)
    } else value = builder.scalar(scanner.scalar())
    // The value may be the last one of any number of open lists and objects.
    for (;;) {
      scanner.skipSpace()
      if (top === undefined) {
        if (scanner.peek() !== '') scanner.fail('after top-level value')
        return value
      }
      top.values.push(value)
      if (scanner.separator(top.keys !== undefined)) break
      value = build(builder, top)
      stack.pop()
      top = stack.at(-1)
    }
    if (top.keys !== undefined) top.keys.push(scanner.key())
  }
}

function build<Value>(builder: Builder<Value>, frame: Frame<Value>): Value {
  return frame.keys === undefined ? builder.array(frame.values) : builder.object(frame.keys, frame.values)
}
