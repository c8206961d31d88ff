import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type AgeKey, ageKey, encrypted } from '../controller/sops-secret/file.ts'
import { available } from '../servers/programs.ts'
import { folder, put, run } from './programs.ts'

const once = ['--in=in', '--keys=keys', '--out=out', '--state=state', '--once']
const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${(index * 7) % 20}`, `value ${index}`]))
const manifest = (secretTemplates: readonly object[], version = 'v1alpha3'): string =>
  JSON.stringify({
    kind: 'SopsSecret',
    apiVersion: `isindir.github.com/${version}`,
    metadata: { namespace: 'shop', name: 'all', labels: { z: '1', a: '2' } },
    spec: { secretTemplates },
  })
const templates = [
  { stringData: many, name: 'many' },
  { name: 'one', data: { key: 'AAEC/w==' } },
] as const

function sopsSecret(name: string, line: string): string {
  return `apiVersion: isindir.github.com/v1alpha3
kind: SopsSecret
metadata:
  name: ${name}
  namespace: shop
spec:
  secretTemplates:
    - name: ${name}
      stringData:
        ${line}
`
}

function data(cwd: string, name: string): Readonly<Record<string, string>> | null {
  const file = join(cwd, `out/shop/${name}.json`)
  if (!existsSync(file)) return null
  return (JSON.parse(readFileSync(file, 'utf8')) as { data: Record<string, string> }).data
}

test('SopsSecrets of a folder', { timeout: 540_000 }, async (t) => {
  const programs = await available(t, 'sops', 'age-keygen')
  if (programs === null) return
  const keys = [ageKey(programs['age-keygen']), ageKey(programs['age-keygen'])] as const
  const seal = (text: string, { recipient }: AgeKey = keys[0]): string =>
    encrypted(text, { sops: programs.sops, args: ['--age', recipient, '--encrypted-suffix', 'Templates'] })

  for (const name of ['age.agekey', 'age.txt']) {
    await t.test(`become Secrets, with the keys of ${name}; a template that goes takes its Secret with it`, (t) => {
      const cwd = folder(t, { 'in/all.json': seal(manifest(templates)), [`keys/${name}`]: keys[0].identity })
      const { code, stderr } = run('controller', once, { cwd })
      assert.equal(code, 0, stderr)
      assert.equal(Buffer.from(data(cwd, 'many')?.['k19'] ?? '', 'base64').toString(), 'value 17')
      assert.deepEqual(data(cwd, 'one'), { key: 'AAEC/w==' })
      put(cwd, 'in/all.json', seal(manifest([templates[1]])))
      assert.equal(run('controller', once, { cwd }).code, 0)
      assert.equal(data(cwd, 'many'), null)
      assert.deepEqual(data(cwd, 'one'), { key: 'AAEC/w==' })
    })
  }

  await t.test('an older version of the kind is read as the newest', (t) => {
    const cwd = folder(t, { 'in/all.json': seal(manifest(templates, 'v1alpha2')), 'keys/age.agekey': keys[0].identity })
    const { code, stderr } = run('controller', once, { cwd })
    assert.equal(code, 0, stderr)
    assert.deepEqual(data(cwd, 'one'), { key: 'AAEC/w==' })
  })

  const documents = [
    sopsSecret('first', 'plain: first'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\ndata:\n  mode: open\n',
    sopsSecret('second', 'plain: 1e3'),
    'apiVersion: v1\nkind: Secret\nmetadata:\n  name: third\n  namespace: shop\nstringData:\n  plain: third\n',
  ]
  const several = encrypted(documents.join('---\n'), {
    sops: programs.sops,
    args: ['--age', keys[0].recipient, '--encrypted-regex', '^(secretTemplates|stringData)$'],
  })
  const parts = several.split(/^---\n/m)
  const joined = (...which: readonly number[]): string => which.map((index) => parts[index]).join('---\n')

  await t.test('several in one file, with other documents: the MAC is that of the whole file', (t) => {
    assert.equal(parts.length, 4)
    const cwd = folder(t, { 'in/all.yaml': several, 'keys/age.agekey': keys[0].identity })
    const { code, stderr } = run('controller', once, { cwd })
    assert.equal(code, 0, stderr)
    const values = ['first', 'second', 'third'].map((name) => data(cwd, name)?.['plain'] ?? '')
    assert.deepEqual(
      values.map((value) => Buffer.from(value, 'base64').toString()),
      ['first', '1000', 'third'],
    )
  })

  const broken: readonly (readonly [what: string, file: string])[] = [
    ['a document is gone', joined(0, 2, 3)],
    ['documents have changed places', joined(2, 1, 0, 3)],
    ['another document was changed', several.replace('mode: open', 'mode: shut')],
    ['a document is there twice', joined(0, 1, 2, 3, 1)],
  ]
  for (const [what, file] of broken) {
    await t.test(`nothing is made of a file when ${what}`, (t) => {
      const cwd = folder(t, { 'in/all.yaml': file, 'keys/age.agekey': keys[0].identity })
      const { code, stderr } = run('controller', once, { cwd })
      assert.equal(code, 1)
      assert.match(stderr, /MAC/)
      for (const name of ['first', 'second', 'third']) assert.equal(data(cwd, name), null, name)
    })
  }

  await t.test('with --sops-mac=attempted a file whose MAC does not match is decrypted, and says so', (t) => {
    const cwd = folder(t, { 'in/all.yaml': joined(0, 2), 'keys/age.agekey': keys[0].identity })
    const { code, stderr } = run('controller', [...once, '--sops-mac=attempted'], { cwd })
    assert.equal(code, 0, stderr)
    assert.equal(Buffer.from(data(cwd, 'first')?.['plain'] ?? '', 'base64').toString(), 'first')
    assert.match(
      readFileSync(join(cwd, 'state/objects/sopssecrets.isindir.github.com/shop/first.json'), 'utf8'),
      /Mismatch/,
    )
  })

  const failures: readonly (readonly [what: string, file: string, said: RegExp])[] = [
    ['another key', seal(manifest(templates), keys[1]), /Decryption|DATA_KEY_UNAVAILABLE/],
    ['a label that was changed', seal(manifest(templates)).replace('"z": "1"', '"z": "3"'), /MAC/],
    ['a block that is gone', manifest(templates), /METADATA_MISSING/],
    [
      'a version of another form',
      seal(manifest(templates, 'v1alpha1')),
      /of another form than isindir\.github\.com\/v1alpha3/,
    ],
  ]
  for (const [what, file, said] of failures) {
    await t.test(`make nothing and end with 1: ${what}`, (t) => {
      const cwd = folder(t, { 'in/all.json': file, 'keys/age.agekey': keys[0].identity })
      const { code, stderr } = run('controller', once, { cwd })
      assert.equal(code, 1)
      assert.match(stderr, said)
      assert.equal(data(cwd, 'many'), null)
    })
  }
})
