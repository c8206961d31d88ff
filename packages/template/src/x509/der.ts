/** One element of DER: its identifier octet, its content, and the whole of it. */
export interface Element {
  readonly tag: number
  readonly content: Buffer
  readonly raw: Buffer
}

/** Identifier octets of the types in use here. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmp: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** The identifier octet of a constructed context-specific element. */
export function context(number: number): number {
  return 0xa0 | number
}

/** Reads the element at an offset; null where there is none that is whole and DER. */
export function readElement(data: Buffer, at = 0): Element | null {
  const tag = data[at]
  const first = data[at + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return null
  let length = first
  let start = at + 2
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 4 || start + count > data.length) return null
    length = data.readUIntBE(start, count)
    start += count
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) return null
  }
  const end = start + length
  if (end > data.length) return null
  return { tag, content: data.subarray(start, end), raw: data.subarray(at, end) }
}

/** The elements in a content; null when it is not made of whole ones. */
export function readAll(content: Buffer): Element[] | null {
  const elements: Element[] = []
  for (let at = 0; at < content.length; ) {
    const element = readElement(content, at)
    if (element === null) return null
    elements.push(element)
    at += element.raw.length
  }
  return elements
}

/** The elements of a sequence; null when the element is none. */
export function readSequence(element: Element | null | undefined, tag: number = TAG.sequence): Element[] | null {
  return element == null || element.tag !== tag ? null : readAll(element.content)
}

/** An object identifier in dotted form. */
export function readOid(content: Buffer): string {
  const parts: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      parts.push(value)
      value = 0
    }
  }
  const [first = 0, ...rest] = parts
  const head = Math.min(Math.floor(first / 40), 2)
  return [head, first - head * 40, ...rest].join('.')
}

/** A small integer. */
export function readInteger(content: Buffer): number {
  return content.length > 6 ? Number.MAX_SAFE_INTEGER : content.length === 0 ? 0 : content.readIntBE(0, content.length)
}

/** An element of a tag around contents. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const length = Buffer.from(
    content.length.toString(16).padStart(content.length > 0xffff ? 6 : content.length > 0xff ? 4 : 2, '0'),
    'hex',
  )
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content])
}

/** A sequence. */
export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return element(TAG.sequence, ...contents)
}

/** A whole number that is not negative. */
export function integer(value: bigint | number): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex')
  return element(TAG.integer, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

/** An octet string. */
export function octets(content: Uint8Array): Buffer {
  return element(TAG.octets, content)
}

/** A bit string, of which the last byte has so many unused bits. */
export function bits(content: Uint8Array, unused = 0): Buffer {
  return element(TAG.bits, Buffer.from([unused]), content)
}

/** An object identifier from dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const groups = [part % 128]
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128))
    return groups
  })
  return element(TAG.oid, Buffer.from(bytes))
}
