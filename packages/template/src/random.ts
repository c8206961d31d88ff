import { createHash } from 'node:crypto'

/**
 * A source of random bytes that gives the same bytes for the same seed (SHA-256 of seed and counter), so that a render
 * can be repeated. Whoever knows the seed knows every password that it makes: keep it as secret as they are.
 */
export function seededRandom(seed: Uint8Array): (length: number) => Uint8Array {
  let counter = 0n
  let pool = Buffer.alloc(0)
  return (length) => {
    const parts: Buffer[] = [pool]
    let have = pool.length
    while (have < length) {
      const count = Buffer.alloc(8)
      count.writeBigUInt64BE(counter++)
      const block = createHash('sha256').update(seed).update(count).digest()
      parts.push(block)
      have += block.length
    }
    const bytes = Buffer.concat(parts)
    pool = bytes.subarray(length)
    return bytes.subarray(0, length)
  }
}
