import assert from 'node:assert/strict'
import test from 'node:test'
import { get, hasSimd } from '@sealkit/resolver/gjson'

const BROKEN: readonly [name: string, WebAssembly: unknown][] = [
  ['without WebAssembly', undefined],
  [
    'where it knows no SIMD',
    {
      Module: class {
        constructor() {
          throw new Error('CompileError')
        }
      },
    },
  ],
]

// In a process of its own: what a runtime has is asked once.
for (const [name, global] of BROKEN) {
  test(`a large document is read ${name}`, () => {
    Object.defineProperty(globalThis, 'WebAssembly', { value: global, configurable: true })
    const json = `{"a":[${'"x",'.repeat(10_000)}1],"é":[2]}`
    assert.deepEqual([hasSimd(), get(json, 'é.0').raw, get(json, 'é', 'simd').raw], [false, '2', '[2]'])
  })
}
