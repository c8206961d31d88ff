import { formatFloat, NumberError, parseFloat64 } from '@sealkit/core/go'
import type { ByteString } from './bytes.ts'
import { CODE, KIND, stringEnd, valueEnd, valueKind, valueStart } from './scan.ts'

/** The types of gjson, in its order. A missing value has the type `Null`. */
export type ValueType = 'Null' | 'False' | 'Number' | 'String' | 'True' | 'JSON'

/** A value as it stands in a document. */
export interface Value {
  readonly type: ValueType
  /** The bytes of the document, or of a result that was put together; empty for what is missing. */
  readonly raw: ByteString
  /** The unescaped bytes of a string. */
  readonly str: ByteString
}

/** What is not there. */
export const MISSING: Value = { type: 'Null', raw: '', str: '' }

/** An object, an array, or garbage that begins like one. */
export function jsonValue(raw: ByteString): Value {
  return { type: 'JSON', raw, str: '' }
}

/** The text of an array of some elements. */
export function arrayOf(elements: readonly ByteString[]): ByteString {
  return enclosed('[', elements, ']')
}

/** The text of an object of some members, `"key":value` each. */
export function objectOf(members: readonly ByteString[]): ByteString {
  return enclosed('{', members, '}')
}

function enclosed(open: string, parts: readonly ByteString[], close: string): ByteString {
  if (parts.length === 0) return open + close
  // Brackets put around a text that is already joined would make the engine copy it once more.
  const last = parts.length - 1
  return parts.map((part, at) => (at === 0 ? open : '') + part + (at === last ? close : '')).join(',')
}

/** A string from its literal. */
function stringValue(raw: ByteString): Value {
  const inside = raw.slice(1, -1)
  return { type: 'String', raw, str: inside.includes('\\') ? unescaped(inside) : inside }
}

/** A value of letters: `true`, `false`, else null. */
function literalValue(raw: ByteString): Value {
  return { type: raw.startsWith('t') ? 'True' : raw.startsWith('f') ? 'False' : 'Null', raw, str: '' }
}

/** A number, or whatever begins like one. */
export function numberValue(raw: ByteString): Value {
  return { type: 'Number', raw, str: '' }
}

/** Whether a value is there (`Exists`): `null` is. */
export function exists(value: Value): boolean {
  return value.type !== 'Null' || value.raw !== ''
}

/** Whether a value is an array, or begins like one. */
export function isArray(value: Value): boolean {
  return value.type === 'JSON' && value.raw.startsWith('[')
}

/** Whether a value is an object, or begins like one. */
export function isObject(value: Value): boolean {
  return value.type === 'JSON' && value.raw.startsWith('{')
}

/** The number that a value's bytes are: Go's `ParseFloat` with its error ignored. */
export function numberOf(raw: ByteString): number {
  if (/^-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?$/.test(raw)) return Number(raw)
  try {
    return parseFloat64(raw)
  } catch (error) {
    if (error instanceof NumberError && typeof error.value === 'number') return error.value
    throw error
  }
}

/** A value as text (`String`): strings unescaped, whole numbers digit by digit, others as `f` floats, JSON raw. */
export function stringOf(value: Value): ByteString {
  switch (value.type) {
    case 'False':
      return 'false'
    case 'True':
      return 'true'
    case 'String':
      return value.str
    case 'JSON':
      return value.raw
    case 'Number':
      return /^-?[0-9]*$/.test(value.raw) ? value.raw : formatFloat(numberOf(value.raw), 'f')
    default:
      return ''
  }
}

/** A value as a boolean (`Bool`). */
export function booleanOf(value: Value): boolean {
  if (value.type === 'String') return /^(?:1|t|true)$/i.test(value.str)
  if (value.type === 'Number') return numberOf(value.raw) !== 0
  return value.type === 'True'
}

/**
 * The value at the beginning of a text (`Parse`). What follows it is not looked at, and an object or array is taken to
 * the end of the text.
 */
