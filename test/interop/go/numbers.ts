import { SealkitError } from '@sealkit/core'
import {
  type FloatFormat,
  formatFloat,
  formatJsonFloat,
  formatTime,
  formatValue,
  inLocation,
  JsonDecoder,
  type JsonToken,
  loadLocation,
  marshalJson,
  parseJson,
  parseTime,
  quote,
  quoteRune,
  quoteRuneToAscii,
  UTC,
} from '@sealkit/core/go'
import { fc } from '../../property.ts'
import { answer, timeAnswer } from '../../vectors/numbers.ts'
import type { Answer, Call } from './differential.ts'
import { anyText, damaged, pieces } from './text.ts'

/** Our answer to a call of `numbers/main.go`. */
export function ours({ fn, args }: Call): Answer {
  const own = OWN[fn]
  if (own === undefined) return withoutUndefined(answer(fn, args))
  const given: Record<string, string> = {}
  try {
    own(given, args)
  } catch (error) {
    if (!(error instanceof SealkitError)) throw error
    given['error'] = error.upstream ?? ''
  }
  return given
}

function withoutUndefined(answered: Readonly<Record<string, unknown>>): Answer {
  const texts = Object.entries(answered).filter(([, text]) => text !== undefined)
  return Object.fromEntries(texts.map(([name, text]) => [name, String(text)]))
}

type Fill = (given: Record<string, string>, args: readonly string[]) => void

/** Functions that the vectors do not have, or have in another form. */
const OWN: Readonly<Record<string, Fill>> = {
  formatFloat: (given, [bits = '0', precision = '-1']) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, BigInt(bits))
    const x = view.getFloat64(0)
    for (const format of 'bfgGeExX') given[format] = formatFloat(x, format as FloatFormat, Number(precision))
    given['json'] = ''
    given['json'] = formatJsonFloat(x)
  },
  timeFormat: (given, [unix = '0', nanosecond = '0', zone = '', layout = '']) => {
    const time = { unix: Number(unix), nanosecond: Number(nanosecond), zone: UTC.zoneAt(0) }
    given['value'] = formatTime(inLocation(time, loadLocation(zone)), layout)
  },
  timeParseIn: (given, [layout = '', text = '', zone = '']) => {
    Object.assign(given, timeAnswer(parseTime(layout, text, loadLocation(zone))))
  },
  jsonRoundTrip: (given, [text = '']) => {
    const value = parseJson(text)
    given['value'] = marshalJson(value)
    given['v'] = formatValue(value)
    given['indent'] = marshalJson(value, { indent: '\t' })
  },
  jsonTokens: (given, [text = '']) => {
    const decoder = new JsonDecoder(text)
    given['tokens'] = ''
    for (let count = 0; count < 1000; count++) {
      const token = decoder.token()
      if (token === undefined) return
      given['tokens'] += `${tokenText(token)} `
    }
  },
  quoteRune: (given, [code = '0']) => {
    given['q'] = quoteRune(Number(code))
    given['ascii'] = quoteRuneToAscii(Number(code))
  },
}

function tokenText(token: JsonToken): string {
  if (token.kind === 'null') return '<nil>'
  if (token.kind === 'number') return token.text
  return token.kind === 'string' ? quote(token.value) : String(token.value)
}

function call(fn: string, ...args: fc.Arbitrary<string>[]): fc.Arbitrary<Call> {
  return fc.tuple(...args).map((texts) => ({ fn, args: texts }))
}

const bits = fc.oneof(
  fc.double().map(doubleBits),
  fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }).map((value) => `0x${value.toString(16)}`),
  // Few digits and halves, where rounding has ties.
  fc
    .tuple(fc.integer({ min: -99999, max: 99999 }), fc.constantFrom(1, 2, 8, 10, 100, 1000, 1e6))
    .map(([n, d]) => doubleBits(n / d)),
  fc
    .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: -30, max: 30 }))
    .map(([n, e]) => doubleBits(Number(`${n}e${e}`))),
)

function doubleBits(x: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  return `0x${view.getBigUint64(0).toString(16)}`
}

const numberText = fc.oneof(
  fc.double().map(String),
  fc.bigInt({ min: -(1n << 66n), max: 1n << 66n }).map(String),
  fc.bigInt({ min: 0n, max: 1n << 66n }).map((value) => `0x${value.toString(16)}p-${value % 40n}`),
  pieces(['0', '1', '7', '9', '.', 'e', 'E', '+', '-', '_', '0x', '0b', '0o', 'p', 'f', 'inf', 'NaN', 'inity', ' '], 8),
  fc
    .tuple(fc.stringMatching(/^[-+]?\d{1,30}\.\d{0,30}$/), fc.integer({ min: -400, max: 400 }))
    .map(([m, e]) => `${m}e${e}`),
  fc
    .tuple(fc.stringMatching(/^0x[0-9a-f]{1,20}\.[0-9a-f]{0,6}$/), fc.integer({ min: -1150, max: 1100 }))
    .map(([m, e]) => `${m}p${e}`),
)

const integerText = fc.oneof(
  numberText,
  fc.bigInt({ min: -(1n << 65n), max: 1n << 65n }).map(String),
  fc
    .tuple(fc.constantFrom('', '-', '+'), fc.nat({ max: 999 }), fc.constantFrom(2, 8, 10, 16, 36))
    .map(([sign, n, radix]) => sign + n.toString(radix)),
  fc
    .tuple(fc.constantFrom('0x', '0b', '0o', '0', '-0X'), fc.constantFrom('1', '10', '1_0', '777', 'ff', '_1', '1__1'))
    .map((both) => both.join('')),
)
const base = fc.constantFrom('0', '10', '2', '8', '16', '36', '1', '37')
const size = fc.constantFrom('64', '0', '8', '16', '32', '1', '63', '65')
const bool = pieces(['t', 'T', 'true', 'TRUE', 'True', 'f', 'F', 'false', '0', '1', 'tRUE', '\n'], 2)

