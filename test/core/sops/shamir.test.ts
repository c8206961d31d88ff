import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { combine, split } from '@sealkit/core/sops'
import { fc } from '../../property.ts'

const secret = Uint8Array.from({ length: 32 }, (_, index) => index)
/** Two of three shares of `secret`, made by sops; the last byte is the share's coordinate. */
const shares = [
  'b16f50fbcca93a2f8807cc1629f09752e890641764a611dfc366c04d18e707c201',
  '79dda6e88f467e5713159d3146ec27b5fb08fe1bf468189cb5e7b5b714f22cbe02',
  'c8b3f41047ea427f931b5b2c6311bee80389881f84db1f546e986fe11008356303',
].map((share) => Buffer.from(share, 'hex'))

describe('shares made by sops', () => {
  for (const chosen of [
    [0, 1],
    [1, 0],
    [0, 2],
    [1, 2],
    [0, 1, 2],
  ]) {
    test(`shares ${chosen.join(', ')}`, () => {
      const parts = chosen.map((index) => shares[index] ?? Buffer.alloc(0))
      assert.deepEqual(combine(parts), secret)
    })
  }
})

test('any threshold of shares gives the secret back, and one fewer does not', () => {
  const sizes = fc
    .tuple(fc.integer({ min: 2, max: 8 }), fc.nat(4))
    .map(([threshold, more]) => [threshold, threshold + more])
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 40 }), sizes, (bytes, [threshold = 2, parts = 2]) => {
      const made = split(bytes, { parts, threshold, random: randomFillSync })
      assert.deepEqual(combine(made.slice(parts - threshold)), bytes)
      assert.deepEqual(combine(made), bytes)
      if (threshold > 2) assert.notDeepEqual(combine(made.slice(0, threshold - 1)), bytes)
    }),
  )
})

const refusedSplits: readonly (readonly [why: string, parts: number, threshold: number, bytes: Uint8Array])[] = [
  ['parts cannot be less than threshold', 2, 3, secret],
  ['threshold must be at least 2', 2, 1, secret],
  ['parts cannot exceed 255', 256, 2, secret],
  ['cannot split an empty secret', 3, 2, new Uint8Array()],
]
const refusedCombinations: readonly (readonly [why: string, parts: readonly Uint8Array[]])[] = [
  ['less than two parts cannot be used to reconstruct the secret', shares.slice(1, 2)],
  ['duplicate part detected', [...shares.slice(1), ...shares.slice(2)]],
  ['parts must be at least two bytes', [new Uint8Array(1), new Uint8Array(1)]],
  ['all parts must be the same length', [new Uint8Array(33), new Uint8Array(32)]],
]

describe('what cannot be split or combined', () => {
  for (const [upstream, parts, threshold, bytes] of refusedSplits) {
    test(upstream, () => {
      const run = (): unknown => split(bytes, { parts, threshold, random: randomFillSync })
      assert.throws(run, { code: 'INVALID_KEY', upstream })
    })
  }
  for (const [upstream, parts] of refusedCombinations) {
    test(upstream, () => assert.throws(() => combine(parts), { code: 'INVALID_KEY', upstream }))
  }
})
