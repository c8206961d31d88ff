import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptSealedSecret, keptSecret } from '@sealkit/controller/sealed-secret'
import type { ClusterObject } from '@sealkit/kubernetes'

const metadata = { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7' }
const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 'a', uid: 'x', controller: true }
const fieldsV1 = { 'f:data': { '.': {}, 'f:key': {} }, 'f:metadata': { 'f:labels': {} } }
const managedFields = [
  { manager: 'controller', operation: 'Update', apiVersion: 'v1', time: '2026-01-01T00:00:00Z', fieldsV1 },
  { manager: 'kubectl', operation: 'Update', time: '2026-01-02T00:00:00Z', fieldsV1: { 'f:metadata': {} } },
]

/** What a Secret's metadata says besides its name, and whether more than its existence is kept. */
const secrets: readonly [what: string, more: object, kept: boolean][] = [
  ['nothing', {}, false],
  ['labels and foreign annotations', { labels: { a: 'b' }, annotations: { 'helm.sh/hook': 'x' } }, false],
  ['another owner', { ownerReferences: [{ ...owner, kind: 'Certificate' }] }, false],
  ['writers alone', { managedFields }, false],
  ['a SealedSecret as owner', { ownerReferences: [owner] }, true],
  ['an owner among others', { ownerReferences: [{ ...owner, kind: 'Certificate' }, owner] }, true],
  ['the managed annotation', { annotations: { 'sealedsecrets.bitnami.com/managed': 'true' } }, true],
  ['the patch annotation, whatever it says', { annotations: { 'sealedsecrets.bitnami.com/patch': '' } }, true],
]

for (const [what, more, kept] of secrets) {
  test(`a Secret with ${what}: ${kept ? 'its metadata is kept' : 'only that it is there is kept'}`, () => {
    const secret = (): ClusterObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, ...more } })
    const whole = secret()
    const { managedFields: _, ...rest } = keptSecret(secret()).metadata
    const { managedFields: __, ...wanted } = whole.metadata
    assert.deepEqual(rest, kept ? wanted : metadata)
  })
}

test('of the writers of a Secret those of its data are kept, and of a SealedSecret the time of each write', () => {
  const object = (): ClusterObject => ({
    metadata: { ...metadata, ownerReferences: [owner], managedFields: structuredClone(managedFields) },
  })
  assert.deepEqual(keptSecret(object()).metadata.managedFields, [
    { manager: 'controller', time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:data': { '.': {}, 'f:key': {} } } },
  ])
  assert.deepEqual(keptSealedSecret(object()).metadata.managedFields, [
    { subresource: undefined, time: '2026-01-01T00:00:00Z' },
    { subresource: undefined, time: '2026-01-02T00:00:00Z' },
  ])
})

test("of a SealedSecret everything but kubectl's copy of it is kept", () => {
  const spec = { encryptedData: { a: 'AgA=' }, template: { metadata: { labels: { l: 'v' } } } }
  const annotations = { 'sealedsecrets.bitnami.com/cluster-wide': 'true' }
  const copy = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(spec) }
  const kept = keptSealedSecret({ metadata: { ...metadata, annotations: { ...annotations, ...copy } }, spec })
  assert.deepEqual(kept, { metadata: { ...metadata, annotations, managedFields: [] }, spec })
})
