import type { Location, Zone } from './location.ts'
import { layoutChunks } from './time-layout.ts'

/** An instant with the zone that it is shown in, as Go's `time.Time`. */
export interface GoTime {
  /** Whole seconds since 1970-01-01T00:00:00Z. */
  readonly unix: number
  /** 0 to 999999999. */
  readonly nanosecond: number
  readonly zone: Zone
}

/** `time.RFC3339`. */
export const RFC3339 = '2006-01-02T15:04:05Z07:00'
/** `time.RFC3339Nano`: as RFC3339, with as many digits of the second as it has. */
export const RFC3339_NANO = '2006-01-02T15:04:05.999999999Z07:00'
/** What Go's `Time.String` and `%v` print. */
export const TIME_STRING = '2006-01-02 15:04:05.999999999 -0700 MST'

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

/** English names as Go's layouts have them; months from January, weekdays from Sunday. */
export const NAMES: { readonly months: readonly string[]; readonly weekdays: readonly string[] } = {
  months: MONTHS,
  weekdays: WEEKDAYS,
}

/** The same instant, shown in another location. */
export function inLocation(time: GoTime, location: Location): GoTime {
  return { ...time, zone: location.zoneAt(time.unix) }
}

/** A time on a clock and calendar; `yearDay` counts from 1, `weekday` from Sunday = 0. */
export interface ClockTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly yearDay: number
  readonly weekday: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** The date and clock of a time in its zone, by the proleptic Gregorian calendar. */
export function clockTime(time: GoTime): ClockTime {
  const local = time.unix + time.zone.offset
  const days = Math.floor(local / 86400)
  const seconds = local - days * 86400
  const { year, month, day } = civil(days)
  return {
    year,
    month,
    day,
    yearDay: days - daysFromCivil(year, 1, 1) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  }
}

/** Days from 1970-01-01 to a date. The year is counted from March, so that the leap day comes last. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146097 + dayOfEra - 719468
}

function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719468
  const era = Math.floor(shifted / 146097)
  const dayOfEra = shifted - era * 146097
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36524) + Math.floor(dayOfEra / 146096)
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** Formats a time by a Go layout, as `Time.Format`. */
export function formatTime(time: GoTime, layout: string): string {
  const clock = clockTime(time)
  return layoutChunks(layout)
    .map(({ prefix, element }) => prefix + (element === '' ? '' : formatElement(element, clock, time)))
    .join('')
}

function formatElement(element: string, clock: ClockTime, time: GoTime): string {
  const field = FIELDS[element]
  if (field !== undefined) return field(clock)
  if (element === 'MST') return time.zone.name === '' ? formatOffset(time.zone.offset, '-0700') : time.zone.name
  if (element.startsWith('.') || element.startsWith(',')) return fraction(time.nanosecond, element)
  return formatOffset(time.zone.offset, element)
}

const FIELDS: Readonly<Record<string, (clock: ClockTime) => string>> = {
  '2006': ({ year }) => pad(year, 4),
  '06': ({ year }) => pad(Math.abs(year) % 100, 2),
  January: ({ month }) => MONTHS[month - 1] ?? '',
  Jan: ({ month }) => (MONTHS[month - 1] ?? '').slice(0, 3),
  '1': ({ month }) => String(month),
  '01': ({ month }) => pad(month, 2),
  Monday: ({ weekday }) => WEEKDAYS[weekday] ?? '',
  Mon: ({ weekday }) => (WEEKDAYS[weekday] ?? '').slice(0, 3),
  '2': ({ day }) => String(day),
  _2: ({ day }) => String(day).padStart(2),
  '02': ({ day }) => pad(day, 2),
  __2: ({ yearDay }) => String(yearDay).padStart(3),
  '002': ({ yearDay }) => pad(yearDay, 3),
  '15': ({ hour }) => pad(hour, 2),
  '3': ({ hour }) => String(hour % 12 || 12),
  '03': ({ hour }) => pad(hour % 12 || 12, 2),
  '4': ({ minute }) => String(minute),
  '04': ({ minute }) => pad(minute, 2),
  '5': ({ second }) => String(second),
  '05': ({ second }) => pad(second, 2),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
}

/** An offset by an element such as `Z07:00` or `-0700`; `Z` elements print `Z` for UTC. */
function formatOffset(offset: number, element: string): string {
  if (offset === 0 && element.startsWith('Z')) return 'Z'
  const minutes = Math.trunc(offset / 60)
  const colon = element.includes(':') ? ':' : ''
  const digits = element.replace(/[^0-9]/g, '').length
  const size = Math.abs(minutes)
  let text = `${minutes < 0 ? '-' : '+'}${pad(Math.trunc(size / 60), 2)}`
  if (digits >= 4) text += colon + pad(size % 60, 2)
  if (digits >= 6) text += colon + pad((minutes < 0 ? -offset : offset) % 60, 2)
  return text
}

/** A fraction of a second by `.000` (all digits) or `.999` (no trailing zeros), with a point or a comma. */
function fraction(nanosecond: number, element: string): string {
  const digits = pad(nanosecond, 9).slice(0, element.length - 1)
  if (element[1] === '0') return element.charAt(0) + digits
  const trimmed = digits.replace(/0+$/, '')
  return trimmed === '' ? '' : element.charAt(0) + trimmed
}

function pad(value: number, width: number): string {
  return (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(width, '0')
}
