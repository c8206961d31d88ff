import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Plan, plan, planText, type Read, readExternalSecret } from '@sealkit/resolver'
import { fc } from '../property.ts'
import { externalSecret } from './fixture.ts'

function planned(spec: Readonly<Record<string, unknown>>, readsProperty = false): Plan {
  return plan(readExternalSecret(externalSecret({ spec })), () => readsProperty)
}

const other = { storeRef: { name: 'shared', kind: 'ClusterSecretStore' } }

const spec = {
  dataFrom: [
    { extract: { key: 'db' } },
    { find: { name: { regexp: '^a' }, tags: { y: '2', x: '1' } } },
    { find: { tags: { x: '1', y: '2' }, name: { regexp: '^a' } }, rewrite: [] },
    { sourceRef: { generatorRef: { kind: 'Password', name: 'p' } } },
    { sourceRef: { generatorRef: { kind: 'Password', name: 'p' } } },
  ],
  data: [
    { secretKey: 'a', remoteRef: { key: 'db', property: 'user' } },
    { secretKey: 'b', remoteRef: { key: 'db', property: 'pass', decodingStrategy: 'Base64' } },
    { secretKey: 'c', remoteRef: { key: 'db', version: '2' } },
    { secretKey: 'd', remoteRef: { key: 'db', metadataPolicy: 'Fetch' } },
    { secretKey: 'e', remoteRef: { key: 'db' }, sourceRef: other },
  ],
}

test('entries that need the same secret share one read, generators share none', () => {
  assert.equal(
    planText(planned(spec)),
    [
      'get db from SecretStore/store for spec.dataFrom[0], spec.data[0], spec.data[1]',
      'find in SecretStore/store {"path":null,"name":"^a","tags":{"x":"1","y":"2"},"conversionStrategy":""} for spec.dataFrom[1], spec.dataFrom[2]',
      'generate Password/p for spec.dataFrom[3]',
      'generate Password/p for spec.dataFrom[4]',
      'get db from SecretStore/store version 2 for spec.data[2]',
      'get db from SecretStore/store (metadata) for spec.data[3]',
      'get db from ClusterSecretStore/shared for spec.data[4]',
      '',
    ].join('\n'),
  )
})

test('a store that answers by property is read once for each', () => {
  const reads = planned({ data: spec.data.slice(0, 2) }, true).reads
  assert.deepEqual(
    reads.map((read) => (read.use === 'get' ? read.location.property : undefined)),
    ['user', 'pass'],
  )
})

const remoteRef = fc.record({
  key: fc.constantFrom('a', 'b', 'a"', ''),
  version: fc.constantFrom('', '1'),
  property: fc.constantFrom('', 'x', 'y'),
  metadataPolicy: fc.constantFrom('None', 'Fetch'),
})
const sourceRef = fc.constantFrom({}, { sourceRef: other })
const dataEntry = fc.tuple(remoteRef, sourceRef).map(([ref, source]) => ({ secretKey: 'k', remoteRef: ref, ...source }))

const text = (read: Read): string => JSON.stringify(read)

test('no read is planned twice, and the order of the entries changes nothing', () => {
  fc.assert(
    fc.property(fc.array(dataEntry, { maxLength: 12 }), fc.nat(), (entries, turn) => {
      const first = planned({ data: entries })
      const at = entries.length === 0 ? 0 : turn % entries.length
      const turned = planned({ data: [...entries.slice(at), ...entries.slice(0, at)] })
      const reads = first.reads.map(text)
      assert.equal(new Set(reads).size, reads.length)
      assert.deepEqual(turned.reads.map(text).toSorted(), reads.toSorted())
      assert.equal(first.entries.length, entries.length)
      for (const [index, entry] of first.entries.entries()) {
        const read = first.reads[entry.read]
        assert.ok(read?.use === 'get')
        assert.equal(read.location.key, entries[index]?.remoteRef.key)
      }
    }),
  )
})