export function parse(json: ByteString): Value {
  let at = 0
  while (at < json.length && json.charCodeAt(at) <= CODE.space) at += 1
  const kind = at < json.length ? valueKind(json, at) : KIND.none
  if (kind === KIND.none) return MISSING
  if (kind === KIND.object || kind === KIND.array) return jsonValue(json.slice(at))
  if (kind === KIND.string) return leadingString(json, at)
  return valueOfKind(kind, json.slice(at, valueEnd(json, at, kind)))
}

function leadingString(json: ByteString, at: number): Value {
  const end = stringEnd(json, at + 1)
  if (end >= 0) return stringValue(json.slice(at, end))
  const raw = json.slice(at)
  const inside = raw.slice(1)
  return { type: 'String', raw, str: inside.includes('\\') ? unescaped(inside) : inside }
}

/** The value of a kind that a stretch of a document is. */
export function valueOfKind(kind: number, raw: ByteString): Value {
  if (kind === KIND.string) return stringValue(raw)
  if (kind === KIND.literal) return literalValue(raw)
  return kind === KIND.number ? numberValue(raw) : jsonValue(raw)
}

/** The first value at or after an offset (`parseAny`) and the offset after it; no value when there is none. */
export function nextValue(json: ByteString, from: number): { readonly value: Value | undefined; readonly end: number } {
  const at = valueStart(json, from)
  const kind = valueKind(json, at)
  const end = at < json.length ? valueEnd(json, at, kind) : -1
  if (end < 0) return { value: undefined, end: json.length }
  return { value: valueOfKind(kind, json.slice(at, end)), end }
}

/**
 * Calls back for every entry of an object (with its key) or array (with a missing key), until the callback says false;
 * any other value is one entry of itself (`ForEach`).
 */
export function forEach(value: Value, entry: (key: Value, value: Value) => boolean): void {
  if (!exists(value)) return
  if (value.type !== 'JSON') {
    entry(MISSING, value)
    return
  }
  const { raw } = value
  const inObject = raw.startsWith('{')
  for (let at = 1; at < raw.length; at++) {
    let key = MISSING
    if (inObject) {
      if (raw.charCodeAt(at) !== CODE.quote) continue
      const end = stringEnd(raw, at + 1)
      if (end < 0) return
      key = stringValue(raw.slice(at, end))
      at = end
    }
    const next = nextValue(raw, at)
    if (next.value === undefined || !entry(key, next.value)) return
    at = next.end
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
}

/** Unescapes the inside of a string literal; at a control character or a broken escape the rest is lost. */
export function unescaped(inside: ByteString): ByteString {
  let out = ''
  for (let at = 0; at < inside.length; at++) {
    const character = inside.charAt(at)
    if (character < ' ') return out
    if (character !== '\\') {
      out += character
      continue
    }
    at += 1
    const letter = inside.charAt(at)
    const simple = ESCAPED[letter]
    if (simple !== undefined) out += simple
    else {
      if (letter !== 'u' || at + 5 > inside.length) return out
      let code = hexadecimal(inside, at + 1)
      at += 4
      if (code >= 0xd800 && code <= 0xdfff && inside.length - at - 1 >= 6 && inside.startsWith('\\u', at + 1)) {
        code = pair(code, hexadecimal(inside, at + 3))
        at += 6
      }
      out += utf8(code)
    }
  }
  return out
}

function hexadecimal(text: ByteString, at: number): number {
  const digits = text.slice(at, at + 4)
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : 0
}

function pair(high: number, low: number): number {
  const fits = high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff
  return fits ? (high - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000 : 0xfffd
}

function utf8(code: number): ByteString {
  if (code < 0x80) return String.fromCharCode(code)
  const scalar = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code
  return Buffer.from(String.fromCodePoint(scalar), 'utf8').toString('latin1')
}
