import {
  formatDuration,
  formatTime,
  type GoTime,
  inLocation,
  NumberError,
  parseInt64,
  parseTime,
} from '@sealkit/core/go'
import { FunctionFailure } from '../error.ts'
import { fromText, toText } from '../utf8.ts'
import { Sized, type Value } from '../value.ts'
import { type Context, type FunctionRow, rows } from './row.ts'
import { atNanoseconds, durationOf, locationOrUtc, moved, parsed, Time, ZERO_TIME } from './time.ts'

const SECOND = 1_000_000_000n

/** sprig's date functions. The clock and the local zone are the render's. */
export function dateFunctions(): FunctionRow[] {
  const now = (context: Context): GoTime =>
    inLocation(atNanoseconds(context.now()), locationOrUtc('Local', context.zone))
  const dateInZone: FunctionRow['run'] = ([layout, date, zone], context) =>
    format(layout as string, { date, zone: zone as string, context })
  const modify: FunctionRow['run'] = ([by, date]) => dateModify(by as string, date as Time)
  const mustModify: FunctionRow['run'] = ([by, date]) => new Time(moved((date as Time).time, durationOf(by as string)))
  return rows('Dates', [
    ['now() time.Time', (_, context) => new Time(now(context)), 'The time of the render.', 'now'],
    [
      'date(string, any) string',
      ([layout, date], context) => format(layout as string, { date, zone: 'Local', context }),
      'A time in a Go layout.',
      'now | date "2006-01-02"',
    ],
    [
      'date_in_zone(string, any, string) string',
      dateInZone,
      'A time in a Go layout and a time zone.',
      'date_in_zone "2006-01-02" (now) "UTC"',
    ],
    [
      'dateInZone(string, any, string) string',
      dateInZone,
      'A time in a Go layout and a time zone.',
      'dateInZone "2006-01-02" (now) "UTC"',
    ],
    ['date_modify(string, time.Time) time.Time', modify, 'A time moved by a duration.', 'now | date_modify "-1.5h"'],
    ['dateModify(string, time.Time) time.Time', modify, 'A time moved by a duration.', 'now | dateModify "-1.5h"'],
    [
      'must_date_modify(string, time.Time) time.Time',
      mustModify,
      'A time moved by a duration, which must be one.',
      'now | must_date_modify "-1.5h"',
    ],
    [
      'mustDateModify(string, time.Time) time.Time',
      mustModify,
      'A time moved by a duration, which must be one.',
      'now | mustDateModify "-1.5h"',
    ],
    [
      'htmlDate(any) string',
      ([date], context) => format('2006-01-02', { date, zone: 'Local', context }),
      'A time as the value of an HTML date field.',
      'now | htmlDate',
    ],
    [
      'htmlDateInZone(any, string) string',
      ([date, zone], context) => format('2006-01-02', { date, zone: zone as string, context }),
      'A time as the value of an HTML date field, in a time zone.',
      'htmlDateInZone (now) "UTC"',
    ],
    [
      'toDate(string, string) time.Time',
      ([layout, text], context) => toDate(layout as string, text as string, context),
      'The time that a text holds in a Go layout.',
      'toDate "2006-01-02" "2017-12-31"',
    ],
    [
      'mustToDate(string, string) time.Time',
      ([layout, text], context) => new Time(parseDate(layout as string, text as string, context)),
      'The time that a text holds in a Go layout, which must be one.',
      'mustToDate "2006-01-02" "2017-12-31"',
    ],
    [
      'unixEpoch(time.Time) string',
      ([date]) => String((date as Time).time.unix),
      'The seconds since 1970.',
      'now | unixEpoch',
    ],
    ['ago(any) string', ([date], context) => ago(date, context), 'How long ago a time was.', 'ago .createdAt'],
    [
      'duration(any) string',
      ([seconds]) => formatted(secondsOf(seconds) * SECOND),
      'Seconds as a duration.',
      'duration "95"',
    ],
    [
      'durationRound(any) string',
      ([value], context) => durationRound(value, context),
      'A duration in its largest unit.',
      'durationRound "2h10m5s"',
    ],
  ])
}

interface Format {
  readonly date: Value
  readonly zone: string
  readonly context: Context
}

function format(layout: string, { date, zone, context }: Format): string {
  const time = timeOf(date) ?? atNanoseconds(context.now())
  return fromText(formatTime(inLocation(time, locationOrUtc(zone, context.zone)), toText(layout)))
}

/** The time that a value stands for: a time, or whole seconds since 1970. */
function timeOf(value: Value): GoTime | null {
  if (value instanceof Time) return value.time
  const seconds =
    typeof value === 'bigint' ? value : value instanceof Sized && value.type === 'int64' ? value.value : null
  return seconds === null ? null : { ...ZERO_TIME, unix: Number(seconds) }
}

function dateModify(by: string, date: Time): Time {
  try {
    return new Time(moved(date.time, durationOf(by)))
  } catch (error) {
    if (error instanceof FunctionFailure) return date
    throw error
  }
}

function parseDate(layout: string, text: string, context: Context): GoTime {
  return parsed(() => parseTime(toText(layout), toText(text), locationOrUtc('Local', context.zone)))
}

function toDate(layout: string, text: string, context: Context): Time {
  try {
    return new Time(parseDate(layout, text, context))
  } catch (error) {
    if (error instanceof FunctionFailure) return new Time(ZERO_TIME)
    throw error
  }
}

function ago(date: Value, context: Context): string {
  const time = timeOf(date)
  if (time === null) return '0s'
  const since = clamp(context.now() - new Time(time).nanoseconds)
  const half = since < 0n ? -SECOND / 2n : SECOND / 2n
  return formatted(((since + half) / SECOND) * SECOND)
}

function clamp(value: bigint): bigint {
  const most = 2n ** 63n
  return value >= most ? most - 1n : value < -most ? -most : value
}

function secondsOf(value: Value): bigint {
  if (value instanceof Sized && value.type === 'int64') return value.value
  if (typeof value !== 'string') return 0n
  try {
    return parseInt64(value, 10)
  } catch (error) {
    if (error instanceof NumberError) return error.value as bigint
    throw error
  }
}

function formatted(nanoseconds: bigint): string {
  return fromText(formatDuration(BigInt.asIntN(64, nanoseconds)))
}

const UNITS: readonly (readonly [seconds: bigint, name: string])[] = [
  [365n * 86400n, 'y'],
  [30n * 86400n, 'mo'],
  [86400n, 'd'],
  [3600n, 'h'],
  [60n, 'm'],
  [1n, 's'],
]

function durationRound(value: Value, context: Context): string {
  const nanoseconds = roundable(value, context)
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds
  for (const [seconds, name] of UNITS) {
    const unit = seconds * SECOND
    if (magnitude > unit) return `${magnitude / unit}${name}`
  }
  return '0s'
}

function roundable(value: Value, context: Context): bigint {
  if (value instanceof Time) return clamp(context.now() - value.nanoseconds)
  if (value instanceof Sized && value.type === 'int64') return value.value
  if (typeof value !== 'string') return 0n
  try {
    return durationOf(value)
  } catch (error) {
    if (error instanceof FunctionFailure) return 0n
    throw error
  }
}
