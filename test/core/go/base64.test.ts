import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoreError } from '@sealkit/core'
import { base64Fault } from '@sealkit/core/go'
import { decodeBase64 } from '@sealkit/core/manifest'
import { fc } from '../../property.ts'

test('each alphabet has its own digits', () => {
  const cases: readonly (readonly [text: string, standard: number, url: number])[] = [
    ['', -1, -1],
    ['ab+/', -1, 2],
    ['ab-_', 2, -1],
    ['ab-=', 2, -1],
    ['a\n-_\r\nb', 2, -1],
    ['abc', 0, 0],
    ['ab', 0, 0],
    ['=abc', 0, 0],
    ['abc=d', 4, 4],
    ['ab=c', 2, 2],
    ['ab==', -1, -1],
    ['ab=', 3, 3],
  ]
  for (const [text, standard, url] of cases) {
    assert.deepEqual([base64Fault(text), base64Fault(text, 'url')], [standard, url], JSON.stringify(text))
  }
})

test('it names the byte that the decoder of manifests names, which no sealing call loads it for', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'g', '=', '\n', '\r', '#', '-', '/') }), (text) => {
      const fault = base64Fault(text)
      if (fault < 0) decodeBase64(text)
      else
        assert.throws(
          () => decodeBase64(text),
          (error) => error instanceof CoreError && error.upstream === `illegal base64 data at input byte ${fault}`,
        )
    }),
  )
})
