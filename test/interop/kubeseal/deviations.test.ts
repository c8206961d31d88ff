import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  generateSealingKey,
  KeyRing,
  parseCertificate,
  parsePrivateKey,
  sealItem,
  sealingKey,
  sealSecret,
} from '@sealkit/core/sealed'
import { available } from '../../servers/programs.ts'
import { type Case, decrypted, type Outcome, runCase } from './pair.ts'

const key = await generateSealingKey({ keySize: 2048, notBefore: new Date(Date.now() - 60_000) })
const keyRing = new KeyRing([await sealingKey(parsePrivateKey(key.privateKeyPem))])
const { publicKey } = parseCertificate(key.certificatePem)
const cert = ['--cert', 'cert.pem']
const recover = ['--recovery-unseal', '--recovery-private-key', 'key.pem']
const meta = { name: 'a', namespace: 'b' }
const simple = JSON.stringify({ metadata: meta, data: { foo: 'YmFy' } })
const sealed = JSON.stringify(await sealSecret({ metadata: meta, data: { foo: 'YmFy' } }, { publicKey }))
const v1 = JSON.stringify({
  apiVersion: 'bitnami.com/v1alpha1',
  kind: 'SealedSecret',
  metadata: meta,
  spec: {
    data: Buffer.from(
      await sealItem({
        publicKey,
        label: Buffer.from('b/a'),
        plaintext: Buffer.from(
          JSON.stringify({ kind: 'Secret', apiVersion: 'v1', metadata: meta, data: { foo: 'YmFy' } }),
        ),
      }),
    ).toString('base64'),
  },
})

const target = `# sealed by hand
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: x # the name
  namespace: b
  annotations:
    sealedsecrets.bitnami.com/cluster-wide: "true"
spec:
  encryptedData:
    # the old one
    old: AgAA
`

interface Deviation {
  readonly line: Case
  /** What the real program does, as far as it is worth saying. */
  readonly real: (outcome: Outcome) => void
  readonly ours: (outcome: Outcome) => void | Promise<void>
}

const failed =
  (stderr: RegExp) =>
  (outcome: Outcome): void => {
    assert.equal(outcome.code, 1)
    assert.equal(outcome.stdout, '')
    assert.match(outcome.stderr, stderr)
  }
const succeeded = (outcome: Outcome): void => assert.equal(outcome.code, 0, outcome.stderr)
const panicked = (outcome: Outcome): void => {
  assert.equal(outcome.code, 2)
  assert.match(outcome.stderr, /^panic: /)
}
const hung = (outcome: Outcome): void => assert.equal(outcome.code, -1)

