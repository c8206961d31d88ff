import assert from 'node:assert/strict'
import test from 'node:test'
import { evaluate } from '../../vectors/numbers.ts'
import { readVectors } from '../../vectors/vector.ts'

for (const vector of readVectors(new URL('../../vectors/numbers.jsonl', import.meta.url))) {
  test(`${vector.id}: ${String(vector['fn'])} ${JSON.stringify(vector['args'])}`, () => {
    assert.equal(evaluate(vector), null)
  })
}
