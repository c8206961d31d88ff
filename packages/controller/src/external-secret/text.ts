import { formatFloat } from '@sealkit/core/go'

/** Go's `%+v` of a decoded JSON value, which the hash of a target of another kind than Secret is made of. */
export function bodyText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat(value, 'g')
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(bodyText).join(' ')}]`
  const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return `map[${entries.map(([key, item]) => `${key}:${bodyText(item)}`).join(' ')}]`
}
