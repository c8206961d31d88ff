import type { ByteString } from './bytes.ts'
import { blockEnd, CODE, stringEnd } from './scan.ts'
import { unescaped, type Value } from './value.ts'

/**
 * How many levels a path may descend, counting objects, arrays, queries and modifiers together. gjson has no limit
 * but memory; what is deeper is missing here.
 */
export const MAX_DEPTH = 1000

/** How deep in a search a modifier or a multipath is, and what it searches with below. */
export interface Level {
  readonly depth: number
  find(json: ByteString, path: ByteString, depth: number): Value
}

/** Whether a modifier of that name exists. */
export type IsModifier = (name: string) => boolean

/** What every component of a path has: itself, and either a rest below it (`more`) or a pipe behind it. */
export interface Component {
  readonly part: ByteString
  readonly rest: ByteString
  readonly more: boolean
  /** What the found value is piped into; undefined where nothing is. */
  readonly pipe: ByteString | undefined
}

/** A component as an object reads it: a key, perhaps with wildcards. */
export interface KeyComponent extends Component {
  readonly wild: boolean
}

/** A component as an array reads it: an index, `#`, or a query. */
export interface ArrayComponent extends Component {
  /** The component holds a `#`, so that it is no index. */
  readonly hash: boolean
  /** The path below `#.`, which every element is asked for. */
  readonly each: ByteString | undefined
  readonly query: Query | undefined
}

/** `#(path op value)`, or `#(...)#` for all elements. */
export interface Query {
  readonly path: ByteString
  readonly op: string
  readonly value: ByteString
  readonly all: boolean
}

/** Splits the first component off a path for an object; backslashes escape the next character. */
export function keyComponent(path: ByteString, isModifier: IsModifier): KeyComponent {
  let part = ''
  let wild = false
  let escaping = false
  let start = 0
  for (let at = 0; at < path.length; at++) {
    const character = path[at]
    if (character === '|') return { part: part + path.slice(start, at), wild, ...piped(path, at) }
    if (character === '.') return { part: part + path.slice(start, at), wild, ...below(path, at, isModifier) }
    if (character === '*' || character === '?') wild = true
    else if (character === '\\') {
      part += path.slice(start, at)
      start = at + 1
      at += 1
      escaping = true
    }
  }
  return { part: escaping ? part + path.slice(start) : path, wild, ...LAST }
}

const LAST = { rest: '', more: false, pipe: undefined } as const

function piped(path: ByteString, at: number): Omit<Component, 'part'> {
  return { rest: '', more: false, pipe: path.slice(at + 1) }
}

/** After a dot comes the rest, but for a modifier or a multipath, which work on the whole value as behind a pipe. */
function below(path: ByteString, at: number, isModifier: IsModifier): Omit<Component, 'part'> {
  const rest = path.slice(at + 1)
  return rest !== '' && startsPipe(rest, isModifier) ? piped(path, at) : { rest, more: true, pipe: undefined }
}

function startsPipe(rest: ByteString, isModifier: IsModifier): boolean {
  if (rest.startsWith('@')) return isModifier(/^@([^.|:]*)/.exec(rest)?.[1] ?? '')
  return rest.startsWith('[') || rest.startsWith('{')
}

/** Splits the first component off a path for an array. Nothing is escaped here but in a query. */
export function arrayComponent(path: ByteString, isModifier: IsModifier): ArrayComponent {
  let hash = false
  let each: ByteString | undefined
  let query: Query | undefined
  for (let at = 0; at < path.length; at++) {
    const character = path[at]
    if (character === '|') return { part: path.slice(0, at), hash, each, query, ...piped(path, at) }
    if (character === '.') {
      const rest = hash ? { rest: path.slice(at + 1), more: true, pipe: undefined } : below(path, at, isModifier)
      return { part: path.slice(0, at), hash, each, query, ...rest }
    }
    if (character !== '#') continue
    hash = true
    if (at > 0 || path.length < 2) continue
    if (path[1] === '.') each = path.slice(2)
    else if (path[1] === '[' || path[1] === '(') {
      query = { path: '', op: '', value: '', all: false }
      const parsed = parseQuery(path)
      // A query that is not closed ends the path.
      if (parsed === undefined) break
      query = { ...parsed.query, all: path[parsed.end] === '#' }
      at = parsed.end - 1
    }
  }
  return { part: path, hash, each, query, ...LAST }
}

/** Parses the query at the beginning of a path; `end` is the offset after its closing bracket. */
function parseQuery(path: ByteString): { readonly query: Omit<Query, 'all'>; readonly end: number } | undefined {
  let operator = 0
  let depth = 1
  let escapes = false
  let at = 2
  for (; at < path.length; at++) {
    const character = path.charAt(at)
    if (depth === 1 && operator === 0 && /[!=<>%]/.test(character)) operator = at
    else if (character === '\\') at += 1
    else if (character === '[' || character === '(') depth += 1
    else if (character === ']' || character === ')') {
      depth -= 1
      if (depth === 0) break
    } else if (character === '"') {
      for (at += 1; at < path.length && path[at] !== '"'; at++) {
        if (path[at] === '\\') {
          escapes = true
          at += 1
        }
      }
    }
  }
  if (depth > 0) return undefined
  if (operator === 0) return { query: { path: trim(path.slice(2, at)), op: '', value: '' }, end: at + 1 }
  const test = trim(path.slice(operator, at))
  return { query: { path: trim(path.slice(2, operator)), ...comparison(test, escapes) }, end: at + 1 }
}

