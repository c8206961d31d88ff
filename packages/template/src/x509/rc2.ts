/** RC2 (RFC 2268), which old PKCS#12 files encrypt certificates with and runtimes no longer have. */

// The permutation of RFC 2268, section 2: digits of pi.
const PI = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32' +
    'bd8f40eb86b77b0bf09521225c6b4e8254d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed708e8eade8052eef784aa72ac354d6a2a' +
    '961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2e' +
    'c5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
)

function expand(key: Buffer): Uint16Array {
  const table = Buffer.alloc(128)
  key.copy(table)
  const pi = (index: number): number => PI[index & 0xff] ?? 0
  const at = (index: number): number => table[index] ?? 0
  for (let i = key.length; i < 128; i++) table[i] = pi(at(i - 1) + at(i - key.length))
  const first = 128 - key.length
  table[first] = pi(at(first))
  for (let i = first - 1; i >= 0; i--) table[i] = pi(at(i + 1) ^ at(i + key.length))
  return Uint16Array.from({ length: 64 }, (_, i) => table.readUInt16LE(2 * i))
}

const ROTATIONS = [1, 2, 3, 5] as const

function rotateRight(value: number, by: number): number {
  return ((value >>> by) | (value << (16 - by))) & 0xffff
}

function decryptBlock(words: number[], keys: Uint16Array): void {
  let next = 63
  const word = (i: number): number => words[(i + 4) % 4] ?? 0
  const mix = (): void => {
    for (let i = 3; i >= 0; i--) {
      const rotated = rotateRight(word(i), ROTATIONS[i] ?? 0)
      const used = (keys[next--] ?? 0) + (word(i - 1) & word(i - 2)) + (~word(i - 1) & 0xffff & word(i - 3))
      words[i] = (rotated - used) & 0xffff
    }
  }
  const mash = (): void => {
    for (let i = 3; i >= 0; i--) words[i] = (word(i) - (keys[word(i - 1) & 63] ?? 0)) & 0xffff
  }
  for (let round = 0; round < 16; round++) {
    if (round === 5 || round === 11) mash()
    mix()
  }
}

/** Decrypts whole blocks of RC2 in CBC mode; the effective key length is the key's own. Padding stays. */
export function decryptRc2(data: Buffer, key: Buffer, iv: Buffer): Buffer {
  const keys = expand(key)
  const out = Buffer.alloc(data.length)
  let previous = iv
  for (let at = 0; at < data.length; at += 8) {
    const block = data.subarray(at, at + 8)
    const words = [0, 2, 4, 6].map((i) => block.readUInt16LE(i))
    decryptBlock(words, keys)
    for (const [i, word] of words.entries()) out.writeUInt16LE(word ^ previous.readUInt16LE(2 * i), at + 2 * i)
    previous = block
  }
  return out
}
