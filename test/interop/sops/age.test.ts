import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { available } from '../../servers/programs.ts'
import { fixtures } from './fixtures.ts'
import { type Case, runCase } from './pair.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age', 'age-keygen')

interface SshPair {
  readonly key: string
  readonly recipient: string
}

function sshPair(flags: readonly string[], passphrase = ''): SshPair {
  const folder = mkdtempSync(join(tmpdir(), 'ssh-'))
  try {
    const path = join(folder, 'key')
    execFileSync('ssh-keygen', ['-q', '-N', passphrase, '-C', 'me at work', '-f', path, ...flags])
    return { key: readFileSync(path, 'utf8'), recipient: readFileSync(`${path}.pub`, 'utf8').trim() }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const { files, recipients } = fixtures(programs)
  const ed25519 = sshPair(['-t', 'ed25519'])
  const rsa = sshPair(['-t', 'rsa', '-b', '2048'])
  const pem = sshPair(['-t', 'rsa', '-b', '2048', '-m', 'PEM'], 'secret')
  const locked = sshPair(['-t', 'ed25519'], 'secret')
  const ecdsa = sshPair(['-t', 'ecdsa'])
  const pq = execFileSync(programs['age-keygen'], ['-pq'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  const pqRecipient = /age1pq1\w+/.exec(pq)?.[0] ?? ''
  const [first = '', second = ''] = String(files['keys.txt']).match(/AGE-SECRET-KEY-1\w+/g) ?? []
  const none = { SOPS_AGE_KEY_FILE: '' }

  const encryptTo = async (recipient: string): Promise<Uint8Array> => {
    const line = { args: ['encrypt', '--age', recipient, '--output', 'out.json', 'plain.json'] }
    const { raw, stderr } = await runCase(line, files, programs.sops)
    assert.equal(stderr, '')
    return raw['out.json'] ?? Buffer.of()
  }
  const encrypted = {
    'ed25519.json': await encryptTo(ed25519.recipient),
    'rsa.json': await encryptTo(rsa.recipient),
    'locked.json': await encryptTo(locked.recipient),
    'pq.json': await encryptTo(pqRecipient),
  }
  const keys = { id: ed25519.key, rsa: rsa.key, locked: locked.key, pem: pem.key, ecdsa: ecdsa.key }
  const world = { ...files, ...encrypted, ...keys }
  const ageFile = (text: string): string =>
    execFileSync(programs.age, ['-a', '-r', recipients[0] ?? ''], { input: text }).toString()

  describe('places and kinds of identities, the same outcome as the real sops', () => {
    const lines: Readonly<Record<string, Case>> = {
      'an Ed25519 key from its file': {
        args: ['decrypt', 'ed25519.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'id' },
      },
      'an RSA key from its file': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'rsa' },
      },
      'a key from a command': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_CMD: "cat 'rsa'" },
      },
      'a command that looks at the recipient': {
        args: ['decrypt', 'ed25519.json'],
        env: {
          ...none,
          SOPS_AGE_SSH_PRIVATE_KEY_CMD: `sh -c 'test "$SOPS_AGE_RECIPIENT" = "${ed25519.recipient}" && cat id'`,
        },
      },
      '~/.ssh/id_ed25519': { args: ['decrypt', 'ed25519.json'], env: none, files: { '.ssh/id_ed25519': ed25519.key } },
      '~/.ssh/id_rsa': { args: ['decrypt', 'rsa.json'], env: none, files: { '.ssh/id_rsa': rsa.key } },
      'SSH keys beside an age key that does not fit': {
        args: ['decrypt', 'rsa.json'],
        files: { '.ssh/id_rsa': rsa.key },
      },
      'SOPS_AGE_KEY with several': {
        args: ['decrypt', 'enc.json'],
        env: { ...none, SOPS_AGE_KEY: `${second} ${first}` },
      },
      SOPS_AGE_KEY_FILE: { args: ['decrypt', 'enc.json'] },
      SOPS_AGE_KEY_CMD: { args: ['decrypt', 'enc.json'], env: { ...none, SOPS_AGE_KEY_CMD: 'cat keys.txt' } },
      'sops/age/keys.txt': {
        args: ['decrypt', 'enc.json'],
        env: none,
        files: { '.config/sops/age/keys.txt': String(files['keys.txt']) },
      },
      'a post-quantum key': {
        args: ['decrypt', 'pq.json'],
        env: { ...none, SOPS_AGE_KEY: /AGE-SECRET-KEY-PQ-1\w+/.exec(pq)?.[0] ?? '' },
      },
    }
    for (const [name, line] of Object.entries(lines)) {
      test(name, async () => {
        const theirs = await runCase(line, world, programs.sops)
        assert.equal(theirs.code, 0, theirs.stderr)
        assert.deepEqual(await runCase(line, world), theirs)
      })
    }
  })

  describe('failures, the same texts as the real sops', () => {
    const lines: Readonly<Record<string, Case>> = {
      'a relative XDG_CONFIG_HOME': { args: ['decrypt', 'enc.json'], env: { ...none, XDG_CONFIG_HOME: 'x' } },
      'no identity at all': { args: ['decrypt', 'ed25519.json'], env: none },
      'one identity that does not fit': { args: ['decrypt', 'ed25519.json'], env: { ...none, SOPS_AGE_KEY: first } },
      'several that do not fit': { args: ['decrypt', 'ed25519.json'] },
      'an SSH key that does not fit': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'id' },
      },
      'an SSH key file that is not there': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'nope' },
      },
      'an SSH key file that is a folder': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: '.' },
      },
      'an SSH key file of something else': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'plain.bin' },
      },
      'an SSH key of another kind': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'ecdsa' },
      },
      'an old PEM under a passphrase without its public key': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'pem' },
      },
      'a command that prints a key under a passphrase': {
        args: ['decrypt', 'locked.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'cat locked' },
      },
      'a command that prints no key': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'echo x' },
      },
      'a command that fails': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'false' },
      },
      'a command that is not there': {
        args: ['decrypt', 'enc.json'],
        env: { ...none, SOPS_AGE_KEY_CMD: 'no-such-program x' },
      },
      'a path to a command that is not there': {
        args: ['decrypt', 'enc.json'],
        env: { ...none, SOPS_AGE_KEY_CMD: './nope' },
      },
      'a command that is killed': {
        args: ['decrypt', 'enc.json'],
        env: { ...none, SOPS_AGE_KEY_CMD: "sh -c 'kill -9 $$'" },
      },
      'a key file that is a folder': { args: ['decrypt', 'enc.json'], env: { SOPS_AGE_KEY_FILE: '.' } },
      'a key file that is not there': { args: ['decrypt', 'enc.json'], env: { SOPS_AGE_KEY_FILE: 'a/b' } },
      'a key file below a file': { args: ['decrypt', 'enc.json'], env: { SOPS_AGE_KEY_FILE: 'plain.json/x' } },
      'a key file of other bytes': { args: ['decrypt', 'enc.json'], env: { SOPS_AGE_KEY_FILE: 'plain.bin' } },
      'an empty key file': { args: ['decrypt', 'enc.json'], env: { SOPS_AGE_KEY_FILE: 'empty' }, files: { empty: '' } },
      'an identity with a wrong letter': {
        args: ['decrypt', 'enc.json'],
        env: { ...none, SOPS_AGE_KEY: first.replace(/.$/, 'B') },
      },
      'an identity that ends early': {
        args: ['decrypt', 'enc.json'],
        env: { ...none, SOPS_AGE_KEY: first.slice(0, -1) },
      },
      'a plugin that is not there': {
        args: ['decrypt', 'enc.json'],
        env: { ...none, SOPS_AGE_KEY: 'AGE-PLUGIN-NOPE-1' },
      },
      'an identity file under a recipient instead of a passphrase': {
        args: ['decrypt', 'ed25519.json'],
        env: { SOPS_AGE_KEY_FILE: 'wrong.age' },
        files: { 'wrong.age': ageFile(first) },
      },
      'a key under a passphrase, and nobody to ask': {
        args: ['decrypt', 'locked.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'locked' },
      },
      'a recipient that is no SSH key': { args: ['encrypt', '--age', 'ssh-ed25519 AAAA', 'plain.json'] },
      'a recipient that is no base64': { args: ['encrypt', '--age', 'ssh-ed25519 AA!A me', 'plain.json'] },
      'a recipient whose type is another than its key': {
        args: ['encrypt', '--age', `ssh-rsa ${ed25519.recipient.split(' ')[1]}`, 'plain.json'],
      },
      'a recipient of a kind that age does not take': {
        args: ['encrypt', '--age', `ssh-${ecdsa.recipient}`, 'plain.json'],
      },
      'a recipient of a plugin that is not there': {
        args: ['encrypt', '--age', 'age1nope1vd6xzcm4y6l4k2', 'plain.json'],
      },
    }
    for (const [name, line] of Object.entries(lines)) {
      test(name, async () => {
        const theirs = await runCase(line, world, programs.sops)
        assert.notEqual(theirs.code, 0)
        assert.deepEqual(await runCase(line, world), theirs)
      })
    }
  })

  describe('what ours encrypts, the real sops decrypts', () => {
    for (const [name, recipient, env] of [
      ['Ed25519', ed25519.recipient, { SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'id' }],
      ['RSA', rsa.recipient, { SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'rsa' }],
      ['post-quantum', pqRecipient, { SOPS_AGE_KEY: /AGE-SECRET-KEY-PQ-1\w+/.exec(pq)?.[0] ?? '' }],
    ] as const) {
      test(name, async () => {
        const { raw, stderr } = await runCase(
          { args: ['encrypt', '--age', recipient, '--output', 'o.json', 'plain.json'] },
          world,
        )
        assert.equal(stderr, '')
        const again = {
          args: ['decrypt', 'o.json'],
          env: { ...none, ...env },
          files: { 'o.json': raw['o.json'] ?? null },
        }
        const theirs = await runCase(again, world, programs.sops)
        assert.deepEqual(JSON.parse(theirs.stdout), JSON.parse(String(files['plain.json'])))
      })
    }
  })
}