/** Every case where kubeseal loses data, hangs, crashes or calls a failure a success, and this one does not. */
const deviations: Readonly<Record<string, Deviation>> = {
  'the notice of a deprecated flag': {
    line: { args: ['--rotate', '--version'] },
    real: ({ stdout }) => assert.match(stdout, /^Flag --rotate has been deprecated/),
    ours: ({ stdout, stderr }) => {
      assert.equal(stdout, 'kubeseal version: v0.38.4\n')
      assert.match(stderr, /^Flag --rotate has been deprecated/)
    },
  },
  'an output file keeps its mode': {
    line: { args: [...cert, '-w', 'out.json'], stdin: simple, files: { 'out.json': 'old' } },
    real: ({ files }) => assert.match(files['out.json'] ?? '', /^600 \{/),
    ours: ({ files }) => assert.match(files['out.json'] ?? '', /^644 \{/),
  },
  'a broken document among good ones': {
    line: { args: cert, stdin: `metadata: {name: a, namespace: b}\nstringData: {a: x}\n---\na: [\n` },
    real: succeeded,
    ours: failed(/^error: document 2 of the input cannot be read: line 2, column 1/),
  },
  'text on the line of a separator': {
    line: { args: cert, stdin: `metadata: {name: a, namespace: b}\nstringData: {a: x}\n--- {b: c}\n` },
    real: (outcome) => assert.equal(outcome.code, 1),
    ours: failed(/^error: no secrets found/),
  },
  'garbage behind a JSON object': {
    line: { hangs: true, args: cert, stdin: Buffer.concat([Buffer.from(simple), Buffer.from([0xff])]) },
    real: hung,
    ours: failed(/^error: document 2 of the input cannot be read/),
  },
  'garbage behind two JSON objects': {
    line: { hangs: true, args: cert, stdin: `${simple}${simple}x` },
    real: hung,
    ours: failed(/^error: invalid character 'x'/),
  },
  'a directory as input': {
    line: { hangs: true, args: [...cert, '-f', '.'] },
    real: hung,
    ours: failed(/is a directory/),
  },
  'a list': {
    line: { args: cert, stdin: JSON.stringify({ kind: 'List', items: [JSON.parse(simple), JSON.parse(simple)] }) },
    real: failed(/secret\.data is empty/),
    ours: async ({ stdout }) => {
      assert.equal((await decrypted(stdout, keyRing)).match(/<b\/a: "bar">/g)?.length, 2)
    },
  },
  'managedFields stay out of the template': {
    line: {
      args: cert,
      stdin: JSON.stringify({ metadata: { ...meta, managedFields: [{ manager: 'm' }] }, data: { a: '' } }),
    },
    real: ({ stdout }) => assert.match(stdout, /managedFields/),
    ours: ({ stdout }) => assert.doesNotMatch(stdout, /managedFields/),
  },
  'DEL in YAML prints nothing at all': {
    line: {
      args: [...cert, '-o', 'yaml'],
      stdin: JSON.stringify({ metadata: { ...meta, labels: { a: '\u007f' } }, data: { a: '' } }),
    },
    real: ({ stdout, stderr }) => {
      assert.equal(stdout, '---\n')
      assert.equal(stderr, 'error: yaml: control characters are not allowed\n')
    },
    ours: failed(/^error: yaml: control characters are not allowed\n$/),
  },
  'recovery of nothing': {
    line: { args: recover, stdin: '' },
    real: succeeded,
    ours: failed(/no sealed secrets found/),
  },
  'recovery without an owner that does not exist': {
    line: { args: recover, stdin: sealed },
    real: ({ stdout }) => assert.match(stdout, /"uid": ""/),
    ours: ({ stdout }) => {
      assert.deepEqual(JSON.parse(stdout), { kind: 'Secret', apiVersion: 'v1', metadata: meta, data: { foo: 'YmFy' } })
    },
  },
  'recovery of every document': {
    line: { args: [...recover, '-o', 'yaml'], stdin: `${sealed}\n---\n${sealed}\n` },
    real: (outcome) => assert.equal(outcome.code, 1),
    ours: ({ stdout }) => assert.equal(stdout.match(/foo: YmFy/g)?.length, 2),
  },
  'recovery of the format before 0.7': {
    line: { args: recover, stdin: v1 },
    real: failed(/using deprecated 'data' field/),
    ours: ({ stdout }) => assert.deepEqual(JSON.parse(stdout).data, { foo: 'YmFy' }),
  },
  'merge into YAML': {
    line: {
      args: [...cert, '--merge-into', 't.yaml'],
      stdin: JSON.stringify({ metadata: { ...meta, labels: { l: 'y' } }, data: { foo: 'YmFy', old: 'eA==' } }),
      files: { 't.yaml': target },
    },
    real: (outcome) => assert.equal(outcome.code, 1),
    ours: async ({ code, files }) => {
      assert.equal(code, 0)
      assert.equal(
        (await decrypted(files['t.yaml'] ?? '', keyRing)).replaceAll(/<: "(.*?)">/g, '$1'),
        `644 ${target.replace('old: AgAA', 'old: x\n    foo: bar')}  template:
    metadata:
      annotations:
        sealedsecrets.bitnami.com/cluster-wide: "true"
      labels:
        l: "y"
`,
      )
    },
  },
  'merge into a file without template maps': {
    line: {
      args: [...cert, '--merge-into', 't.json'],
      stdin: JSON.stringify({ metadata: { ...meta, labels: { l: 'x' } }, data: { new: 'eA==' } }),
      files: { 't.json': sealed },
    },
    real: panicked,
    ours: async ({ files }) => {
      const { spec } = JSON.parse(
        (await decrypted(files['t.json'] ?? '', keyRing)).slice(4).replaceAll(/<b\/a: "(.*?)">/g, '$1'),
      )
      assert.deepEqual(spec, {
        template: { metadata: { ...meta, labels: { l: 'x' } } },
        encryptedData: { foo: 'bar', new: 'x' },
      })
    },
  },
  'merge with another scope than the file\u2019s': {
    line: {
      args: [...cert, '--merge-into', 't.json', '--scope', 'cluster-wide'],
      stdin: simple,
      files: { 't.json': sealed },
    },
    real: panicked,
    ours: failed(/^error: scope mismatch/),
  },
  'a file is not emptied by a mode that prints nothing': {
    line: {
      args: [...cert, '--merge-into', 't.json', '-w', 'out'],
      stdin: simple,
      files: { 't.json': sealed, out: 'old' },
    },
    real: ({ files }) => assert.equal(files['out'], '600 '),
    ours: ({ files }) => assert.equal(files['out'], '644 old'),
  },
}

for (const [name, { line, real, ours }] of Object.entries(deviations)) {
  test(`better: ${name}`, async (t) => {
    const programs = await available(t, 'kubeseal')
    if (programs === null) return
    const files = { 'cert.pem': key.certificatePem, 'key.pem': key.privateKeyPem, ...line.files }
    real(await runCase({ ...line, files }, programs.kubeseal, false))
    await ours(await runCase({ ...line, files }, programs.kubeseal, true))
  })
}
