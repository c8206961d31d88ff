import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decryptUnordered,
  encryptFile,
  fromPlain,
  isBranch,
  newMetadata,
  type Rule,
  type SopsFile,
  toPlain,
  writeMetadata,
} from '@sealkit/core/sops'
import { fc } from '../../property.ts'

const dataKey = Buffer.alloc(32, 7)
const unwrap = async (): Promise<Uint8Array> => dataKey
const lastModified = '2026-01-02T03:04:05Z'
const keyGroups = [[{ kind: 'age', fields: { recipient: 'age1' }, enc: 'wrapped', createdAt: '' }]] as const
const templates: Rule = { name: 'encrypted_suffix', pattern: 'Templates' }

/** The object as an API gives it back: encrypted, its keys sorted. */
async function stored(object: object, more: { macOnlyEncrypted?: boolean; rule?: Rule } = {}) {
  const document = fromPlain(object)
  if (!isBranch(document)) throw new TypeError('no object')
  const metadata = newMetadata({ keyGroups, lastModified, rule: templates, ...more })
  const file: SopsFile = { documents: [document], metadata }
  const { documents, metadata: written } = await encryptFile(file, { dataKey, now: new Date(lastModified) })
  const [encrypted = null] = documents
  return sorted({ ...(toPlain(encrypted) as object), sops: toPlain(writeMetadata(written)) }) as Record<string, unknown>
}

function list(spec: unknown): Record<string, unknown>[] {
  return (spec as { secretTemplates: Record<string, unknown>[] }).secretTemplates
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  )
}

