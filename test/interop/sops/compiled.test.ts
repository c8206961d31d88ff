import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { available } from '../../servers/programs.ts'
import { fixtures, textOf } from './fixtures.ts'
import { type Case, type Outcome, runCase } from './pair.ts'

const compiled = fileURLToPath(new URL('../../../dist/sops', import.meta.url))
const skipped: string[] = []
const programs = existsSync(compiled)
  ? await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen')
  : null

/** One command line of each kind: what differs by runtime is ciphers, streams, processes and files, not the rest. */
function lines(
  files: Readonly<Record<string, string | Uint8Array>>,
  recipients: readonly string[],
): Record<string, Case> {
  const age = ['--age', recipients[0] ?? '']
  const pair = ['--age', recipients.slice(0, 2).join(',')]
  const text = (name: string): string => textOf(files, name)
  return {
    'decrypt yaml': { args: ['-d', 'enc.yaml'] },
    'decrypt json': { args: ['decrypt', 'enc.json'] },
    'decrypt dotenv': { args: ['decrypt', 'enc.env'] },
    'decrypt ini': { args: ['decrypt', 'enc.ini'] },
    'decrypt binary': { args: ['decrypt', 'enc.bin'] },
    'decrypt with a regular expression': { args: ['decrypt', 'regex.enc.yaml'] },
    'decrypt for the second recipient': { args: ['decrypt', 'both.enc.yaml'] },
    'decrypt standard input': { args: ['decrypt', '--filename-override', 'x.yaml'], stdin: text('enc.yaml') },
    'decrypt in place': { args: ['decrypt', '-i', 'enc.json'] },
    'encrypt yaml': { args: ['encrypt', ...age, 'plain.yaml'] },
    'encrypt json': { args: ['-e', ...pair, 'plain.json'] },
    'encrypt binary in place': { args: ['encrypt', '-i', ...age, 'plain.bin'] },
    'encrypt by a rule': {
      args: ['encrypt', 'plain.yaml'],
      files: { '.sops.yaml': `creation_rules: [{path_regex: yaml$, encrypted_regex: ^str$, age: ${recipients[0]}}]` },
    },
    set: { args: ['set', 'enc.yaml', '["str"]', '"new"'] },
    rotate: { args: ['rotate', '-i', 'enc.json'] },
    edit: { args: ['edit', 'enc.yaml'], env: { EDITOR: 'sed -i s/two/zwei/' } },
    'edit nothing': { args: ['edit', 'enc.yaml'], env: { EDITOR: 'true' } },
    'updatekeys, answered': {
      args: ['updatekeys', 'enc.json'],
      stdin: 'y\n',
      files: { '.sops.yaml': `creation_rules: [{age: ${recipients[1]}}]` },
    },
    'exec-env': { args: ['exec-env', 'enc.env', 'echo $KEY; exit 3'] },
    'exec-file': { args: ['exec-file', 'enc.yaml', 'cat {} > out'] },
    'key from a command': {
      args: ['decrypt', 'enc.yaml'],
      env: { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY_CMD: "cat 'keys.txt'" },
    },
    'nobody holds the key': { args: ['decrypt', 'other.enc.yaml'] },
    'no such file': { args: ['decrypt', 'nope.yaml'] },
    'a plain file': { args: ['decrypt', 'plain.json'] },
    'a wrong command line': { args: ['decrypt', '--nope'] },
    version: { args: ['--version'] },
  }
}

