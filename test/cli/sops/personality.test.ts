import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, test } from 'node:test'
import { run } from '@sealkit/cli/sops'
import { encryptFile, entry, newDataKey, newMetadata, openStore, wrapDataKey } from '@sealkit/core/sops'
import { masterKeys } from '@sealkit/keyservice'

// Its log tells local times.
process.env['TZ'] = 'UTC'

// Recorded from sops 3.13.3; test/interop/sops runs both programs on many more lines.
const recipient = 'age1t6g097hrslwlkjxt46qumf0xun00kxz9ut692xx2txvala8kxvss04afw0'
const folder = mkdtempSync(join(tmpdir(), 'sops-'))
after(() => rmSync(folder, { recursive: true, force: true }))

writeFileSync(join(folder, 'a.yaml'), 'a: 1\n')
writeFileSync(join(folder, 'list.json'), '[1]')
writeFileSync(join(folder, 'reserved.yaml'), 'sops: 1\n')
writeFileSync(join(folder, 'empty.yaml'), '')
{
  const { wrap } = masterKeys({})
  const dataKey = newDataKey()
  const keyGroups = [[entry('age', { recipient })]]
  const metadata = await wrapDataKey(newMetadata({ keyGroups }), dataKey, { wrap })
  const store = await openStore('yaml')
  const file = await encryptFile(
    { documents: store.load(Buffer.from('a: 1\n')), metadata },
    { dataKey, now: new Date(0) },
  )
  writeFileSync(join(folder, 'enc.yaml'), store.emitEncrypted(file))
}

async function sops(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const out: string[] = []
  const err: string[] = []
  const code = await run({
    program: 'sops',
    argv: args,
    env: { HOME: folder, ...env },
    cwd: folder,
    stdin: Readable.from([Buffer.from('')]),
    stdout: { write: (chunk) => out.push(Buffer.from(chunk).toString()) },
    stderr: { write: (chunk) => err.push(Buffer.from(chunk).toString()) },
    now: () => new Date('2026-01-02T03:04:05Z'),
  })
  return { code, stdout: out.join(''), stderr: err.join('').replaceAll(folder, '$DIR') }
}

const noKeys = 'config file not found, or has no creation rules, and no keys provided through command line options'

/** Command lines that fail: exit code and all of stderr. */
const failing: readonly (readonly [args: readonly string[], code: number, stderr: string])[] = [
  [['-d'], 100, 'Error: no file specified'],
  [['decrypt', 'nope'], 100, 'Error: cannot operate on non-existent file "$DIR/nope"'],
  [['decrypt', '-i'], 8, 'Error: cannot use --in-place when reading from stdin'],
  [['decrypt', '-i', '--output', 'x', 'a.yaml'], 8, 'Error: cannot operate on both --output and --in-place'],
  [['decrypt', 'a.yaml'], 1, 'sops metadata not found'],
  [['decrypt', '--extract', '["a"', 'a.yaml'], 91, 'error parsing --extract path: component "a" doesn\'t end with ]'],
  [['decrypt', '--decryption-order', 'a,a', 'enc.yaml'], 112, 'Duplicate decryption key type: a'],
  [['encrypt', '--age', recipient], 8, 'Error: must specify --filename-override when reading from stdin'],
  [['encrypt', 'a.yaml'], 1, noKeys],
  [['encrypt', '--age', 'x', 'a.yaml'], 1, 'failed to parse input, unknown recipient type: "x"'],
  [
    ['encrypt', '--age', recipient, 'empty.yaml'],
    92,
    'File cannot be completely empty, it must contain at least one document',
  ],
  [
    ['encrypt', '--age', recipient, '--encryption-context', 'a', 'a.yaml'],
    6,
    '[AWSKMS]\t time="2026-01-02T03:04:05Z" level=warning msg="Encryption context contains a non-string value, context will not be used"\nInvalid KMS encryption context format',
  ],
  [
    ['encrypt', '--enable-local-keyservice=false', '--age', recipient, 'a.yaml'],
    1,
    'Could not generate data key: [no key services provided, cannot update master keys]',
  ],
  [
    ['set', 'enc.yaml'],
    100,
    'Error: no file specified, or index and value are missing. Need precisely 3 positional arguments.',
  ],
  [['set', 'enc.yaml', 'a', '1'], 7, 'Invalid set index format'],
  [['set', 'enc.yaml', '["a"]', 'x'], 7, 'Value for --set is not valid JSON'],
  [['set', 'enc.yaml', '["a"]', '[1]'], 7, 'Invalid --set value format'],
  [['--set', '["a"]', 'enc.yaml'], 7, 'Invalid --set format'],
  [['unset', 'enc.yaml'], 100, 'Error: no file specified, or index is missing'],
  [['unset', 'enc.yaml', 'a'], 7, 'Invalid unset index format'],
  [['rotate'], 100, 'Error: no file specified'],
  [['exec-env', 'enc.yaml'], 1, 'error: missing file to decrypt'],
  [['exec-file', 'enc.yaml'], 1, 'error: missing file to decrypt'],
  [['completion', 'fish'], 3, "No help topic for 'fish'"],
  [['help', 'nope'], 3, "No help topic for 'nope'"],
  [['groups', 'delete', '-f', 'enc.yaml'], 1, 'error: exactly one positional argument (index) required'],
  [['updatekeys', 'enc.yaml'], 1, 'config file not found'],
  [['publish', 'enc.yaml'], 1, 'config file not found'],
]

