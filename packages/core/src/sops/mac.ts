import { createHash, type Hash } from 'node:crypto'

// sha256("sops"): sets a MAC over encrypted values alone apart from one over all values.
const onlyEncryptedSeed = '8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69'
const blockLength = 65_536

/** What the hash of a MAC begins with. */
export function macSeed(onlyEncrypted: boolean): Uint8Array {
  return onlyEncrypted ? Buffer.from(onlyEncryptedSeed, 'hex') : new Uint8Array()
}

/**
 * The message authentication code of a tree: SHA-512 over the bytes of all values in the file's order, without
 * separators, keys, nulls and comments.
 */
export class Mac {
  readonly #hash: Hash = createHash('sha512')
  readonly #block: Buffer = Buffer.allocUnsafe(blockLength)
  #used = 0

  /** @param onlyEncrypted `mac_only_encrypted`: the caller adds encrypted values alone, and the seed says so. */
  constructor(onlyEncrypted: boolean) {
    if (onlyEncrypted) this.#hash.update(onlyEncryptedSeed, 'hex')
  }

  /** Adds one value's bytes; a string stands for its UTF-8. */
  add(bytes: string | Uint8Array): void {
    // Small values are gathered: one call of the hash a block instead of one a value.
    const longest = typeof bytes === 'string' ? bytes.length * 3 : bytes.length
    if (longest > blockLength - this.#used) this.#flush()
    if (longest > blockLength) this.#hash.update(bytes)
    else if (typeof bytes === 'string') this.#used += this.#block.write(bytes, this.#used)
    else {
      this.#block.set(bytes, this.#used)
      this.#used += bytes.length
    }
  }

  /** The MAC as sops stores it: 128 upper-case hexadecimal digits. */
  digest(): string {
    this.#flush()
    return this.#hash.digest('hex').toUpperCase()
  }

  #flush(): void {
    this.#hash.update(this.#block.subarray(0, this.#used))
    this.#used = 0
  }
}
