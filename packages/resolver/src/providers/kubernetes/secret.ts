import { decodeUtf8, encodeUtf8, marshalJson, parseJson } from '@sealkit/core/go'
import { decode } from '../../decode.ts'
import { ResolverError } from '../../error.ts'
import { get } from '../../gjson/index.ts'
import type { RemoteSecret } from '../../provider.ts'
import { type Json, object, optionalObject, textMap } from '../../view.ts'

/** A Secret's data as bytes by key. */
export function secretData(secret: Json): Map<string, Uint8Array> {
  return new Map(Object.entries(textMap(secret['data'])).map(([key, value]) => [key, Buffer.from(value, 'base64')]))
}

/** All the data as one JSON object of texts, HTML as it is. */
export function wholeData(data: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return json(new Map([...data].map(([key, value]) => [key, decodeUtf8(value).toWellFormed()])))
}

function json(value: unknown): Uint8Array {
  return encodeUtf8(marshalJson(value, { escapeHtml: false }))
}

/** The data of a Secret: a key of that very name, else a key and a gjson path after the first dot. */
export function dataSecret(name: string, secret: Json): RemoteSecret {
  const data = secretData(secret)
  return {
    value(property): Uint8Array {
      if (property === '') return wholeData(data)
      const value = data.get(property) ?? nested(data, property)
      if (value !== undefined) return value
      throw new ResolverError('PROPERTY_NOT_FOUND', `property ${property} does not exist in data of secret "${name}"`)
    },
    entries: (property) => (property === '' ? data : propertyEntries(name, property, data)),
  }
}

function nested(data: ReadonlyMap<string, Uint8Array>, property: string): Uint8Array | undefined {
  const at = property.indexOf('.')
  const value = at <= 0 ? undefined : data.get(property.slice(0, at))
  if (value === undefined || at === property.length - 1) return undefined
  const found = get(decodeUtf8(value), property.slice(at + 1))
  return found.exists ? encodeUtf8(found.string()) : undefined
}

/** The members of a JSON object that is the value of one key, each as JSON. */
function propertyEntries(
  name: string,
  property: string,
  data: ReadonlyMap<string, Uint8Array>,
): Map<string, Uint8Array> {
  const encoded = marshalJson(new Map([...data].map(([key, value]) => [key, Buffer.from(value).toString('base64')])))
  const literal = get(encoded, property.replaceAll('.', '\\.'))
  const found = literal.exists ? literal : get(encoded, property)
  if (!found.exists) throw new ResolverError('PROPERTY_NOT_FOUND', `property ${property} does not exist in key ${name}`)
  try {
    const members = parseJson(decodeUtf8(decode('Base64', encodeUtf8(found.string()))))
    if (members !== null && optionalObject(members) === null) throw new TypeError('no object')
    return new Map(Object.entries(object(members)).map(([key, value]) => [key, json(value)]))
  } catch (cause) {
    throw new ResolverError('VALUE_INVALID', 'failed to unmarshal secret: invalid JSON format', { cause })
  }
}

/**
 * The labels and annotations of a Secret: `labels`, `annotations.key`, and a gjson path into one after that. A Secret
 * that has none gives null, as Go writes a map that was never made.
 */
export function metadataSecret(name: string, secret: Json): RemoteSecret {
  const metadata = object(secret['metadata'])
  const texts = (part: unknown): Texts => (optionalObject(part) === null ? null : textMap(part))
  const parts = { annotations: texts(metadata['annotations']), labels: texts(metadata['labels']) }
  return {
    value(property): Uint8Array {
      if (property === '') return json(parts)
      const value = metadataValue(parts, property.split('.'))
      if (value !== undefined) return value
      throw new ResolverError(
        'PROPERTY_NOT_FOUND',
        `property ${property} does not exist in metadata of secret "${name}"`,
      )
    },
    entries: (property) => {
      const all = new Map(Object.entries(parts).map(([part, texts]) => [part, json(texts)]))
      return property === '' ? all : propertyEntries(name, property, all)
    },
  }
}

type Texts = Readonly<Record<string, string>> | null
type MetadataParts = Readonly<Record<string, Texts>>

function metadataValue(parts: MetadataParts, [part = '', key, ...rest]: readonly string[]): Uint8Array | undefined {
  const texts = Object.hasOwn(parts, part) ? parts[part] : undefined
  if (texts === undefined) return undefined
  if (key === undefined) return json(texts)
  const value = texts !== null && Object.hasOwn(texts, key) ? texts[key] : undefined
  if (value === undefined || rest.length === 0) return value === undefined ? undefined : encodeUtf8(value)
  const found = get(value, rest.join(''))
  return found.exists ? encodeUtf8(found.string()) : undefined
}