describe('command lines that fail as those of sops do', () => {
  for (const [args, code, stderr] of failing) {
    test(args.join(' '), async () => assert.deepEqual(await sops(args), { code, stdout: '', stderr: `${stderr}\n` }))
  }
})

/** Command lines that cannot be read: help on stdout, the reason on both. */
const unreadable: readonly (readonly [args: readonly string[], reason: string])[] = [
  [['decrypt', '--nope'], 'flag provided but not defined: -nope'],
  [['--nope', 'a.yaml'], 'flag provided but not defined: -nope'],
  [['decrypt', '--output'], 'flag needs an argument: -output'],
  [['decrypt', '-i=maybe', 'a.yaml'], 'invalid boolean value "maybe" for -i: parse error'],
  [
    ['encrypt', '--shamir-secret-sharing-threshold', 'x', 'a.yaml'],
    'invalid value "x" for flag -shamir-secret-sharing-threshold: parse error',
  ],
  [['encrypt', '-a', 'x', '--age', 'y', 'a.yaml'], 'Cannot use two forms of the same flag: a age'],
  [['decrypt', '---x'], 'bad flag syntax: ---x'],
]

describe('command lines that cannot be read', () => {
  for (const [args, reason] of unreadable) {
    test(args.join(' '), async () => {
      const { code, stdout, stderr } = await sops(args)
      assert.equal(code, 1)
      assert.match(stdout, /^Incorrect Usage[.:] .*\n\nNAME:\n {3}sops/)
      assert.ok(stdout.includes(reason))
      assert.ok(
        stderr.startsWith('[CMD]\t time="') && stderr.includes(`level=fatal msg=${JSON.stringify(reason)}`),
        stderr,
      )
    })
  }
})

test('a selection expression that does not compile is refused, with what to do', async () => {
  const { code, stdout, stderr } = await sops(['encrypt', '--age', recipient, '--encrypted-regex', '(?!x)', 'a.yaml'])
  assert.deepEqual([code, stdout], [23, ''])
  assert.match(
    stderr,
    /^Error encrypting tree: .*encrypted_regex is not a valid regular expression, so nothing was done: error parsing regexp/,
  )
})

test('no key: every group, every key, every place', async () => {
  const { code, stdout, stderr } = await sops(['-d', 'enc.yaml'])
  assert.deepEqual([code, stdout], [128, ''])
  const places = stderr.replaceAll(/\n\s+\| /g, ' ')
  assert.match(
    stderr,
    /^Failed to get the data key required to decrypt the SOPS file\.\n\nGroup 0: FAILED\n {2}age1t6g/,
  )
  assert.match(
    places,
    /- \| failed to load age identities\. Did not find keys in locations 'SOPS_AGE_SSH_PRIVATE_KEY_FILE', .*, 'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', 'SOPS_AGE_KEY_CMD', and '\$DIR\/\.config\/sops\/age\/keys\.txt'\./,
  )
  assert.match(stderr, /\n\nRecovery failed because no master key was able to decrypt the file\. In\norder for SOPS/)
})

describe('what tools read', () => {
  for (const args of [['--version'], ['-v'], ['--version', '--disable-version-check']]) {
    test(args.join(' '), async () =>
      assert.deepEqual(await sops(args), { code: 0, stdout: 'sops 3.13.3\n', stderr: '' }),
    )
  }

  test('filestatus', async () => {
    assert.equal((await sops(['filestatus', 'enc.yaml'])).stdout, '{"encrypted":true}\n')
    assert.equal((await sops(['filestatus', 'a.yaml'])).stdout, '{"encrypted":false}\n')
  })

  test('help', async () => {
    assert.match(
      (await sops(['decrypt', '-h'])).stdout,
      /^NAME:\n {3}sops decrypt - [\s\S]*--ignore-mac {15}ignore Message/,
    )
    assert.match((await sops(['help'])).stdout, /COMMANDS:\n[\s\S]*GLOBAL OPTIONS:\n/)
  })
})
