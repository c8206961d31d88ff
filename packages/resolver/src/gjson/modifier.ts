import { validJson } from '@sealkit/core/go'
import { type ByteString, quoteBytes } from './bytes.ts'
import { type Level, MAX_DEPTH, squashEnd, trim, trimSpace } from './path.ts'
import { type PrettyOptions, pretty, ugly } from './pretty.ts'
import { blockEnd } from './scan.ts'
import {
  arrayOf,
  booleanOf,
  exists,
  forEach,
  isArray,
  isObject,
  numberOf,
  objectOf,
  parse,
  stringOf,
  type Value,
} from './value.ts'

/** Makes another document of one; `argument` is what follows the colon. */
type Modifier = (json: ByteString, argument: ByteString, level: Level) => ByteString

const MODIFIERS: ReadonlyMap<string, Modifier> = new Map<string, Modifier>([
  ['pretty', (json, argument) => pretty(json, prettyOptions(argument))],
  ['ugly', ugly],
  ['reverse', reverse],
  ['this', (json) => json],
  ['flatten', (json, argument, { depth }) => flatten(json, flag(argument, 'deep'), depth)],
  ['join', (json, argument) => join(json, flag(argument, 'preserve'))],
  ['valid', (json) => (validJson(json) ? json : '')],
  ['keys', keys],
  ['values', values],
  ['tostr', quoteBytes],
  ['fromstr', (json) => (validJson(json) ? stringOf(parse(json)) : '')],
  ['group', group],
  ['dig', dig],
])

/** Whether `@name` is a modifier. */
export function isModifier(name: string): boolean {
  return MODIFIERS.has(name)
}

/** A document, and the path that goes on in it. */
export interface Modified {
  readonly json: ByteString
  readonly rest: ByteString
}

/** Runs the modifier at the beginning of a path (`@name`, `@name:argument`); undefined when there is none. */
export function runModifier(json: ByteString, path: ByteString, level: Level): Modified | undefined {
  const [, name = '', colon = ''] = /^@([^:|.]*)(:?)/.exec(path) ?? []
  const modifier = MODIFIERS.get(name)
  if (modifier === undefined) return undefined
  const rest = path.slice(1 + name.length + colon.length)
  const end = colon === '' ? 0 : argumentEnd(rest)
  return { json: modifier(json, rest.slice(0, end), level), rest: rest.slice(end) }
}

