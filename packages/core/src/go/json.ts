import { CoreError } from '../error.ts'
import { compareUtf8 } from './utf8.ts'

/** How {@link quoteJson} and {@link marshalJson} escape. */
export interface JsonEscapes {
  /** Also write `<`, `>` and `&` as `\u003c` and so on; Go's `json.Marshal` does (default true). */
  readonly escapeHtml?: boolean
}

/** How {@link marshalJson} lays a value out. */
export interface JsonLayout extends JsonEscapes {
  /** As the indent of Go's `json.MarshalIndent`: one entry a line, `": "` after keys. Absent: compact. */
  readonly indent?: string
  /** Sort the keys bytewise as Go does for a map (default), or keep their order as Go does for a struct. */
  readonly sortKeys?: boolean
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

// In a pattern with the flag `u` only a lone surrogate is a character of its own. The plain one is several times faster
// and comes first, because most strings hold nothing special.
const PERHAPS_SPECIAL = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/
const SPECIAL = /["\\\u0000-\u001f\u2028\u2029\ud800-\udfff]/gu
const SPECIAL_OR_HTML = /["\\<>&\u0000-\u001f\u2028\u2029\ud800-\udfff]/gu

/**
 * A JSON string literal with the escapes of Go's `encoding/json`: `\b \f \n \r \t`, other control characters, U+2028 and
 * U+2029 as `\uNNNN`, what is no UTF-8 as `\ufffd`, and unless switched off `<`, `>`, `&`. DEL and everything else stays.
 */
export function quoteJson(text: string, options: JsonEscapes = {}): string {
  if (!PERHAPS_SPECIAL.test(text)) return `"${text}"`
  return `"${text.replace(options.escapeHtml === false ? SPECIAL : SPECIAL_OR_HTML, escapeCharacter)}"`
}

function escapeCharacter(character: string): string {
  const short = ESCAPES[character]
  if (short !== undefined) return short
  const code = character.charCodeAt(0)
  return code >= 0xd800 && code <= 0xdfff ? '\\ufffd' : `\\u${code.toString(16).padStart(4, '0')}`
}

/**
 * A double as Go's `encoding/json` writes it: as JavaScript does (an exponent below 1e-6 and from 1e21 on), but for
 * negative zero, which stays `-0`.
 *
 * @throws CoreError `UNSUPPORTED_VALUE` for NaN and infinities
 */
export function formatJsonFloat(value: number): string {
  if (Object.is(value, -0)) return '-0'
  if (Number.isFinite(value)) return String(value)
  const text = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  throw new CoreError('UNSUPPORTED_VALUE', 'JSON cannot hold NaN or an infinite number', {
    upstream: `json: unsupported value: ${text}`,
  })
}

/**
 * Writes a value as Go's `json.Marshal` (or `MarshalIndent`) does: keys sorted bytewise, no spaces, HTML escaped.
 *
 * Objects are plain objects or Maps with string keys (members that are `undefined` are left out); `bigint` is an
 * integer, `Uint8Array` is base64 as Go's `[]byte`, `Date` is RFC 3339.
 *
 * @throws CoreError `UNSUPPORTED_VALUE` for NaN, infinities, functions and symbols, and for nesting deeper than 10000
 */
export function marshalJson(value: unknown, layout: JsonLayout = {}): string {
  const stack: Composite[] = []
  let text = ''
  let current = value
  for (;;) {
    const scalar = scalarText(layout, current)
    if (scalar !== undefined) text += scalar
    else {
      const composite = open(layout, current as object)
      text += composite.values.length === 0 ? composite.open + composite.close : composite.open
      if (composite.values.length > 0) stack.push(composite)
      if (stack.length > MAX_DEPTH) throw tooDeep()
    }
    // An explicit stack instead of recursion: the depth is the input's.
    for (;;) {
      const top = stack.at(-1)
      if (top === undefined) return text
      if (top.index < top.values.length) {
        text += (top.index === 0 ? '' : ',') + lineBreak(layout, stack.length)
        if (top.keys !== undefined) text += memberKey(layout, top.keys[top.index] ?? '')
        current = top.values[top.index++]
        break
      }
      stack.pop()
      text += lineBreak(layout, stack.length) + top.close
    }
  }
}

const MAX_DEPTH = 10000

function tooDeep(): CoreError {
  return new CoreError('UNSUPPORTED_VALUE', `a value is nested deeper than ${MAX_DEPTH}`)
}

/** A list or an object that is being written; `index` is the next entry. */
interface Composite {
  readonly open: string
  readonly close: string
  readonly keys: readonly string[] | undefined
  readonly values: readonly unknown[]
  index: number
}

function open(layout: JsonLayout, value: object): Composite {
  if (Array.isArray(value)) return { open: '[', close: ']', keys: undefined, values: value, index: 0 }
  const member = (key: string): unknown =>
    value instanceof Map ? value.get(key) : (value as Readonly<Record<string, unknown>>)[key]
  const all: string[] = value instanceof Map ? [...value.keys()] : Object.keys(value)
  const keys = all.filter((key) => member(key) !== undefined)
  if (layout.sortKeys !== false) keys.sort(compareUtf8)
  return { open: '{', close: '}', keys, values: keys.map(member), index: 0 }
}

function lineBreak(layout: JsonLayout, depth: number): string {
  return layout.indent === undefined ? '' : `\n${layout.indent.repeat(depth)}`
}

function memberKey(layout: JsonLayout, key: string): string {
  return `${quoteJson(key, layout)}${layout.indent === undefined ? ':' : ': '}`
}

function scalarText(layout: JsonLayout, value: unknown): string | undefined {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return quoteJson(value, layout)
  if (typeof value === 'number') return formatJsonFloat(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value !== 'object') {
    throw new CoreError('UNSUPPORTED_VALUE', `JSON cannot hold a ${typeof value}`)
  }
  if (value instanceof Uint8Array) return `"${base64(value)}"`
  if (value instanceof Date) return quoteJson(value.toISOString().replace(/\.?0*Z$/, 'Z'))
  return undefined
}

function base64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
