import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { fc } from '../property.ts'
import { data, failure } from './fixture.ts'

function generator(kind: string, spec: Readonly<Record<string, unknown>>): Manifest {
  const metadata = kind === 'ClusterGenerator' ? { name: 'g' } : { name: 'g', namespace: 'apps' }
  return { apiVersion: 'generators.external-secrets.io/v1alpha1', kind, metadata, spec: { ...spec } }
}

function generated(
  kind: string,
  spec: Readonly<Record<string, unknown>>,
  rest: object = {},
): Parameters<typeof data>[0] {
  return {
    objects: [generator(kind, spec)],
    spec: { dataFrom: [{ sourceRef: { generatorRef: { kind, name: 'g' } }, ...rest }] },
  }
}

test('Fake, also rewritten and through a ClusterGenerator', async () => {
  assert.deepEqual(await data(generated('Fake', { data: { a: '1' } })), { a: '1' })
  const rewrite = [{ regexp: { source: '^', target: 'x-' } }]
  assert.deepEqual(await data(generated('Fake', { data: { a: '1' } }, { rewrite })), { 'x-a': '1' })
  const wrapped = { kind: 'Fake', generator: { fakeSpec: { data: { b: '2' } } } }
  assert.deepEqual(await data(generated('ClusterGenerator', wrapped)), { b: '2' })
})

test('Webhook: the members of what an HTTP API answers, with Secrets that are labelled for generators', async (t) => {
  const server = createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer s3cret') response.writeHead(403).end()
    else if (request.url === '/made') response.end('{"data":{"a":"1","b":{"c":2}}}')
    else response.writeHead(404).end()
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secret = (label: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'apps', labels: { [label]: 'webhook' } },
    data: { token: Buffer.from('s3cret').toString('base64') },
  })
  const calling = (path: string, label = 'generators.external-secrets.io/type'): Parameters<typeof data>[0] => {
    const made = generated('Webhook', {
      url: `${address}${path}`,
      result: { jsonPath: '$.data' },
      headers: { authorization: 'Bearer {{ .auth.token }}' },
      secrets: [{ name: 'auth', secretRef: { name: 'login' } }],
    })
    return { ...made, objects: [...(made.objects ?? []), secret(label)] }
  }
  assert.deepEqual(await data(calling('/made')), { a: '1', b: '{"c":2}' })
  assert.equal((await failure(calling('/nothing'))).code, 'PROVIDER_FAILED')
  assert.equal((await failure(calling('/made', 'external-secrets.io/type'))).code, 'STORE_DENIED')
})

test('UUID', async () => {
  const { uuid } = await data(generated('UUID', {}))
  assert.match(uuid ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

const passwords: readonly (readonly [spec: object, form: RegExp])[] = [
  [{}, /^[!-~]{24}$/],
  [{ length: 5, digits: 5, symbols: 0 }, /^\d{5}$/],
  [{ length: 4, digits: 0, symbols: 4, symbolCharacters: '-_+=' }, /^[-_+=]{4}$/],
  [{ length: 26, digits: 0, symbols: 0, noUpper: true }, /^[a-z]{26}$/],
  [{ length: 6, digits: 0, symbols: 0, encoding: 'hex' }, /^[0-9a-f]{12}$/],
  [{ length: 6, digits: 0, symbols: 0, encoding: 'base64' }, /^[A-Za-z0-9+/]{8}$/],
  [{ length: 6, digits: 0, symbols: 0, encoding: 'base32' }, /^[A-Z2-7]{10}======$/],
]

for (const [spec, form] of passwords) {
  test(`Password ${JSON.stringify(spec)}`, async () => {
    const { password = '' } = await data(generated('Password', { ...spec }))
    assert.match(password, form)
  })
}

test('Password: one for each key, none alike', async () => {
  const made = await data(generated('Password', { secretKeys: ['a', 'b'] }))
  assert.deepEqual(Object.keys(made), ['a', 'b'])
  assert.notEqual(made['a'], made['b'])
})

test('Password keeps its numbers, and repeats nothing unless told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(8), fc.nat(8), fc.nat(20), fc.boolean(), async (digits, symbols, letters, allowRepeat) => {
      const spec = { length: digits + symbols + letters, digits, symbols, allowRepeat }
      fc.pre(spec.length > 0)
      const { password = '' } = await data(generated('Password', spec))
      assert.equal(password.length, spec.length)
      assert.equal(password.replaceAll(/\D/g, '').length, digits)
      assert.equal(password.replaceAll(/[^a-z]/gi, '').length, letters)
      if (!allowRepeat) assert.equal(new Set(password).size, password.length)
    }),
    { numRuns: 100 },
  )
})

