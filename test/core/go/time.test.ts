import assert from 'node:assert/strict'
import test from 'node:test'
import { CoreError } from '@sealkit/core'
import {
  formatDuration,
  formatTime,
  inLocation,
  loadLocation,
  parseDuration,
  parseTime,
  RFC3339_NANO,
  TIME_STRING,
} from '@sealkit/core/go'
import { fc } from '../../property.ts'

// Recorded from Go 1.26.
const REFUSED: readonly [name: string, run: () => unknown, upstream: string][] = [
  ['a duration without unit', () => parseDuration('1h5'), 'time: missing unit in duration "1h5"'],
  ['a duration in days', () => parseDuration('1d'), 'time: unknown unit "d" in duration "1d"'],
  ['a duration of no digits', () => parseDuration('.s'), 'time: invalid duration ".s"'],
  ['a duration too long', () => parseDuration('2562048h'), 'time: invalid duration "2562048h"'],
  ['a duration outside ASCII', () => parseDuration('1é'), 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"'],
  [
    'a month that is none',
    () => parseTime('2006-01-02', '2024-13-01'),
    'parsing time "2024-13-01": month out of range',
  ],
  ['a day that is none', () => parseTime('2006-01-02', '2023-02-29'), 'parsing time "2023-02-29": day out of range'],
  ['text behind the time', () => parseTime('2006', '2024x'), 'parsing time "2024x": extra text: "x"'],
  [
    'a time of another layout',
    () => parseTime('2006-01-02', '01/02/2024'),
    'parsing time "01/02/2024" as "2006-01-02": cannot parse "01/02/2024" as "2006"',
  ],
  [
    'a time that differs from its layout inside of a character',
    () => parseTime('é 2006', 'è 2024'),
    'parsing time "\\xc3\\xa8 2024" as "\\xc3\\xa9 2006": cannot parse "\\xa8 2024" as "\\xc3\\xa9 "',
  ],
  [
    'a name that is one only in lower case',
    () => parseTime('Mon', 'FRİ'),
    'parsing time "FR\\xc4\\xb0" as "Mon": cannot parse "FR\\xc4\\xb0" as "Mon"',
  ],
  [
    'a zone whose sign is no character',
    () => parseTime('-0700', '\udcc32500'),
    'parsing time "\\xc32500": time zone offset hour out of range',
  ],
  ['a zone that is none', () => loadLocation('Europe/Atlantis'), 'unknown time zone Europe/Atlantis'],
  ['a zone in other case', () => loadLocation('europe/berlin'), 'unknown time zone europe/berlin'],
  ['a zone that is a path', () => loadLocation('../../etc/passwd'), 'time: invalid location name'],
]

for (const [name, run, upstream] of REFUSED) {
  test(`refuses ${name} in Go's words, and does not quote it`, () => {
    assert.throws(run, (error: CoreError) => {
      assert.deepEqual([error instanceof CoreError, error.code, error.upstream], [true, 'INVALID_TIME', upstream])
      assert.ok(!error.message.includes('"'))
      return true
    })
  })
}

test('an offset stays as it was written', () => {
  const time = parseTime(RFC3339_NANO, '2024-07-01T12:00:00.120+05:45')
  assert.deepEqual(time, { unix: 1719814500, nanosecond: 120_000_000, zone: { name: '', offset: 20700 } })
  assert.equal(formatTime(time, RFC3339_NANO), '2024-07-01T12:00:00.12+05:45')
})

test('a wall clock is read in its place, also around the change to summer time', () => {
  const berlin = loadLocation('Europe/Berlin')
  const shown = (text: string): string => formatTime(parseTime('2006-01-02 15:04', text, berlin), TIME_STRING)
  assert.equal(shown('2024-03-31 01:59'), '2024-03-31 01:59:00 +0100 CET')
  assert.equal(shown('2024-03-31 02:30'), '2024-03-31 03:30:00 +0200 CEST')
  assert.equal(shown('2024-10-27 02:30'), '2024-10-27 02:30:00 +0100 CET')
})

test('any duration reads back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 63n) + 1n, max: (1n << 63n) - 1n }), (nanoseconds) => {
      // Go reads fractions in floating point, so that only those of up to fifteen digits are exact.
      const exact = nanoseconds - (nanoseconds % 1000n)
      assert.equal(parseDuration(formatDuration(exact)), exact)
    }),
  )
})

test('any time of four digit years reads back, in any place', () => {
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia')
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 4e9 }), fc.nat({ max: 999_999_999 }), zone, (unix, nanosecond, name) => {
      const time = inLocation({ unix, nanosecond, zone: { name: 'UTC', offset: 0 } }, loadLocation(name))
      const read = parseTime(RFC3339_NANO, formatTime(time, RFC3339_NANO))
      assert.deepEqual([read.unix, read.nanosecond, read.zone.offset], [unix, nanosecond, time.zone.offset])
    }),
  )
})
