import { failure } from '../error.ts'
import { ANY, compareBytes, isTrue, kindOf, List, list, strings, type Value } from '../value.ts'
import type { Cast } from './cast.ts'
import { deepEqual } from './equal.ts'
import { type Context, type FunctionRow, type RowTail, rows } from './row.ts'
import { appendedCapacity, grownCapacity } from './slicing.ts'
import { NIL_POINTER, textOf, textsOf } from './text.ts'

/** Bytes of an interface value in a Go slice. */
const INTERFACE = 16

/** sprig's list functions; those with `must` in front report as errors what the others panic with, which is the same here. */
export function listFunctions(cast: Cast): FunctionRow[] {
  const slice = (args: readonly Value[]): Value => sliceList(args, cast)
  return rows('Lists', [
    ['list(...any) []any', (args) => list(args), 'A list of the arguments.', 'list 1 2 3'],
    ['tuple(...any) []any', (args) => list(args), 'A list of the arguments.', 'tuple 1 2 3'],
    ...both('append(any, any) []any', push, 'The list with one more element at its end.', 'append (list 1 2) 3'),
    ...both('push(any, any) []any', push, 'The list with one more element at its end.', 'push (list 1 2) 3'),
    ...both('prepend(any, any) []any', prepend, 'The list with one more element in front.', 'prepend (list 1 2) 0'),
    ...both('chunk(int, any) [][]any', chunk, 'The list in lists of a length.', 'chunk 2 (list 1 2 3)'),
    ...both(
      'first(any) any',
      ([value]) => itemsOf(value, 'find first on').items[0] ?? null,
      'The first element.',
      'first (list 1 2)',
    ),
    ...both(
      'last(any) any',
      ([value]) => itemsOf(value, 'find last on').items.at(-1) ?? null,
      'The last element.',
      'last (list 1 2)',
    ),
    ...both(
      'rest(any) []any',
      ([value]) => without(value, 'find rest on', 1, 0),
      'All elements but the first.',
      'rest (list 1 2 3)',
    ),
    ...both(
      'initial(any) []any',
      ([value]) => without(value, 'find initial on', 0, 1),
      'All elements but the last.',
      'initial (list 1 2 3)',
    ),
    ...both(
      'reverse(any) []any',
      ([value]) => list(itemsOf(value, 'find reverse on').items.toReversed()),
      'The elements in reverse order.',
      'reverse (list 1 2)',
    ),
    ...both(
      'compact(any) []any',
      ([value]) => appended(itemsOf(value, 'compact on').items.filter(isTrue)),
      'The elements that are not empty.',
      'compact (list 1 "" 2)',
    ),
    ...both(
      'uniq(any) []any',
      ([value], context) => uniq(itemsOf(value, 'find uniq on').items, context),
      'Each element once.',
      'uniq (list 1 1 2)',
    ),
    ...both('without(any, ...any) []any', exclude, 'The list without the given elements.', 'without (list 1 2 3) 2'),
    ...both('has(any, any) bool', has, 'Whether a list holds an element.', 'has 4 (list 1 2 3)'),
    ...both('slice(any, ...any) any', slice, 'The elements from a start to an end.', 'slice (list 1 2 3) 1 2'),
    ['concat(...any) any', concat, 'The elements of all lists in one.', 'concat (list 1) (list 2 3)'],
    ['sortAlpha(any) []string', sortAlpha, 'The elements as texts, sorted by their bytes.', 'sortAlpha (list "b" "a")'],
  ])
}

function both(signature: string, run: FunctionRow['run'], doc: string, example: string): RowTail[] {
  // These compare every element with many others.
  const cost = /^(?:uniq|without|has)/.test(signature) ? 'heavy' : 'cheap'
  const must = `must${signature[0]?.toUpperCase()}${signature.slice(1)}`
  const mustExample = `must${example[0]?.toUpperCase()}${example.slice(1)}`
  return [
    [signature, run, doc, example, cost],
    [must, run, doc, mustExample, cost],
  ]
}

