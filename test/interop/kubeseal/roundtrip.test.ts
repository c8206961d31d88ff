import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase64, type Manifest, readManifests, sealedSecretObject } from '@sealkit/core/manifest'
import {
  generateSealingKey,
  KeyRing,
  parseCertificate,
  parsePrivateKey,
  type Scope,
  scopes,
  sealingKey,
  sealSecret,
  unsealSecret,
  withScope,
} from '@sealkit/core/sealed'
import { fc } from '../../property.ts'
import { available } from '../../servers/programs.ts'
import { type Case, runCase } from './pair.ts'

const keys = await Promise.all(
  [1024, 2048, 4096].map((keySize) => generateSealingKey({ keySize, notBefore: new Date(Date.now() - 60_000) })),
)
const keyRing = new KeyRing(
  await Promise.all(keys.map(({ privateKeyPem }) => sealingKey(parsePrivateKey(privateKeyPem)))),
)

const values: readonly (readonly [string, Uint8Array])[] = [
  ['empty', new Uint8Array()],
  ['text', Buffer.from('h\u00e9llo\n')],
  ['binary', Uint8Array.from({ length: 256 }, (_, byte) => byte)],
  ['large', Buffer.alloc(300_000, 'x')],
]
const data = Object.fromEntries(values.map(([name, bytes]) => [name, encodeBase64(bytes)]))

const secretOf = (scope: Scope): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/dockerconfigjson',
  immutable: true,
  metadata: { name: 'a', namespace: 'b', labels: { app: 'x' }, annotations: withScope({ note: 'y' }, scope) },
  data,
  stringData: { stringy: 'wins' },
})
const plain = { ...data, stringy: encodeBase64(Buffer.from('wins')) }

for (const { name: scope } of scopes) {
  test(`${scope}: the real one seals, ours unseals`, async (t) => {
    for (const [at, key] of keys.entries()) {
      for (const format of ['json', 'yaml']) {
        const stdout = await real(t, {
          args: ['--cert', 'cert.pem', '-o', format],
          stdin: JSON.stringify(secretOf(scope)),
          files: { 'cert.pem': key.certificatePem },
        })
        if (stdout === null) return
        const [sealed = {}] = await readManifests(sealedSecretObject, stdout)
        const secret = await unsealSecret(sealed, keyRing)
        assert.deepEqual(
          Object.fromEntries([...secret.data].map(([k, v]) => [k, encodeBase64(v)])),
          plain,
          `${at} ${format}`,
        )
        assert.equal(secret.type, 'kubernetes.io/dockerconfigjson')
        assert.equal(secret.immutable, true)
        assert.deepEqual(secret.labels, { app: 'x' })
      }
    }
  })

  test(`${scope}: ours seals, the real one recovers`, async (t) => {
    for (const key of keys) {
      const { publicKey } = parseCertificate(key.certificatePem)
      const sealed = await sealSecret(secretOf(scope), { publicKey })
      const stdout = await real(t, {
        args: ['--recovery-unseal', '--recovery-private-key', 'key.pem'],
        stdin: JSON.stringify(sealed),
        files: { 'key.pem': key.privateKeyPem },
      })
      if (stdout === null) return
      const secret = JSON.parse(stdout)
      assert.deepEqual(secret.data, { ...plain, empty: null })
      assert.deepEqual(secret.metadata.annotations, withScope({ note: 'y' }, scope))
    }
  })
}

test('the real one merges into what ours sealed', async (t) => {
  const [key] = keys
  assert.ok(key !== undefined)
  const { publicKey } = parseCertificate(key.certificatePem)
  const annotations = { x: 'y' }
  const sealed = await sealSecret(
    { metadata: { name: 'a', namespace: 'b', labels: { l: 'm' }, annotations }, data: { old: 'eA==' } },
    { publicKey },
  )
  const programs = await available(t, 'kubeseal')
  if (programs === null) return
  const done = await runCase(
    {
      args: ['--cert', 'cert.pem', '--merge-into', 's.json'],
      stdin: JSON.stringify({ metadata: { name: 'z', namespace: 'b' }, stringData: { fresh: 'y' } }),
      files: { 'cert.pem': key.certificatePem, 's.json': JSON.stringify(sealed) },
    },
    programs.kubeseal,
    false,
  )
  assert.equal(done.code, 0, done.stderr)
  const [merged = {}] = await readManifests(sealedSecretObject, (done.files['s.json'] ?? '').slice(4))
  const secret = await unsealSecret(merged, keyRing)
  assert.deepEqual([...secret.data].map(([k, v]) => [k, Buffer.from(v).toString()]).sort(), [
    ['fresh', 'y'],
    ['old', 'x'],
  ])
})

