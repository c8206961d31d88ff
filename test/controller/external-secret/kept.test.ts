import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldManager, keptExternalSecret, keptTarget, ownedFields } from '@sealkit/controller/external-secret'
import type { ClusterObject } from '@sealkit/kubernetes'

const metadata = { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', annotations: { x: 'y' } }
const entry = (manager: string, fieldsV1: unknown): unknown => ({
  ...{ manager, operation: 'Update', apiVersion: 'v1', time: '2026-01-01T00:00:00Z' },
  ...{ fieldsType: 'FieldsV1', fieldsV1 },
})
const ours = {
  'f:data': { '.': {}, 'f:one': {}, 'f:two': {} },
  'f:metadata': { 'f:labels': { 'f:l': {} }, 'f:annotations': { '.': {}, 'f:a': {} }, 'f:ownerReferences': {} },
}

test('what a managed Secret keeps of its writers says the same about who owns which label and annotation', () => {
  const whole = (): ClusterObject => ({
    metadata: {
      ...metadata,
      managedFields: structuredClone([
        entry(fieldManager('a'), ours),
        entry('kubectl', { 'f:data': { 'f:three': {} } }),
        entry('nobody', undefined),
      ]),
    },
  })
  const kept = keptTarget(whole())
  for (const manager of [fieldManager('a'), 'kubectl', 'nobody', 'absent']) {
    const { data, ...marks } = ownedFields(whole(), manager)
    assert.deepEqual(ownedFields(kept, manager), { ...marks, data: new Set() }, manager)
    if (manager === fieldManager('a')) assert.deepEqual([...marks.labels, ...marks.annotations, ...data].length, 4)
  }
  assert.deepEqual({ ...kept.metadata, managedFields: [] }, { ...metadata, managedFields: [] })
  assert.ok(JSON.stringify(kept).length < JSON.stringify(whole()).length)
})

test('an ExternalSecret keeps everything else, annotations whole: they are part of its hash', () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}' }
  const object = { metadata: { ...metadata, annotations, managedFields: [entry('kubectl', {})] }, spec: {}, status: {} }
  assert.deepEqual(keptExternalSecret(object), {
    ...{ metadata: { ...metadata, annotations, managedFields: [] }, spec: {}, status: {} },
  })
})
