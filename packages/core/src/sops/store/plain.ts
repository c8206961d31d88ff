import { formatFloat } from '../../go/float.ts'
import { secondsTime } from '../time.ts'
import { isBranch, isList, isTime, type Value } from '../tree.ts'

/** True for what a flat format has no text for. */
export function isComplex(value: Value): boolean {
  return isList(value) || isBranch(value)
}

/** A scalar as text in a flat format (dotenv, INI, the environment): Go's `%v`, floats never like an integer. */
export function plainText(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'string') return value
  if (typeof value === 'number') return float(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (isTime(value)) return secondsTime(value.text)
  if (typeof value === 'object') return 'text' in value ? value.text : ''
  return String(value)
}

/** Go's `FormatFloat(x, 'G', -1)`, with a decimal where it could be taken for an integer. */
function float(value: number): string {
  const text = formatFloat(value, 'G')
  return text.includes('.') || text.includes('E') ? text : formatFloat(value, 'f', 1)
}
