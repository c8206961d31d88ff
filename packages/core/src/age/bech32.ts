const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const checksumLength = 6

/** A decoded Bech32 text. */
export interface Bech32 {
  /** The part before the last `1`, in lower case. */
  readonly prefix: string
  readonly data: Uint8Array
}

/** Reads a Bech32 text (BIP 173, without its length limit, as age uses it); null where it is none. */
export function decodeBech32(text: string): Bech32 | null {
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) return null
  const lower = text.toLowerCase()
  const separator = lower.lastIndexOf('1')
  if (separator < 1 || separator + checksumLength >= lower.length) return null
  const prefix = lower.slice(0, separator)
  if (!/^[!-~]+$/.test(prefix)) return null
  const values = [...lower.slice(separator + 1)].map((character) => alphabet.indexOf(character))
  if (values.includes(-1) || polymod([...expand(prefix), ...values]) !== 1) return null
  const data = regroup(values.slice(0, -checksumLength))
  return data === null ? null : { prefix, data }
}

/** The bits that a checksum is over. */
function expand(prefix: string): number[] {
  const codes = [...prefix].map((character) => character.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

function polymod(values: readonly number[]): number {
  let checksum = 1
  for (const value of values) {
    const top = checksum >>> 25
    checksum = ((checksum & 0x1ffffff) << 5) ^ value
    for (const [bit, polynomial] of generator.entries()) if ((top >>> bit) & 1) checksum ^= polynomial
  }
  return checksum >>> 0
}

/** Groups of five bits to bytes; what is left over must be fewer than five bits, all zero. */
function regroup(values: readonly number[]): Uint8Array | null {
  const bytes: number[] = []
  let bits = 0
  let buffer = 0
  for (const value of values) {
    buffer = ((buffer << 5) | value) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((buffer >> bits) & 0xff)
  }
  return bits >= 5 || (buffer & ((1 << bits) - 1)) !== 0 ? null : Uint8Array.from(bytes)
}

/** What Go says of a text that is no Bech32. */
export function bech32Problem(text: string): string {
  const separator = text.lastIndexOf('1')
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) return 'mixed case'
  if (separator < 1 || separator + 7 > text.length) {
    return `separator '1' at invalid position: pos=${separator}, len=${text.length}`
  }
  const wrong = [...text.toLowerCase().slice(separator + 1)].findIndex((character) => !alphabet.includes(character))
  if (wrong < 0) return 'invalid checksum'
  return `invalid character data part: s[${wrong}]=${text.toLowerCase().codePointAt(separator + 1 + wrong)}`
}
