import { formatJsonFloat, type JsonNode, quoteJson, readJson } from '@sealkit/core/go'
import { FunctionFailure, failure } from '../error.ts'
import { fromText, toText } from '../utf8.ts'
import { ANY, Complex, Dict, List, Sized, type Value } from '../value.ts'
import { type Context, type FunctionRow, rows } from './row.ts'
import { parsed } from './time.ts'

const MAX_DEPTH = 10_000

/** sprig's functions on JSON. */
export function jsonFunctions(): FunctionRow[] {
  const compact = (value: Value): string => encode(value, true)
  const pretty = (value: Value): string => indentJson(encode(value, true))
  const raw = (value: Value): string => encode(value, false)
  const quiet =
    (write: (value: Value) => string) =>
    ([value]: readonly Value[]) =>
      orElse(() => write(value), '')
  return rows('JSON', [
    [
      'fromJson(string) any',
      ([text], context) => orElse(() => decodeJson(text as string, context), null),
      'The value of a JSON text, nil when it is none.',
      'fromJson .config',
      'heavy',
    ],
    [
      'mustFromJson(string) any',
      ([text], context) => decodeJson(text as string, context),
      'The value of a JSON text, which must be one.',
      'mustFromJson .config',
      'heavy',
    ],
    ['toJson(any) string', quiet(compact), 'The value as JSON.', 'toJson $map', 'heavy'],
    [
      'mustToJson(any) string',
      ([value]) => compact(value),
      'The value as JSON, which must be possible.',
      'mustToJson $map',
      'heavy',
    ],
    ['toPrettyJson(any) string', quiet(pretty), 'The value as JSON, indented.', 'toPrettyJson $map', 'heavy'],
    [
      'mustToPrettyJson(any) string',
      ([value]) => pretty(value),
      'The value as JSON, indented, which must be possible.',
      'mustToPrettyJson $map',
      'heavy',
    ],
    [
      'toRawJson(any) string',
      ([value]) => raw(value),
      'The value as JSON, with `<`, `>` and `&` as they are.',
      'toRawJson $map',
      'heavy',
    ],
    [
      'mustToRawJson(any) string',
      ([value]) => raw(value),
      'The value as JSON, with `<`, `>` and `&` as they are, which must be possible.',
      'mustToRawJson $map',
      'heavy',
    ],
  ])
}

function orElse<T>(run: () => T, otherwise: T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof FunctionFailure) return otherwise
    throw error
  }
}

/** Go's json.Unmarshal into `any`. @throws FunctionFailure with Go's text */
export function decodeJson(text: string, context: Context): Value {
  context.charge(text.length)
  const node = parsed(() => readJson(toText(text)))
  return fromNode(node)
}

function fromNode(node: JsonNode): Value {
  switch (node.kind) {
    case 'null':
      return null
    case 'bool':
      return node.value
    case 'number':
      return jsonNumber(node.text)
    case 'string':
      return jsonText(node.value)
    case 'array':
      return new List(ANY, node.items.map(fromNode))
  }
  return new Dict(ANY, new Map(node.members.map(({ key, value }) => [jsonText(key), fromNode(value)])))
}

// Go's decoder makes U+FFFD of bytes that are not UTF-8, and so of the lone surrogates that stand for them.
function jsonText(text: string): string {
  return fromText(text.toWellFormed())
}

function jsonNumber(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value)) return value
  return failure(`json: cannot unmarshal number ${text} into Go value of type float64`)
}

/** Go's json.Marshal. @throws FunctionFailure with Go's text */
export function encode(value: Value, escapeHtml: boolean, depth = 0): string {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deeply')
  if (value == null) return 'null'
  switch (typeof value) {
    case 'string':
      return fromText(quoteJson(toText(value), { escapeHtml }))
    case 'number':
      return parsed(() => formatJsonFloat(value))
    case 'bigint':
    case 'boolean':
      return String(value)
  }
  if (value instanceof List) return encodeList(value, escapeHtml, depth)
  if (value instanceof Dict) return encodeDict(value, escapeHtml, depth)
  if (value instanceof Sized) return String(value.value)
  if (value instanceof Complex) return failure('json: unsupported type: complex128', true)
  return value.json()
}

function encodeList(value: List, escapeHtml: boolean, depth: number): string {
  if (value.isNil) return 'null'
  if (value.element === 'uint8') {
    return `"${Buffer.from(value.items.map((item) => Number((item as Sized).value))).toString('base64')}"`
  }
  return `[${value.items.map((item) => encode(item, escapeHtml, depth + 1)).join(',')}]`
}

function encodeDict(value: Dict, escapeHtml: boolean, depth: number): string {
  if (value.isNil) return 'null'
  const members = value.sortedKeys().map((key) => {
    return `${encode(key, escapeHtml)}:${encode(value.entries.get(key), escapeHtml, depth + 1)}`
  })
  return `{${members.join(',')}}`
}

/** Go's json.Indent with two spaces, of compact JSON. */
function indentJson(text: string): string {
  let out = ''
  let depth = 0
  const newline = (): string => `\n${'  '.repeat(depth)}`
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]|[^{}[\],:"]+/gs)) {
    if (token === '{' || token === '[') {
      depth++
      out += token + newline()
    } else if (token === '}' || token === ']') {
      depth--
      out += newline() + token
    } else if (token === ',') out += token + newline()
    else out += token === ':' ? ': ' : token
  }
  return out
}
