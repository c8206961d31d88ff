import type { ByteString } from './bytes.ts'
import { matchPattern } from './match.ts'
import { isModifier, runModifier, staticValue } from './modifier.ts'
import { multipath } from './multipath.ts'
import { type ArrayComponent, arrayComponent, type KeyComponent, keyComponent, MAX_DEPTH, splitPipe } from './path.ts'
import { queryMatches } from './query.ts'
import { CODE, KIND, stringEnd, valueEnd, valueKind, valueStart } from './scan.ts'
import {
  arrayOf,
  exists,
  jsonValue,
  MISSING,
  nextValue,
  numberValue,
  parse,
  stringOf,
  unescaped,
  type Value,
  valueOfKind,
} from './value.ts'

/** Finds the value at a path (`Get`); `depth` counts the levels of the search that this one is part of. */
export function find(document: ByteString, wholePath: ByteString, depth: number = 0): Value {
  let json = document
  let path = wholePath
  if (depth > MAX_DEPTH) return MISSING
  for (;;) {
    const step = path.length > 1 ? leading(json, path, depth) : undefined
    if (step !== undefined && 'value' in step) return step.value
    if (step?.json !== undefined) {
      json = step.json
      path = step.path
      continue
    }
    path = step?.path ?? path
    const search: Search = { json, at: 0, value: MISSING, pipe: undefined, depth }
    locate(search, path)
    if (search.pipe === undefined) return search.value
    json = search.value.raw
    path = search.pipe
  }
}

/** What the beginning of a path comes to: a value, a document with the path that goes on in it, or another path. */
type Step = { readonly value: Value } | { readonly json: ByteString | undefined; readonly path: ByteString }

/** Runs a modifier, literal or multipath at the beginning of a path; undefined where there is none. */
function leading(json: ByteString, path: ByteString, depth: number): Step | undefined {
  const first = path[0]
  if (first === '@' || first === '!') {
    const done = first === '@' ? runModifier(json, path, { depth, find }) : staticValue(path)
    if (done === undefined) return undefined
    return /^[|.]/.test(done.rest) ? { json: done.json, path: done.rest.slice(1) } : { value: parse(done.json) }
  }
  if (first !== '[' && first !== '{') return undefined
  const done = multipath(json, path, { depth, find })
  if (done.json === undefined) return { json: undefined, path: done.rest }
  return done.rest === '' ? { value: jsonValue(done.json) } : { json: done.json, path: done.rest.slice(1) }
}

/** A search on its way through a document. */
interface Search {
  readonly json: ByteString
  /** The offset that has been reached. */
  at: number
  /** What has been found. */
  value: Value
  /** What it is to be piped into. */
  pipe: ByteString | undefined
  depth: number
}

function locate(search: Search, path: ByteString): void {
  if (path.startsWith('..')) {
    searchArray(search, path.slice(2))
    return
  }
  const { json } = search
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code !== CODE.openBrace && code !== CODE.openBracket) continue
    search.at = at + 1
    if (code === CODE.openBrace) searchObject(search, path)
    else searchArray(search, path)
    return
  }
}

// A path is read once for all elements of an array that it is asked of. Paths are configuration; no document is kept.
const keyComponents = new Map<ByteString, KeyComponent>()
const arrayComponents = new Map<ByteString, ArrayComponent>()
const MOST_REMEMBERED = 100

function remembered<Parsed>(
  known: Map<ByteString, Parsed>,
  path: ByteString,
  parsePath: (path: ByteString, isModifier: (name: string) => boolean) => Parsed,
): Parsed {
  let component = known.get(path)
  if (component === undefined) {
    component = parsePath(path, isModifier)
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(path, component)
  }
  return component
}

/** Searches the inside of an object; true when the value is found, which then is in `search.value`. */
function searchObject(search: Search, path: ByteString): boolean {
  const component = remembered(keyComponents, path, keyComponent)
  if (component.pipe !== undefined) search.pipe = component.pipe
  const { json } = search
  while (search.at < json.length) {
    const mark = keyMark(json, search.at)
    if (json.charCodeAt(mark) === CODE.closeBrace) {
      search.at = mark + 1
      return false
    }
    const end = mark < json.length ? stringEnd(json, mark + 1) : -1
    if (end < 0) {
      search.at = json.length
      return false
    }
    search.at = valueStart(json, end)
    // Unescaping only makes a key shorter: most keys need not be looked at.
    const mayMatch = component.wild || end - mark - 2 >= component.part.length
    const matches = mayMatch && keyMatches(component, json.slice(mark + 1, end - 1))
    if (visit(search, { matches, hit: matches && !component.more, rest: component.rest })) return true
  }
  return false
}

/** The offset of the next quote or closing brace, or the end. */
function keyMark(json: ByteString, from: number): number {
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === CODE.quote || code === CODE.closeBrace) return at
  }
  return json.length
}

function keyMatches({ part, wild }: KeyComponent, raw: ByteString): boolean {
  const key = raw.includes('\\') ? unescaped(raw) : raw
  return wild ? matchPattern(key, part) : key === part
}

/** How a component stands to one entry: it names it, and then the path either ends there or goes on below. */
interface Visit {
  readonly matches: boolean
  readonly hit: boolean
  readonly rest: ByteString
}

