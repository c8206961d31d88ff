import { CoreError } from '../error.ts'
import type { JsonMember, JsonNode } from '../go/index.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import type { Manifest } from './object.ts'
import type { Field, FieldType, ObjectType } from './schema.ts'

/** A manifest as far as it could be read, and the first thing that was wrong with it. */
export interface Decoded {
  readonly manifest: Manifest
  readonly error?: CoreError
}

/** How {@link decode} matches field names: encoding/json ignores case, Kubernetes' own decoder does not. */
export interface DecodeOptions {
  readonly caseSensitive?: boolean
}

/**
 * Reads JSON into the fields of a Go struct as encoding/json does: unknown fields are dropped, null leaves a field
 * alone, duplicate keys merge, and after the first wrong type the rest is read all the same.
 */
export function decode(type: ObjectType, node: JsonNode, options: DecodeOptions = {}): Decoded {
  const decoder = new Decoder(options.caseSensitive ?? false)
  try {
    const value = decoder.object(type, node, undefined, { struct: undefined, path: [] })
    return finish(value ?? {}, decoder.error)
  } catch (error) {
    if (error instanceof Aborted) return finish(error.partial ?? {}, decoder.error ?? error.reason)
    throw error
  }
}

function finish(value: Record<string, unknown>, error: CoreError | undefined): Decoded {
  return error === undefined ? { manifest: value } : { manifest: value, error }
}

/** Where the decoder stands, for error texts. */
interface Place {
  /** The innermost struct's type name without its package. */
  readonly struct: string | undefined
  readonly path: readonly string[]
}

/** A custom decoder of Go's refused its value, which ends the whole decoding. */
class Aborted {
  readonly reason: CoreError
  partial: Record<string, unknown> | undefined

  constructor(reason: CoreError) {
    this.reason = reason
  }
}

class Decoder {
  readonly #caseSensitive: boolean
  error: CoreError | undefined

  constructor(caseSensitive: boolean) {
    this.#caseSensitive = caseSensitive
  }

  object(type: ObjectType, node: JsonNode, old: unknown, place: Place): Record<string, unknown> | undefined {
    if (node.kind === 'null') return old as Record<string, unknown> | undefined
    if (node.kind !== 'object') return this.#mismatch(node, type.goType, place)
    const fields = { ...(old as Record<string, unknown> | undefined) }
    for (const { key, value } of node.members) {
      const field = this.#field(type.fields, key)
      if (field === undefined) continue
      const inside = { struct: type.goType.slice(type.goType.indexOf('.') + 1), path: [...place.path, field.name] }
      try {
        const read = this.value(field.type, value, fields[field.name], inside)
        if (read === undefined) delete fields[field.name]
        else fields[field.name] = read
      } catch (error) {
        if (!(error instanceof Aborted)) throw error
        if (error.partial !== undefined) fields[field.name] = error.partial
        error.partial = fields
        throw error
      }
    }
    return fields
  }

  #field(fields: readonly Field[], key: string): Field | undefined {
    const exact = fields.find(({ name }) => name === key)
    if (exact !== undefined || this.#caseSensitive) return exact
    return fields.find(({ name }) => name.toLowerCase() === key.toLowerCase())
  }

  /** The value that a field has after reading `node` into it; undefined = Go's zero value. */
  value(type: FieldType, node: JsonNode, old: unknown, place: Place): unknown {
    if (type.kind === 'object') return this.object(type, node, old, place)
    if (type.kind === 'map') return this.#map(type, node, old, place)
    if (type.kind === 'list') return this.#list(type, node, place)
    if (type.kind === 'raw') return node.kind === 'null' ? undefined : plain(node)
    if (node.kind === 'null') return type.kind === 'bytes' || type.kind === 'time' ? undefined : old
    if (type.kind === 'string') {
      return node.kind === 'string' ? node.value : (this.#mismatch(node, type.goType ?? 'string', place) ?? old)
    }
    if (type.kind === 'bool') return node.kind === 'bool' ? node.value : (this.#mismatch(node, 'bool', place) ?? old)
    if (type.kind === 'int64') return this.#integer(node, place) ?? old
    if (type.kind === 'time') return this.#time(node, place)
    return this.#bytes(node, place) ?? old
  }

  #map(type: FieldType & { kind: 'map' }, node: JsonNode, old: unknown, place: Place): unknown {
    if (node.kind === 'null') return type.lenient ? {} : undefined
    if (type.lenient) return new Decoder(this.#caseSensitive).#entries(type, node, undefined, place)
    return this.#entries(type, node, old, place)
  }

  #entries(type: FieldType & { kind: 'map' }, node: JsonNode, old: unknown, place: Place): unknown {
    if (node.kind !== 'object') return this.#mismatch(node, `map[string]${goName(type.of)}`, place) ?? old
    const entries = new Map<string, unknown>(Object.entries(old ?? {}))
    // A map element is read into a fresh zero, which is stored even when it is of the wrong type.
    for (const { key, value } of node.members) entries.set(key, this.value(type.of, value, '', place) ?? '')
    return Object.fromEntries(entries)
  }

  #list(type: FieldType & { kind: 'list' }, node: JsonNode, place: Place): unknown {
    if (node.kind === 'null') return undefined
    if (node.kind !== 'array') return this.#mismatch(node, `[]${goName(type.of)}`, place)
    const zero = type.of.kind === 'object' ? {} : ''
    return node.items.map((item) => this.value(type.of, item, undefined, place) ?? zero)
  }

