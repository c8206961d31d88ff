import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTarget, type TargetOptions, updatedTarget } from '@sealkit/controller/external-secret'
import { updatedSecret } from '@sealkit/controller/sealed-secret'
import type { Manifest } from '@sealkit/core/manifest'
import type { ClusterObject } from '@sealkit/kubernetes'
import { fc } from '../property.ts'

const key = fc.constantFrom('a', 'b', 'c.d', '__proto__', 'constructor')
const map = fc.dictionary(key, fc.constantFrom('', 'x', 'y'))
const values = fc.dictionary(key, fc.constantFrom('', 'eA==', 'eQ=='))

const existing = fc.record({ labels: map, annotations: map, data: values }).map(
  ({ labels, annotations, data }): ClusterObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'n', resourceVersion: '1', labels, annotations },
    type: 'Opaque',
    data,
  }),
)

const sealedSecret: Manifest = { kind: 'SealedSecret', metadata: { name: 's', namespace: 'n', uid: 'u' } }
const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 's', uid: 'u', controller: true }

test('a Secret that was just brought to its SealedSecret needs no further write', () => {
  const unsealed = fc.record({ labels: map, annotations: map, data: values }).map(
    ({ labels, annotations, data }): Manifest => ({
      metadata: { name: 's', namespace: 'n', labels, annotations, ownerReferences: [owner] },
      data,
    }),
  )
  fc.assert(
    fc.property(existing, unsealed, fc.boolean(), (secret, wanted, patch) => {
      const annotation = patch ? 'sealedsecrets.bitnami.com/patch' : 'sealedsecrets.bitnami.com/managed'
      const metadata = { ...secret.metadata, annotations: { ...secret.metadata.annotations, [annotation]: 'true' } }
      const given = { ...secret, metadata }
      const copy = JSON.stringify(given)
      const updated = updatedSecret(given, wanted, sealedSecret) ?? given
      assert.equal(JSON.stringify(given), copy, 'what the watch holds is never changed')
      assert.equal(updatedSecret(updated, wanted, sealedSecret), null)
    }),
  )
})

const externalSecret: ClusterObject = { kind: 'ExternalSecret', metadata: { name: 'e', namespace: 'n', uid: 'u' } }
const options = fc
  .record({
    labels: map,
    annotations: map,
    data: values,
    creationPolicy: fc.constantFrom('Owner', 'Orphan', 'Merge', 'CreateOrMerge'),
    immutable: fc.boolean(),
  })
  .map(({ labels, annotations, data, creationPolicy, immutable }): TargetOptions => {
    const bytes = new Map(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64')]))
    const desired = { namespace: 'n', name: 's', labels, annotations, data: bytes }
    return { externalSecret, desired, creationPolicy, immutable }
  })

test('a target that was just brought to its ExternalSecret needs no further write', () => {
  fc.assert(
    fc.property(existing, options, (secret, wanted) => {
      const copy = JSON.stringify(secret)
      const updated = updatedTarget(secret, wanted) ?? secret
      assert.equal(JSON.stringify(secret), copy, 'what the watch holds is never changed')
      assert.equal(updatedTarget(updated, wanted), null)
    }),
  )
})

test('merging keeps every key of others, owning keeps none', () => {
  fc.assert(
    fc.property(existing, options, (secret, wanted) => {
      const updated = updatedTarget(secret, wanted) ?? secret
      const merging = wanted.creationPolicy === 'Merge' || wanted.creationPolicy === 'CreateOrMerge'
      for (const name of Object.keys(secret['data'] as object)) {
        const kept = Object.hasOwn(updated['data'] as object, name)
        assert.equal(kept, merging || wanted.immutable || wanted.desired.data.has(name), name)
      }
    }),
  )
})

test('a new target needs no further write either', () => {
  fc.assert(
    fc.property(options, (wanted) => {
      const made = newTarget(wanted)
      assert.equal(updatedTarget({ ...made, metadata: { ...made.metadata, name: 's' } }, wanted), null)
    }),
  )
})
