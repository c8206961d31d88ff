import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type AgeKey, ageKey, encrypted } from '../controller/sops-secret/file.ts'
import { available } from '../servers/programs.ts'
import { folder, put, run } from './programs.ts'

const once = ['--in=in', '--keys=keys', '--out=out', '--state=state', '--once']
const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${(index * 7) % 20}`, `value ${index}`]))
const manifest = (...secretTemplates: object[]): string =>
  JSON.stringify({
    kind: 'SopsSecret',
    apiVersion: 'isindir.github.com/v1alpha3',
    metadata: { namespace: 'shop', name: 'all', labels: { z: '1', a: '2' } },
    spec: { secretTemplates },
  })
const templates = [
  { stringData: many, name: 'many' },
  { name: 'one', data: { key: 'AAEC/w==' } },
] as const

function data(cwd: string, name: string): Readonly<Record<string, string>> | null {
  const file = join(cwd, `out/shop/${name}.json`)
  if (!existsSync(file)) return null
  return (JSON.parse(readFileSync(file, 'utf8')) as { data: Record<string, string> }).data
}

test('SopsSecrets of a folder', { timeout: 120_000 }, async (t) => {
  const programs = await available(t, 'sops', 'age-keygen')
  if (programs === null) return
  const keys = [ageKey(programs['age-keygen']), ageKey(programs['age-keygen'])] as const
  const seal = (text: string, { recipient }: AgeKey = keys[0]): string =>
    encrypted(text, { sops: programs.sops, args: ['--age', recipient, '--encrypted-suffix', 'Templates'] })

  for (const name of ['age.agekey', 'age.txt']) {
    await t.test(`become Secrets, with the keys of ${name}; a template that goes takes its Secret with it`, (t) => {
      const cwd = folder(t, { 'in/all.json': seal(manifest(...templates)), [`keys/${name}`]: keys[0].identity })
      const { code, stderr } = run('controller', once, { cwd })
      assert.equal(code, 0, stderr)
      assert.equal(Buffer.from(data(cwd, 'many')?.['k19'] ?? '', 'base64').toString(), 'value 17')
      assert.deepEqual(data(cwd, 'one'), { key: 'AAEC/w==' })
      put(cwd, 'in/all.json', seal(manifest(templates[1])))
      assert.equal(run('controller', once, { cwd }).code, 0)
      assert.equal(data(cwd, 'many'), null)
      assert.deepEqual(data(cwd, 'one'), { key: 'AAEC/w==' })
    })
  }

  const failures: readonly (readonly [what: string, file: string, said: RegExp])[] = [
    ['another key', seal(manifest(...templates), keys[1]), /Decryption|DATA_KEY_UNAVAILABLE/],
    ['a label that was changed', seal(manifest(...templates)).replace('"z": "1"', '"z": "3"'), /MAC/],
    ['a block that is gone', manifest(...templates), /METADATA_MISSING/],
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