  #integer(node: JsonNode, place: Place): number | undefined {
    if (node.kind !== 'number') return this.#mismatch(node, 'int64', place)
    const value = /^-?\d+$/.test(node.text) ? BigInt(node.text) : undefined
    if (value === undefined || BigInt.asIntN(64, value) !== value) {
      return this.#fail(`number ${node.text}`, 'int64', place)
    }
    return Number(value)
  }

  #time(node: JsonNode, place: Place): string | undefined {
    if (node.kind !== 'string') {
      this.#mismatch(node, 'string', place)
      throw new Aborted(this.error ?? invalid(place, 'is no time'))
    }
    const time = parseTime(node.value)
    if (time !== undefined) return time
    throw new Aborted(
      invalid(place, 'is no time of the form 2006-01-02T15:04:05Z', {
        upstream: `parsing time ${JSON.stringify(node.value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(node.value)} as "2006"`,
      }),
    )
  }

  #bytes(node: JsonNode, place: Place): string | undefined {
    if (node.kind === 'array') return this.#byteList(node.items, place)
    if (node.kind !== 'string') return this.#mismatch(node, '[]uint8', place)
    try {
      decodeBase64(node.value)
      return node.value
    } catch (error) {
      if (!(error instanceof CoreError)) throw error
      const upstream = error.upstream ?? error.message
      this.error ??= invalid(place, `holds ${upstream}`, { upstream, code: 'INVALID_BASE64' })
      return undefined
    }
  }

  /** Go reads a list of numbers into bytes too. */
  #byteList(items: readonly JsonNode[], place: Place): string {
    const bytes = items.map((item) => {
      if (item.kind === 'null') return 0
      if (item.kind !== 'number') return this.#mismatch(item, 'uint8', place) ?? 0
      const value = Number(item.text)
      const fits = /^\d+$/.test(item.text) && value < 256
      return fits ? value : (this.#fail(`number ${item.text}`, 'uint8', place) ?? 0)
    })
    return encodeBase64(Uint8Array.from(bytes))
  }

  #mismatch(node: JsonNode, goType: string, place: Place): undefined {
    return this.#fail(node.kind, goType, place)
  }

  #fail(found: string, goType: string, place: Place): undefined {
    const target = place.struct === undefined ? 'Go value' : `Go struct field ${place.struct}.${place.path.join('.')}`
    const kind = found.replace(/ .*/, '')
    this.error ??= invalid(place, `holds a ${kind} where a ${plainNames[goType] ?? goType} must be`, {
      upstream: `json: cannot unmarshal ${found} into ${target} of type ${goType}`,
    })
    return undefined
  }
}

const plainNames: Readonly<Record<string, string>> = { '[]uint8': 'base64 text', int64: 'whole number', uint8: 'byte' }

function invalid(
  place: Place,
  what: string,
  options: { readonly upstream?: string; readonly code?: 'INVALID_BASE64' } = {},
): CoreError {
  const name = place.path.length === 0 ? 'the document' : place.path.join('.')
  return new CoreError(options.code ?? 'INVALID_MANIFEST', `${name} ${what}`, {
    hint: 'values of data are base64, values of stringData are text: quote numbers and booleans',
    ...(options.upstream === undefined ? {} : { upstream: options.upstream }),
  })
}

/** Go's name of a type inside `[]` or `map[string]`. */
function goName(type: FieldType): string {
  if (type.kind === 'object') return type.goType
  if (type.kind === 'bytes') return '[]uint8'
  return type.kind === 'string' ? (type.goType ?? 'string') : type.kind
}

/** A time in RFC 3339 as apimachinery prints it: UTC, whole seconds. */
function parseTime(text: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined
  const time = new Date(text.replace(',', '.'))
  return Number.isNaN(time.getTime()) ? undefined : `${time.toISOString().slice(0, 19)}Z`
}

function plain(node: JsonNode): unknown {
  if (node.kind === 'null') return null
  if (node.kind === 'number') return Number(node.text)
  if (node.kind === 'array') return node.items.map(plain)
  if (node.kind === 'object') return Object.fromEntries(node.members.map(member))
  return node.value
}

function member({ key, value }: JsonMember): [string, unknown] {
  return [key, plain(value)]
}
