import { NAMES } from './time.ts'

/** The text still to be read, one character a byte, and the layout element that comes after the one being read. */
export interface Cursor {
  rest: string
  following: string
}

/** Why a text does not fit its layout, in the parts of Go's `time.ParseError`. */
export class Refusal extends Error {
  readonly problem: string
  readonly value: string
  readonly element: string

  constructor(problem: string, value: string = '', element: string = '') {
    super('the text does not fit the layout')
    this.problem = problem
    this.value = value
    this.element = element
  }
}

/** What has been read of a time. */
export class Fields {
  year = 0
  month = -1
  day = -1
  yearDay = -1
  hour = 0
  minute = 0
  second = 0
  nanosecond = 0
  half: 'am' | 'pm' | undefined = undefined
  /** The text said `Z` or `UTC`. */
  utc = false
  offset: number | undefined = undefined
  zoneName = ''

  /** Completes the date from what the layout had, and checks it. */
  settleDate(): void {
    if (this.half === 'pm' && this.hour < 12) this.hour += 12
    else if (this.half === 'am' && this.hour === 12) this.hour = 0
    if (this.yearDay >= 0) this.#settleYearDay()
    if (this.month < 0) this.month = 1
    if (this.day < 0) this.day = 1
    if (this.day < 1 || this.day > daysIn(this.year, this.month)) throw new Refusal(': day out of range')
  }

  #settleYearDay(): void {
    const length = isLeap(this.year) ? 366 : 365
    if (this.yearDay < 1 || this.yearDay > length) throw new Refusal(': day-of-year out of range')
    let month = 1
    let day = this.yearDay
    while (day > daysIn(this.year, month)) {
      day -= daysIn(this.year, month)
      month += 1
    }
    if (this.month >= 0 && this.month !== month) throw new Refusal(': day-of-year does not match month')
    if (this.day >= 0 && this.day !== day) throw new Refusal(': day-of-year does not match day')
    this.month = month
    this.day = day
  }
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/**
 * Reads one element from the cursor: `undefined` when it is there, the empty string when it cannot be parsed, else the
 * name of the field that is out of range.
 */
export type ReadElement = (cursor: Cursor, fields: Fields, element: string) => string | undefined

const CANNOT_PARSE = ''

/** Takes what a pattern matches at the cursor, or nothing. */
function take(cursor: Cursor, pattern: RegExp): string | undefined {
  const match = pattern.exec(cursor.rest)
  if (match === null) return undefined
  cursor.rest = cursor.rest.slice(match[0].length)
  return match[0]
}

/** A field of one or two digits within a range. */
function number(pattern: RegExp, name: string, range: readonly [number, number], set: SetField): ReadElement {
  return (cursor, fields) => {
    const digits = take(cursor, pattern)
    if (digits === undefined) return CANNOT_PARSE
    const value = Number(digits)
    set(fields, value)
    return value < range[0] || value > range[1] ? name : undefined
  }
}

type SetField = (fields: Fields, value: number) => void

const ONE_OR_TWO = /^[0-9][0-9]?/
const TWO = /^[0-9][0-9]/
const ANY = [0, 99] as const

const setMonth: SetField = (fields, value) => {
  fields.month = value
}
const setDay: SetField = (fields, value) => {
  fields.day = value
}
const setHour: SetField = (fields, value) => {
  fields.hour = value
}
const setMinute: SetField = (fields, value) => {
  fields.minute = value
}

/** A name in any case, of which the first in the list that fits counts. */
function name(names: readonly string[], length: number, set: SetField): ReadElement {
  return (cursor, fields) => {
    const lower = cursor.rest.slice(0, 16).toLowerCase()
    const index = names.findIndex((entry) => lower.startsWith(entry.slice(0, length).toLowerCase()))
    const found = names[index]
    if (found === undefined) return CANNOT_PARSE
    cursor.rest = cursor.rest.slice(Math.min(found.length, length))
    set(fields, index)
    return undefined
  }
}

function readYear(cursor: Cursor, fields: Fields): string | undefined {
  const digits = take(cursor, /^[0-9]{4}/)
  if (digits === undefined) return CANNOT_PARSE
  fields.year = Number(digits)
  return undefined
}

/** Two characters, of which Go allows the first to be a sign; 69 to 99 are in the twentieth century. */
function readShortYear(cursor: Cursor, fields: Fields): string | undefined {
  const digits = take(cursor, /^[-+0-9][0-9]/)
  if (digits === undefined) return CANNOT_PARSE
  const year = Number(digits)
  fields.year = year >= 69 ? year + 1900 : year + 2000
  return undefined
}

function readSecond(pattern: RegExp): ReadElement {
  const read = number(pattern, 'second', [0, 59], (fields, value) => {
    fields.second = value
  })
  return (cursor, fields, element) => {
    const problem = read(cursor, fields, element)
    if (problem !== undefined) return problem
    // A fraction may follow even where the layout has none.
    if (/^[.,][09]/.test(cursor.following)) return undefined
    const fraction = take(cursor, /^[.,][0-9]+/)
    if (fraction !== undefined) fields.nanosecond = nanoseconds(fraction.slice(1))
    return undefined
  }
}

function nanoseconds(digits: string): number {
  return Number(digits.slice(0, 9).padEnd(9, '0'))
}

function readYearDay(pattern: RegExp): ReadElement {
  return (cursor, fields, element) => {
    if (element === '__2') take(cursor, /^ {1,2}/)
    const digits = take(cursor, pattern)
    if (digits === undefined) return CANNOT_PARSE
    fields.yearDay = Number(digits)
    return undefined
  }
}

