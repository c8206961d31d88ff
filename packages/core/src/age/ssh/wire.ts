import { CoreError } from '../../error.ts'

/** Reads SSH's binary encoding (RFC 4251 section 5) from front to back. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** True where everything was read. */
  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** A number of four bytes. */
  count(): number {
    return this.#take(4).readUInt32BE()
  }

  /** Bytes behind their length. */
  bytes(): Buffer {
    return this.#take(this.count())
  }

  /** Text behind its length. */
  text(): string {
    return this.bytes().toString('latin1')
  }

  /** A positive integer of any length; zero where the encoding is that of a negative one. */
  integer(): bigint {
    const bytes = this.bytes()
    if (bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) return 0n
    return BigInt(`0x${bytes.toString('hex')}`)
  }

  /** What was not read yet. */
  rest(): Buffer {
    return this.#take(this.#bytes.length - this.#at)
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw sshKeyError('ssh: short read')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}

/** Bytes behind their length. */
export function wireBytes(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A positive integer, with a zero byte in front where its first bit is set. */
export function wireInteger(value: bigint): Buffer {
  if (value === 0n) return wireBytes(Buffer.alloc(0))
  const bytes = integerBytes(value)
  return wireBytes((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

/** An integer, big-endian, without leading zeros. */
export function integerBytes(value: bigint): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

/** An SSH key that cannot be used; `upstream` is what Go's ssh package says of it. */
export function sshKeyError(upstream: string, message = 'an SSH key is malformed'): CoreError {
  return new CoreError('INVALID_KEY', message, {
    hint: 'age takes ssh-ed25519 and ssh-rsa keys (2048 bits and more), as ssh-keygen writes them',
    upstream,
  })
}
