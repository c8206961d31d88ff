import { CoreError } from '../error.ts'
import type { Random } from './value.ts'

// Shares are points of a polynomial over GF(2^8) modulo x^8+x^4+x^3+x+1, one polynomial a byte of the secret, with the
// secret as its value at 0. A share holds the values and, as its last byte, the point (HashiCorp Vault's layout).

/**
 * Splits a secret so that `threshold` of `parts` shares give it back.
 *
 * @throws `INVALID_KEY` where the numbers are out of range.
 */
export function split(secret: Uint8Array, options: { parts: number; threshold: number; random: Random }): Uint8Array[] {
  const { parts, threshold, random } = options
  if (parts < threshold) throw invalid('parts cannot be less than threshold')
  if (parts > 255) throw invalid('parts cannot exceed 255')
  if (threshold < 2) throw invalid('threshold must be at least 2')
  if (threshold > 255) throw invalid('threshold cannot exceed 255')
  if (secret.length === 0) throw invalid('cannot split an empty secret')
  const shares = Array.from({ length: parts }, (_, index) => {
    const share = new Uint8Array(secret.length + 1)
    share[secret.length] = index + 1
    return share
  })
  const coefficients = new Uint8Array(threshold)
  for (const [at, byte] of secret.entries()) {
    random(coefficients)
    coefficients[0] = byte
    for (const [index, share] of shares.entries()) share[at] = evaluate(coefficients, index + 1)
  }
  coefficients.fill(0)
  return shares
}

/**
 * Recovers the secret from shares; too few shares give wrong bytes, not an error.
 *
 * @throws `INVALID_KEY` where the shares are fewer than two, of different lengths, or the same share twice.
 */
export function combine(shares: readonly Uint8Array[]): Uint8Array {
  if (shares.length < 2) throw invalid('less than two parts cannot be used to reconstruct the secret')
  const length = shares[0]?.length ?? 0
  if (length < 2) throw invalid('parts must be at least two bytes')
  if (shares.some((share) => share.length !== length)) throw invalid('all parts must be the same length')
  const points = shares.map((share) => share[length - 1] ?? 0)
  if (new Set(points).size !== points.length) throw invalid('duplicate part detected')
  const weights = points.map((point, index) => weightAtZero(points, { point, index }))
  return Uint8Array.from({ length: length - 1 }, (_, at) =>
    shares.reduce((sum, share, index) => sum ^ multiply(share[at] ?? 0, weights[index] ?? 0), 0),
  )
}

/** The Lagrange basis polynomial of one point, at 0. */
function weightAtZero(points: readonly number[], own: { point: number; index: number }): number {
  return points.reduce(
    (weight, point, index) =>
      index === own.index ? weight : multiply(weight, multiply(point, inverse(point ^ own.point))),
    1,
  )
}

function evaluate(coefficients: Uint8Array, x: number): number {
  return coefficients.reduceRight((value, coefficient) => multiply(value, x) ^ coefficient, 0)
}

/** Product in GF(2^8), without branches or tables that depend on the secret. */
function multiply(a: number, b: number): number {
  let product = 0
  let left = a
  for (let bit = 0; bit < 8; bit++) {
    product ^= left & -((b >> bit) & 1)
    left = ((left << 1) ^ (0x1b & -(left >> 7))) & 0xff
  }
  return product & 0xff
}

/** a^254, the multiplicative inverse. */
function inverse(a: number): number {
  let power = a
  let result = 1
  for (let bit = 1; bit < 8; bit++) {
    power = multiply(power, power)
    result = multiply(result, power)
  }
  return result
}

function invalid(upstream: string): CoreError {
  return new CoreError('INVALID_KEY', `the data key's shares: ${upstream}`, { upstream })
}