const likely = [['apiVersion', 'kind', 'metadata', 'spec', 'name', 'labels', 'type', 'stringData', 'data']]
const numbered = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${(index * 5) % count}`, `value ${index}`]))

function object(...secretTemplates: object[]): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'K', metadata: { name: 'n', namespace: 's' }, spec: { secretTemplates } }
}

describe('the MAC of an object that has lost the order of its keys', () => {
  const found: readonly (readonly [what: string, object: Record<string, unknown>])[] = [
    ['sorted keys', object({ data: { a: '1', b: '2' }, name: 'x' })],
    ['the usual order', object({ name: 'x', type: 'Opaque', stringData: { a: '1', b: '2' } })],
    ['two keys the other way round', object({ name: 'x', stringData: { username: 'u', password: 'p' } })],
    ['seven keys in any order', object({ name: 'x', stringData: numbered(7) })],
    ['an order that nobody uses', { spec: { secretTemplates: [{ stringData: { a: '1' }, name: 'x' }] }, kind: 'K' }],
    [
      'several templates, alike',
      object(...['x', 'y', 'z', 'w'].map((name) => ({ stringData: { b: '1', a: '2', c: '3' }, name, type: 't' }))),
    ],
    [
      'two templates, each in its own order',
      object({ name: 'x', stringData: { b: '1', a: '2' } }, { stringData: { a: '3', b: '4' }, name: 'y' }),
    ],
    ['numbers, flags and nulls', object({ name: 'x', data: { port: 8080, on: true, ratio: 1.5, none: null } })],
    ['nothing encrypted', { kind: 'K', apiVersion: 'v1' }],
  ]
  for (const [what, plain] of found) {
    test(`is found: ${what}`, async () => {
      const result = await decryptUnordered([await stored(plain)], { unwrap, likely })
      assert.deepEqual(result, { plain: sorted(plain), mac: 'verified' })
    })
  }

  test('is found among variants, and the first of them is what is given', async () => {
    const { metadata: _, ...file } = object({ name: 'x' })
    const whole = await stored({ ...file, metadata: { name: 'n' } })
    const added = { ...whole, metadata: { name: 'n', namespace: 's' } }
    const alone = await decryptUnordered([added], { unwrap, likely })
    assert.equal(alone?.mac, 'refuted')
    const result = await decryptUnordered([added, whole], { unwrap, likely })
    assert.equal(result?.mac, 'verified')
    assert.deepEqual(result?.plain['metadata'], { name: 'n', namespace: 's' })
  })

  test('covers encrypted values alone where the file says so', async () => {
    const whole = await stored(object({ name: 'x' }), { macOnlyEncrypted: true })
    const added = { ...whole, metadata: { name: 'other', uid: 'u' } }
    assert.equal((await decryptUnordered([added], { unwrap }))?.mac, 'verified')
  })

  const wrong: readonly (readonly [what: string, change: (object: Record<string, unknown>) => unknown])[] = [
    ['a value in plain text was changed', (object) => ({ ...object, kind: 'L' })],
    ['a value in plain text was added', (object) => ({ ...object, more: 'x' })],
    ['a template was removed', ({ spec, ...rest }) => ({ ...rest, spec: { secretTemplates: list(spec).slice(1) } })],
    [
      'a template stands twice',
      ({ spec, ...rest }) => ({ ...rest, spec: { secretTemplates: [...list(spec), ...list(spec)] } }),
    ],
    [
      'two templates have changed places',
      ({ spec, ...rest }) => ({ ...rest, spec: { secretTemplates: list(spec).toReversed() } }),
    ],
    [
      'a value was exchanged for that of the same key in another template',
      ({ spec, ...rest }) => {
        const [first = {}, second = {}] = list(spec)
        const exchanged = [
          { ...first, data: second['data'] },
          { ...second, data: first['data'] },
        ]
        return { ...rest, spec: { secretTemplates: exchanged } }
      },
    ],
  ]
  for (const [what, change] of wrong) {
    test(`is refuted: ${what}`, async () => {
      const whole = await stored(object({ name: 'x', data: { a: '1' } }, { name: 'y', data: { a: '2' } }))
      const result = await decryptUnordered([change(whole) as Record<string, unknown>], { unwrap, likely })
      assert.equal(result?.mac, 'refuted')
    })
  }

  test('stays undecided where there are too many orders', async () => {
    const whole = await stored(object({ name: 'x', data: numbered(11) }))
    assert.equal((await decryptUnordered([whole], { unwrap, likely, budget: 1000 }))?.mac, 'undecided')
  })

  test('is that of no other file', async () => {
    const [whole, other] = await Promise.all([stored(object({ name: 'x' })), stored(object({ name: 'y' }))])
    const result = await decryptUnordered([{ ...whole, sops: other['sops'] }], { unwrap, likely })
    assert.equal(result?.mac, 'refuted')
    const sops = { ...(whole['sops'] as object), lastmodified: '2026-01-02T03:04:06Z' }
    await assert.rejects(decryptUnordered([{ ...whole, sops }], { unwrap }), { code: 'MAC_MISMATCH' })
  })

  test('a value in another place does not decrypt', async () => {
    const whole = await stored(object({ name: 'x', data: { a: '1', b: '2' } }))
    const moved = JSON.parse(JSON.stringify(whole).replace('"b":', '"c":')) as Record<string, unknown>
    await assert.rejects(decryptUnordered([moved], { unwrap }), { code: 'DECRYPTION_FAILED' })
  })

  test('an object without the block is none', async () => {
    assert.equal(await decryptUnordered([{ kind: 'K' }], { unwrap }), null)
  })

  test('pauses between tries', async () => {
    let pauses = 0
    const pause = async (): Promise<void> => {
      pauses += 1
    }
    await decryptUnordered([{ ...(await stored(object({ name: 'x', data: numbered(7) }))), more: 'x' }], {
      unwrap,
      pause,
    })
    assert.ok(pauses > 2)
  })

  test('any order of few keys is found', async () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean())
    const key = fc.stringMatching(/^[a-z]{1,6}$/)
    const map = fc.dictionary(key, leaf, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
    await fc.assert(
      fc.asyncProperty(map, fc.array(map, { minLength: 1, maxLength: 2 }), async (top, secretTemplates) => {
        const plain = { ...top, spec: { secretTemplates } }
        const result = await decryptUnordered([await stored(plain)], { unwrap })
        assert.deepEqual(result, { plain: sorted(plain), mac: 'verified' })
      }),
      { numRuns: 40 },
    )
  })
})
