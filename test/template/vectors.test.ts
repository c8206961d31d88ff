import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { evaluate } from '../vectors/templates.ts'
import { readVectors } from '../vectors/vector.ts'

const READY = new Set(['trim', 'name'])

/** Every recorded answer of Go is a test of its own. */
describe('templates.jsonl', () => {
  for (const vector of readVectors(new URL('../vectors/templates.jsonl', import.meta.url))) {
    if (READY.has(vector.group)) it(vector.id, () => assert.equal(evaluate(vector), null))
  }
})
