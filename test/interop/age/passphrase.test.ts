import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { available } from '../../servers/programs.ts'
import { onTerminal, type Seen } from '../../servers/terminal.ts'
import { plain } from '../sops/fixtures.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age', 'age-keygen')
const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))
const passphrase = 'pass phrase ü'

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const { sops, age } = programs
  const folder = mkdtempSync(join(tmpdir(), 'pass-'))
  const home = join(folder, 'h')
  mkdirSync(home)
  after(() => rmSync(folder, { recursive: true, force: true }))
  const PATH = process.env['PATH'] ?? ''
  const commands = { ours: [process.execPath, '--conditions=source', '--no-warnings', main, 'sops'], theirs: [sops] }
  const key = execFileSync(programs['age-keygen'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  writeFileSync(join(folder, 'key.txt'), key)
  writeFileSync(join(folder, 'plain.json'), plain['plain.json'])
  execFileSync('ssh-keygen', ['-q', '-N', passphrase, '-C', '', '-t', 'ed25519', '-a', '2', '-f', join(folder, 'ssh')])
  execFileSync('ssh-keygen', [
    '-q',
    '-N',
    passphrase,
    '-C',
    '',
    '-t',
    'rsa',
    '-b',
    '2048',
    '-m',
    'PEM',
    '-f',
    join(folder, 'pem'),
  ])

  /** The real sops encrypts for a recipient. */
  const encrypt = (recipient: string, name: string): void => {
    const env = { PATH, HOME: home }
    writeFileSync(
      join(folder, name),
      execFileSync(sops, ['encrypt', '--age', recipient, 'plain.json'], { cwd: folder, env }),
    )
  }
  encrypt(/age1\w+/.exec(key)?.[0] ?? '', 'age.json')
  for (const name of ['ssh', 'pem']) encrypt(readFileSync(join(folder, `${name}.pub`), 'utf8').trim(), `${name}.json`)

  type Answers = readonly (readonly [string, string])[]
  const run = (
    command: readonly string[],
    file: string,
    env: Readonly<Record<string, string>>,
    answers: Answers,
  ): Promise<Seen> =>
    onTerminal({
      command: [...command, 'decrypt', '--output', 'out.json', file],
      // An agent's socket that nothing listens on: the terminal is asked.
      env: { PATH, HOME: home, TERM: 'xterm', GPG_AGENT_INFO: join(folder, 'no-agent'), ...env },
      cwd: folder,
      answers,
    })

  // The real age writes the files under a passphrase; it, too, asks on the terminal.
  for (const [name, flags] of [
    ['locked', []],
    ['armored', ['-a']],
  ] as const) {
    const { code, screen } = await onTerminal({
      command: [age, '-p', ...flags, '-o', name, 'key.txt'],
      env: { PATH, HOME: home },
      cwd: folder,
      answers: [
        ['Enter passphrase', `${passphrase}\r`],
        ['Confirm passphrase', `${passphrase}\r`],
      ],
    })
    assert.equal(code, 0, screen)
  }

  describe('a person types the passphrase', () => {
    const files: Readonly<
      Record<string, readonly [file: string, env: Readonly<Record<string, string>>, prompt: string]>
    > = {
      'identity file': [
        'age.json',
        { SOPS_AGE_KEY_FILE: 'locked' },
        "Enter passphrase for identity 'SOPS_AGE_KEY_FILE':",
      ],
      'armored identity file': [
        'age.json',
        { SOPS_AGE_KEY_FILE: 'armored' },
        "Enter passphrase for identity 'SOPS_AGE_KEY_FILE':",
      ],
      'identity file in a variable': [
        'age.json',
        { SOPS_AGE_KEY: readFileSync(join(folder, 'armored'), 'utf8') },
        "Enter passphrase for identity 'SOPS_AGE_KEY':",
      ],
      'SSH key': ['ssh.json', { SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'ssh' }, 'Enter passphrase for "ssh":'],
      'SSH key in an old PEM': ['pem.json', { SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'pem' }, 'Enter passphrase for "pem":'],
    }
    for (const [name, [file, env, prompt]] of Object.entries(files)) {
      test(`${name}: the right one`, async () => {
        rmSync(join(folder, 'out.json'), { force: true })
        const { screen, code } = await run(commands.ours, file, env, [[prompt, `${passphrase}\r`]])
        assert.equal(code, 0, screen)
        assert.deepEqual(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')), JSON.parse(plain['plain.json']))
        // Nothing of it is shown, and the prompt is gone afterwards.
        assert.equal(screen, `${prompt} \r\r\n\u001b[F\u001b[K`)
      })
    }
    for (const [name, typed] of [
      ['a wrong one', 'wrong\r'],
      ['none', '\r'],
    ] as const) {
      for (const kind of ['identity file', 'SSH key'] as const) {
        test(`${kind}: ${name}, as the real sops`, async () => {
          const [file = '', env = {}, prompt = ''] = files[kind] ?? []
          const ours = await run(commands.ours, file, env, [[prompt, typed]])
          const theirs = await run(commands.theirs, file, env, [[prompt, typed]])
          assert.equal(theirs.code, 128)
          assert.deepEqual(unechoed(ours), unechoed(theirs))
        })
      }
    }

    test('corrected while typing, and cancelled', async () => {
      const env = { SOPS_AGE_KEY_FILE: 'locked' }
      const corrected = await run(commands.ours, 'age.json', env, [['identity', `${passphrase}xü\u007f\u007f\r`]])
      assert.equal(corrected.code, 0, corrected.screen)
      const cancelled = await run(commands.ours, 'age.json', env, [['identity', 'pass\u0003']])
      assert.equal(cancelled.code, 128)
      assert.match(cancelled.screen.replaceAll(/\s+\|?\s*/g, ' '), /could not read passphrase: user cancelled prompt/)
    })

    test('an identity that does not fit the file, as the real sops', async () => {
      const env = { SOPS_AGE_KEY_FILE: 'locked' }
      const answers = [['identity', `${passphrase}\r`]] as const
      const outcomes = [
        await run(commands.ours, 'ssh.json', env, answers),
        await run(commands.theirs, 'ssh.json', env, answers),
      ]
      const [ours, theirs] = outcomes.map((outcome) => unechoed(outcome))
      // Its log looks otherwise on a terminal.
      const log = /(?<=': ).*(encrypted identity 'SOPS_AGE_KEY_FILE' didn't match file's recipients)[" ]*(?=Failed)/
      assert.match(theirs?.screen ?? '', log)
      assert.equal(ours?.screen.replace(log, '$1'), theirs?.screen.replace(log, '$1'))
      assert.equal(ours?.code, theirs?.code)
    })
  })

  describe('gpg-agent keeps the passphrase', () => {
    const gnupg = join(folder, 'g')
    mkdirSync(gnupg, { mode: 0o700 })
    const pinentry = join(folder, 'pinentry')
    const pinentryLog = join(folder, 'pinentry.log')
    writeFileSync(join(folder, 'answer'), passphrase)
    // What pinentry is: a program that speaks Assuan. It notes that it was asked.
    writeFileSync(
      pinentry,
      `#!/bin/sh
echo OK
while read -r word rest; do
  case $word in
    GETPIN) echo asked >> ${pinentryLog}; printf 'D '; sed 's/%/%25/g' ${join(folder, 'answer')}; echo; echo OK ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
`,
    )
    chmodSync(pinentry, 0o755)
    writeFileSync(join(gnupg, 'gpg-agent.conf'), `pinentry-program ${pinentry}\n`)
    execFileSync('gpg-connect-agent', ['--homedir', gnupg, '/bye'], { stdio: 'ignore' })
    after(() => execFileSync('gpgconf', ['--homedir', gnupg, '--kill', 'gpg-agent']))
    const socket = execFileSync('gpgconf', ['--homedir', gnupg, '--list-dirs', 'agent-socket']).toString().trim()
    const env = { SOPS_AGE_KEY_FILE: 'locked', GPG_AGENT_INFO: `${socket}:0:1` }
    const asked = (): number => {
      try {
        return readFileSync(pinentryLog, 'utf8').split('\n').length - 1
      } catch {
        return 0
      }
    }

    test('asked once, by whichever of both comes first', async () => {
      for (const [round, command] of [commands.ours, commands.theirs, commands.ours].entries()) {
        const { screen, code } = await run(command, 'age.json', env, [])
        assert.deepEqual([code, screen], [0, ''], String(round))
        assert.equal(asked(), 1)
      }
    })

    test('a wrong one is forgotten', async () => {
      writeFileSync(join(folder, 'answer'), 'wrong')
      const other = { ...env, SOPS_AGE_KEY_FILE: 'armored' }
      execFileSync(age, ['--version'])
      execFileSync('gpg-connect-agent', ['--homedir', gnupg, 'RELOADAGENT', '/bye'], { stdio: 'ignore' })
      const before = asked()
      const wrong = await run(commands.ours, 'age.json', other, [])
      assert.equal(wrong.code, 128)
      assert.match(wrong.screen.replaceAll(/\s+\|?\s*/g, ' '), /incorrect passphrase/)
      writeFileSync(join(folder, 'answer'), passphrase)
      assert.equal((await run(commands.ours, 'age.json', other, [])).code, 0)
      assert.equal(asked(), before + 2)
    })
  })
}

/** What is typed before a program has switched the echo off is shown, with line ends of all kinds; times differ. */
function unechoed({ screen, code }: Seen): Seen {
  const typed = new RegExp(`wrong|${passphrase}|\\r|\\n|\u001b\\[[FK]`, 'g')
  return { code, screen: screen.replaceAll(typed, '').replace(/time="[^"]*"/, 'TIME') }
}