/** An argument is one JSON value, or everything up to a pipe outside of brackets and strings. */
function argumentEnd(text: ByteString): number {
  if (/^[[{"]/.test(text)) return squashEnd(text, 0)
  let at = 0
  while (at < text.length && text[at] !== '|') at = /^[[{"(]$/.test(text.charAt(at)) ? squashEnd(text, at) : at + 1
  return at
}

/** The literal at the beginning of a path (`!"text"`, `!true`, `!{...}`); undefined when there is none. */
export function staticValue(path: ByteString): Modified | undefined {
  if (/^!["[{+\-0-9]/.test(path)) {
    // gjson takes the first character, whatever it is, for a bracket: a string or number runs to the end of the path.
    const end = Math.min(blockEnd(path, 1), path.length)
    return { json: path.slice(1, end), rest: path.slice(end) }
  }
  const name = /^!([^|.]*)/.exec(path)?.[1] ?? ''
  return /^(?:true|false|null|nan|inf)$/i.test(name) ? { json: name, rest: path.slice(1 + name.length) } : undefined
}

/** A boolean option of a modifier's argument. */
function flag(argument: ByteString, name: string): boolean {
  let set = false
  forEach(parse(argument), (key, value) => {
    if (stringOf(key) === name) set = booleanOf(value)
    return true
  })
  return set
}

function prettyOptions(argument: ByteString): PrettyOptions {
  const options = { sortKeys: false, indent: '  ', prefix: '', width: 80 }
  forEach(parse(argument), (key, value) => {
    const name = stringOf(key)
    if (name === 'sortKeys') options.sortKeys = booleanOf(value)
    else if (name === 'indent' || name === 'prefix') options[name] = stringOf(value).replace(/[^ \t\r\n]/g, '')
    else if (name === 'width') options.width = integerOf(value)
    return true
  })
  return options
}

function integerOf(value: Value): number {
  if (value.type === 'True') return 1
  if (value.type === 'Number') return Math.trunc(numberOf(value.raw)) || 0
  return value.type === 'String' && /^-?[0-9]+$/.test(value.str) ? Number(value.str) : 0
}

function reverse(json: ByteString): ByteString {
  const value = parse(json)
  if (!isArray(value) && !isObject(value)) return json
  const parts: ByteString[] = []
  forEach(value, (key, entry) => {
    parts.push(isObject(value) ? `${key.raw}:${entry.raw}` : entry.raw)
    return true
  })
  parts.reverse()
  return isObject(value) ? objectOf(parts) : arrayOf(parts)
}

function flatten(json: ByteString, deep: boolean, depth: number): ByteString {
  const list = parse(json)
  if (!isArray(list) || depth > MAX_DEPTH) return json
  const parts: ByteString[] = []
  forEach(list, (_, value) => {
    const raw = isArray(value) ? unwrap(deep ? flatten(value.raw, deep, depth + 1) : value.raw) : value.raw
    const trimmed = trimSpace(raw)
    if (trimmed !== '') parts.push(trimmed)
    return true
  })
  return arrayOf(parts)
}

function unwrap(json: ByteString): ByteString {
  const text = trim(json)
  return text.length >= 2 && /^[[{]/.test(text) ? text.slice(1, -1) : text
}

function join(json: ByteString, preserve: boolean): ByteString {
  const list = parse(json)
  if (!isArray(list)) return json
  const parts: ByteString[] = []
  const members = new Map<ByteString, { readonly key: ByteString; raw: ByteString }>()
  forEach(list, (_, object) => {
    if (!isObject(object)) return true
    if (preserve) parts.push(unwrap(object.raw))
    else {
      forEach(object, (key, value) => {
        const member = members.get(key.str)
        if (member === undefined) members.set(key.str, { key: key.raw, raw: value.raw })
        else member.raw = value.raw
        return true
      })
    }
    return true
  })
  if (preserve) return objectOf(parts)
  return objectOf([...members.values()].map(({ key, raw }) => `${key}:${raw}`))
}

function keys(json: ByteString): ByteString {
  const value = parse(json)
  const parts: ByteString[] = []
  forEach(value, (key) => {
    parts.push(isObject(value) ? key.raw : 'null')
    return true
  })
  return arrayOf(parts)
}

function values(json: ByteString): ByteString {
  const value = parse(json)
  if (isArray(value)) return json
  const parts: ByteString[] = []
  forEach(value, (_, entry) => {
    parts.push(entry.raw)
    return true
  })
  return arrayOf(parts)
}

/** Turns an object of lists into a list of objects. */
function group(json: ByteString): ByteString {
  const object = parse(json)
  if (!isObject(object)) return ''
  const rows: ByteString[][] = []
  forEach(object, (key, list) => {
    if (!isArray(list)) return true
    let index = 0
    forEach(list, (_, value) => {
      const row = rows[index] ?? []
      rows[index] = row
      row.push(`${key.raw}:${value.raw}`)
      index += 1
      return true
    })
    return true
  })
  return arrayOf(rows.map(objectOf))
}

/** What a path finds in the document itself and in everything below it. */
function dig(json: ByteString, path: ByteString, { depth, find }: Level): ByteString {
  const parts: ByteString[] = []
  const descend = (parent: Value, level: number): void => {
    const result = find(parent.raw, path, level)
    if (exists(result)) parts.push(result.raw)
    if (level > MAX_DEPTH || (!isArray(parent) && !isObject(parent))) return
    forEach(parent, (_, value) => {
      descend(value, level + 1)
      return true
    })
  }
  descend(parse(json), depth + 1)
  return arrayOf(parts)
}
