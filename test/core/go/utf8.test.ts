import assert from 'node:assert/strict'
import test from 'node:test'
import { compareUtf8, decodeUtf8, encodeUtf8, utf8Length } from '@sealkit/core/go'
import { fc } from '../../property.ts'

const CASES: readonly [bytes: readonly number[], text: string][] = [
  [[0x61, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80], 'aé😀'],
  [[0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
  [[0xff], '\udcff'],
  [[0xc0, 0x80], '\udcc0\udc80'],
  [[0xe2, 0x82], '\udce2\udc82'],
  [[0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
  [[0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
  [[0x61, 0x80, 0x62], 'a\udc80b'],
]

for (const [bytes, text] of CASES) {
  test(`decodeUtf8 ${Buffer.from(bytes).toString('hex')}`, () => {
    assert.equal(decodeUtf8(Uint8Array.from(bytes)), text)
    assert.deepEqual([...encodeUtf8(text)], bytes)
  })
}

test('encodeUtf8 makes U+FFFD of a surrogate that stands for no byte', () => {
  assert.deepEqual([...encodeUtf8('\ud800')], [0xef, 0xbf, 0xbd])
})

test('any bytes survive, their length is counted and their order kept', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => new Uint8Array(Buffer.from(text))),
  )
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.deepEqual([...encodeUtf8(decodeUtf8(a))], [...a])
      assert.equal(utf8Length(decodeUtf8(a)), a.length)
      assert.equal(Math.sign(compareUtf8(decodeUtf8(a), decodeUtf8(b))), Buffer.compare(a, b))
    }),
    { numRuns: 2000 },
  )
})
