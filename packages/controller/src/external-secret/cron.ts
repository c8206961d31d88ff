import { parseDuration } from '@sealkit/core/go'

/** Times that come again and again. */
export interface Schedule {
  /** The first time after this one, in whole seconds; null when there is none within five years. */
  next(after: Date): Date | null
}

interface Field {
  readonly minimum: number
  readonly maximum: number
  /** Names of its values, from the minimum on. */
  readonly names?: readonly string[]
}

const fields = [
  { minimum: 0, maximum: 59 },
  { minimum: 0, maximum: 23 },
  { minimum: 1, maximum: 31 },
  { minimum: 1, maximum: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ') },
  { minimum: 0, maximum: 6, names: 'sun mon tue wed thu fri sat'.split(' ') },
] as const satisfies readonly Field[]

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const minute = 60_000
const day = 24 * 60 * minute

/**
 * Reads a schedule as `github.com/robfig/cron` does: five fields, or a word as `@daily` or `@every 1h30m`, in UTC.
 *
 * @returns null for a text that is no schedule
 */
export function parseSchedule(text: string): Schedule | null {
  const plain = text.replace(/^(?:CRON_)?TZ=UTC\s+/, '').trim()
  if (plain.startsWith('@every ')) return every(plain.slice('@every '.length))
  const words = (Object.hasOwn(descriptors, plain) ? (descriptors[plain] ?? plain) : plain).split(/\s+/)
  if (words.length !== fields.length) return null
  const sets = fields.map((field, index) => parseField(words[index] ?? '', field))
  const [minutes, hours, days, months, weekdays] = sets
  if (!minutes || !hours || !days || !months || !weekdays) return null
  return { next: (after) => search({ minutes, hours, days, months, weekdays }, after) }
}

/** A constant delay from the time that is asked about, as the library has it. */
function every(text: string): Schedule | null {
  let milliseconds: number
  try {
    milliseconds = Number(parseDuration(text) / 1_000_000n)
  } catch {
    return null
  }
  const delay = Math.max(1000, milliseconds - (milliseconds % 1000))
  return { next: (after) => new Date(after.getTime() - after.getUTCMilliseconds() + delay) }
}

interface Values {
  readonly set: ReadonlySet<number>
  /** Written as a star: it then does not restrict which days match. */
  readonly star: boolean
}

function parseField(text: string, field: Field): Values | null {
  const set = new Set<number>()
  let star = false
  for (const part of text.split(',').filter((each) => each !== '')) {
    const range = parseRange(part, field)
    if (range === null) return null
    star ||= range.star
    for (let value = range.start; value <= range.end; value += range.step) set.add(value)
  }
  return set.size === 0 ? null : { set, star }
}

interface Range {
  readonly start: number
  readonly end: number
  readonly step: number
  readonly star: boolean
}

function parseRange(text: string, field: Field): Range | null {
  const [span = '', stepText, ...more] = text.split('/')
  const [low = '', high, ...rest] = span.split('-')
  if (more.length > 0 || rest.length > 0) return null
  const step = stepText === undefined ? 1 : number(stepText)
  if (step === null || step === 0) return null
  if (low === '*' || low === '?') {
    return { start: field.minimum, end: field.maximum, step, star: step === 1 }
  }
  const start = value(low, field)
  const end = high !== undefined ? value(high, field) : stepText === undefined ? start : field.maximum
  if (start === null || end === null || start < field.minimum || end > field.maximum || start > end) return null
  return { start, end, step, star: false }
}

function value(text: string, { minimum, names = [] }: Field): number | null {
  const index = names.indexOf(text.toLowerCase())
  return index < 0 ? number(text) : index + minimum
}

function number(text: string): number | null {
  return /^\+?\d+$/.test(text) ? Number(text) : null
}

interface Spec {
  readonly minutes: Values
  readonly hours: Values
  readonly days: Values
  readonly months: Values
  readonly weekdays: Values
}

/** Goes on in the largest steps that the fields allow. */
function search(spec: Spec, after: Date): Date | null {
  const limit = Date.UTC(after.getUTCFullYear() + 6, 0)
  let time = Math.floor(after.getTime() / minute) * minute + minute
  while (time < limit) {
    const date = new Date(time)
    if (!spec.months.set.has(date.getUTCMonth() + 1)) {
      time = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
    } else if (!matchesDay(spec, date)) time = Math.floor(time / day) * day + day
    else if (!spec.hours.set.has(date.getUTCHours())) time += 60 * minute - date.getUTCMinutes() * minute
    else if (!spec.minutes.set.has(date.getUTCMinutes())) time += minute
    else return date
  }
  return null
}

/** With both the day of the month and of the week restricted, either will do. */
function matchesDay({ days, weekdays }: Spec, date: Date): boolean {
  const byDay = days.set.has(date.getUTCDate())
  const byWeekday = weekdays.set.has(date.getUTCDay())
  return days.star || weekdays.star ? byDay && byWeekday : byDay || byWeekday
}
