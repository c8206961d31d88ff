/** A text made ready for scanning. */
export interface Source {
  /** The text without byte order mark, followed by {@link PADDING}, so that looking ahead needs no bounds check. */
  readonly text: string
  /** Its length without the padding. */
  readonly length: number
  /** Whether any character takes two UTF-16 units, so that columns must be counted and not subtracted. */
  readonly astral: boolean
  /** Whether LF is the only line break, so that lines can be found without looking at every character. */
  readonly onlyLf: boolean
  /** Set where the input broke off at bytes that are no YAML: what go-yaml's reader says when the scanner gets there. */
  readonly failure: string | undefined
}

const PADDING = '\0\0\0\0'
const BYTE_ORDER_MARK = 0xfeff

/** go-yaml reads, checks and hands on this many bytes at a time. */
const CHUNK = 512

/** Most texts are this: one test then spares three. */
const PLAIN_ASCII = /^[\t\n\x20-\x7e]*$/

/** Everything outside YAML 1.1's printable set, and halves of surrogate pairs. */
const UNREADABLE =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Opens a text, or bytes in UTF-8 or (with a byte order mark) UTF-16. */
export function openSource(input: string | Uint8Array): Source {
  if (typeof input === 'string') return fromText(input)
  if (input[0] === 0xff && input[1] === 0xfe) return fromUtf16(input, 0)
  if (input[0] === 0xfe && input[1] === 0xff) return fromUtf16(input, 1)
  try {
    return fromText(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input))
  } catch {
    return fromBrokenUtf8(input)
  }
}

function fromText(input: string): Source {
  const marked = input.charCodeAt(0) === BYTE_ORDER_MARK
  const text = marked ? input.slice(1) : input
  if (PLAIN_ASCII.test(text)) {
    return { text: text + PADDING, length: text.length, astral: false, onlyLf: true, failure: undefined }
  }
  const unreadable = text.search(UNREADABLE)
  if (unreadable < 0) return source(text)
  const surrogate = (text.charCodeAt(unreadable) & 0xf800) === 0xd800
  const failure = surrogate ? 'invalid Unicode character' : 'control characters are not allowed'
  return source(text.slice(0, chunkStart(text, unreadable, marked ? 3 : 0)), failure)
}

function source(text: string, failure?: string): Source {
  return {
    text: text + PADDING,
    length: text.length,
    astral: /[\ud800-\udbff]/.test(text),
    onlyLf: !/[\r\x85\u2028\u2029]/.test(text),
    failure,
  }
}

/** Index at which go-yaml's chunk that holds the character at `index` begins: nothing from there on is ever scanned. */
function chunkStart(text: string, index: number, offset: number): number {
  let chunk = { index: 0, byte: 0 }
  let byte = offset
  for (let i = 0; i <= index; ) {
    const code = text.codePointAt(i) ?? 0
    const width = utf8Width(code)
    if (byte + width > chunk.byte + CHUNK) chunk = { index: i, byte }
    byte += width
    i += code > 0xffff ? 2 : 1
  }
  return chunk.index
}

function utf8Width(code: number): number {
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}

/** Reads up to the chunk in which UTF-8 breaks, unless an unreadable character comes before. */
function fromBrokenUtf8(bytes: Uint8Array): Source {
  let chunk = 0
  let offset = 0
  let failure: string | undefined
  while (failure === undefined && offset < bytes.length) {
    const width = sequenceWidth(bytes[offset] ?? 0)
    // A sequence that the chunk or the input breaks off is left for the next time.
    if (offset + Math.max(width, 1) > Math.min(chunk + CHUNK, bytes.length)) chunk = offset
    failure = sequenceFailure(bytes, offset, width)
    if (failure === undefined) offset += width
  }
  const read = fromText(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, offset)))
  if (read.failure !== undefined) return read
  return source(new TextDecoder('utf-8').decode(bytes.subarray(0, chunk)), failure)
}

function sequenceWidth(octet: number): number {
  if (octet < 0x80) return 1
  if ((octet & 0xe0) === 0xc0) return 2
  if ((octet & 0xf0) === 0xe0) return 3
  return (octet & 0xf8) === 0xf0 ? 4 : 0
}

function sequenceFailure(bytes: Uint8Array, offset: number, width: number): string | undefined {
  if (width === 0) return 'invalid leading UTF-8 octet'
  if (offset + width > bytes.length) return 'incomplete UTF-8 octet sequence'
  let code = width === 1 ? (bytes[offset] ?? 0) : (bytes[offset] ?? 0) & (0xff >> (width + 1))
  for (let i = 1; i < width; i++) {
    const octet = bytes[offset + i] ?? 0
    if ((octet & 0xc0) !== 0x80) return 'invalid trailing UTF-8 octet'
    code = (code << 6) | (octet & 0x3f)
  }
  if (utf8Width(code) !== width) return 'invalid length of a UTF-8 sequence'
  return (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff ? 'invalid Unicode character' : undefined
}

function fromUtf16(bytes: Uint8Array, high: 0 | 1): Source {
  const unitAt = (offset: number): number => ((bytes[offset + 1 - high] ?? 0) << 8) | (bytes[offset + high] ?? 0)
  const units: string[] = []
  let chunk = { byte: 0, unit: 0 }
  for (let offset = 2; offset < bytes.length; ) {
    const unit = unitAt(offset)
    const isPair = (unit & 0xfc00) === 0xd800
    if (offset + (isPair ? 4 : 2) > Math.min(chunk.byte + CHUNK, bytes.length)) {
      chunk = { byte: offset, unit: units.length }
    }
    const failure = utf16Failure(unit, unitAt(offset + 2), bytes.length - offset)
    if (failure !== undefined) {
      const read = fromText(`\ufeff${units.join('')}`)
      return read.failure === undefined ? source(units.slice(0, chunk.unit).join(''), failure) : read
    }
    units.push(isPair ? String.fromCharCode(unit, unitAt(offset + 2)) : String.fromCharCode(unit))
    offset += isPair ? 4 : 2
  }
  return fromText(`\ufeff${units.join('')}`)
}

function utf16Failure(unit: number, next: number, length: number): string | undefined {
  if (length < 2) return 'incomplete UTF-16 character'
  if ((unit & 0xfc00) === 0xdc00) return 'unexpected low surrogate area'
  if ((unit & 0xfc00) !== 0xd800) return undefined
  if (length < 4) return 'incomplete UTF-16 surrogate pair'
  return (next & 0xfc00) === 0xdc00 ? undefined : 'expected low surrogate area'
}
