import { compareUtf8, marshalJson } from '../go/index.ts'
import type { Manifest } from './object.ts'
import type { Field, FieldType, ObjectType } from './schema.ts'

/**
 * A manifest as Go prints it with `json.MarshalIndent`: fields in the order of the Go struct, empty ones left out, map
 * keys sorted bytewise, two spaces of indent, no line break at the end. Fields that the type does not have are dropped.
 */
export function manifestJson(type: ObjectType, manifest: Manifest): string {
  return print(ordered(type, manifest), '  ')
}

/** The same on one line, as `json.Marshal` prints it. */
export function manifestCompactJson(type: ObjectType, manifest: Manifest): string {
  return print(ordered(type, manifest))
}

/** A manifest as kubeseal prints it in YAML: a `---` line, then the object with its keys sorted. */
export async function manifestYaml(type: ObjectType, manifest: Manifest): Promise<string> {
  const { marshalYaml } = await import('../yaml/index.ts')
  return `---\n${marshalYaml(ordered(type, manifest))}`
}

/** What Go's JSON escapes besides what JavaScript's does. */
const escapes: readonly (readonly [string, string])[] = [
  ['<', '\\u003c'],
  ['>', '\\u003e'],
  ['&', '\\u0026'],
  ['\u2028', '\\u2028'],
  ['\u2029', '\\u2029'],
]

/** Most manifests are printed by JavaScript's own JSON, which is the faster one; the few texts that differ are not. */
function print(value: unknown, indent?: string): string {
  const text = JSON.stringify(value, null, indent)
  // Lone surrogates, which Go replaces, and objects with Maps in them.
  if (text.includes('\\ud') || text.includes(mapMark)) {
    return marshalJson(value, { sortKeys: false, ...(indent !== undefined && { indent }) })
  }
  return escapes.reduce((escaped, [character, sequence]) => escaped.replaceAll(character, sequence), text)
}

/** `toJSON` of {@link OrderedMap} as it is printed. */
const mapMark = '"\\u0000map"'

/** A map whose keys JavaScript would put into another order; its JSON is a mark that says so. */
class OrderedMap extends Map<string, unknown> {
  toJSON(): string {
    return '\u0000map'
  }
}

/** The value with its fields and keys in printing order. */
function ordered(type: FieldType, value: unknown): unknown {
  if (type.kind === 'object') return orderedFields(type.fields, record(value))
  if (type.kind === 'list') return (value as readonly unknown[]).map((item) => ordered(type.of, item))
  return type.kind === 'map' ? orderedMap(type.of, Object.entries(record(value))) : value
}

function orderedMap(of: FieldType, entries: [string, unknown][]): unknown {
  const sorted = entries
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([key, item]): [string, unknown] => [key, ordered(of, item)])
  // Keys that look like array indices come first in a plain object, whatever their order.
  return sorted.some(([key]) => key <= ':' && key >= '0') ? new OrderedMap(sorted) : Object.fromEntries(sorted)
}

function orderedFields(fields: readonly Field[], object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const printed: Record<string, unknown> = {}
  for (const field of fields) {
    const value = object[field.name]
    if (field.always === true || !isEmpty(field, value)) printed[field.name] = orderedOrZero(field.type, value)
  }
  return printed
}

function orderedOrZero(type: FieldType, value: unknown): unknown {
  if (value !== undefined && value !== null) return ordered(type, value)
  if (type.kind === 'object') return ordered(type, {})
  return type.kind === 'string' ? '' : null
}

/** Go's `omitempty`: a pointer is empty when it is nil, everything else when it is zero or has no entries. */
function isEmpty(field: Field, value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (field.pointer === true) return false
  if (typeof value === 'object') return Object.keys(value).length === 0
  return value === '' || value === 0 || value === false
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
