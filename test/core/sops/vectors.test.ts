import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluate } from '../../vectors/sops.ts'
import { readVectors } from '../../vectors/vector.ts'

for (const vector of readVectors(new URL('../../vectors/yaml.jsonl', import.meta.url))) {
  test(`${vector.id}: ${JSON.stringify(vector['input'] ?? vector['inputB64'])}`, () => {
    assert.equal(evaluate(vector), null)
  })
}
