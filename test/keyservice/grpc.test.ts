import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CoreError } from '@sealkit/core'
import { entry, type KeyEntry, type KeyKind } from '@sealkit/core/sops'
import { KeyserviceError, keyServices, type MasterKeys } from '@sealkit/keyservice'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, keyTitle } from '@sealkit/keyservice/grpc'
import { fc } from '../property.ts'

const fields: Readonly<Record<KeyKind, readonly string[]>> = {
  kms: ['arn', 'role', 'aws_profile'],
  pgp: ['fp'],
  gcp_kms: ['resource_id'],
  azure_kv: ['vault_url', 'name', 'version'],
  hc_vault: ['vault_address', 'engine_path', 'key_name'],
  age: ['recipient'],
  hckms: ['key_id'],
}

/** A master key of any kind with any texts. */
const anyKey: fc.Arbitrary<KeyEntry> = fc.constantFrom(...(Object.keys(fields) as KeyKind[])).chain((kind) =>
  fc
    .tuple(
      fc.tuple(...fields[kind].map((name) => fc.string({ unit: 'grapheme' }).map((text) => [name, text] as const))),
      fc.dictionary(fc.string(), fc.string()),
    )
    .map(([texts, context]) => {
      const key = entry(kind, Object.fromEntries(texts))
      return kind === 'kms' ? { ...key, context: { ...context } } : key
    }),
)

/** A request with its data as text. */
function shown(bytes: Uint8Array): unknown {
  const request = decodeRequest(bytes)
  return { ...request, data: Buffer.from(request.data).toString() }
}

/** Messages written by hand, as the encoding guide of Protocol Buffers says. */
const messages: readonly (readonly [what: string, hex: string, key: KeyEntry | null, data: string])[] = [
  ['an age key', '0a08320 60a04616765311202616 2', { ...entry('age', { recipient: 'age1' }) }, 'ab'],
  ['a PGP key and nothing to wrap', '0a06120 40a024646', entry('pgp', { fp: 'FF' }), ''],
  [
    'an AWS key with a context',
    '0a160a140a01611201721a060a016b1201 7622047072 6f66',
    { ...entry('kms', { arn: 'a', role: 'r', aws_profile: 'prof' }), context: { k: 'v' } },
    '',
  ],
]

describe('messages of key services', () => {
  for (const [what, hex, key, data] of messages) {
    test(what, () => {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
      assert.deepEqual(shown(bytes), { key, data, named: true })
      assert.ok(key !== null)
      assert.equal(encodeRequest({ key, data: Buffer.from(data) }).toString('hex'), bytes.toString('hex'))
    })
  }

  test('what is written is read again', () => {
    fc.assert(
      fc.property(anyKey, fc.uint8Array(), (key, data) => {
        const read = decodeRequest(encodeRequest({ key, data }))
        assert.deepEqual({ ...read, data: [...read.data] }, { key, data: [...data], named: true })
        assert.deepEqual([...decodeResponse(encodeResponse(data))], [...data])
      }),
    )
  })

  test('any bytes are read or refused, never worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeRequest(bytes)
        } catch (error) {
          assert.ok(error instanceof KeyserviceError && error.code === 'MESSAGE_INVALID', String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('fields that are not known are skipped, and the last of several counts', () => {
    const request = encodeRequest({ key: entry('age', { recipient: 'a' }), data: Buffer.from('x') })
    const later = Buffer.from('78017d00000000790000000000000000120179', 'hex')
    const read = decodeRequest(Buffer.concat([request, later]))
    assert.equal(Buffer.from(read.data).toString(), 'y')
    assert.equal(read.key?.fields['recipient'], 'a')
  })

  test('no key, and a key of a kind that is not known', () => {
    assert.deepEqual(decodeRequest(Buffer.from('120161', 'hex')).named, false)
    assert.deepEqual(shown(Buffer.from('0a03420161120161', 'hex')), { key: null, data: 'a', named: true })
  })
})

describe('how keys are named to the person who is asked', () => {
  for (const [key, title] of [
    [entry('pgp', { fp: 'F' }), 'PGP key with fingerprint F'],
    [entry('kms', { arn: 'arn:aws', role: 'r' }), 'AWS KMS key with ARN arn:aws'],
    [entry('gcp_kms', { resource_id: 'p' }), 'GCP KMS key with resource ID p'],
    [
      entry('azure_kv', { vault_url: 'https://v', name: 'n', version: '1' }),
      'Azure Key Vault key with URL https://v/keys/n/1',
    ],
    [
      entry('hc_vault', { vault_address: 'https://v', engine_path: 't', key_name: 'n' }),
      'Hashicorp Vault key with URI https://v/v1/t/keys/n',
    ],
    [entry('age', { recipient: 'age1' }), 'Unknown key type'],
  ] as const) {
    test(title, () => assert.equal(keyTitle(key), title))
  }
})

describe('several key services', () => {
  const failing = (text: string): MasterKeys => ({
    wrap: async () => Promise.reject(new CoreError('INVALID_KEY', text)),
    unwrap: async () => Promise.reject(new CoreError('INVALID_KEY', text)),
  })
  const working: MasterKeys = {
    wrap: async (_, key) => ({ ...key, enc: 'e' }),
    unwrap: async () => Buffer.from('part'),
  }
  const key = entry('age', { recipient: 'a' })

  test('the first that works counts', async () => {
    const keys = keyServices([failing('a'), working, failing('b')])
    assert.equal((await keys.wrap(Buffer.of(), key)).enc, 'e')
    assert.equal(Buffer.from(await keys.unwrap(key)).toString(), 'part')
  })

  test('none works', async () => {
    await assert.rejects(
      keyServices([failing('a'), failing('b')]).unwrap(key),
      (error: Error & { errors: Error[] }) => {
        assert.deepEqual(
          error.errors.map(({ message }) => message),
          ['a', 'b'],
        )
        return true
      },
    )
    await assert.rejects(keyServices([]).unwrap(key), { code: 'SERVICE_FAILED', errors: [] })
    await assert.rejects(keyServices([failing('a')]).unwrap(key), { code: 'INVALID_KEY' })
  })
})
