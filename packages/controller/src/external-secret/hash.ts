import { createHash } from 'node:crypto'
import { formatFloat } from '@sealkit/core/go'
import type { ObjectMeta } from '@sealkit/core/manifest'

/** SHA3-224 of a text, in hexadecimal: the hash of everything that External Secrets writes down. */
export function hash(text: string): string {
  return createHash('sha3-224').update(text).digest('hex')
}

/**
 * External Secrets' `data-hash`: the hash of what Go's `%+v` prints for the data, `map[a:[98 97 114] b:[]]`.
 *
 * @param data a Secret's data, values in base64
 */
export function dataHash(data: Readonly<Record<string, string>>): string {
  const entries = byKey(data).map(([key, value]) => `${key}:[${Buffer.from(value, 'base64').join(' ')}]`)
  return hash(`map[${entries.join(' ')}]`)
}

/** The `data-hash` of a target of another kind than Secret: the hash of its `spec`, else of its `data`. */
export function bodyHash(target: Readonly<Record<string, unknown>>): string {
  return hash(bodyText(target['spec'] ?? target['data']))
}

/** Go's `%+v` of a decoded JSON value. */
function bodyText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat(value, 'g')
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(bodyText).join(' ')}]`
  const entries = byKey(value as Readonly<Record<string, unknown>>).map(([key, item]) => `${key}:${bodyText(item)}`)
  return `map[${entries.join(' ')}]`
}

/** `status.syncedResourceVersion`: changes with the spec, the labels and the annotations, and with nothing else. */
export function syncedResourceVersion(metadata: ObjectMeta): string {
  const print = (map: Readonly<Record<string, string>> = {}): string =>
    `map[${byKey(map)
      .map(([key, value]) => `${key}:${value}`)
      .join(' ')}]`
  const text = `{annotations:${print(metadata.annotations)} labels:${print(metadata.labels)}}`
  return `${metadata.generation ?? 0}-${hash(text)}`
}

/** Entries in Go's order: bytes, not UTF-16 units. */
function byKey<Value>(map: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(map).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