/** RFC 6238, appendix B: eight digits of a seed of 20, 32 and 64 bytes. */
const seeds: Readonly<Record<string, string>> = {
  sha1: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  sha256: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA',
  sha512: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA',
}

const oneTime: readonly (readonly [algorithm: string, when: string, token: string, timeLeft: string])[] = [
  ['sha1', '1970-01-01T00:00:59Z', '94287082', '1'],
  ['sha256', '1970-01-01T00:00:59Z', '46119246', '1'],
  ['sha512', '1970-01-01T00:00:59Z', '90693936', '1'],
  ['sha1', '2005-03-18T01:58:29Z', '07081804', '1'],
  ['sha1', '2603-10-11T11:33:20Z', '65353130', '10'],
]

function seed(value: string): Manifest {
  const data = { seed: Buffer.from(value).toString('base64') }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mfa', namespace: 'apps' }, data }
}

function mfa(spec: object, value = 'gezd gnbv GY3T QOJQ GEZD GNBV GY3T QOJQ'): Parameters<typeof data>[0] {
  const fixture = generated('MFA', { secret: { name: 'mfa', key: 'seed' }, ...spec })
  return { ...fixture, objects: [...(fixture.objects ?? []), seed(value)] }
}

for (const [algorithm, when, token, timeLeft] of oneTime) {
  test(`MFA ${algorithm} at ${when}`, async () => {
    assert.deepEqual(await data(mfa({ length: 8, algorithm, when }, seeds[algorithm])), { token, timeLeft })
  })
}

test('MFA: six digits, SHA-1 and thirty seconds unless told, and a seed as people write it', async () => {
  assert.deepEqual(await data(mfa({ when: '1970-01-01T00:00:59Z' })), { token: '287082', timeLeft: '1' })
})

for (const [spec, value, code] of [
  [{ length: 10 }, undefined, 'PROVIDER_FAILED'],
  [{ timePeriod: -1 }, undefined, 'PROVIDER_FAILED'],
  [{ algorithm: 'md5' }, undefined, 'PROVIDER_FAILED'],
  [{}, 's3cret!', 'PROVIDER_FAILED'],
  [{ secret: { name: 'mfa', key: 'nope' } }, undefined, 'CREDENTIAL_MISSING'],
] as const) {
  test(`MFA refused: ${JSON.stringify(spec)} ${value ?? ''}`, async () => {
    const error = await failure(mfa(spec, value))
    assert.equal(error.code, code)
    assert.doesNotMatch(error.message, /s3cret/i)
  })
}

const sshKeys: readonly (readonly [spec: object, type: string])[] = [
  [{}, 'ssh-rsa'],
  [{ keyType: 'rsa', keySize: 1024, comment: 'me@here' }, 'ssh-rsa'],
  [{ keyType: 'ecdsa' }, 'ecdsa-sha2-nistp256'],
  [{ keyType: 'ecdsa', keySize: 521, comment: 'c' }, 'ecdsa-sha2-nistp521'],
  [{ keyType: 'ed25519', keySize: 9 }, 'ssh-ed25519'],
]

