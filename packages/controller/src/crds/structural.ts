import type { Schema } from './schema.ts'

/** A field that a schema refuses. The message never holds the field's value. */
export interface Finding {
  /** `spec.data[0].secretKey`. */
  readonly path: string
  readonly message: string
}

/** A value as the API server keeps it, and what is wrong with it. */
export interface Structural {
  readonly value: unknown
  readonly findings: readonly Finding[]
}

/**
 * What a structural schema (apiextensions.k8s.io/v1) does with a value: fields that it does not know go, nulls that it
 * does not allow go, defaults come in, and the rest is checked.
 */
export function structural(schema: Schema, value: unknown): Structural {
  const findings: Finding[] = []
  return { value: shaped(schema, value, { path: '', findings }), findings }
}

interface Place {
  readonly path: string
  readonly findings: Finding[]
}

function shaped(schema: Schema, value: unknown, place: Place): unknown {
  const wrong = typeProblem(schema, value)
  if (wrong !== null) return report(place, wrong, value)
  if (value === null) return null
  if (Array.isArray(value))
    return checked(
      schema,
      value.map((item, index) => shaped(itemsOf(schema), item, at(place, `[${index}]`))),
      place,
    )
  if (typeof value === 'object') return checked(schema, shapedObject(schema, value as Fields, place), place)
  return checked(schema, value, place)
}

type Fields = Readonly<Record<string, unknown>>

function shapedObject(schema: Schema, value: Fields, place: Place): Fields {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>
  const more = schema['additionalProperties'] as Schema | undefined
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true || place.path === 'metadata'
  const out: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    const inner = properties[name] ?? more
    if (inner === undefined) {
      if (keepsUnknown) out[name] = part
      continue
    }
    if (part === null && inner['nullable'] !== true) continue
    out[name] = shaped(inner, part, at(place, name))
  }
  for (const [name, inner] of Object.entries(properties)) {
    // A default holds further defaults' places: `target: {}` gets those of its fields.
    if (!(name in out) && 'default' in inner)
      out[name] = shaped(inner, structuredClone(inner['default']), at(place, name))
  }
  return out
}

function itemsOf(schema: Schema): Schema {
  return (schema['items'] ?? { 'x-kubernetes-preserve-unknown-fields': true }) as Schema
}

function at({ path, findings }: Place, step: string): Place {
  const joined = step.startsWith('[') || path === '' ? `${path}${step}` : `${path}.${step}`
  return { path: joined, findings }
}

function report({ path, findings }: Place, message: string, value: unknown): unknown {
  findings.push({ path, message })
  return value
}

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value) || typeof value === 'bigint',
  number: (value) => typeof value === 'number' || typeof value === 'bigint',
  boolean: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
}

function typeProblem(schema: Schema, value: unknown): string | null {
  if (value === null)
    return schema['nullable'] === true || schema.type === undefined ? null : `must be of type ${schema.type}`
  if (schema['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'string' || Number.isInteger(value) ? null : 'must be of type integer or string'
  }
  if (schema.type === undefined || types[schema.type]?.(value) === true) return null
  return `must be of type ${schema.type}`
}

/** Each keyword and what it says of a value that breaks it; null = all is well, or not its business. */
const keywords: Readonly<Record<string, (limit: unknown, value: unknown) => string | null>> = {
  enum: (limit, value) => {
    const words = limit as readonly unknown[]
    return words.includes(value)
      ? null
      : `Unsupported value: supported values: ${words.map((word) => JSON.stringify(word)).join(', ')}`
  },
  minLength: (limit, value) =>
    typeof value === 'string' && [...value].length < Number(limit) ? `should be at least ${limit} chars long` : null,
  maxLength: (limit, value) =>
    typeof value === 'string' && [...value].length > Number(limit) ? `may not be more than ${limit} bytes` : null,
  pattern: (limit, value) =>
    typeof value === 'string' && !new RegExp(String(limit)).test(value) ? `should match '${limit}'` : null,
  minItems: (limit, value) =>
    Array.isArray(value) && value.length < Number(limit) ? `should have at least ${limit} items` : null,
  maxItems: (limit, value) =>
    Array.isArray(value) && value.length > Number(limit) ? `must have at most ${limit} items` : null,
  minProperties: (limit, value) =>
    fieldsOf(value) < Number(limit) ? `should have at least ${limit} properties` : null,
  maxProperties: (limit, value) => (fieldsOf(value) > Number(limit) ? `must have at most ${limit} items` : null),
  format: (limit, value) => (isFormat(String(limit), value) ? null : `must be of type ${limit}`),
}

function checked(schema: Schema, value: unknown, place: Place): unknown {
  for (const name of (schema['required'] ?? []) as readonly string[]) {
    if (typeof value === 'object' && value !== null && !(name in value))
      report(at(place, name), 'Required value', value)
  }
  for (const [keyword, problem] of Object.entries(keywords)) {
    if (!(keyword in schema)) continue
    const message = problem(schema[keyword], value)
    if (message !== null) report(place, message, value)
  }
  return value
}

function fieldsOf(value: unknown): number {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).length : Number.NaN
}

/** The formats that these schemas use, as strict as the API server is. */
function isFormat(format: string, value: unknown): boolean {
  if (typeof value !== 'string') return true
  if (format === 'byte') return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
  if (format !== 'date-time') return true
  return (
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))
  )
}
