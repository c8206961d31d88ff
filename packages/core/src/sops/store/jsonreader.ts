import { CoreError } from '../../error.ts'
import { JsonDecoder, type JsonToken } from '../../go/json-decoder.ts'
import { NumberError, parseFloat64 } from '../../go/number.ts'
import { quote } from '../../go/quote.ts'
import { type Branch, branch, goType, type Item, type Value } from '../tree.ts'

const int64Min = -(2n ** 63n)
const int64Max = 2n ** 63n - 1n
const maxDepth = 1000

/**
 * Reads the object at the start of a JSON text, in order, with duplicate keys. Whole numbers of 64 bits are integers,
 * all others floats. What follows the object is not read, as sops does not read it.
 *
 * Unlike sops, which takes a text that ends behind a key's colon for a whole one, it refuses every truncated text.
 *
 * @throws `JSON_SYNTAX`
 */
export function readJson(text: string): Branch {
  try {
    const decoder = new JsonDecoder(text)
    const first = decoder.token()
    if (first === undefined) throw syntax('EOF')
    if (first.kind !== 'delim' || first.value !== '{') throw syntax(notObject(first))
    return readObject(decoder, 1)
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw new CoreError('JSON_SYNTAX', error.message, {
      cause: error,
      hint: error.hint ?? 'SOPS takes one JSON object a file',
      upstream: `Could not unmarshal input data: ${error.upstream ?? error.message}`,
    })
  }
}

function readObject(decoder: JsonDecoder, depth: number): Branch {
  const items: Item[] = []
  for (;;) {
    const key = decoder.token()
    if (key === undefined) throw truncated('Expected JSON object key, got %!s(<nil>) of type <nil> instead')
    // The decoder lets nothing but a key and the closing brace through here.
    if (key.kind !== 'string') return branch(items)
    items.push({ key: key.value, value: readValue(decoder, next(decoder), depth) })
  }
}

function readArray(decoder: JsonDecoder, depth: number): Value[] {
  const values: Value[] = []
  for (;;) {
    const token = next(decoder)
    if (token.kind === 'delim' && token.value === ']') return values
    values.push(readValue(decoder, token, depth))
  }
}

function readValue(decoder: JsonDecoder, token: JsonToken, depth: number): Value {
  if (token.kind === 'delim') {
    if (depth >= maxDepth) throw syntax('exceeded max depth')
    return token.value === '{' ? readObject(decoder, depth + 1) : readArray(decoder, depth + 1)
  }
  return scalar(token)
}

function scalar(token: Exclude<JsonToken, { kind: 'delim' }>): Value {
  if (token.kind === 'null') return null
  return token.kind === 'number' ? numeral(token.text) : token.value
}

function numeral(text: string): bigint | number {
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text)
    if (value >= int64Min && value <= int64Max) return value
  }
  return parseFloat64(text)
}

function next(decoder: JsonDecoder): JsonToken {
  const token = decoder.token()
  if (token === undefined) throw truncated('unexpected EOF')
  return token
}

function notObject(token: JsonToken): string {
  const wanted = "SOPS only supports JSON files with a top-level object (starting with '{'), not"
  if (token.kind === 'delim') {
    return `${wanted} arrays or other types. Got delimiter ${token.value} instead. To encrypt this file, wrap it in an object, e.g., {"data": [...]}`
  }
  const value = lenientScalar(token)
  return `${wanted} other JSON types. Got ${shown(value)} of type ${goType(value)} instead`
}

/** A number that is too large is shown as it stands. */
function lenientScalar(token: Exclude<JsonToken, { kind: 'delim' }>): Value {
  try {
    return scalar(token)
  } catch (error) {
    if (error instanceof NumberError && token.kind === 'number')
      return { kind: 'foreign', type: 'json.Number', text: quote(token.text) }
    throw error
  }
}

function shown(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'string') return quote(value)
  return typeof value === 'object' && 'text' in value ? value.text : String(value)
}

function syntax(upstream: string): CoreError {
  return new CoreError('JSON_SYNTAX', upstream === 'EOF' ? 'the JSON text is empty' : 'the JSON text is no object', {
    upstream,
  })
}

function truncated(upstream: string): CoreError {
  return new CoreError('JSON_SYNTAX', 'the JSON text ends early', { upstream })
}
