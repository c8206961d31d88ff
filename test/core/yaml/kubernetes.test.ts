import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { marshalYaml, parseYaml, yamlToJson } from '@sealkit/core/yaml'
import { inputOf, upstreamOf, yamlVectors } from './vectors.ts'

/** A run's answer in the form of the `Seen` lists. */
function answer(run: () => string): string {
  let text = ''
  const error = upstreamOf(() => {
    text = run()
  })
  return error === undefined ? text : `error: ${error}`
}

/** Go's answer, or its answers where the order of its maps changes them. */
function recorded(text: string | undefined, error: string | undefined, seen: string[] | undefined): string[] {
  return seen ?? [error === undefined ? (text ?? '') : `error: ${error}`]
}

describe('sigs.k8s.io/yaml', () => {
  for (const vector of yamlVectors()) {
    test(`${vector.id} YAMLToJSON`, () => {
      const seen = recorded(vector.k8sToJSON, vector.k8sToJSONError, vector.k8sToJSONSeen)
      const actual = answer(() => yamlToJson(inputOf(vector)))
      if (!seen.includes(actual)) assert.equal(actual, seen[0])
    })
    test(`${vector.id} Unmarshal and Marshal`, () => {
      const seen = recorded(vector.k8sEmit, vector.k8sEmitError, vector.k8sEmitSeen)
      const actual = answer(() => marshalYaml(parseYaml(inputOf(vector))))
      if (!seen.includes(actual)) assert.equal(actual, seen[0])
    })
  }
})
