import { SealkitError } from '@sealkit/core'
import {
  atoi,
  type FloatFormat,
  formatDuration,
  formatFloat,
  formatJsonFloat,
  formatTime,
  formatValue,
  type GoTime,
  inLocation,
  loadLocation,
  marshalJson,
  NumberError,
  parseBool,
  parseDuration,
  parseFloat64,
  parseInt64,
  parseJson,
  parseTime,
  parseUint64,
  quote,
  quoteJson,
  quoteRaw,
  quoteToAscii,
  RFC3339_NANO,
  TIME_STRING,
} from '@sealkit/core/go'
import { compare, type Difference, type Vector } from './vector.ts'

type Answer = Record<string, string>
type Arguments = readonly string[]

/** Go's `json.Marshal` and `%v` of a value that JSON text decodes to. */
function roundTrip([text = '']: Arguments): Answer {
  const value = parseJson(text)
  return { value: marshalJson(value), v: formatValue(value) }
}

function floatFormats([text = '']: Arguments): Answer {
  const x = text.startsWith('bits:') ? fromBits(text.slice('bits:'.length)) : parseFloat64(text)
  const answer: Answer = { bits: bits(x), v: formatFloat(x, 'g') }
  for (const format of ['f', 'g', 'G', 'e'] as const) answer[format] = formatFloat(x, format)
  try {
    answer['json'] = formatJsonFloat(x)
  } catch (error) {
    answer['jsonError'] = error instanceof SealkitError ? (error.upstream ?? '') : String(error)
  }
  return answer
}

function floatAnswer(x: number): Answer {
  return { value: formatFloat(x, 'g'), bits: bits(x) }
}

/** What a time is, in the fields of the vectors. */
export function timeAnswer(time: GoTime): Answer {
  return {
    rfc3339nano: formatTime(time, RFC3339_NANO),
    unix: String(time.unix),
    zone: time.zone.name,
    offset: String(time.zone.offset),
    string: formatTime(time, TIME_STRING),
  }
}

function bits(x: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  // Go's NaN is 0x7ff8000000000001; the payload is not a value that JavaScript can see.
  return Number.isNaN(x) ? '0x7ff8000000000001' : `0x${view.getBigUint64(0).toString(16).padStart(16, '0')}`
}

function fromBits(text: string): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt(text))
  return view.getFloat64(0)
}

const FUNCTIONS: Readonly<Record<string, (args: Arguments) => Answer>> = {
  formatFloat: floatFormats,
  formatFloatPrec: ([text = '', format = 'g', precision = '-1']) => ({
    value: formatFloat(parseFloat64(text), format as FloatFormat, Number(precision)),
  }),
  parseFloat: ([text = '']) => floatAnswer(parseFloat64(text)),
  parseInt: ([text = '', base, size]) => ({ value: String(parseInt64(text, Number(base), Number(size))) }),
  parseUint: ([text = '', base, size]) => ({ value: String(parseUint64(text, Number(base), Number(size))) }),
  atoi: ([text = '']) => ({ value: String(atoi(text)) }),
  parseBool: ([text = '']) => ({ value: String(parseBool(text)) }),
  parseDuration: ([text = '']) => {
    const nanoseconds = parseDuration(text)
    return { ns: String(nanoseconds), string: formatDuration(nanoseconds) }
  },
  durationString: ([text = '0']) => ({ string: formatDuration(BigInt(text)) }),
  timeFormat: ([instant = '', zone = '', layout = '']) => ({
    value: formatTime(inLocation(parseTime(RFC3339_NANO, instant), loadLocation(zone)), layout),
  }),
  timeParse: ([layout = '', text = '']) => timeAnswer(parseTime(layout, text)),
  jsonRoundTrip: roundTrip,
  jsonString: ([text = '']) => ({ html: quoteJson(text), raw: quoteJson(text, { escapeHtml: false }) }),
  quote: ([text = '']) => ({ q: quote(text), ascii: quoteToAscii(text), sharp: quoteRaw(text) }),
}

/** Answers a vector of `numbers.jsonl`: what a function of Go's standard library gives for its arguments. */
export function evaluate(vector: Vector): Difference | null {
  const expected = { ...(vector['out'] as Answer | undefined), error: vector['error'] }
  return compare(expected, answer(String(vector['fn']), vector['args'] as Arguments))
}

/** Calls a function as the vectors name it; errors become the field `error`. */
export function answer(fn: string, args: Arguments): Record<string, unknown> {
  const call = FUNCTIONS[fn]
  if (call === undefined) return { error: `no evaluator for ${fn}` }
  try {
    return { ...call(args), error: undefined }
  } catch (error) {
    if (!(error instanceof SealkitError)) return { error: String(error) }
    return { ...valueBeside(error), error: error.upstream }
  }
}

/** Go returns a value beside the error of strconv's parsers. */
function valueBeside(error: SealkitError): Answer {
  if (!(error instanceof NumberError)) return {}
  return typeof error.value === 'number' ? floatAnswer(error.value) : { value: String(error.value) }
}
