import { failure } from '../error.ts'
import { ANY, Dict, dict, isTrue, kindOf, List, list, strings, typeOf, type Value } from '../value.ts'
import { type FunctionRow, rows } from './row.ts'
import { Version } from './semver.ts'
import { textOf } from './text.ts'

/** sprig's functions on maps. Keys and values come sorted by key, where Go gives them in a new order each time. */
export function dictFunctions(): FunctionRow[] {
  return rows('Maps', [
    ['dict(...any) dict', makeDict, 'A map of keys and values in turn.', 'dict "name" "value"'],
    [
      'get(dict, string) any',
      ([map, key]) => (entriesOf(map).has(key as string) ? entriesOf(map).get(key as string) : ''),
      'The value of a key, or an empty text.',
      'get $map "name"',
    ],
    ['set(dict, string, any) dict', set, 'Sets a key of the map in place.', 'set $map "name" "value"'],
    ['unset(dict, string) dict', unset, 'Removes a key from the map in place.', 'unset $map "name"'],
    [
      'hasKey(dict, string) bool',
      ([map, key]) => entriesOf(map).has(key as string),
      'Whether a map has a key.',
      'hasKey $map "name"',
    ],
    ['pluck(string, ...dict) []any', pluck, 'The values of a key in several maps.', 'pluck "name" $map $other'],
    [
      'keys(...dict) []string',
      (maps) => strings(maps.flatMap((map) => (map as Dict).sortedKeys())),
      'The keys of maps.',
      'keys $map | sortAlpha',
    ],
    [
      'values(dict) []any',
      ([map]) => list((map as Dict).sortedKeys().map((key) => entriesOf(map).get(key))),
      'The values of a map.',
      'values $map',
    ],
    [
      'pick(dict, ...string) dict',
      ([map, ...keys]) => dict([...entriesOf(map)].filter(([key]) => keys.includes(key))),
      'A map of some keys only.',
      'pick $map "name" "age"',
    ],
    [
      'omit(dict, ...string) dict',
      ([map, ...keys]) => dict([...entriesOf(map)].filter(([key]) => !keys.includes(key))),
      'A map without some keys.',
      'omit $map "name"',
    ],
    [
      'merge(dict, ...dict) any',
      (args) => mergeQuietly(args, false),
      'Adds to the first map, in place, the keys that it lacks.',
      'merge $map $defaults',
    ],
    [
      'mergeOverwrite(dict, ...dict) any',
      (args) => mergeQuietly(args, true),
      'Sets in the first map, in place, the keys of the others.',
      'mergeOverwrite $map $changes',
    ],
    [
      'mustMerge(dict, ...dict) any',
      (args) => merge(args, false),
      'As merge, with an error where it fails.',
      'mustMerge $map $defaults',
    ],
    [
      'mustMergeOverwrite(dict, ...dict) any',
      (args) => merge(args, true),
      'As mergeOverwrite, with an error where it fails.',
      'mustMergeOverwrite $map $changes',
    ],
    ['dig(...any) any', dig, 'The value at a path of keys, or a default.', 'dig "user" "name" "unknown" $map'],
    ['deepCopy(any) any', copyOf, 'A copy that shares nothing with the original.', 'deepCopy $map'],
    ['mustDeepCopy(any) any', copyOf, 'A copy that shares nothing with the original.', 'mustDeepCopy $map'],
  ])
}

function entriesOf(map: Value): Map<string, Value> {
  return (map as Dict).entries
}

function makeDict(args: readonly Value[]): Value {
  const entries = new Map<string, Value>()
  for (let i = 0; i < args.length; i += 2) entries.set(textOf(args[i]), i + 1 < args.length ? args[i + 1] : '')
  return new Dict(ANY, entries)
}

function set([map, key, value]: readonly Value[]): Value {
  if ((map as Dict).isNil) failure('assignment to entry in nil map', true)
  entriesOf(map).set(key as string, value)
  return map
}

function unset([map, key]: readonly Value[]): Value {
  entriesOf(map).delete(key as string)
  return map
}

function pluck([key, ...maps]: readonly Value[]): Value {
  return list(maps.filter((map) => entriesOf(map).has(key as string)).map((map) => entriesOf(map).get(key as string)))
}

/** The two maps cannot be merged (mergo's ErrDifferentArgumentsTypes). */
class MergeFailure extends Error {}

function mergeQuietly(args: readonly Value[], overwrite: boolean): Value {
  try {
    return mergeAll(args, overwrite)
  } catch (error) {
    if (error instanceof MergeFailure) return ''
    throw error
  }
}

function merge(args: readonly Value[], overwrite: boolean): Value {
  try {
    return mergeAll(args, overwrite)
  } catch (error) {
    if (error instanceof MergeFailure) return failure('src and dst must be of same type', true)
    throw error
  }
}

function mergeAll([first, ...rest]: readonly Value[], overwrite: boolean): Value {
  let target = first as Dict
  for (const source of rest) {
    if (target.isNil && !(source as Dict).isNil) target = dict()
    mergeInto(target, source as Dict, overwrite)
  }
  return target
}

/** mergo's deepMerge of two maps. */
function mergeInto(target: Dict, source: Dict, overwrite: boolean): void {
  for (const key of source.sortedKeys()) {
    const given = source.entries.get(key)
    if (given == null) {
      if (overwrite) assign(target, key, { value: null, from: source })
      continue
    }
    const old = target.entries.get(key)
    if (given instanceof Dict) {
      if (old instanceof Dict && !old.isNil) mergeInto(old, given, overwrite)
      else if (old != null && kindOf(old) === 'ptr' && !overwrite) throw new MergeFailure()
    }
    if (isTrue(old)) {
      if (given instanceof List) {
        if (overwrite) assign(target, key, { value: given, from: source })
        continue
      }
      if (given instanceof Dict && old instanceof Dict) continue
      if (!overwrite) continue
    }
    assign(target, key, { value: given, from: source })
  }
}

function assign(target: Dict, key: string, { value, from }: { value: Value; from: Dict }): void {
  if (target.element !== ANY && from.element !== target.element) {
    failure(
      `reflect.Value.SetMapIndex: value of type ${from.element} is not assignable to type ${target.element}`,
      true,
    )
  }
  target.entries.set(key, value)
}

function dig(args: readonly Value[]): Value {
  if (args.length < 3) failure('dig needs at least three arguments', true)
  const keys = args.slice(0, -2)
  let step = args.at(-1)
  requireType(step, 'map[string]interface {}')
  for (const key of keys) requireType(key, 'string')
  for (const [i, key] of keys.entries()) {
    if (i > 0) requireType(step, 'map[string]interface {}')
    const entries = entriesOf(step)
    if (!entries.has(key as string)) return args.at(-2)
    step = entries.get(key as string)
  }
  return step
}

/** Go's panic for a type assertion that does not hold. */
function requireType(value: Value, type: string): void {
  const given = value == null ? 'nil' : typeOf(value)
  if (given !== type) failure(`interface conversion: interface {} is ${given}, not ${type}`, true)
}

function copyOf([value]: readonly Value[]): Value {
  if (value == null) failure('reflect: call of reflect.Value.Type on zero Value', true)
  return deepCopy(value)
}

function deepCopy(value: Value): Value {
  if (value instanceof List) return new List(value.element, value.items.map(deepCopy), value.isNil)
  // The copy of a struct has its exported fields only, and a version has none.
  if (value instanceof Version) return value.zero()
  if (!(value instanceof Dict)) return value
  return new Dict(value.element, new Map([...value.entries].map(([key, item]) => [key, deepCopy(item)])), value.isNil)
}
