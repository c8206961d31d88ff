import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseYaml } from '@sealkit/core/yaml'
import { manifest, sealedWorld } from './world.ts'

const w = await sealedWorld()
const env = { SOPS_AGE_KEY_FILE: join(w.folder, 'age.txt') }
const sealkit: typeof w.sealkit = (argv, world = {}) => w.sealkit(argv, { env, ...world })

const value = 'hunter2'
const base64 = Buffer.from(value).toString('base64')
w.write('sealed.yaml', manifest({ password: await w.item(value) }))
const json = (password: string): string =>
  JSON.stringify({
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { name: 'db', namespace: 'shop' },
    spec: { encryptedData: { password } },
  })
w.write('sealed.json', json(await w.item(value)))

const generated = await sealkit(['keys', 'generate', '--age', '--out-key', 'age.txt'])
const recipient = /age1[a-z0-9]{58}/.exec(generated.stderr)?.[0] ?? ''

/** A tree of both kinds, and of files that are neither. */
async function tree(name: string): Promise<void> {
  w.write(`${name}/sealed.yaml`, w.read('sealed.yaml'))
  w.write(`${name}/deep/sops.yaml`, `a: ${value}\n`)
  assert.equal((await sealkit(['encrypt', '-i', '--age', recipient, `${name}/deep/sops.yaml`])).code, 0)
  w.write(`${name}/README.md`, '```\nkind: SealedSecret\n```\n')
  w.write(`${name}/map.yaml`, 'kind: ConfigMap\ndata:\n  example: |\n    kind: SealedSecret\n')
}

describe('decrypt of SealedSecrets', () => {
  test('prints what unseal prints', async () => {
    const { code, stdout, stderr } = await sealkit(['decrypt', '--key', 'old.key', 'sealed.yaml'])
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(stdout, (await sealkit(['unseal', '--key', 'old.key', '-f', 'sealed.yaml'])).stdout)
    assert.match(stdout, new RegExp(`^ +password: ${base64}$`, 'm'))
  })

  test('from standard input, and several keys', async () => {
    const stdin = w.read('sealed.yaml')
    const { stdout } = await sealkit(['decrypt', '-k', 'new.key', '-k', 'old.key'], { stdin })
    assert.match(stdout, new RegExp(`password: ${base64}`))
  })

  test('in the format of the file, or in the one that is asked for', async () => {
    const inJson = (await sealkit(['decrypt', '-k', 'old.key', 'sealed.json'])).stdout
    assert.equal(JSON.parse(inJson).data.password, base64)
    const yaml = (await sealkit(['decrypt', '-k', 'old.key', '--output-type', 'yaml', 'sealed.json'])).stdout
    assert.match(yaml, /^apiVersion: v1$/m)
    assert.deepEqual(parseYaml(yaml), JSON.parse(inJson))
  })

  test('--extract prints one value of the Secret', async () => {
    const args = ['decrypt', '-k', 'old.key', '--extract', '["data"]["password"]', 'sealed.yaml']
    assert.equal((await sealkit(args)).stdout, base64)
  })

  test('--output writes a file for its owner alone', async () => {
    assert.equal((await sealkit(['decrypt', '-k', 'old.key', '-o', 'plain/s.json', 'sealed.yaml'])).code, 0)
    assert.equal(JSON.parse(w.read('plain/s.json')).kind, 'Secret')
    assert.equal(statSync(join(w.folder, 'plain/s.json')).mode & 0o777, 0o600)
  })

  test('a tree of both kinds in one call', async () => {
    await tree('both')
    const result = await sealkit(['decrypt', '--key', 'old.key', '--output-dir', 'out', 'both'])
    assert.deepEqual(result, { code: 0, stdout: '', stderr: 'decrypted 2 files, 2 not encrypted\n' })
    assert.match(w.read('out/sealed.yaml'), new RegExp(`^ +password: ${base64}$`, 'm'))
    assert.equal(w.read('out/deep/sops.yaml'), `a: ${value}\n`)
    assert.equal(existsSync(join(w.folder, 'out/map.yaml')), false)
  })

  test('a tree without --key: SealedSecrets are left out, and that is said', async () => {
    await tree('half')
    const { code, stderr } = await sealkit(['decrypt', '--output-dir', 'half-out', 'half'])
    assert.deepEqual([code, stderr], [0, 'decrypted 1 file, 2 not encrypted, 1 sealed (pass --key)\n'])
    assert.equal(existsSync(join(w.folder, 'half-out/sealed.yaml')), false)
  })

  test('a tree of which one file does not open: nothing is written', async () => {
    await tree('bad')
    w.write('bad/other.yaml', manifest({ password: await w.item(value, { cert: 'new' }) }))
    const { code, stderr } = await sealkit(['decrypt', '-k', 'old.key', '--output-dir', 'bad-out', 'bad'])
    assert.equal(code, 1)
    assert.match(
      stderr,
      /error: bad\/other\.yaml: .*\n[\s\S]*nothing written, 2 files would have been decrypted, 1 failed/,
    )
    assert.equal(existsSync(join(w.folder, 'bad-out')), false)
  })

  w.write('wrong-name.yaml', w.read('sealed.yaml').replace('name: db', 'name: other'))
  w.write('mixed.yaml', `${w.read('sealed.yaml')}---\napiVersion: v1\nkind: ConfigMap\n`)
  w.write('broken.yaml', 'kind: SealedSecret\n\tx: {')
  for (const [why, args, code, message] of [
    ['no key', ['sealed.yaml'], 1, /sealed\.yaml: .*private key.*\nhint: pass --key/],
    ['another key', ['-k', 'new.key', 'sealed.yaml'], 1, /sealed\.yaml: [\s\S]*sealed for another key/],
    ['another name', ['-k', 'old.key', 'wrong-name.yaml'], 1, /shop\/other: password: no key opens it/],
    ['a file that holds something else too', ['-k', 'old.key', 'mixed.yaml'], 2, /mixed\.yaml: .*ConfigMap/],
    ['broken YAML', ['-k', 'old.key', 'broken.yaml'], 1, /broken\.yaml: /],
    ['a format that manifests have not', ['-k', 'old.key', '--output-type', 'ini', 'sealed.yaml'], 2, /ini\nhint: /],
    ['a place that is not there', ['-k', 'old.key', '--extract', '["x"]', 'sealed.yaml'], 2, /sealed\.yaml: /],
    ['a key file that is none', ['-k', 'old.pem', 'sealed.yaml'], 1, /old\.pem/],
  ] as const) {
    test(`refuses ${why}`, async () => {
      const result = await sealkit(['decrypt', ...args])
      assert.match(result.stderr, message)
      assert.deepEqual([result.code, result.stdout], [code, ''])
      assert.ok(!result.stderr.includes(value) && !result.stderr.includes(base64))
    })
  }
})