test('keys in every form that recovery reads', async (t) => {
  const [key] = keys
  assert.ok(key !== undefined)
  const { publicKey } = parseCertificate(key.certificatePem)
  const stdin = JSON.stringify(
    await sealSecret({ metadata: { name: 'a', namespace: 'b' }, data: { k: 'eA==' } }, { publicKey }),
  )
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'k' },
    data: {
      'tls.key': encodeBase64(Buffer.from(key.privateKeyPem)),
      'tls.crt': encodeBase64(Buffer.from(key.certificatePem)),
    },
  }
  const programs = await available(t, 'kubeseal')
  if (programs === null) return
  const forms: Readonly<Record<string, string>> = {
    pem: key.privateKeyPem,
    'pem after other blocks': `${key.certificatePem}${key.privateKeyPem}`,
    secret: JSON.stringify(secret),
    list: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [secret] }),
    'list without kind': JSON.stringify({ items: [secret] }),
    'no key at all': 'garbage',
  }
  for (const [name, text] of Object.entries(forms)) {
    for (const args of [['k'], ['other,k'], ['other', '--recovery-private-key', 'k']]) {
      const line: Case = {
        args: ['--recovery-unseal', '--recovery-private-key', ...args],
        stdin,
        files: { k: text, other: keys[1]?.privateKeyPem ?? '' },
      }
      const theirs = await runCase(line, programs.kubeseal, false)
      const ours = await runCase(line, programs.kubeseal, true)
      assert.equal(ours.code, theirs.code, `${name}: ${ours.stderr}`)
      assert.equal(ours.stderr, theirs.stderr, name)
      if (ours.code === 0) assert.deepEqual(JSON.parse(ours.stdout).data, JSON.parse(theirs.stdout).data, name)
    }
  }
})

test('templates are rendered as the real one renders them', async (t) => {
  const [key] = keys
  assert.ok(key !== undefined)
  const { publicKey } = parseCertificate(key.certificatePem)
  const sealed = await sealSecret(
    { metadata: { name: 'a', namespace: 'b' }, data: { k: 'eA==', both: 'eQ==' } },
    { publicKey },
  )
  const templates: readonly Record<string, string>[] = [
    { t: 'user={{ .plain }} pass={{ .k | upper }}', plain: 'me' },
    { both: 'never {{ .k }}' },
    { t: '{{ index . "nope" }}|{{ .nope }}' },
    { t: 'no action' },
    { t: '{{ .k' },
    { t: '{{ nope }}' },
    { t: '{{ fail "x" }}', u: '{{ fail "x" }}' },
    { t: '{{ env "HOME" }}' },
  ]
  const programs = await available(t, 'kubeseal')
  if (programs === null) return
  for (const template of templates) {
    const spec = sealed['spec'] as { template: object }
    const stdin = JSON.stringify({ ...sealed, spec: { ...spec, template: { ...spec.template, data: template } } })
    const line = {
      args: ['--recovery-unseal', '--recovery-private-key', 'k'],
      stdin,
      files: { k: key.privateKeyPem },
    }
    const theirs = await runCase(line, programs.kubeseal, false)
    const ours = await runCase(line, programs.kubeseal, true)
    assert.equal(ours.code, theirs.code, `${JSON.stringify(template)} ${ours.stderr}`)
    assert.deepEqual(lines(ours.stderr), lines(theirs.stderr))
    if (ours.code === 0) assert.deepEqual(JSON.parse(ours.stdout).data, JSON.parse(theirs.stdout).data)
  }
})

test('any Secret, both ways', async (t) => {
  const [key] = keys
  assert.ok(key !== undefined)
  const programs = await available(t, 'kubeseal')
  if (programs === null) return
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/)
  const secret = fc.record({
    metadata: fc.record({ name, namespace: name, labels: fc.dictionary(name, fc.string({ unit: 'grapheme' })) }),
    stringData: fc.dictionary(name, fc.string({ unit: 'grapheme' }), { minKeys: 1 }),
    type: name,
  })
  await fc.assert(
    fc.asyncProperty(secret, fc.constantFrom('json', 'yaml'), async (value, format) => {
      const files = { 'cert.pem': key.certificatePem, k: key.privateKeyPem }
      const stdin = JSON.stringify(value)
      const ours = await runCase({ args: ['--cert', 'cert.pem', '-o', format], stdin, files }, programs.kubeseal, true)
      const args = ['--recovery-unseal', '--recovery-private-key', 'k']
      const theirs = await runCase({ args, stdin: Buffer.from(ours.stdout, 'latin1'), files }, programs.kubeseal, false)
      assert.equal(theirs.code, 0, theirs.stderr)
      const recovered = JSON.parse(Buffer.from(theirs.stdout, 'latin1').toString())
      const plaintexts = Object.entries(recovered.data as Record<string, string | null>).map(([k, v]) => [
        k,
        Buffer.from(v ?? '', 'base64').toString(),
      ])
      assert.deepEqual(Object.fromEntries(plaintexts), { ...value.stringData })
      assert.deepEqual({ ...recovered.metadata.labels }, { ...value.metadata.labels })
    }),
    { numRuns: 25 },
  )
})

/** The lines of an error of several keys, which the real one prints in any order. */
function lines(stderr: string): string[] {
  return stderr
    .replace(/^error: /, '')
    .trimEnd()
    .split('\n')
    .sort()
}

async function real(t: Parameters<typeof available>[0], line: Case): Promise<string | null> {
  const programs = await available(t, 'kubeseal')
  if (programs === null) return null
  const done = await runCase(line, programs.kubeseal, false)
  assert.equal(done.code, 0, done.stderr)
  return Buffer.from(done.stdout, 'latin1').toString()
}
