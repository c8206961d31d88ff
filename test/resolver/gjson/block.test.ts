import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { encodeUtf8 } from '@sealkit/core/go'
import { get, hasSimd, type Scan } from '@sealkit/resolver/gjson'
import wabt from 'wabt'
import { fc } from '../../property.ts'

const SOURCE = new URL('../../../packages/resolver/src/gjson/block.wat', import.meta.url)
const COMPILED = new URL('../../../packages/resolver/src/gjson/block.wasm.ts', import.meta.url)

/** The text of block.wasm.ts for a compiled module. */
function compiled(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,114}/g)
  return `/** \`block.wat\`, compiled and in base64; a test keeps the two equal. */
export const BLOCK_WASM: string =
${lines?.map((line) => `  '${line}'`).join(' +\n')}
`
}

test('block.wasm.ts is block.wat, compiled', async () => {
  const module = (await wabt()).parseWat('block.wat', readFileSync(SOURCE, 'utf8'), { simd: true })
  module.validate()
  const expected = compiled(module.toBinary({}).buffer)
  module.destroy()
  if (process.env['UPDATE_WASM'] === '1') writeFileSync(COMPILED, expected)
  assert.equal(readFileSync(COMPILED, 'utf8'), expected)
})

test('this runtime has WebAssembly SIMD', () => {
  assert.ok(hasSimd())
})

/** All that a search says, read by the given scan. */
function answer(json: string | Uint8Array, path: string, scan: Scan): readonly unknown[] {
  const result = get(json, path, scan)
  return [result.exists, result.type, result.raw, result.string()]
}

const PATHS = [
  '0',
  '1',
  '#',
  '#.a',
  'a',
  'a.b',
  'a.0',
  '*',
  '#(a)#',
  '#(a="b")',
  '@reverse',
  '@values',
  '@dig:a',
  '..#',
]

/** Runs of what the scan looks at, of any length, so that they begin and end at every place of 16 bytes. */
const piece = fc
  .tuple(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      '"',
      '\\',
      'x',
      ',',
      ':',
      '"a":',
      '"b"',
      '\\"',
      '\\\\',
      '\n',
      'é',
      '\udcff',
      '\ud83d',
      '[',
      '{',
      '}',
      ']',
    ),
    fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
  )
  .map(([text, count]) => text.repeat(count))
const garbage = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''))
const document = fc.oneof(
  garbage,
  garbage.map((text) => `[${text}`),
  garbage.map((text) => `{"a":[${text}],"b":{"a":"${text}"}}`),
  fc.json({ maxDepth: 5 }),
  fc.array(fc.dictionary(fc.string(), fc.jsonValue())).map((list) => JSON.stringify(list, null, 2)),
)

test('both ways find the same, in any text', () => {
  fc.assert(
    fc.property(document, fc.constantFrom(...PATHS), (json, path) => {
      const plain = answer(json, path, 'plain')
      assert.deepEqual(answer(json, path, 'simd'), plain)
      assert.deepEqual(answer(encodeUtf8(json), path, 'simd'), plain)
    }),
    { numRuns: 3_000 },
  )
})

const LONG = 'x'.repeat(40_000)
const LARGE: readonly [name: string, json: string | Uint8Array, path: string][] = [
  ['a long string before it', `{"a":{"b":"${LONG}"},"c":1}`, 'c'],
  ['text that is not ASCII', `{"a":{"b":"é${LONG}"},"c":"ü"}`, 'c'],
  ['half a character', `{"a":{"b":"\ud83d${LONG}"},"c":"\ud83d"}`, 'c'],
  ['characters outside of Latin', `{"a":{"b":"日本${LONG}"},"c":"語"}`, 'c'],
  ['bytes that are no UTF-8', Buffer.from(`{"a":{"b":"${LONG}"},"c":"\xff"}`, 'latin1'), 'c'],
  ['a backslash outside of strings', `{"a":{"b":\\"${LONG}"},"c":1}`, 'c'],
  ['a string that does not end', `{"a":{"b":"${LONG}`, 'a'],
  ['an object that does not end', `{"a":{"b":"${LONG}"`, 'a'],
  ['brackets that do not fit', `{"a":[{"b":"${LONG}"]),"c":1}`, 'c'],
  ['long parts, each asked', `[${`{"n":[],"x":"${LONG}"},`.repeat(30)}{"n":[1]}]`, '#(n.#=1).n'],
  ['long parts, dug', JSON.stringify({ a: [{ a: [{ a: LONG }, LONG] }, { a: LONG }] }), '@dig:a'],
  ['no text at all', '', 'a'],
]

for (const [name, json, path] of LARGE) {
  test(`both ways find the same in a large document: ${name}`, () => {
    const plain = answer(json, path, 'plain')
    assert.deepEqual(answer(json, path, 'auto'), plain)
    assert.deepEqual(answer(json, path, 'simd'), plain)
  })
}

test('a search keeps no memory of a large document', async () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  // What the stack still refers to goes in a later turn.
  const held = async (): Promise<number> => {
    for (let turn = 0; turn < 3; turn++) {
      collect()
      await setImmediate()
    }
    return process.memoryUsage().external
  }
  const search = (length: number): string => get(`{"a":["${'x'.repeat(length)}"],"b":1}`, 'b').raw
  assert.equal(search(1024 * 1024), '1')
  const before = await held()
  assert.equal(search(40 * 1024 * 1024), '1')
  const more = (await held()) - before
  assert.ok(more < 8 * 1024 * 1024, `${more} bytes more`)
})
