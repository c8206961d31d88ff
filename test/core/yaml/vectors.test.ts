import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readVectors } from '../../vectors/vector.ts'
import { evaluate } from '../../vectors/yaml.ts'

describe('go-yaml and sigs.k8s.io/yaml, as recorded', () => {
  for (const vector of readVectors(new URL('../../vectors/yaml.jsonl', import.meta.url))) {
    test(vector.id, () => assert.equal(evaluate(vector), null))
  }
})
