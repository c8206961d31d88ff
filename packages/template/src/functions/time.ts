import {
  clockTime,
  formatDuration,
  formatTime,
  type GoTime,
  inLocation,
  loadLocation,
  NAMES,
  parseDuration,
  RFC3339_NANO,
  TIME_STRING,
  UTC,
} from '@sealkit/core/go'
import { failure } from '../error.ts'
import { fromText, toText } from '../utf8.ts'
import { type Method, type Opaque, Sized, type Value } from '../value.ts'

const BILLION = 1_000_000_000n

/** Go's time.Time as templates see it. */
export class Time implements Opaque {
  readonly type = 'time.Time'
  readonly kind = 'struct'
  readonly time: GoTime

  constructor(time: GoTime) {
    this.time = time
  }

  /** Nanoseconds since 1970. */
  get nanoseconds(): bigint {
    return BigInt(this.time.unix) * BILLION + BigInt(this.time.nanosecond)
  }

  readonly text = (): string => fromText(formatTime(this.time, TIME_STRING))

  readonly json = (): string => {
    const { year } = clockTime(this.time)
    if (year < 0 || year > 9999) {
      failure(
        'json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range [0,9999]',
        true,
      )
    }
    return `"${formatTime(this.time, RFC3339_NANO)}"`
  }

  readonly equals = (other: Opaque): boolean => {
    if (!(other instanceof Time)) return false
    const { zone } = this.time
    return (
      this.nanoseconds === other.nanoseconds &&
      zone.name === other.time.zone.name &&
      zone.offset === other.time.zone.offset
    )
  }

  get methods(): ReadonlyMap<string, Method> {
    return timeMethods(this)
  }
}

/** The zero time, which Go's functions return beside an error. */
export const ZERO_TIME: GoTime = { unix: -62135596800, nanosecond: 0, zone: { name: 'UTC', offset: 0 } }

/** The instant so many nanoseconds after 1970, in UTC. */
export function atNanoseconds(nanoseconds: bigint): GoTime {
  const rest = ((nanoseconds % BILLION) + BILLION) % BILLION
  return { unix: Number((nanoseconds - rest) / BILLION), nanosecond: Number(rest), zone: { name: 'UTC', offset: 0 } }
}

/** A time.Duration. */
function duration(nanoseconds: bigint): Sized {
  const value = BigInt.asIntN(64, nanoseconds)
  return new Sized('time.Duration', value, { kind: 'int64', text: fromText(formatDuration(value)) })
}

/** The time moved by nanoseconds, in its own zone. */
export function moved(time: GoTime, nanoseconds: bigint): GoTime {
  const total = BigInt(time.unix) * BILLION + BigInt(time.nanosecond) + nanoseconds
  return { ...atNanoseconds(total), zone: time.zone }
}

/** The nanoseconds of a duration's text. @throws FunctionFailure with Go's text */
export function durationOf(text: string): bigint {
  return parsed(() => parseDuration(toText(text)))
}

/** Runs a parser of `core/go` and passes its error on as a template function's. */
export function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const upstream = (error as { upstream?: string }).upstream
    if (upstream === undefined) throw error
    return failure(fromText(upstream))
  }
}

function timeMethods(self: Time): ReadonlyMap<string, Method> {
  const { time } = self
  const clock = clockTime(time)
  const get = (run: () => Value): Method => ({ parameters: [], run })
  const compare = (run: (other: Time) => Value): Method => ({
    parameters: ['time.Time'],
    run: ([other]) => run(other as Time),
  })
  const many = (results: number): Method => ({ parameters: [], results, run: () => undefined })
  return new Map<string, Method>([
    ['Year', get(() => BigInt(clock.year))],
    ['Month', get(() => named('time.Month', clock.month, NAMES.months[clock.month - 1] ?? ''))],
    ['Day', get(() => BigInt(clock.day))],
    ['Hour', get(() => BigInt(clock.hour))],
    ['Minute', get(() => BigInt(clock.minute))],
    ['Second', get(() => BigInt(clock.second))],
    ['Nanosecond', get(() => BigInt(time.nanosecond))],
    ['YearDay', get(() => BigInt(clock.yearDay))],
    ['Weekday', get(() => named('time.Weekday', clock.weekday, NAMES.weekdays[clock.weekday] ?? ''))],
    ['Unix', get(() => new Sized('int64', BigInt(time.unix)))],
    ['UnixMilli', get(() => new Sized('int64', self.nanoseconds / 1_000_000n))],
    ['UnixMicro', get(() => new Sized('int64', self.nanoseconds / 1000n))],
    ['UnixNano', get(() => new Sized('int64', BigInt.asIntN(64, self.nanoseconds)))],
    ['UTC', get(() => new Time(inLocation(time, UTC)))],
    ['String', get(() => self.text())],
    ['IsZero', get(() => time.unix === ZERO_TIME.unix && time.nanosecond === 0)],
    ['IsDST', get(() => false)],
    ['Format', { parameters: ['string'], run: ([layout]) => fromText(formatTime(time, toText(layout as string))) }],
    ['Add', { parameters: ['time.Duration'], run: ([by]) => new Time(moved(time, (by as Sized).value)) }],
    [
      'AddDate',
      { parameters: ['int', 'int', 'int'], run: ([y, m, d]) => new Time(addDate(time, [y, m, d].map(Number))) },
    ],
    ['Sub', compare((other) => duration(clampDuration(self.nanoseconds - other.nanoseconds)))],
    ['After', compare((other) => self.nanoseconds > other.nanoseconds)],
    ['Before', compare((other) => self.nanoseconds < other.nanoseconds)],
    ['Equal', compare((other) => self.nanoseconds === other.nanoseconds)],
    ['Compare', compare((other) => BigInt(Math.sign(Number(self.nanoseconds - other.nanoseconds))))],
    ['Truncate', { parameters: ['time.Duration'], run: ([to]) => new Time(truncated(self, (to as Sized).value)) }],
    ['Clock', many(3)],
    ['Date', many(3)],
    ['ISOWeek', many(2)],
    ['Zone', many(2)],
  ])
}

function named(type: string, value: number, text: string): Sized {
  return new Sized(type, BigInt(value), { kind: 'int', text })
}

function clampDuration(value: bigint): bigint {
  const most = 2n ** 63n
  return value >= most ? most - 1n : value < -most ? -most : value
}

function addDate(time: GoTime, [years = 0, months = 0, days = 0]: readonly number[]): GoTime {
  const clock = clockTime(time)
  const local = Date.UTC(2000, clock.month - 1 + months, clock.day + days, clock.hour, clock.minute, clock.second)
  const shifted = new Date(local)
  shifted.setUTCFullYear(shifted.getUTCFullYear() - 2000 + clock.year + years)
  return { ...time, unix: shifted.getTime() / 1000 - time.zone.offset }
}

function truncated(self: Time, to: bigint): GoTime {
  if (to <= 0n) return self.time
  // Go counts from the zero time, not from 1970.
  const sinceZero = self.nanoseconds - BigInt(ZERO_TIME.unix) * BILLION
  return moved(self.time, -(((sinceZero % to) + to) % to))
}

/** A location by name; UTC for names that do not exist, as sprig has it. */
export function locationOrUtc(name: string, local: string): ReturnType<typeof loadLocation> {
  try {
    return loadLocation(toText(name === 'Local' ? local : name))
  } catch {
    return UTC
  }
}