/** Splits `>=10` or `=="text"`; `==` is `=`. */
function comparison(test: ByteString, escapes: boolean): { readonly op: string; readonly value: ByteString } {
  const text = test.length > 1 && test.startsWith('==') ? test.slice(1) : test
  // A "!" before anything else is no operator: then all of it is the value.
  const op = text.length === 1 ? text : (/^(?:!=|!%|<=|>=|[<>=%])/.exec(text)?.[0] ?? '')
  const value = trim(text.slice(op.length))
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return { op, value }
  const inside = value.slice(1, -1)
  return { op, value: escapes ? unescaped(inside) : inside }
}

/** Takes spaces and control characters off both ends. */
export function trim(text: ByteString): ByteString {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= CODE.space) start += 1
  while (end > start && text.charCodeAt(end - 1) <= CODE.space) end -= 1
  return text.slice(start, end)
}

const LAST_SPACE = /(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2(?:\x80[\x80-\x8a\xa8\xa9\xaf]|\x81\x9f)|\xe3\x80\x80)$/
const FIRST_SPACES =
  /^(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2(?:\x80[\x80-\x8a\xa8\xa9\xaf]|\x81\x9f)|\xe3\x80\x80)+/

/** Takes white space of any script off both ends (Go's `strings.TrimSpace`). */
export function trimSpace(text: ByteString): ByteString {
  let end = text.length
  for (;;) {
    const size = LAST_SPACE.exec(text.slice(Math.max(0, end - 3), end))?.[0].length ?? 0
    if (size === 0) return text.slice(0, end).replace(FIRST_SPACES, '')
    end -= size
  }
}

/** Splits a path at its first pipe outside of queries (or behind a leading multipath); undefined without one. */
export function splitPipe(path: ByteString): readonly [left: ByteString, right: ByteString] | undefined {
  if (!path.includes('|')) return undefined
  if (path.startsWith('{')) {
    const end = squashEnd(path, 1)
    return end < path.length && path[end] === '|' ? [path.slice(0, end), path.slice(end + 1)] : undefined
  }
  for (let at = 0; at < path.length; at++) {
    const character = path[at]
    if (character === '\\') at += 1
    else if (character === '|') return [path.slice(0, at), path.slice(at + 1)]
    else if (character === '.') {
      if (at === path.length - 1) return undefined
      if (path[at + 1] !== '#') continue
      at += 2
      if (at === path.length) return undefined
      if (path[at] === '[' || path[at] === '(') at = selectorEnd(path, at)
    }
  }
  return undefined
}

/** The offset of the bracket that closes the query whose opening one is at `start`. */
function selectorEnd(path: ByteString, start: number): number {
  const open = path[start]
  const close = open === '[' ? ']' : ')'
  let depth = 1
  let at = start + 1
  for (; at < path.length; at++) {
    const character = path[at]
    if (character === '\\') at += 1
    else if (character === open) depth += 1
    else if (character === close) {
      depth -= 1
      if (depth === 0) return at
    } else if (character === '"') at = quotedEnd(path, at)
  }
  return at
}

/** The offset of the quote that ends a string in a path, or the path's length. */
function quotedEnd(path: ByteString, start: number): number {
  let at = start + 1
  while (at < path.length && path[at] !== '"') at += path[at] === '\\' ? 2 : 1
  return at
}

/** The offset after the block or string at `start` (`squash`), at most the text's length. */
export function squashEnd(text: ByteString, start: number): number {
  if (text.charCodeAt(start) !== CODE.quote) return Math.min(blockEnd(text, start), text.length)
  const end = stringEnd(text, start + 1)
  return end < 0 ? text.length : end
}

/** One member of a multipath: its name in `{...}`, where it has one, and its path. */
export interface Selector {
  readonly name: ByteString
  readonly path: ByteString
}

/** The members of a multipath `[a,b]` or `{"x":a,b}` and what follows it; undefined where it is not closed. */
export function selectors(path: ByteString): { readonly members: Selector[]; readonly rest: ByteString } | undefined {
  const members: Selector[] = []
  let depth = 1
  let modifier = false
  let colon = 0
  let start = 1
  const push = (end: number): void => {
    const name = colon === 0 ? '' : path.slice(start, colon)
    members.push({ name, path: path.slice(colon === 0 ? start : colon + 1, end) })
    colon = 0
    modifier = false
    start = end + 1
  }
  for (let at = 1; at < path.length; at++) {
    const character = path.charAt(at)
    if (character === '\\') at += 1
    else if (character === '@') modifier ||= path[at - 1] === '.' || path[at - 1] === '|'
    else if (character === ':' && !modifier && colon === 0 && depth === 1) colon = at
    else if (character === ',' && depth === 1) push(at)
    else if (character === '"') at = quotedEnd(path, at)
    else if (character === '[' || character === '(' || character === '{') depth += 1
    else if (character === ']' || character === ')' || character === '}') {
      depth -= 1
      if (depth > 0) continue
      push(at)
      return { members, rest: path.slice(at + 1) }
    }
  }
  return undefined
}

/** The name that a member without one gets: the last component of its path. */
export function lastName(path: ByteString): ByteString {
  for (let at = path.length - 1; at >= 0; at--) {
    const character = path[at]
    if ((character === '|' || character === '.') && path[at - 1] !== '\\') return path.slice(at + 1)
  }
  return path
}

/** Whether a component can name a member as it stands. */
export function isSimpleName(component: ByteString): boolean {
  return !/[\0-\x1f[\]{}()#|!]/.test(component)
}
