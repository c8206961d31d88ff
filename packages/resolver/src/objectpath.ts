import { ResolverError } from './error.ts'
import { optionalObject } from './view.ts'

/** A way into an object: names of members, and places in lists. */
export type ObjectPath = readonly (string | number)[]

/** The highest place of a list that a path may name: what is before it is filled with nulls. */
const highestIndex = 10_000

/** Members that no template may reach: the object is the one that the ExternalSecret names, and its own. */
const fixed: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status', '__proto__'])

/**
 * Reads a path as `spec.rules[0].host`.
 *
 * @throws {ResolverError} `INVALID_EXTERNAL_SECRET` for what is no path, and for one to what identifies the object
 */
export function readPath(text: string): ObjectPath {
  const path: (string | number)[] = []
  for (const step of text.split('.')) {
    const [, name = '', indexes = ''] = /^([^[\]]+)((?:\[\d+\])*)$/.exec(step) ?? []
    if (name === '') throw invalid(`target path "${text}" cannot be read`)
    path.push(name)
    for (const [, digits] of indexes.matchAll(/\[(\d+)\]/g)) {
      const index = Number(digits)
      if (index > highestIndex) throw invalid(`target path "${text}" has an index above ${highestIndex}`)
      path.push(index)
    }
  }
  if (path.some((step) => step === '__proto__') || fixed.has(String(path[0]))) {
    throw invalid(`target path "${text}" is not allowed`)
  }
  return path
}

/** A copy of a value with another at the path; an object there keeps the members that the new one does not have. */
export function setPath(value: unknown, path: ObjectPath, next: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined) {
    const [before, after] = [optionalObject(value), optionalObject(next)]
    return before === null || after === null ? next : { ...before, ...after }
  }
  if (typeof step === 'string') {
    const before = optionalObject(value)
    if (before === null && value !== undefined && value !== null)
      throw invalid(`there is no object for member "${step}"`)
    return { ...before, [step]: setPath(before?.[step], rest, next) }
  }
  if (!Array.isArray(value) && value !== undefined && value !== null)
    throw invalid(`there is no list for index ${step}`)
  const list: unknown[] = Array.isArray(value) ? [...value] : []
  while (list.length < step) list.push(null)
  list[step] = setPath(list[step], rest, next)
  return list
}

function invalid(message: string): ResolverError {
  return new ResolverError('INVALID_EXTERNAL_SECRET', message)
}
