import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { available } from '../../servers/programs.ts'
import { plain } from './fixtures.ts'
import { type Case, runCase } from './pair.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops')

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  // Its path is short: an agent's socket has no room for more.
  const home = mkdtempSync(join(tmpdir(), 'gpg-'))
  const empty = mkdtempSync(join(tmpdir(), 'gpg-'))
  const gpg = (...args: readonly string[]): string =>
    execFileSync('gpg', ['--batch', '--homedir', home, ...args], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  after(() => {
    for (const folder of [home, empty]) {
      execFileSync('gpgconf', ['--homedir', folder, '--kill', 'all'], { stdio: 'ignore' })
      rmSync(folder, { recursive: true, force: true })
    }
  })
  gpg('--passphrase', '', '--quick-generate-key', 'a@example.org', 'ed25519', 'cert', 'never')
  const [primary = ''] = fingerprints()
  for (const algorithm of ['cv25519', 'rsa2048'])
    gpg('--passphrase', '', '--quick-add-key', primary, algorithm, 'encr', 'never')
  const [, first = '', second = ''] = fingerprints()
  // The first call makes the ring, and says so.
  execFileSync('gpg', ['--homedir', empty, '--list-keys'], { stdio: 'ignore' })
  const program = join(home, 'my-gpg')
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${join(home, 'log')}\nexec gpg --homedir ${home} "$@"\n`, {
    mode: 0o755,
  })

  function fingerprints(): string[] {
    return [...gpg('--with-colons', '--list-keys').matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, text = '']) => text)
  }

  const env = { GNUPGHOME: home, SOPS_AGE_KEY_FILE: '' }
  const encrypt = (fingerprint: string, more: Readonly<Record<string, string>> = {}): Case => ({
    args: ['encrypt', '--pgp', fingerprint, '--output', 'o.json', 'plain.json'],
    env: { ...env, ...more },
  })

  /** The key that a message is for, by its ID. */
  const recipientOf = (file: Buffer | undefined): string => {
    const { enc } = JSON.parse(String(file)).sops.pgp[0]
    const listed = execFileSync('gpg', ['--homedir', home, '--list-only', '--list-packets'], {
      input: enc,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    return /keyid ([0-9A-F]{16})/.exec(listed.toString())?.[1] ?? ''
  }

  describe('both ways', () => {
    for (const [name, fingerprint, key] of [
      ['a key', primary, null],
      ['a subkey, which gpg replaces by the newest', first, null],
      ['that very subkey', `${first}!`, first],
      ['the other subkey', `${second}!`, second],
    ] as const) {
      test(name, async () => {
        for (const [writer, reader] of [
          [programs.sops, undefined],
          [undefined, programs.sops],
        ] as const) {
          const written = await runCase(encrypt(fingerprint), plain, writer)
          assert.deepEqual([written.stderr, written.code], ['', 0])
          if (key !== null) assert.equal(recipientOf(written.raw['o.json']), key.slice(-16))
          const files = { ...plain, 'o.json': written.raw['o.json'] ?? '' }
          const again = await runCase({ args: ['decrypt', 'o.json'], env }, files, reader)
          assert.deepEqual([again.stderr, again.code], ['', 0])
        }
      })
    }

    test('SOPS_GPG_EXEC', async () => {
      const other = { GNUPGHOME: '', SOPS_GPG_EXEC: program }
      const written = await runCase(encrypt(primary, other), plain)
      assert.deepEqual([written.stderr, written.code], ['', 0])
      const files = { ...plain, 'o.json': written.raw['o.json'] ?? '' }
      for (const path of [undefined, programs.sops]) {
        const again = await runCase({ args: ['decrypt', 'o.json'], env: { ...env, ...other } }, files, path)
        assert.deepEqual([again.stderr, again.code], ['', 0])
      }
    })
  })

  describe('failures, the same outcome as the real sops', () => {
    const lines: Readonly<Record<string, Case>> = {
      'a fingerprint that is none': encrypt('FFFF'),
      'a key that is not in the ring': encrypt('A'.repeat(40)),
      'a program that is not there': encrypt(primary, { SOPS_GPG_EXEC: '/nope' }),
      'a program that fails without a word': encrypt(primary, { SOPS_GPG_EXEC: 'false' }),
      'blanks in a fingerprint': encrypt(`${'B'.repeat(20)} ${'B'.repeat(20)}`),
    }
    for (const [name, line] of Object.entries(lines)) {
      test(name, async () => {
        const theirs = await runCase(line, plain, programs.sops)
        assert.notEqual(theirs.code, 0)
        assert.deepEqual(await runCase(line, plain), theirs)
      })
    }

    test('the private key is not there, and a program that prints nothing', async () => {
      const { raw } = await runCase(encrypt(primary), plain)
      const files = { ...plain, 'o.json': raw['o.json'] ?? '' }
      for (const more of [{ GNUPGHOME: empty }, { SOPS_GPG_EXEC: 'true' }]) {
        const line = { args: ['decrypt', 'o.json'], env: { ...env, ...more } }
        const theirs = await runCase(line, files, programs.sops)
        assert.equal(theirs.code, 128)
        assert.deepEqual(await runCase(line, files), theirs)
      }
    })
  })
}
