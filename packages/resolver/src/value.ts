import {
  compareUtf8,
  decodeUtf8,
  encodeUtf8,
  formatFloat,
  type JsonNode,
  marshalJson,
  parseJson,
  quoteJson,
  readJson,
} from '@sealkit/core/go'
import { ResolverError } from './error.ts'

/**
 * The bytes that External Secrets makes of a JSON value that went through Go's `any`: strings as they are, numbers as
 * doubles without an exponent, null as nothing, objects and lists as compact JSON with sorted keys and escaped HTML.
 */
export function byteValue(value: unknown): Uint8Array {
  if (value === null) return new Uint8Array()
  if (typeof value === 'string') return encodeUtf8(value.toWellFormed())
  if (typeof value === 'number') return encodeUtf8(formatFloat(value, 'f', -1))
  if (typeof value === 'boolean') return encodeUtf8(String(value))
  return encodeUtf8(marshalJson(value))
}

/** {@link byteValue} for a value whose numbers kept their text (Go's `json.Number`). */
export function nodeValue(node: JsonNode): Uint8Array {
  if (node.kind === 'null') return new Uint8Array()
  if (node.kind === 'string') return encodeUtf8(node.value.toWellFormed())
  return encodeUtf8(nodeText(node))
}

/**
 * Compact JSON as Go's `json.Marshal` of a map: keys sorted, the last of duplicates, HTML escaped, numbers as they were
 * written.
 */
export function nodeText(node: JsonNode): string {
  switch (node.kind) {
    case 'null':
      return 'null'
    case 'bool':
      return String(node.value)
    case 'number':
      return node.text
    case 'string':
      return quoteJson(node.value)
    case 'array':
      return `[${node.items.map(nodeText).join(',')}]`
    case 'object': {
      const members = [...memberMap(node)].sort(([a], [b]) => compareUtf8(a, b))
      return `{${members.map(([key, value]) => `${quoteJson(key)}:${nodeText(value)}`).join(',')}}`
    }
  }
}

/** Members by key; the last of duplicates counts. */
export function memberMap(node: JsonNode & { readonly kind: 'object' }): Map<string, JsonNode> {
  return new Map(node.members.map(({ key, value }) => [key, value]))
}

/**
 * A JSON object's members as bytes, through Go's `map[string]any` ({@link byteValue} for each).
 *
 * @throws {ResolverError} `VALUE_INVALID` for what is no JSON object; `null` is an empty one
 */
export function objectValues(json: string): Map<string, Uint8Array> {
  const value = guard(() => parseJson(json))
  if (value === null) return new Map()
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(value, 'map[string]interface {}')
  return new Map(Object.entries(value).map(([key, member]) => [key, byteValue(member)]))
}

/**
 * A JSON object's members as bytes, through Go's `map[string]json.RawMessage`: strings unquoted, everything else the
 * very text that stands in the object.
 *
 * @throws {ResolverError} `VALUE_INVALID` for what is no JSON object; `null` is an empty one
 */
export function rawValues(bytes: Uint8Array): Map<string, Uint8Array> {
  const json = decodeUtf8(bytes)
  const node = guard(() => readJson(json))
  if (node.kind === 'null') return new Map()
  if (node.kind !== 'object') throw wrongType(plain(node), 'map[string]json.RawMessage')
  const texts = memberTexts(json)
  return new Map(
    node.members.map(({ key, value }, index) => [
      key,
      value.kind === 'string' || value.kind === 'null' ? nodeValue(value) : encodeUtf8(texts[index] ?? ''),
    ]),
  )
}

function guard<Value>(parse: () => Value): Value {
  try {
    return parse()
  } catch (cause) {
    const upstream = cause instanceof Error && 'upstream' in cause ? String(cause.upstream) : undefined
    throw new ResolverError('VALUE_INVALID', 'the value is not valid JSON', {
      cause,
      ...(upstream === undefined ? {} : { upstream }),
    })
  }
}

function plain(node: JsonNode): unknown {
  return { bool: true, number: 0, string: '', array: [], null: null, object: {} }[node.kind]
}

const goKinds: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  boolean: 'bool',
  object: 'array',
}

function wrongType(value: unknown, goType: string): ResolverError {
  return new ResolverError(
    'VALUE_INVALID',
    `json: cannot unmarshal ${goKinds[typeof value]} into Go value of type ${goType}`,
  )
}

/** The texts of an object's member values, in order; the text must be a valid JSON object. */
function memberTexts(json: string): string[] {
  const texts: string[] = []
  let at = json.indexOf('{') + 1
  let depth = 1
  let start = -1
  while (depth > 0 && at < json.length) {
    const character = json.charAt(at)
    if (character === '"') at = endOfString(json, at)
    else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') depth -= 1
    const ends = (depth === 1 && character === ',') || depth === 0
    if (ends && start >= 0) texts.push(json.slice(start, at).trim())
    if (ends) start = -1
    if (depth === 1 && character === ':' && start < 0) start = at + 1
    at += 1
  }
  return texts
}

/** The place of the quote that closes the string which opens at `at`. */
function endOfString(json: string, at: number): number {
  let place = at + 1
  while (json.charAt(place) !== '"') place += json.charAt(place) === '\\' ? 2 : 1
  return place
}
