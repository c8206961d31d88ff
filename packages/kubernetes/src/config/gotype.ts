import { base64Fault } from '@sealkit/core/go'
import { KubernetesError } from '../error.ts'

/** A type of Go as encoding/json decodes into it. */
export type GoType =
  | 'string'
  | 'bool'
  /** `[]byte`: base64 in JSON; kept as it is. */
  | 'bytes'
  /** `runtime.RawExtension`: anything. */
  | 'any'
  /** A string type with a name of its own. */
  | { readonly string: string }
  | { readonly list: GoType }
  | { readonly map: GoType }
  | GoStruct

/** A struct: its name in Go, and its fields by their JSON names. Fields that are not here are left out. */
export interface GoStruct {
  readonly struct: string
  readonly fields: Readonly<Record<string, GoType>>
}

/** Where a value stands: the struct that it is a field of, and the fields on the way there. */
interface Place {
  readonly struct: string
  readonly path: string
}

/**
 * A JSON value with only what a Go struct takes of it. Null is Go's zero value, and absent here. Members are read in the
 * order of their names, as sigs.k8s.io/yaml hands them on, so that the first fault is the one that Go reports.
 *
 * @throws KUBECONFIG_INVALID with Go's text
 */
export function decodeGo(value: unknown, type: GoStruct): unknown {
  return decodeStruct(value, type, { struct: type.struct, path: '' })
}

function decode(value: unknown, type: GoType, place: Place): unknown {
  if (value === null || value === undefined) return undefined
  if (type === 'any') return value
  if (type === 'bool') return typeof value === 'boolean' ? value : mismatch(value, type, place)
  if (type === 'string') return typeof value === 'string' ? value : mismatch(value, type, place)
  if (type === 'bytes') return decodeBytes(value, place)
  if ('string' in type) return typeof value === 'string' ? value : mismatch(value, type, place)
  if ('list' in type) {
    return Array.isArray(value) ? value.map((item) => decode(item, type.list, place)) : mismatch(value, type, place)
  }
  if (!isObject(value)) return mismatch(value, type, place)
  if ('struct' in type) return decodeStruct(value, type, place)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, member]) => [key, decode(member, type.map, place)]))
}

function decodeStruct(value: unknown, type: GoStruct, { path }: Place): unknown {
  const found: Record<string, unknown> = {}
  for (const key of Object.keys(value as object).toSorted()) {
    const field = Object.hasOwn(type.fields, key) ? type.fields[key] : undefined
    if (field === undefined) continue
    const name = path === '' ? key : `${path}.${key}`
    const member = decode((value as Record<string, unknown>)[key], field, { struct: type.struct, path: name })
    if (member !== undefined) found[key] = member
  }
  return found
}

/** Bytes are base64, or a list of numbers, which encoding/json takes too. The result is base64. */
function decodeBytes(value: unknown, place: Place): string {
  if (Array.isArray(value)) return Buffer.from(value.map((item) => decodeByte(item, place))).toString('base64')
  if (typeof value !== 'string') return mismatch(value, 'bytes', place)
  const offset = base64Fault(value)
  if (offset < 0) return value
  throw invalid(`${place.path} is no base64`, `illegal base64 data at input byte ${offset}`)
}

function decodeByte(value: unknown, place: Place): number {
  if (value === null) return 0
  if (typeof value !== 'number') return mismatch(value, { string: 'uint8' }, place)
  if (Number.isInteger(value) && value >= 0 && value <= 255) return value
  return mismatch(value, { string: 'uint8' }, place, `number ${value}`)
}

function mismatch(value: unknown, type: GoType, { struct, path }: Place, found: string = kind(value)): never {
  const what = `json: cannot unmarshal ${found} into Go struct field ${struct}.${path} of type ${goName(type)}`
  throw invalid(`${path} holds a ${kind(value)} and should not`, what)
}

/** What encoding/json calls a value. */
export function kind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function goName(type: GoType): string {
  if (type === 'bytes') return '[]uint8'
  if (typeof type === 'string') return type
  if ('string' in type) return type.string
  if ('list' in type) return `[]${goName(type.list)}`
  return 'map' in type ? `map[string]${goName(type.map)}` : `v1.${type.struct}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(message: string, upstream: string): KubernetesError {
  return new KubernetesError('KUBECONFIG_INVALID', message, { upstream })
}
