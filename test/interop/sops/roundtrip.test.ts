import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { decryptAge, encryptAge } from '@sealkit/core/age'
import {
  decryptManifest,
  encryptFile,
  entry,
  type Format,
  newDataKey,
  newMetadata,
  openFile,
  openStore,
  type Rule,
  wrapDataKey,
} from '@sealkit/core/sops'
import { type KeyIo, masterKeys, parseIdentities } from '@sealkit/keyservice'
import { available } from '../../servers/programs.ts'
import { plain } from './fixtures.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age', 'age-keygen')
const folder = mkdtempSync(join(tmpdir(), 'sops-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A machine with these variables that runs programs. */
function machine(variables: Readonly<Record<string, string>>): KeyIo {
  return {
    env: variables,
    readFile: async () => null,
    run: async ([file = '', ...args], { input }) => {
      const { status, stdout, stderr } = spawnSync(file, args, { env: variables, input: input ?? '' })
      return { code: status, stdout, stderr: stderr.toString() }
    },
  }
}

const files: readonly (readonly [name: string, format: Format])[] = [
  ['plain.yaml', 'yaml'],
  ['two.yaml', 'yaml'],
  ['plain.json', 'json'],
  ['plain.env', 'dotenv'],
  ['plain.ini', 'ini'],
  ['latin1.env', 'dotenv'],
  ['latin1.ini', 'ini'],
  ['plain.bin', 'binary'],
]
const rules: readonly (Rule | null)[] = [
  { name: 'unencrypted_suffix', pattern: '_unencrypted' },
  { name: 'encrypted_suffix', pattern: 'r' },
  { name: 'encrypted_regex', pattern: '^(str|a|KEY)$' },
  { name: 'unencrypted_regex', pattern: '^(map|a)$' },
  { name: 'encrypted_comment_regex', pattern: 'in' },
  { name: 'unencrypted_comment_regex', pattern: '^ in' },
]

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const keyFile = join(folder, 'keys.txt')
  const keys = [0, 1].map(() =>
    execFileSync(programs['age-keygen'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
  )
  writeFileSync(keyFile, keys.join(''))
  const recipients = keys.map((key) => /age1\w+/.exec(key)?.[0] ?? '')
  const identities = parseIdentities(keys.join(''))
  const { wrap, unwrap } = masterKeys({ ageIdentities: identities })
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, SOPS_AGE_KEY_FILE: keyFile }
  const real = (...args: readonly string[]): Buffer => execFileSync(programs.sops, args, { cwd: folder, env })
  for (const [name, content] of Object.entries(plain)) writeFileSync(join(folder, name), content)

  describe('ours encrypts, the real sops decrypts', () => {
    for (const [name, format] of files) {
      for (const rule of format === 'binary' ? [null] : rules) {
        for (const macOnlyEncrypted of [false, true]) {
          test(`${name} ${rule?.name} ${macOnlyEncrypted ? 'mac_only_encrypted' : ''}`, async () => {
            const store = await openStore(format)
            const documents = store.load(Buffer.from(plain[name as keyof typeof plain]))
            const keyGroups = [recipients.map((recipient) => entry('age', { recipient }))]
            const dataKey = newDataKey()
            const metadata = await wrapDataKey(newMetadata({ keyGroups, rule, macOnlyEncrypted }), dataKey, { wrap })
            const encrypted = await encryptFile({ documents, metadata }, { dataKey, now: new Date() })
            const file = join(folder, `enc-${name}`)
            writeFileSync(file, store.emitEncrypted(encrypted))
            const opened = await openFile(store.emitEncrypted(encrypted), { format, unwrap })
            assert.deepEqual(real('decrypt', file), Buffer.from(await opened.emit(format)))
          })
        }
      }
    }
  })

  describe('the real sops encrypts, ours decrypts', () => {
    for (const [name, format] of files) {
      for (const rule of format === 'binary' ? [null] : rules) {
        test(`${name} ${rule?.name}`, async () => {
          const flags = rule === null ? [] : [`--${rule.name.replaceAll('_', '-')}`, rule.pattern]
          const encrypted = real(...flags, '--age', recipients.join(','), '--encrypt', name)
          const file = join(folder, `real-${name}`)
          writeFileSync(file, encrypted)
          const opened = await openFile(encrypted, { format, unwrap })
          assert.deepEqual(Buffer.from(await opened.emit(format)), real('decrypt', file))
        })
      }
    }
  })

  test('two key groups with a threshold, both ways', async () => {
    const config = `creation_rules: [{shamir_threshold: 2, key_groups: [{age: [${recipients[0]}]}, {age: [${recipients[1]}]}]}]`
    writeFileSync(join(folder, 'groups.yaml'), config)
    const encrypted = real('--config', 'groups.yaml', 'encrypt', 'plain.json')
    const opened = await openFile(encrypted, { format: 'json', unwrap })
    assert.equal(opened.documents[0]?.items.length, 4)
    const one = masterKeys({ ageIdentities: identities.slice(0, 1) })
    await assert.rejects(openFile(encrypted, { format: 'json', unwrap: one.unwrap }), { code: 'DATA_KEY_UNAVAILABLE' })
    const keyGroups = recipients.map((recipient) => [entry('age', { recipient })])
    const dataKey = newDataKey()
    const metadata = await wrapDataKey(newMetadata({ keyGroups }), dataKey, { wrap })
    const store = await openStore('json')
    const ours = await encryptFile({ documents: opened.documents, metadata }, { dataKey, now: new Date() })
    writeFileSync(join(folder, 'groups.json'), store.emitEncrypted(ours))
    assert.deepEqual(JSON.parse(real('decrypt', 'groups.json').toString()), JSON.parse(String(plain['plain.json'])))
  })

  test('a Secret that sops encrypted becomes a plain manifest, its MAC checked', async () => {
    const manifest =
      'apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n    generation: 2\nstringData:\n    p: hunter2\n'
    writeFileSync(join(folder, 'secret.yaml'), manifest)
    const text = real(
      'encrypt',
      '--age',
      recipients[0] ?? '',
      '--encrypted-regex',
      '^(data|stringData)$',
      'secret.yaml',
    ).toString()
    const wanted = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a', generation: 2 },
      stringData: { p: 'hunter2' },
    }
    assert.deepEqual(await decryptManifest(text, { unwrap }), wanted)
    const json = real('encrypt', '--age', recipients[0] ?? '', '--output-type', 'json', 'secret.yaml').toString()
    assert.deepEqual(await decryptManifest(JSON.parse(json), { unwrap }), wanted)
    await assert.rejects(decryptManifest(text.replace('name: a', 'name: b'), { unwrap }), { code: 'MAC_MISMATCH' })
    assert.equal(await decryptManifest(manifest, { unwrap }), null)
  })

  test('PGP keys, both ways', async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'gpg-'))
    const gpgEnv = { ...env, GNUPGHOME: home }
    try {
      const gpg = (...args: readonly string[]): string =>
        execFileSync('gpg', ['--batch', ...args], { env: gpgEnv, stdio: ['ignore', 'pipe', 'ignore'] }).toString()
      try {
        gpg('--version')
      } catch {
        if (process.env['CI'] === 'true') throw new Error('gpg is missing')
        return t.skip('gpg is missing')
      }
      gpg('--passphrase', '', '--quick-generate-key', 'a@example.org', 'default', 'default', 'never')
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] ?? ''
      const read = (args: readonly string[]): Buffer => execFileSync(programs.sops, args, { cwd: folder, env: gpgEnv })
      const keys = masterKeys({ io: machine(gpgEnv) })
      const theirs = read(['encrypt', '--pgp', fingerprint, 'plain.yaml'])
      const opened = await openFile(theirs, { format: 'yaml', unwrap: keys.unwrap })
      const keyGroups = [[entry('pgp', { fp: fingerprint })]]
      const dataKey = newDataKey()
      const metadata = await wrapDataKey(newMetadata({ keyGroups }), dataKey, { wrap: keys.wrap })
      const store = await openStore('yaml')
      const ours = await encryptFile({ documents: opened.documents, metadata }, { dataKey, now: new Date() })
      writeFileSync(join(folder, 'pgp.yaml'), store.emitEncrypted(ours))
      assert.deepEqual(read(['decrypt', 'pgp.yaml']), Buffer.from(await opened.emit('yaml')))
    } finally {
      execFileSync('gpgconf', ['--kill', 'all'], { env: gpgEnv, stdio: 'ignore' })
      rmSync(home, { recursive: true, force: true })
    }
  })

  test('age files, both ways', async () => {
    const secret = Buffer.from('a data key of 32 bytes, in truth')
    const armored = execFileSync(programs.age, ['-a', '-r', recipients[1] ?? ''], { input: secret }).toString()
    assert.deepEqual(Buffer.from((await decryptAge(armored, identities)) ?? ''), secret)
    assert.equal(await decryptAge(armored, identities.slice(0, 1)), null)
    const ours = await encryptAge(secret, recipients[0] ?? '')
    assert.deepEqual(execFileSync(programs.age, ['-d', '-i', keyFile], { input: ours }), secret)
  })

  test('post-quantum age keys, both ways', async () => {
    const key = execFileSync(programs['age-keygen'], ['-pq'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    const recipient = /age1pq1\w+/.exec(key)?.[0] ?? ''
    writeFileSync(join(folder, 'pq.txt'), key)
    const secret = Buffer.from('secret')
    const armored = execFileSync(programs.age, ['-a', '-r', recipient], { input: secret }).toString()
    assert.deepEqual(Buffer.from((await decryptAge(armored, parseIdentities(key))) ?? ''), secret)
    const ours = await encryptAge(secret, recipient)
    assert.deepEqual(execFileSync(programs.age, ['-d', '-i', join(folder, 'pq.txt')], { input: ours }), secret)
  })
}
