import { CoreError } from '../error.ts'
import { timeFailure } from './timefailure.ts'

const timestamp = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/

/**
 * RFC 3339 text in the form in which Go writes it: fraction cut to nanoseconds and without trailing zeros, `Z` for a
 * zero offset.
 *
 * @throws `UNSUPPORTED_VALUE`
 */
export function canonicalTime(text: string): string {
  const match = timestamp.exec(text)
  if (match === null || !isCalendarTime(match)) {
    throw new CoreError('UNSUPPORTED_VALUE', 'a timestamp is not RFC 3339', { upstream: timeFailure(text) })
  }
  const fraction = (match[7] ?? '').slice(0, 9).replace(/0+$/, '')
  const zone = match[8] === '+00:00' || match[8] === '-00:00' ? 'Z' : match[8]
  return `${text.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}${zone}`
}

/** The same without its fraction: Go's `Format(time.RFC3339)`. */
export function secondsTime(text: string): string {
  return canonicalTime(text).replace(/\.\d+/, '')
}

function isCalendarTime(match: RegExpExecArray): boolean {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const zone = match[8] ?? 'Z'
  if (zone !== 'Z' && (Number(zone.slice(1, 3)) > 23 || Number(zone.slice(4)) > 59)) return false
  // Day 0 of the next month is the last of this one; setUTCFullYear keeps years below 100 as they are.
  const last = new Date(0)
  last.setUTCFullYear(year, month, 0)
  return month >= 1 && month <= 12 && day >= 1 && day <= last.getUTCDate() && hour < 24 && minute < 60 && second < 60
}
