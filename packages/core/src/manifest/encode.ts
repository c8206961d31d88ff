import { compareUtf8, marshalJson } from '../go/index.ts'
import type { Manifest } from './object.ts'
import type { Field, FieldType, ObjectType } from './schema.ts'

/**
 * A manifest as Go prints it with `json.MarshalIndent`: fields in the order of the Go struct, empty ones left out, map
 * keys sorted bytewise, two spaces of indent, no line break at the end. Fields that the type does not have are dropped.
 */
export function manifestJson(type: ObjectType, manifest: Manifest): string {
  return marshalJson(ordered(type, manifest), { indent: '  ', sortKeys: false })
}

/** The same on one line, as `json.Marshal` prints it. */
export function manifestCompactJson(type: ObjectType, manifest: Manifest): string {
  return marshalJson(ordered(type, manifest), { sortKeys: false })
}

/** A manifest as kubeseal prints it in YAML: a `---` line, then the object with its keys sorted. */
export async function manifestYaml(type: ObjectType, manifest: Manifest): Promise<string> {
  const { marshalYaml } = await import('../yaml/index.ts')
  return `---\n${marshalYaml(plain(ordered(type, manifest)))}`
}

/** Nested Maps in printing order; a Map keeps keys such as `1` and `__proto__` where they belong. */
function ordered(type: FieldType, value: unknown): unknown {
  if (type.kind === 'object') return orderedFields(type.fields, record(value))
  if (type.kind === 'list') return (value as readonly unknown[]).map((item) => ordered(type.of, item))
  if (type.kind !== 'map') return value
  const entries = Object.entries(record(value)).sort(([a], [b]) => compareUtf8(a, b))
  return new Map(entries.map(([key, item]) => [key, ordered(type.of, item)]))
}

function orderedFields(fields: readonly Field[], object: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const printed = fields.filter((field) => field.always === true || !isEmpty(field, object[field.name]))
  return new Map(printed.map(({ name, type }) => [name, orderedOrZero(type, object[name])]))
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

function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  return Array.isArray(value) ? value.map(plain) : value
}
