import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { emitDocuments, parseDocuments } from '@sealkit/core/yaml'
import { inputOf, upstreamOf, yamlVectors } from './vectors.ts'

describe('yaml.v3 encoder', () => {
  for (const vector of yamlVectors()) {
    test(vector.id, () => {
      let text: string | undefined
      const error = upstreamOf(() => {
        text = emitDocuments(parseDocuments(inputOf(vector)), { indent: 4 })
      })
      assert.deepEqual({ text, error }, { text: vector.sopsEmit, error: vector.sopsEmitError })
    })
  }
})