/** A list argument. @throws FunctionFailure "Cannot DO type KIND" */
function itemsOf(value: Value, doing: string): List {
  if (value instanceof List) return value
  if (value == null) failure(NIL_POINTER, true)
  return failure(`Cannot ${doing} type ${kindOf(value)}`, true)
}

function appended(items: readonly Value[]): List {
  return new List(ANY, items, false, appendedCapacity(items.length, INTERFACE))
}

function push([value, item]: readonly Value[]): Value {
  const { items } = itemsOf(value, 'push on')
  return new List(ANY, [...items, item], false, grownCapacity(items.length, items.length + 1, INTERFACE))
}

function prepend([value, item]: readonly Value[]): Value {
  const { items } = itemsOf(value, 'prepend on')
  return new List(ANY, [item, ...items], false, grownCapacity(1, items.length + 1, INTERFACE))
}

function chunk([length, value]: readonly Value[], context: Context): Value {
  const size = Number(length)
  const { items } = itemsOf(value, 'chunk')
  const count = Math.floor((items.length - 1) / size) + 1
  if (!Number.isFinite(count) || count < 0) failure('runtime error: makeslice: len out of range', true)
  context.charge(count * INTERFACE)
  const chunks: List[] = []
  for (let i = 0; i < count; i++) {
    const last = Math.floor(items.length % size)
    const wanted = i === count - 1 && last !== 0 ? last : size
    if (wanted < 0) failure('runtime error: makeslice: len out of range', true)
    chunks.push(list(items.slice(i * size, i * size + wanted)))
  }
  return new List(`[]${ANY}`, chunks)
}

function without(value: Value, doing: string, front: number, back: number): Value {
  const { items } = itemsOf(value, doing)
  return items.length === 0 ? new List(ANY, [], true) : list(items.slice(front, items.length - back))
}

/** Adds up comparisons, which are quadratic, against the budget. */
function uniq(items: readonly Value[], context: Context): Value {
  const kept: Value[] = []
  for (const item of items) {
    context.charge(kept.length)
    if (!kept.some((other) => deepEqual(item, other))) kept.push(item)
  }
  return appended(kept)
}

function exclude([value, ...omitted]: readonly Value[]): Value {
  const { items } = itemsOf(value, 'find without on')
  return appended(items.filter((item) => !omitted.some((other) => deepEqual(other, item))))
}

function has([needle, value]: readonly Value[]): Value {
  return value == null ? false : itemsOf(value, 'find has on').items.some((item) => deepEqual(needle, item))
}

function sliceList([value, from, to]: readonly Value[], cast: Cast): Value {
  if (value == null) failure(NIL_POINTER, true)
  if (!(value instanceof List)) return failure(`list should be type of slice or array but ${kindOf(value)}`, true)
  if (value.items.length === 0) return null
  const start = from === undefined ? 0n : cast.toInt(from)
  const end = to === undefined ? BigInt(value.items.length) : cast.toInt(to)
  if (start < 0n || end < start || end > BigInt(value.capacity)) {
    failure('reflect.Value.Slice: slice index out of bounds', true)
  }
  const beyond = Math.max(Number(end) - value.items.length, 0)
  const empty = value.element === 'string' ? '' : value.element === 'int' ? 0n : null
  const items = [...value.items, ...new Array<Value>(beyond).fill(empty)].slice(Number(start), Number(end))
  return new List(value.element, items, false, value.capacity - Number(start))
}

function concat(lists: readonly Value[]): Value {
  const items = lists.flatMap((value) => {
    if (value == null) failure(NIL_POINTER, true)
    if (!(value instanceof List)) return failure(`Cannot concat type ${kindOf(value)} as list`, true)
    return value.items
  })
  return new List(ANY, items, items.length === 0, appendedCapacity(items.length, INTERFACE))
}

function sortAlpha([value]: readonly Value[]): Value {
  if (!(value instanceof List)) return strings([textOf(value)])
  // A []string is sorted in place, as in Go, where the template's own list changes too.
  if (value.element === 'string') {
    const items = value.items as string[]
    items.sort(compareBytes)
    return value
  }
  return strings(textsOf(value).toSorted(compareBytes))
}
