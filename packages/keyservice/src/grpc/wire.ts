import { KeyserviceError } from '../error.ts'

/** The fields of a message in the order of their numbers: bytes, text and messages are all length-delimited. */
export type Fields = readonly (readonly [number: number, value: Uint8Array])[]

const lengthDelimited = 2

/** Protocol Buffers (encoding guide): a message whose fields are all length-delimited. */
export function encodeFields(fields: Fields): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => [varint((number << 3) | lengthDelimited), varint(value.length), value]),
  )
}

/**
 * The length-delimited fields of a message; others are skipped, as every reader of Protocol Buffers does with what it
 * does not know.
 *
 * @throws `MESSAGE_INVALID`
 */
export function decodeFields(message: Uint8Array): Fields {
  const reader = new Reader(message)
  const fields: [number, Uint8Array][] = []
  while (!reader.done) {
    const tag = reader.varint()
    const number = tag >> 3n
    if (number === 0n || number > 0x1fffffffn) throw malformed()
    const value = reader.value(Number(tag & 7n))
    if (value !== null) fields.push([Number(number), value])
  }
  return fields
}

/** The last value of a field, which counts where there are several; empty where there is none. */
export function lastField(fields: Fields, number: number): Uint8Array {
  return fields.findLast(([candidate]) => candidate === number)?.[1] ?? new Uint8Array()
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#take(1)[0] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw malformed()
  }

  /** The value of a wire type; null where it is not length-delimited. */
  value(type: number): Uint8Array | null {
    if (type === lengthDelimited) {
      const length = this.varint()
      if (length > BigInt(this.#bytes.length)) throw malformed()
      return this.#take(Number(length))
    }
    if (type === 0) this.varint()
    else if (type === 1) this.#take(8)
    else if (type === 5) this.#take(4)
    else throw malformed()
    return null
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw malformed()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}

function malformed(): KeyserviceError {
  return new KeyserviceError('MESSAGE_INVALID', 'a message of a key service is malformed', {
    hint: 'see that the address is that of a key service of sops',
    upstream: 'proto: cannot parse invalid wire-format data',
  })
}
