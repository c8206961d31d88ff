import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CoreError } from '@sealkit/core'
import { decodeBase64, encodeBase64 } from '@sealkit/core/manifest'
import { fc } from '../../property.ts'

const vectors = readFileSync(new URL('../../vectors/kubeseal/base64-errors.txt', import.meta.url), 'utf8')

/** `"text" => error: what kubeseal says (foo)`; a text that decodes fails later, for want of a key. */
const recorded = vectors
  .split('\n')
  .filter((line) => line.includes(' => '))
  .map((line) => {
    const [text = '', error = ''] = line.split(' => error: ')
    return { text: JSON.parse(text) as string, error: error.replace(' (foo)', '') }
  })

test('what Go refuses, and where', () => {
  assert.ok(recorded.length > 20)
  for (const { text, error } of recorded) {
    const upstream = outcome(text)
    assert.equal(upstream ?? 'no key could decrypt secret', error, JSON.stringify(text))
  }
})

test('the offset counts bytes', () => {
  assert.equal(outcome('AAAA\u00e9'), 'illegal base64 data at input byte 4')
  assert.equal(outcome('AA\u00e9A'), 'illegal base64 data at input byte 2')
  assert.equal(outcome('AA=\n\nA'), 'illegal base64 data at input byte 4')
  assert.equal(outcome('AA==\nA'), 'illegal base64 data at input byte 5')
  assert.equal(outcome('AAA=\n'), undefined)
})

test('encoding and decoding are inverse, with line breaks anywhere', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), fc.constantFrom('\n', '\r\n', '\r'), (bytes, at, lineBreak) => {
      const text = encodeBase64(bytes)
      const cut = text.length === 0 ? 0 : at % (text.length + 1)
      const broken = text.slice(0, cut) + lineBreak + text.slice(cut)
      assert.deepEqual(new Uint8Array(decodeBase64(broken)), new Uint8Array(bytes))
    }),
  )
})

test('every text decodes or names a byte of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'g', '=', '\n', '#', '-', '\u00e9', '/') }), (text) => {
      const upstream = outcome(text)
      if (upstream === undefined) return
      const at = Number(/byte (\d+)$/.exec(upstream)?.[1])
      assert.ok(at >= 0 && at <= Buffer.byteLength(text), `${JSON.stringify(text)}: ${upstream}`)
    }),
  )
})

function outcome(text: string): string | undefined {
  try {
    decodeBase64(text)
    return undefined
  } catch (error) {
    assert.ok(error instanceof CoreError)
    assert.equal(error.code, 'INVALID_BASE64')
    return error.upstream
  }
}
