export { type FloatFormat, formatFloat } from './float.ts'
export { formatJsonFloat, type JsonEscapes, type JsonLayout, marshalJson, quoteJson } from './json.ts'
export { JsonDecoder, type JsonMember, type JsonNode, type JsonToken, parseJson, readJson } from './json-decoder.ts'
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
export { compareUtf8, decodeUtf8, encodeUtf8, escapedByte, utf8Length } from './utf8.ts'
export { formatValue } from './value.ts'
