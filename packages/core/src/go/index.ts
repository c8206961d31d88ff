export { base64Fault } from './base64.ts'
export { formatDuration, parseDuration } from './duration.ts'
export { type FloatFormat, formatFloat } from './float.ts'
export { formatJsonFloat, type JsonEscapes, type JsonLayout, marshalJson, quoteJson } from './json.ts'
export {
  JsonDecoder,
  type JsonMember,
  type JsonNode,
  type JsonToken,
  parseJson,
  readJson,
  validJson,
} from './json-decoder.ts'
export { type Location, loadLocation, UTC, type Zone } from './location.ts'
export {
  atoi,
  NumberError,
  type NumberErrorReason,
  parseBool,
  parseFloat64,
  parseInt64,
  parseUint64,
} from './number.ts'
export { isPrint } from './printable.ts'
export { canBackquote, quote, quoteRaw, quoteRawToAscii, quoteRune, quoteRuneToAscii, quoteToAscii } from './quote.ts'
export {
  type ClockTime,
  clockTime,
  daysFromCivil,
  formatTime,
  type GoTime,
  inLocation,
  NAMES,
  RFC3339,
  RFC3339_NANO,
  TIME_STRING,
} from './time.ts'
export { parseTime } from './time-parse.ts'
export { compareUtf8, decodeUtf8, encodeUtf8, escapedByte, utf8Length } from './utf8.ts'
export { formatValue } from './value.ts'
