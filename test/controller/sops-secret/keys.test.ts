import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { keySet, ownIdentity, readRules, ruleFor } from '@sealkit/controller/sops-keys'
import type { KeyEntry } from '@sealkit/core/sops'
import { fc } from '../../property.ts'

const bytes = (entries: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(entries).map(([name, text]) => [name, Buffer.from(text)]))
const entry = (kind: KeyEntry['kind'], fields: Readonly<Record<string, string>>, enc = 'x'): KeyEntry => ({
  kind,
  fields,
  enc,
  createdAt: '',
})
const process = {
  env: { PATH: globalThis.process.env['PATH'], VAULT_TOKEN: 'of-the-controller' },
  vaults: null,
} as const

describe('rules of keys', () => {
  const rules = readRules(`rules:
  - {namespaces: [shop, "team-a-*"], secrets: [{namespace: keys, name: a}]}
  - namespaceSelector: {matchExpressions: [{key: tenant, operator: In, values: [x, "y"]}]}
    own: true
  - {namespaces: ["*-b-*"], identity: ["arn:aws:kms:*"]}
`)
  const cases: readonly (readonly [namespace: string, labels: Record<string, string>, rule: number | null])[] = [
    ['shop', {}, 0],
    ['team-a-', {}, 0],
    ['team-a-prod', { tenant: 'x' }, 0],
    ['team-a', {}, null],
    ['shop2', {}, null],
    ['xshop', {}, null],
    ['other', { tenant: 'y' }, 1],
    ['other', { tenant: 'z' }, null],
    ['a-b-c', {}, 2],
    ['a-b', {}, null],
  ]
  for (const [namespace, labels, rule] of cases) {
    test(`${namespace} ${JSON.stringify(labels)} has rule ${rule}`, () => {
      assert.equal(ruleFor(rules, namespace, labels), rule === null ? null : rules[rule])
    })
  }

  const broken: readonly (readonly [what: string, text: string])[] = [
    ['no YAML', 'rules: ['],
    ['no list', 'rules: {}'],
    ['an unknown field of the file', 'rules: []\nmore: 1'],
    ['an unknown field of a rule', 'rules: [{namespaces: [a], secret: [{name: x}]}]'],
    ['a rule for nobody', 'rules: [{own: true}]'],
    ['a selector that chooses everybody', 'rules: [{namespaceSelector: {}}]'],
    ['an unknown operator', 'rules: [{namespaceSelector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}]'],
    ['a value that YAML takes for true', 'rules: [{namespaceSelector: {matchLabels: {tenant: y}}}]'],
    ['a Secret without a name', 'rules: [{namespaces: [a], secrets: [{namespace: b}]}]'],
    ['a pattern that is no text', 'rules: [{namespaces: [1]}]'],
    ['own that is a text', 'rules: [{namespaces: [a], own: "yes"}]'],
  ]
  for (const [what, text] of broken) {
    test(`refuses ${what}`, () => assert.throws(() => readRules(text), { code: 'KEY_RULES_INVALID' }))
  }

  test('a text without a star chooses itself alone, and any text is chosen with a star in the place of a part', () => {
    const name = fc.stringMatching(/^[a-z-]{1,12}$/)
    fc.assert(
      fc.property(name, name, fc.nat(12), fc.nat(12), (one, other, a, b) => {
        const rule = (pattern: string) => readRules(JSON.stringify({ rules: [{ namespaces: [pattern] }] }))
        assert.equal(ruleFor(rule(one), other, {}) !== null, one === other)
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        assert.notEqual(ruleFor(rule(`${one.slice(0, start)}*${one.slice(end)}`), one, {}), null)
      }),
    )
  })
})

