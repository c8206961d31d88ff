import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createdBy, dataHash, fieldManager, names, syncedResourceVersion } from '@sealkit/controller/external-secret'

const folder = new URL('../../vectors/external-secrets/cases/', import.meta.url)

interface RecordedSecret {
  readonly data?: Record<string, string>
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
  readonly dataHashValid: boolean | null
  readonly ownerReferences: readonly { readonly name: string }[]
  readonly managed: readonly { readonly manager: string }[]
}

interface Case {
  readonly name: string
  readonly normalize?: unknown
  readonly expect: { readonly results: readonly { readonly secrets: Record<string, RecordedSecret> }[] }
}

const cases = readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case)

test('data-hash and created-by are those of every recorded Secret', () => {
  let hashes = 0
  let labels = 0
  for (const { name, normalize, expect } of cases) {
    if (normalize !== undefined) continue
    for (const [key, secret] of expect.results.flatMap(({ secrets }) => Object.entries(secrets))) {
      if (secret.dataHashValid === true) {
        assert.equal(dataHash(secret.data ?? {}), secret.annotations[names.dataHash], `${name} ${key}`)
        hashes += 1
      }
      const owner = secret.ownerReferences[0]?.name
      const label = secret.labels[names.createdBy]
      if (owner === undefined || label === undefined || key.includes('/')) continue
      assert.equal(createdBy(`v-${name}`, owner), label, `${name} ${key}`)
      assert.ok(
        secret.managed.some(({ manager }) => manager === fieldManager(owner)),
        `${name} ${key}`,
      )
      labels += 1
    }
  }
  assert.ok(hashes > 150 && labels > 150, `${hashes} hashes, ${labels} labels`)
})

test('an empty map and an empty value print as Go prints them', () => {
  assert.equal(dataHash({}), dataHash(Object.fromEntries([])))
  assert.notEqual(dataHash({ a: '' }), dataHash({}))
  assert.equal(dataHash({ b: '', a: 'YmFy' }), dataHash({ a: 'YmFy', b: '' }))
})

test('the synced version changes with generation, labels and annotations only', () => {
  const base = { name: 'a', generation: 1, resourceVersion: '1' }
  const plain = '1-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2'
  assert.equal(syncedResourceVersion(base), plain)
  assert.equal(syncedResourceVersion({ ...base, resourceVersion: '2', finalizers: ['x'] }), plain)
  assert.equal(syncedResourceVersion({ ...base, labels: {}, annotations: {} }), plain)
  for (const changed of [{ generation: 2 }, { labels: { a: 'b' } }, { annotations: { a: 'b' } }]) {
    assert.notEqual(syncedResourceVersion({ ...base, ...changed }), plain)
  }
})

test('a field manager that would be too long is hashed', () => {
  const long = 'n'.repeat(27)
  assert.equal(fieldManager('es'), 'externalsecrets.external-secrets.io/es')
  assert.equal(fieldManager(long), `externalsecrets.external-secrets.io/${long}`)
  assert.match(fieldManager('n'.repeat(28)), /^externalsecrets\.external-secrets\.io\/sha3\/[0-9a-f]{56}$/)
})
