import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { evaluate } from '../vectors/templates.ts'
import { readVectors } from '../vectors/vector.ts'

/** Every recorded answer of Go is a test of its own. */
describe('templates.jsonl', () => {
  for (const vector of readVectors(new URL('../vectors/templates.jsonl', import.meta.url))) {
    it(vector.id, () => assert.deepEqual(evaluate(vector), null))
  }
})
