import { type Branch, goType, type Item, isBranch, isList, type Value } from '@sealkit/core/sops'
import { CliError } from '../exit.ts'

/** A place in a tree: keys and list positions. */
export type TreePath = readonly (string | number)[]

/**
 * Reads a place as sops' command line writes it: `["a"]["b"][0]`.
 *
 * @throws `USAGE`, `NO_SUCH_KEY`; also where sops panics (`[]`)
 */
export function parseTreePath(text: string): TreePath {
  return text
    .split('[')
    .filter((component) => component !== '')
    .map((component) => {
      if (!component.endsWith(']')) throw new CliError('USAGE', `component ${component} doesn't end with ]`)
      return readComponent(component.slice(0, -1))
    })
}

function readComponent(component: string): string | number {
  if (/^["']/.test(component)) return component.slice(1, -1)
  const isNumber = /^[+-]?\d+$/.test(component)
  const value = isNumber ? BigInt(component.replace('+', '')) : 0n
  if (isNumber && BigInt.asIntN(64, value) === value) return Number(value)
  const reason = isNumber ? 'value out of range' : 'invalid syntax'
  throw new CliError('USAGE', `strconv.Atoi: parsing ${JSON.stringify(component)}: ${reason}`)
}

/**
 * The value at a place.
 *
 * @throws `USAGE`, `NO_SUCH_KEY`; also where sops panics or prints Go structures (a key into a list, a position in a mapping)
 */
export function truncate(document: Branch, path: TreePath): Value {
  return path.reduce<Value>((value, component) => {
    return typeof component === 'string' ? atKey(value, component) : atPosition(value, component)
  }, document)
}

function atKey(value: Value, key: string): Value {
  const item = isBranch(value) ? value.items.find((candidate) => candidate.key === key) : undefined
  if (item === undefined) throw new CliError('USAGE', `component ['${key}'] not found`)
  return item.value
}

function atPosition(value: Value, position: number): Value {
  if (!isList(value)) throw new CliError('USAGE', `component [${position}] is integer, but tree part is not a slice`)
  if (position < 0 || position >= value.length)
    throw new CliError('USAGE', `component [${position}] accesses out of bounds`)
  return value[position] ?? null
}

/** The tree with a value put at a place, and whether that changed anything; missing parts are made. */
export function setValue(document: Branch, path: TreePath, value: Value): { document: Branch; changed: boolean } {
  const [key] = path
  if (typeof key !== 'string') throw new CliError('USAGE', 'the first component of the index must be a key')
  const updated = put(document, path, value)
  if (!isBranch(updated)) throw new CliError('USAGE', 'the index leads to no entry')
  return { document: updated, changed: !equal(document, updated) }
}

function put(into: Value, path: TreePath, value: Value): Value {
  const [component, ...rest] = path
  if (component === undefined) return value
  if (isBranch(into) && typeof component === 'string') return putKey(into, component, { rest, value })
  if (isList(into) && typeof component === 'number' && component >= 0)
    return putPosition(into, component, { rest, value })
  if (isBranch(into) || isList(into)) {
    throw new CliError(
      'USAGE',
      `component ${JSON.stringify(component)} does not fit a ${isBranch(into) ? 'mapping' : 'list'}`,
    )
  }
  return made(path, value)
}

function putKey(into: Branch, key: string, { rest, value }: { rest: TreePath; value: Value }): Branch {
  const at = into.items.findIndex((item) => item.key === key)
  if (at < 0) return { kind: 'branch', items: [...into.items, { key, value: made(rest, value) }] }
  const items = into.items.map((item, index) => (index === at ? { key, value: put(item.value, rest, value) } : item))
  return { kind: 'branch', items }
}

function putPosition(into: readonly Value[], at: number, { rest, value }: { rest: TreePath; value: Value }): Value[] {
  if (at >= into.length) return [...into, made(rest, value)]
  return into.map((entry, index) => (index === at ? put(entry, rest, value) : entry))
}

/** What stands at the end of a path through nothing. */
function made(path: TreePath, value: Value): Value {
  return path.reduceRight<Value>((inner, component) => {
    if (typeof component === 'number') return [inner]
    return { kind: 'branch', items: [{ key: component, value: inner }] }
  }, value)
}

/** The tree without what stands at a place. */
export function unsetValue(document: Branch, path: TreePath): Branch {
  if (path.length === 0) throw new CliError('USAGE', 'the index is empty')
  const updated = remove(document, path)
  return isBranch(updated) ? updated : document
}

function remove(from: Value, path: TreePath): Value {
  const [component, ...rest] = path
  if (isBranch(from)) {
    const at = from.items.findIndex((item) => item.key === component)
    if (at < 0) throw new CliError('NO_SUCH_KEY', `Key not found: ${component}`)
    return {
      kind: 'branch',
      items: spliced(from.items, at, rest, (item) => ({ ...item, value: remove(item.value, rest) })),
    }
  }
  if (isList(from) && typeof component === 'number') {
    if (component < 0 || component >= from.length) throw new CliError('NO_SUCH_KEY', `Index ${component} out of bounds`)
    return spliced(from, component, rest, (value) => remove(value, rest))
  }
  throw new CliError('USAGE', `Unsupported type: ${goType(from)} for item '${component}'`)
}

function spliced<T extends Item | Value>(from: readonly T[], at: number, rest: TreePath, change: (entry: T) => T): T[] {
  if (rest.length === 0) return from.filter((_, index) => index !== at)
  return from.map((entry, index) => (index === at ? change(entry) : entry))
}

function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  if (isBranch(a) && isBranch(b)) {
    return (
      a.items.length === b.items.length &&
      a.items.every(
        (item, index) => item.key === b.items[index]?.key && equal(item.value, b.items[index]?.value ?? null),
      )
    )
  }
  if (isList(a) && isList(b)) return a.length === b.length && a.every((entry, index) => equal(entry, b[index] ?? null))
  return false
}