function readHalf(cursor: Cursor, fields: Fields, element: string): string | undefined {
  const found = take(cursor, element === 'PM' ? /^[AP]M/ : /^[ap]m/)
  if (found === undefined) return CANNOT_PARSE
  fields.half = found.toLowerCase() === 'pm' ? 'pm' : 'am'
  return undefined
}

/** `.000`: exactly as many digits as the layout has. Go reads them with a sign, should one be there. */
function readFraction(cursor: Cursor, fields: Fields, element: string): string | undefined {
  const text = cursor.rest.slice(0, element.length)
  if (text.length < element.length || !/^[.,]/.test(text)) return CANNOT_PARSE
  const digits = text.slice(1, 10)
  if (!/^[-+]?[0-9]*$/.test(digits)) return CANNOT_PARSE
  cursor.rest = cursor.rest.slice(element.length)
  const value = Number(digits.replace(/^[-+]/, '') || 0) * 10 ** Math.max(9 - digits.length, 0)
  if (digits.startsWith('-') && value > 0) return 'fractional second'
  fields.nanosecond = value
  return undefined
}

/** `.999`: any number of digits, or none. */
function readOptionalFraction(cursor: Cursor, fields: Fields): string | undefined {
  const fraction = take(cursor, /^[.,][0-9]+/)
  if (fraction !== undefined) fields.nanosecond = nanoseconds(fraction.slice(1))
  return undefined
}

/** What a numeric zone may look like, by its element without `Z` or `-`. */
const OFFSETS: Readonly<Record<string, RegExp>> = {
  '07': /^(.)(..)/s,
  '0700': /^(.)(..)(..)/s,
  '07:00': /^(.)(..):(..)/s,
  '070000': /^(.)(..)(..)(..)/s,
  '07:00:00': /^(.)(..):(..):(..)/s,
}

function readOffset(cursor: Cursor, fields: Fields, element: string): string | undefined {
  if (element.startsWith('Z') && cursor.rest.startsWith('Z')) {
    cursor.rest = cursor.rest.slice(1)
    fields.utc = true
    return undefined
  }
  const match = OFFSETS[element.slice(1)]?.exec(cursor.rest)
  if (match === undefined || match === null) return CANNOT_PARSE
  cursor.rest = cursor.rest.slice(match[0].length)
  const [, sign = '', ...texts] = match
  const parts: number[] = []
  for (const text of texts) {
    if (!TWO.test(text)) break
    parts.push(Number(text))
  }
  const [hours = 0, minutes = 0, seconds = 0] = parts
  // The last that is too large names the field; ranges come before syntax. Both are Go's order.
  if (seconds > 60) return 'time zone offset second'
  if (minutes > 60) return 'time zone offset minute'
  if (hours > 24) return 'time zone offset hour'
  if (parts.length < texts.length || (sign !== '+' && sign !== '-')) return CANNOT_PARSE
  const offset = hours * 3600 + minutes * 60 + seconds
  // Go marks "no offset" by -1 second.
  fields.offset = sign === '-' ? (offset === 1 ? undefined : 0 - offset) : offset
  return undefined
}

function readZoneName(cursor: Cursor, fields: Fields): string | undefined {
  if (take(cursor, /^UTC/) !== undefined) {
    fields.utc = true
    return undefined
  }
  const found = take(cursor, zoneNamePattern(cursor.rest))
  if (found === undefined) return CANNOT_PARSE
  fields.zoneName = found
  return undefined
}

const SIGNED_HOURS = '[-+]0*(?:[0-9]|1[0-9]|2[0-3])(?![0-9])'

function zoneNamePattern(rest: string): RegExp {
  if (/^(?:ChST|MeST)/.test(rest)) return /^..../
  if (rest.startsWith('GMT')) return new RegExp(`^GMT(?:${SIGNED_HOURS})?`)
  if (/^[-+]/.test(rest)) return rest.length < 3 ? /^(?!)/ : new RegExp(`^${SIGNED_HOURS}`)
  return /^(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])/
}

/** How each element of a layout is read; `.0`, `.9` and `zone` stand for their families. */
export const ELEMENTS: Readonly<Record<string, ReadElement>> = {
  '2006': readYear,
  '06': readShortYear,
  January: name(NAMES.months, 99, (fields, index) => setMonth(fields, index + 1)),
  Jan: name(NAMES.months, 3, (fields, index) => setMonth(fields, index + 1)),
  '1': number(ONE_OR_TWO, 'month', [1, 12], setMonth),
  '01': number(TWO, 'month', [1, 12], setMonth),
  Monday: name(NAMES.weekdays, 99, () => undefined),
  Mon: name(NAMES.weekdays, 3, () => undefined),
  '2': number(ONE_OR_TWO, 'day', ANY, setDay),
  _2: (cursor, fields, element) => {
    take(cursor, /^ /)
    return number(ONE_OR_TWO, 'day', ANY, setDay)(cursor, fields, element)
  },
  '02': number(TWO, 'day', ANY, setDay),
  __2: readYearDay(/^[0-9]{1,3}/),
  '002': readYearDay(/^[0-9]{3}/),
  '15': number(ONE_OR_TWO, 'hour', [0, 23], setHour),
  '3': number(ONE_OR_TWO, 'hour', [0, 12], setHour),
  '03': number(TWO, 'hour', [0, 12], setHour),
  '4': number(ONE_OR_TWO, 'minute', [0, 59], setMinute),
  '04': number(TWO, 'minute', [0, 59], setMinute),
  '5': readSecond(ONE_OR_TWO),
  '05': readSecond(TWO),
  PM: readHalf,
  pm: readHalf,
  MST: readZoneName,
  '.0': readFraction,
  '.9': readOptionalFraction,
  zone: readOffset,
}
