import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { manifestCompactJson, manifestJson, manifestYaml, sealedSecretObject, secretType } from '@sealkit/core/manifest'

test('fields in Go\u2019s order, maps sorted bytewise, empty fields left out', () => {
  const secret = {
    type: 'Opaque',
    unknown: 1,
    data: { b: 'Yg==', a: '', '10': 'eA==', '9': 'eA==', é: 'eA==', '\u{10000}': 'eA==', '\uffff': 'eA==' },
    immutable: false,
    metadata: { namespace: 'n', labels: {}, name: 'a', finalizers: [], generation: 0 },
    kind: 'Secret',
    apiVersion: 'v1',
  }
  assert.equal(
    manifestCompactJson(secretType, secret),
    '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a","namespace":"n"},"immutable":false,' +
      '"data":{"10":"eA==","9":"eA==","a":"","b":"Yg==","é":"eA==","\uffff":"eA==","\u{10000}":"eA=="},"type":"Opaque"}',
  )
})

test('what is printed even when empty', () => {
  assert.equal(
    manifestCompactJson(sealedSecretObject, { status: { conditions: [{}] } }),
    '{"metadata":{},"spec":{"template":{"metadata":{}},"encryptedData":null},' +
      '"status":{"conditions":[{"type":"","status":"","lastUpdateTime":null,"lastTransitionTime":null}]}}',
  )
})

test('Go\u2019s escapes', () => {
  const labels = { a: '<&>\u2028\u2029"\\\u0000\u001f\n\u007f' }
  assert.match(
    manifestJson(secretType, { metadata: { labels } }),
    /"a": "\\u003c\\u0026\\u003e\\u2028\\u2029\\"\\\\\\u0000\\u001f\\n\u007f"/,
  )
})

const recorded = JSON.parse(
  readFileSync(new URL('../../vectors/kubeseal/yaml-values.json', import.meta.url), 'utf8'),
) as readonly { readonly value: string; readonly yaml: string }[]

test('annotation values in YAML as kubeseal prints them', async () => {
  assert.ok(recorded.length > 100)
  for (const { value, yaml } of recorded) {
    const [, key = ''] = /^\s*(v\d+):/.exec(yaml) ?? []
    assert.notEqual(key, '', yaml)
    const sealed = { spec: { template: { metadata: { annotations: { [key]: value } } } } }
    const printed = await manifestYaml(sealedSecretObject, sealed).catch((error: Error) => error.message)
    assert.ok(printed.includes(yaml), `${JSON.stringify(value)}\nwant ${yaml}\ngot ${printed}`)
  }
})