/** Takes, enters or skips the value at the search's offset; true when what is searched for is found. */
function visit(search: Search, { matches, hit, rest }: Visit): boolean {
  const { json, at } = search
  const kind = valueKind(json, at)
  if (matches && !hit && (kind === KIND.object || kind === KIND.array) && search.depth < MAX_DEPTH) {
    search.at = at + 1
    search.depth += 1
    const found = kind === KIND.object ? searchObject(search, rest) : searchArray(search, rest)
    search.depth -= 1
    return found
  }
  const end = valueEnd(json, at, kind)
  search.at = end < 0 ? json.length : end
  if (!hit || end < 0 || kind === KIND.none) return false
  search.value = valueOfKind(kind, json.slice(at, end))
  return true
}

/** What a search keeps while it goes through an array. */
interface Elements {
  readonly component: ArrayComponent
  /** The path below the elements that a query finds, without the pipe that may be in it. */
  rest: ByteString
  /** What a query for all has found. */
  readonly found: ByteString[]
  /** Where each element begins and ends, for `#.path`. */
  readonly spans: number[]
}

/** Searches the inside of an array; as {@link searchObject}. */
function searchArray(search: Search, path: ByteString): boolean {
  const component = remembered(arrayComponents, path, arrayComponent)
  if (component.pipe !== undefined) search.pipe = component.pipe
  const elements: Elements = { component, rest: component.rest, found: [], spans: [] }
  const index = component.hash ? -1 : indexOf(component.part)
  const { json } = search
  for (let count = 0; search.at <= json.length; count++) {
    const from = search.at
    const at = elementStart(json, from)
    search.at = at
    // The end of the text closes every array.
    if (at >= json.length || json.charCodeAt(at) === CODE.closeBracket) return closeArray(search, elements, from, count)
    if (component.query === undefined) {
      const matches = index === count
      if (visit(search, { matches, hit: matches && !component.more, rest: component.rest })) return true
    } else if (ask(search, elements)) return true
    if (component.each !== undefined) elements.spans.push(at, search.at)
    if (search.at === json.length && valueKind(json, at) === KIND.string && stringEnd(json, at + 1) < 0) return false
  }
  return false
}

function elementStart(json: ByteString, from: number): number {
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === CODE.closeBracket || valueKind(json, at) !== KIND.none) return at
  }
  return json.length
}

/** An index is digits only, and overflows as Go's uint64 does. */
function indexOf(part: ByteString): number {
  if (!/^[0-9]+$/.test(part)) return -1
  return part.length < 16 ? Number(part) : Number(BigInt.asIntN(64, BigInt(part)))
}

/** Asks the query of the element at the search's offset; true when it is the first that fits. */
function ask(search: Search, elements: Elements): boolean {
  const { json, at } = search
  const { component, found } = elements
  const { query } = component
  const kind = valueKind(json, at)
  const end = valueEnd(json, at, kind)
  search.at = end < 0 ? json.length : end
  if (end < 0 || query === undefined) return false
  const element = valueOfKind(kind, json.slice(at, end))
  if (element.type !== 'JSON' && query.path !== '') return false
  const asked = element.type === 'JSON' ? find(element.raw, query.path, search.depth + 1) : element
  if (!queryMatches(query, asked)) return false
  const result = component.more ? find(element.raw, restWithoutPipe(search, elements), search.depth + 1) : element
  if (!query.all) {
    search.value = result
    return true
  }
  const raw = result.raw === '' ? stringOf(result) : result.raw
  if (raw !== '') found.push(raw)
  return false
}

function restWithoutPipe(search: Search, elements: Elements): ByteString {
  const split = splitPipe(elements.rest)
  if (split !== undefined) {
    elements.rest = split[0]
    search.pipe = split[1]
  }
  return elements.rest
}

/** What an array comes to at its end: the number of its elements, a part of each, or what a query found. */
function closeArray(search: Search, elements: Elements, last: number, count: number): boolean {
  const { hash, part, each, query } = elements.component
  search.at += 1
  if (hash && part === '#') {
    search.value = each === undefined ? numberValue(String(count)) : partOfEach(search, elements.spans, last, each)
    return true
  }
  if (query?.all === true && !exists(search.value)) search.value = jsonValue(arrayOf(elements.found))
  return false
}

function partOfEach(search: Search, spans: readonly number[], last: number, each: ByteString): Value {
  const { json } = search
  const split = splitPipe(each)
  if (split !== undefined) search.pipe = split[1]
  const path = split === undefined ? each : split[0]
  const parts: ByteString[] = []
  const add = (raw: ByteString): void => {
    const result = find(raw, path, search.depth + 1)
    if (exists(result)) parts.push(result.raw === '' ? stringOf(result) : result.raw)
  }
  for (let index = 0; index < spans.length; index += 2) add(json.slice(spans[index], spans[index + 1]))
  // After a comma that nothing follows gjson takes the next value of the document, behind the array.
  const stray = strayElement(json, last)
  if (stray !== undefined) add(stray.raw)
  return jsonValue(arrayOf(parts))
}

function strayElement(json: ByteString, last: number): Value | undefined {
  let at = last
  while (/^[ \t\r\n]$/.test(json.charAt(at))) at += 1
  return at >= json.length || json[at] === ']' ? undefined : nextValue(json, at).value
}