if (programs === null) {
  test('the compiled sops', (t) => t.skip(skipped[0] ?? 'dist/sops is missing: run `npm run build`'))
} else {
  const { files, recipients } = fixtures(programs)
  describe('the compiled program does what the real one does', () => {
    for (const [name, line] of Object.entries(lines(files, recipients))) {
      test(name, async () => {
        const theirs: Outcome = await runCase(line, files, programs.sops)
        assert.deepEqual(await runCase(line, files, compiled), theirs)
      })
    }
  })

  test('what the compiled program encrypts, the real one decrypts', async () => {
    for (const name of ['plain.yaml', 'plain.json', 'plain.env', 'plain.ini', 'plain.bin']) {
      const folder = mkdtempSync(join(tmpdir(), 'sops-'))
      try {
        for (const file of [name, 'keys.txt']) writeFileSync(join(folder, file), files[file] ?? '')
        const options = { cwd: folder, env: { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt'), HOME: folder } }
        execFileSync(compiled, ['encrypt', '-i', '--age', recipients[0] ?? '', name], options)
        const theirs: Buffer = execFileSync(programs.sops, ['decrypt', name], options)
        assert.deepEqual(execFileSync(compiled, ['decrypt', name], options), theirs, name)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  })

  describe('the compiled program as another user, in the place of its process, and where every use is audited', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sops-'))
    after(() => rmSync(folder, { recursive: true, force: true }))
    for (const file of ['enc.env', 'keys.txt']) writeFileSync(join(folder, file), files[file] ?? '')
    const isRoot = process.getuid?.() === 0
    const run = (command: string, args: readonly string[]): object => {
      const env = { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt'), HOME: folder, PATH: process.env['PATH'] ?? '' }
      const { status, signal, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' })
      return { status, signal, stdout, stderr }
    }
    const identity = 'echo $USER $LOGNAME $HOME $(id -u) $(id -g) $(id -G) $KEY'
    const lines: Readonly<Record<string, readonly string[]>> = {
      'exec-env as another user': ['exec-env', '--user', 'nobody', 'enc.env', identity],
      'exec-env as another user, pristine': ['exec-env', '--pristine', '--user', 'daemon', 'enc.env', identity],
      'exec-file as another user': ['exec-file', '--user', 'nobody', 'enc.env', `${identity}; cat {}`],
      'exec-file as another user, without a pipe': [
        ...['exec-file', '--no-fifo', '--user', 'nobody', 'enc.env', 'stat -c %u:%a {}; cat {}'],
      ],
      'exec-env in the place of this process': ['exec-env', '--same-process', 'enc.env', 'echo $KEY; exit 3'],
      'exec-env in the place of this process, killed': ['exec-env', '--same-process', 'enc.env', 'kill -TERM $$'],
      'exec-env prints what the command prints': ['exec-env', 'enc.env', 'echo $KEY; echo $MULTI >&2; exit 4'],
    }
    for (const [name, args] of Object.entries(lines)) {
      test(name, { skip: !isRoot && name.includes('user') && 'another user: only root may be one' }, () => {
        assert.deepEqual(run(compiled, args), run(programs.sops, args))
      })
    }

    test('an audit in PostgreSQL is refused, not left out', {
      skip: !isRoot && 'only root may lay a file over /etc',
    }, (t) => {
      const etc = join(folder, 'etc/sops')
      mkdirSync(etc, { recursive: true })
      const audited = (backends: string): object => {
        writeFileSync(join(etc, 'audit.yaml'), `backends:\n${backends}`)
        const mount = `mount -t overlay overlay -o lowerdir=${folder}/etc:/etc /etc || exit 77`
        return run('unshare', ['-m', 'sh', '-c', `${mount}; exec ${compiled} decrypt enc.env`])
      }
      const none = audited('') as { status: number }
      if (none.status === 77) return t.skip('no overlay can be mounted here')
      assert.equal(none.status, 0)
      const refused = audited('  postgres:\n    - connection_string: x\n') as {
        status: number
        stdout: string
        stderr: string
      }
      assert.deepEqual([refused.status, refused.stdout], [1, ''])
      assert.match(refused.stderr, /^\/etc\/sops\/audit\.yaml wants every use audited in PostgreSQL/)
    })
  })

  test('outputs by other names, and answers without end', () => {
    const results = [compiled, programs.sops].map((sops) => {
      const folder = mkdtempSync(join(tmpdir(), 'sops-'))
      try {
        for (const file of ['enc.json', 'enc.yaml', 'keys.txt']) writeFileSync(join(folder, file), files[file] ?? '')
        writeFileSync(join(folder, '.sops.yaml'), `creation_rules: [{age: [${recipients.slice(0, 2).join(', ')}]}]`)
        const env = { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt'), HOME: folder, PATH: process.env['PATH'] ?? '', sops }
        const line = [
          '"$sops" -d --output /dev/stderr enc.json 2>&1 | cat; "$sops" -d --output /dev/stdout enc.json | cat',
          '{ echo before; "$sops" -d --output /dev/stdout enc.json; echo behind; } >> appended; tail -n 1 appended',
          'ln -s target link; "$sops" -d --output link enc.json; cat target; test -L link; echo $?',
          'yes 2>/dev/null | "$sops" updatekeys enc.yaml 2>/dev/null; grep -c recipient enc.yaml; ls',
        ]
        return spawnSync('/bin/sh', ['-c', line.join('\n')], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 })
          .stdout
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
    assert.match(results[1] ?? '', /link\n/)
    assert.equal(results[0], results[1])
  })

  test('pipes: /dev/stdin as a file, and a reader that closes early', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sops-'))
    try {
      for (const file of ['enc.json', 'keys.txt']) writeFileSync(join(folder, file), files[file] ?? '')
      const env = { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt'), HOME: folder, PATH: process.env['PATH'] ?? '' }
      const flags = '--decrypt --input-type json --output-type json /dev/stdin'
      const shell = (line: string): string => execFileSync('/bin/sh', ['-c', line], { cwd: folder, env }).toString()
      assert.equal(shell(`cat enc.json | ${compiled} ${flags}`), shell(`cat enc.json | ${programs.sops} ${flags}`))
      const big = JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 'v'])))
      writeFileSync(join(folder, 'big.json'), big)
      assert.equal(shell(`${compiled} encrypt --age ${recipients[0]} big.json | head -c 1`), '{')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
