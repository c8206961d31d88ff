import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSchedule, syncWindows } from '@sealkit/controller/external-secret'
import { fc } from '../../property.ts'

/** Schedule, time, next time; as `cron.ParseStandard(...).Next` of robfig/cron v3 says. */
const next: readonly (readonly [string, string, string | null])[] = [
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'],
  ['* * * * *', '2026-01-01T00:00:59.999Z', '2026-01-01T00:01:00Z'],
  ['0 2 * * *', '2026-01-01T02:00:00Z', '2026-01-02T02:00:00Z'],
  ['0 2 * * *', '2025-12-31T23:59:59Z', '2026-01-01T02:00:00Z'],
  ['*/15 9-17 * * mon-fri', '2026-11-20T17:45:00Z', '2026-11-23T09:00:00Z'],
  ['30/15 0 * * *', '2026-01-01T00:31:00Z', '2026-01-01T00:45:00Z'],
  ['0 0 29 feb ?', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['0 0 31 2 *', '2026-01-01T00:00:00Z', null],
  // With both days restricted, either will do.
  ['0 0 13 * FRI', '2026-11-01T00:00:00Z', '2026-11-06T00:00:00Z'],
  ['0 0 13 * */2', '2026-11-12T00:00:00Z', '2026-11-13T00:00:00Z'],
  ['0 0 13 * *', '2026-11-01T00:00:00Z', '2026-11-13T00:00:00Z'],
  ['1,5,9 0 1 JAN,jul *', '2026-01-01T00:05:00Z', '2026-01-01T00:09:00Z'],
  ['@daily', '2026-01-01T05:00:00Z', '2026-01-02T00:00:00Z'],
  ['@midnight', '2026-01-01T05:00:00Z', '2026-01-02T00:00:00Z'],
  ['@hourly', '2026-01-01T05:00:01Z', '2026-01-01T06:00:00Z'],
  ['@weekly', '2026-11-24T00:00:00Z', '2026-11-29T00:00:00Z'],
  ['@monthly', '2026-11-24T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['@yearly', '2026-11-24T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['@every 1h30m', '2026-01-01T00:00:00.250Z', '2026-01-01T01:30:00Z'],
  ['@every 10ms', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'],
  ['CRON_TZ=UTC 0 2 * * *', '2026-01-01T00:00:00Z', '2026-01-01T02:00:00Z'],
]

for (const [schedule, after, wanted] of next) {
  test(`after ${after} comes ${wanted} of ${schedule}`, () => {
    const found = parseSchedule(schedule)?.next(new Date(after)) ?? null
    assert.equal(found?.toISOString() ?? null, wanted === null ? null : new Date(wanted).toISOString())
  })
}

for (const text of [
  '',
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 7',
  '5-1 * * * *',
  '*/0 * * * *',
  '1-2-3 * * * *',
  '1/2/3 * * * *',
  '-1 * * * *',
  'x * * * *',
  ', * * * *',
  '@never',
  '@every',
  '@every soon',
  'TZ=Mars/Olympus * * * * *',
]) {
  test(`no schedule: ${JSON.stringify(text)}`, () => assert.equal(parseSchedule(text), null))
}

/** Kind, windows, time, the first time at which refreshing is allowed. */
const allowed: readonly (readonly ['allow' | 'deny', readonly (readonly [string, string])[], string, string | null])[] =
  [
    ['allow', [['0 2 * * *', '1h']], '2026-01-01T02:30:00Z', '2026-01-01T02:30:00Z'],
    ['allow', [['0 2 * * *', '1h']], '2026-01-01T02:00:00Z', '2026-01-01T02:00:00Z'],
    ['allow', [['0 2 * * *', '1h']], '2026-01-01T03:00:00Z', '2026-01-02T02:00:00Z'],
    [
      'allow',
      [
        ['0 2 * * *', '1h'],
        ['0 4 * * *', '1h'],
      ],
      '2026-01-01T03:00:00Z',
      '2026-01-01T04:00:00Z',
    ],
    ['allow', [['nonsense', '1h']], '2026-01-01T03:00:00Z', null],
    ['allow', [['0 2 * * *', 'long']], '2026-01-01T02:30:00Z', null],
    ['allow', [], '2026-01-01T03:00:00Z', null],
    ['allow', [['@every 1h', '30m']], '2026-01-01T03:00:00Z', null],
    ['deny', [['0 2 * * *', '1h']], '2026-01-01T02:30:00Z', '2026-01-01T03:00:00Z'],
    ['deny', [['0 2 * * *', '1h']], '2026-01-01T03:00:00Z', '2026-01-01T03:00:00Z'],
    [
      'deny',
      [
        ['0 2 * * *', '90m'],
        ['0 3 * * *', '1h'],
      ],
      '2026-01-01T02:30:00Z',
      '2026-01-01T04:00:00Z',
    ],
    ['deny', [['0 0 * * *', '24h']], '2026-01-01T02:30:00Z', null],
    ['deny', [['nonsense', '1h']], '2026-01-01T02:30:00Z', '2026-01-01T02:30:00Z'],
    ['deny', [], '2026-01-01T02:30:00Z', '2026-01-01T02:30:00Z'],
  ]

for (const [kind, windows, at, wanted] of allowed) {
  test(`${kind} ${JSON.stringify(windows)} at ${at}: ${wanted}`, () => {
    const spec = { kind, windows: windows.map(([schedule, duration]) => ({ schedule, duration })) }
    const found = syncWindows(spec)?.next(new Date(at)) ?? null
    assert.equal(found?.toISOString() ?? null, wanted === null ? null : new Date(wanted).toISOString())
  })
}

test('no schedule is read to a time that is not after the one asked about', () => {
  const field = (low: number, high: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: low, max: high }).map(String),
      fc
        .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: 1, max: 30 }))
        .map(([from, step]) => `${from}/${step}`),
    )
  const schedule = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
  fc.assert(
    fc.property(schedule, fc.integer({ min: 0, max: 4_000_000_000 }), (fields, seconds) => {
      const at = new Date(seconds * 1000)
      const found = parseSchedule(fields.join(' '))?.next(at) ?? null
      if (found === null) return
      assert.ok(found > at && found.getTime() % 60_000 === 0)
      const before = parseSchedule(fields.join(' '))?.next(new Date(found.getTime() - 1)) ?? null
      assert.equal(before?.getTime(), found.getTime())
    }),
  )
})

test('garbage is no schedule or one that moves on', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const found = parseSchedule(text)?.next(new Date(0)) ?? null
      assert.ok(found === null || found.getTime() > 0)
    }),
    { examples: [['toString'], ['__proto__'], ['constructor']] },
  )
})