/** The length-prefixed fields of a blob. */
function fields(blob: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 4 <= blob.length; ) {
    const length = blob.readUInt32BE(at)
    if (at + 4 + length > blob.length) break
    found.push(blob.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return found
}

for (const [spec, type] of sshKeys) {
  test(`SSHKey ${JSON.stringify(spec)}`, async (t) => {
    const { privateKey = '', publicKey = '' } = await data(generated('SSHKey', { ...spec }))
    const [publicType, encoded = '', comment] = publicKey.trimEnd().split(' ')
    assert.equal(publicType, type)
    assert.equal(comment, 'comment' in spec ? spec.comment : undefined)
    const blob = Buffer.from(encoded, 'base64')
    assert.equal(fields(blob)[0]?.toString(), type)
    const file = Buffer.from(privateKey.replaceAll(/-----.*-----|\n/g, ''), 'base64')
    assert.equal(file.subarray(0, 15).toString(), 'openssh-key-v1\0')
    const [cipher, kdf, options] = fields(file.subarray(15))
    assert.deepEqual([cipher?.toString(), kdf?.toString(), options?.length], ['none', 'none', 0])
    const [stored, secret = Buffer.alloc(0)] = fields(file.subarray(15 + 8 + 8 + 4 + 4))
    assert.deepEqual(stored, blob)
    assert.deepEqual(secret.subarray(0, 4), secret.subarray(4, 8))
    assert.equal(secret.length % 8, 0)
    await acceptedByOpenSsh(t, privateKey, publicKey)
  })
}

/** OpenSSH itself derives the public key from the private one, where it is installed. */
async function acceptedByOpenSsh(t: TestContext, privateKey: string, publicKey: string): Promise<void> {
  if (spawnSync('ssh-keygen', ['-?']).error !== undefined) return t.diagnostic('ssh-keygen: not installed')
  const folder = await mkdtemp(join(tmpdir(), 'sshkey-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'key'), privateKey, { mode: 0o600 })
  const derived = spawnSync('ssh-keygen', ['-y', '-f', join(folder, 'key')], { encoding: 'utf8' })
  assert.equal(derived.status, 0, derived.stderr)
  assert.deepEqual(
    derived.stdout.split(' ').slice(0, 2).join(' ').trim(),
    publicKey.split(' ').slice(0, 2).join(' ').trim(),
  )
}

const refused: readonly (readonly [
  kind: string,
  spec: Readonly<Record<string, unknown>>,
  code: string,
  message: RegExp,
])[] = [
  ['Password', { length: 2, digits: 2, symbols: 2 }, 'PROVIDER_FAILED', /must be less than total length/],
  ['Password', { length: 20, digits: 20, symbols: 0 }, 'PROVIDER_FAILED', /repeats are not allowed/],
  ['Password', { encoding: 'rot13' }, 'PROVIDER_FAILED', /unknown encoding/],
  ['Password', { encoding: 'constructor' }, 'PROVIDER_FAILED', /unknown encoding/],
  ['SSHKey', { keyType: 'dsa' }, 'PROVIDER_FAILED', /unsupported key type: dsa/],
  ['SSHKey', { keySize: 64 }, 'PROVIDER_FAILED', /64 bits cannot be made/],
  ['STSSessionToken', {}, 'NOT_SUPPORTED', /the generator kind STSSessionToken is not supported/],
  ['ClusterGenerator', { kind: 'Nope' }, 'NOT_SUPPORTED', /kind Nope/],
]

for (const [kind, spec, code, message] of refused) {
  test(`refused: ${kind} ${JSON.stringify(spec)}`, async () => {
    const error = await failure(generated(kind, spec))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.match(error.message, /^error processing spec.dataFrom\[0\].sourceRef.generatorRef, err: /)
  })
}

test('a generator that is not there', async () => {
  const error = await failure({ spec: { dataFrom: [{ sourceRef: { generatorRef: { kind: 'UUID', name: 'nope' } } }] } })
  assert.match(error.message, /unable to get generator: UUID.generators.external-secrets.io "nope" not found$/)
})