describe('the keys of a Secret', () => {
  const refused: readonly (readonly [what: string, entries: Record<string, string>])[] = [
    ['a line that is no identity', { 'a.agekey': 'secret' }],
    ['a plugin, which is a program', { 'a.agekey': 'AGE-PLUGIN-X-1QQQ' }],
    ['credentials of AWS without a key', { 'sops.aws-kms': 'aws_access_key_id: x' }],
    ['credentials of AWS that are no YAML', { 'sops.aws-kms': '{' }],
    ['a PGP key that is none', { 'a.asc': 'x' }],
  ]
  for (const [what, entries] of refused) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(keySet(bytes(entries), process), (error: Error & { code: string }) => {
        assert.equal(error.code, 'KEY_SECRET_INVALID')
        return !Object.values(entries).some((text) => text.length > 1 && error.message.includes(text))
      })
    })
  }

  const nothing: readonly KeyEntry[] = [
    entry('age', { recipient: 'age1' }),
    entry('pgp', { fp: 'AB' }),
    entry('kms', { arn: 'arn:aws:kms:eu-west-1:111122223333:key/a' }),
    entry('hc_vault', { vault_address: 'http://127.0.0.1:1', engine_path: 'transit', key_name: 'k' }),
    entry('gcp_kms', { resource_id: 'projects/p' }),
  ]
  for (const key of nothing) {
    test(`a Secret without one has no ${key.kind} key, whatever the controller itself has`, async () => {
      const { unwrap } = await keySet(bytes({ 'other.txt': 'x' }), process)
      await assert.rejects(unwrap(key), { code: 'IDENTITY_MISSING' })
    })
  }

  test('a PGP key is used in a ring of its own, which goes when it is closed', async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'gpg-'))
    const env = { PATH: globalThis.process.env['PATH'] ?? '', GNUPGHOME: home }
    const gpg = (...args: readonly string[]): Buffer =>
      execFileSync('gpg', ['--batch', '--quiet', ...args], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    t.after(() => rmSync(home, { recursive: true, force: true }))
    try {
      gpg('--version')
    } catch {
      t.skip('gpg: not there')
      return
    }
    gpg('--passphrase', '', '--quick-generate-key', 'test@example.com', 'rsa2048', 'encr', 'never')
    const args = ['--batch', '--trust-model', 'always', '-a', '-e', '-r', 'test@example.com']
    const enc = execFileSync('gpg', args, { env, input: 'data key', stdio: ['pipe', 'pipe', 'ignore'] }).toString()
    const asc = gpg('-a', '--export-secret-keys').toString()
    execFileSync('gpgconf', ['--kill', 'all'], { env })
    // A folder for temporary files of this test's own: other programs use the machine's.
    const { TMPDIR } = globalThis.process.env
    const own = mkdtempSync(join(tmpdir(), 't-'))
    globalThis.process.env['TMPDIR'] = own
    t.after(() => {
      if (TMPDIR === undefined) delete globalThis.process.env['TMPDIR']
      else globalThis.process.env['TMPDIR'] = TMPDIR
      rmSync(own, { recursive: true, force: true })
    })
    const set = await keySet(bytes({ 'key.asc': asc }), process)
    assert.equal(Buffer.from(await set.unwrap(entry('pgp', { fp: 'A' }, enc))).toString(), 'data key')
    assert.equal(readdirSync(own).length, 1)
    await set.close()
    assert.deepEqual(readdirSync(own), [])
  })

  test('a Vault token goes where the rule lets it go, and nowhere else', async (t) => {
    const seen: (string | undefined)[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers['x-vault-token']?.toString())
      response.end(JSON.stringify({ data: { plaintext: Buffer.from('data key').toString('base64') } }))
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    t.after(() => server.close())
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const key = entry('hc_vault', { vault_address: address, engine_path: 'transit', key_name: 'k' })
    const token = bytes({ 'sops.vault-token': 'of-the-tenant\n' })
    for (const vaults of [[], ['https://vault.example.com'], [`${address}0`]]) {
      const { unwrap } = await keySet(token, { ...process, vaults })
      await assert.rejects(unwrap(key), { code: 'IDENTITY_MISSING' })
    }
    assert.deepEqual(seen, [])
    for (const vaults of [null, [address]]) {
      const { unwrap } = await keySet(token, { ...process, vaults })
      assert.equal(Buffer.from(await unwrap(key)).toString(), 'data key')
    }
    assert.deepEqual(seen, ['of-the-tenant', 'of-the-tenant'])

    const own = ownIdentity([`${address}/v1/transit/keys/team-a-*`], process.env)
    const named = (key_name: string, engine_path = 'transit'): KeyEntry =>
      entry('hc_vault', { vault_address: address, engine_path, key_name })
    for (const refused of [
      named('team-b'),
      named('team-a-/../team-b'),
      named('team-a-%2e%2e'),
      named('team-a-?x'),
      named('team-a-x', 'transit/../other'),
      entry('kms', { arn: 'arn:aws:kms:eu-west-1:111122223333:key/a' }),
      entry('age', { recipient: 'age1' }),
    ]) {
      await assert.rejects(own.unwrap(refused), { code: 'IDENTITY_MISSING' }, JSON.stringify(refused))
    }
    assert.equal(seen.length, 2)
    assert.equal(Buffer.from(await own.unwrap(named('team-a-x'))).toString(), 'data key')
    assert.equal(seen[2], 'of-the-controller')
  })
})
