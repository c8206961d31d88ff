import { formatFloat } from './float.ts'
import { compareUtf8 } from './utf8.ts'

/**
 * What Go's `%v` prints for a value that came from JSON or YAML: `<nil>`, floats by `g`, `[a b]`, `map[k:v]` with keys
 * sorted. A `number` is a float64, a `bigint` an integer; Maps count as objects.
 */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return formatFloat(value, 'g')
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
  entries.sort(([a], [b]) => compareUtf8(a, b))
  return `map[${entries.map(([key, member]) => `${key}:${formatValue(member)}`).join(' ')}]`
}