const durationText = fc.oneof(
  pieces(['1', '0', '3', '.', '5', 'h', 'm', 's', 'ms', 'us', 'µs', 'ns', '-', '+', ' ', 'd', '99999999999', 'é'], 8),
  fc
    .tuple(fc.double({ min: 0, max: 3e6, noNaN: true }), fc.constantFrom('h', 'm', 's', 'ms', 'ns'))
    .map(([n, unit]) => `${n.toFixed(9)}${unit}`),
)

const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Australia/Sydney',
  'Etc/GMT+5',
  'Nowhere/At_All',
  'europe/berlin',
  '../etc',
)
/** Since the zones took today's shape. */
const instant = fc.integer({ min: 1_200_000_000, max: 2_100_000_000 }).map(String)
const anyInstant = fc.integer({ min: -70_000_000_000, max: 260_000_000_000 }).map(String)
const nanosecond = fc.oneof(
  fc.constant('0'),
  fc.nat({ max: 999_999_999 }).map(String),
  fc.constantFrom('500000000', '100', '120000'),
)

const ELEMENTS = [
  '2006',
  '06',
  'January',
  'Jan',
  '1',
  '01',
  'Monday',
  'Mon',
  '2',
  '_2',
  '02',
  '__2',
  '002',
  '15',
  '3',
  '03',
  '4',
  '04',
  '5',
  '05',
  'PM',
  'pm',
  'MST',
  'Z0700',
  'Z07:00',
  'Z07',
  'Z070000',
  'Z07:00:00',
  '-0700',
  '-07:00',
  '-07',
  '-070000',
  '-07:00:00',
  '.000',
  '.999',
  ',00',
  '.0000000000',
  '.9',
  ' ',
  '  ',
  '-',
  '/',
  ':',
  'T',
  'at',
  'é',
  'è',
  '\udcc3',
  '_',
  '"',
]
const layout = pieces(ELEMENTS, 7)
const commonLayouts = [
  '2006-01-02T15:04:05Z07:00',
  '2006-01-02T15:04:05.999999999Z07:00',
  'Mon, 02 Jan 2006 15:04:05 MST',
  '2006-01-02',
  '3:04PM',
  'Mon Jan _2 15:04:05 2006',
  '02 Jan 06 15:04 -0700',
  'Jan _2 15:04:05.000',
  '2006-01-02 15:04:05 MST',
  '2006 002',
]
const someLayout = fc.oneof(layout, fc.constantFrom(...commonLayouts))

/** A time printed by one layout, perhaps damaged, to be parsed by the same. */
const layoutAndText = fc
  .tuple(someLayout, anyInstant, nanosecond, fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'))
  .chain(([chosen, unix, nanos, zone]) => {
    const text = ours({ fn: 'timeFormat', args: [unix, nanos, zone, chosen] })['value'] ?? ''
    return fc.tuple(fc.constant(chosen), fc.oneof(fc.constant(text), damaged(fc.constant(text))))
  })

const jsonText = fc.oneof(
  fc.json({ depthSize: 'small' }),
  damaged(fc.json({ depthSize: 'small' })),
  pieces(
    [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '"\\u00e9"',
      '"\\ud83d\\ude00"',
      '"\\ud83d"',
      '1',
      '-0',
      '1.50',
      '1e400',
      '1e-7',
      '1e21',
      ' ',
      '\n',
      'true',
      'false',
      'null',
      'nul',
      '01',
      '"<\u2028é"',
      '"\udcff"',
      '"\\x"',
      "'",
      'é',
      '\udc80',
      '"',
    ],
    9,
  ),
)

/** Calls of every function of `numbers/main.go`. */
export const calls: fc.Arbitrary<Call> = fc.oneof(
  call('formatFloat', bits, fc.integer({ min: -1, max: 22 }).map(String)),
  call('parseFloat', numberText),
  call('parseInt', integerText, base, size),
  call('parseUint', integerText, base, size),
  call('atoi', integerText),
  call('parseBool', bool),
  call('parseDuration', durationText),
  call(
    'durationString',
    fc
      .oneof(
        fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
        fc.bigInt({ min: -100_000_000_000n, max: 100_000_000_000n }),
      )
      .map(String),
  ),
  call('timeFormat', anyInstant, nanosecond, fc.constant('UTC'), someLayout),
  call('timeFormat', instant, nanosecond, zones, someLayout),
  layoutAndText.map((args) => ({ fn: 'timeParse', args })),
  fc.tuple(layoutAndText, zones).map(([args, zone]) => ({ fn: 'timeParseIn', args: [...args, zone] })),
  call('jsonRoundTrip', jsonText),
  call('jsonTokens', jsonText),
  call('jsonString', anyText),
  call('quote', anyText),
  call('quoteRune', fc.integer({ min: -2, max: 0x110001 }).map(String)),
)

/** A zone's abbreviation of former times is not known here: the instant and offset are right, the name is another. */
export function historicName(go: Answer, given: Answer): boolean {
  const { zone: _, string: __, ...rest } = go
  return (go['rfc3339nano'] ?? '9') < '2008' && Object.entries(rest).every(([name, text]) => given[name] === text)
}
