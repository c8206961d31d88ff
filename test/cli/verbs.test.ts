import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { manifest, sealedWorld } from './sealed/world.ts'

const w = await sealedWorld()
const env = { SOPS_AGE_KEY_FILE: join(w.folder, 'age.txt'), EDITOR: 'true' }
const { stderr: made } = await w.sealkit(['keys', 'generate', '--age', '--out-key', 'age.txt'])
const recipient = /age1[a-z0-9]{58}/.exec(made)?.[0] ?? ''

const external = 'kind: ExternalSecret\nmetadata: {name: a}\nspec: {data: [{secretKey: hunter2}]}\n'
const sealed = manifest({ a: await w.item('hunter2'), b: await w.item('other') })
w.write('plain.yaml', 'a: hunter2\nb: other\n')
await w.sealkit(['encrypt', '--age', recipient, '-o', 'sops.made', 'plain.yaml'])

const files = {
  SealedSecret: sealed,
  SOPS: w.read('sops.made'),
  Secret: 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: hunter2}\n',
  ExternalSecret: external,
  list: `kind: List\nitems:\n- ${external.replaceAll('\n', '\n  ')}\n`,
  other: w.read('plain.yaml'),
} as const
type Kind = keyof typeof files

const verbs: Readonly<Record<string, readonly string[]>> = {
  edit: ['edit', 'file.yaml'],
  set: ['set', '--cert', 'old.pem', '--value', 'new', 'file.yaml', 'a'],
  unset: ['unset', 'file.yaml', 'a'],
  rotate: ['rotate', 'file.yaml'],
  check: ['check', 'file.yaml'],
  diff: ['diff', 'file.yaml', 'file.yaml'],
  decrypt: ['decrypt', '--key', 'old.key', 'file.yaml'],
}

/** What a verb says of a kind, and the next step that it names; null = the kind is its work. */
type Said = readonly [message: string, hint: string] | null

const plain: Said = ['a Secret in plain text', 'make it fit for git with: sealkit seal, or sealkit encrypt --in-place']
const reference: Said = [
  'an ExternalSecret, which holds no value',
  'edit its text, and see what it resolves to with: sealkit render',
]
const usual: Readonly<Record<Kind, Said>> = {
  SealedSecret: null,
  SOPS: null,
  Secret: plain,
  ExternalSecret: reference,
  list: reference,
  other: ['no SealedSecret or SOPS file found', 'make one with: sealkit seal, or sealkit encrypt'],
}
const special: Readonly<Record<string, Readonly<Partial<Record<Kind, Said>>>>> = {
  rotate: {
    SealedSecret: ['a SealedSecret, which has no data key', 'move it to another sealing key with: sealkit reseal'],
  },
  diff: { Secret: null, ExternalSecret: null, list: null, other: null },
  decrypt: { Secret: ['a Secret in plain text', 'it can be read as it is'] },
}

for (const [verb, argv] of Object.entries(verbs)) {
  describe(verb, () => {
    for (const [kind, text] of Object.entries(files)) {
      const own = special[verb]?.[kind as Kind]
      const said = own === undefined ? usual[kind as Kind] : own
      test(`${said === null ? 'takes' : 'refuses'} ${kind}`, async () => {
        w.write('file.yaml', text)
        const { code, stdout, stderr } = await w.sealkit(argv, { env })
        if (said === null) return assert.deepEqual([code, stderr.includes('error')], [0, false], stderr)
        const [message, hint] = said
        // A finding of check is its result.
        if (verb === 'check') assert.deepEqual([code, stdout], [1, `file.yaml: ${message}\n`])
        else assert.deepEqual([code, stderr], [2, `sealkit: error: file.yaml: ${message}\nhint: ${hint}\n`])
        assert.equal(w.read('file.yaml'), text)
        assert.ok(!`${stdout}${stderr}`.includes('hunter2'))
      })
    }
  })
}
