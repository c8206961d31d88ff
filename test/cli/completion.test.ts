import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { dispatch } from '@sealkit/cli'
import { commands } from '@sealkit/cli/commands'
import { ran } from './sealed/io.ts'

const folder = mkdtempSync(join(tmpdir(), 'sealkit-'))
after(() => rmSync(folder, { recursive: true }))

const sealkit = (argv: readonly string[]) =>
  ran(argv, { cwd: folder }, (io) => dispatch('sealkit', io.argv, (_, rest) => ({ ...io, argv: rest })))

/** Writes the script of a shell and runs the shell with a program behind it; null where there is no such shell. */
async function inShell(shell: string, args: readonly string[], program: string): Promise<string | null> {
  const { stdout } = await sealkit(['completion', shell])
  writeFileSync(join(folder, `${shell}.program`), `${stdout}\n${program}`)
  const result = spawnSync(shell, [...args, join(folder, `${shell}.program`)], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
  })
  if (result.error !== undefined) return null
  assert.equal(result.stderr, '')
  return result.stdout
}

/** Shells come from no package registry: fish and zsh may be missing anywhere, bash not where CI runs. */
function skip(t: TestContext, shell: string): void {
  if (shell === 'bash') assert.notEqual(process.env['CI'], 'true', 'bash is not there')
  t.skip(`${shell}: not on this machine`)
}

/** Lines, the last word under the cursor, and what is offered for it; nothing = the shell completes files. */
const lines: readonly (readonly [why: string, line: readonly string[], offered: readonly string[]])[] = [
  ['verbs', ['ren'], ['render']],
  ['several verbs', ['se'], ['seal', 'set']],
  ['verbs of other programs', ['kube'], ['kubeseal']],
  ['no verb', ['nope'], []],
  ['options', ['seal', '--cer'], ['--cert']],
  ['the help of a verb', ['diff', '--he'], ['--help']],
  ['no option of another verb', ['diff', '--cert'], []],
  ['values that are words', ['seal', '--output', 'js'], ['json']],
  ['behind the short name', ['seal', '-o', ''], ['json', 'yaml']],
  ['values that are words of another verb', ['template', '--functions', 's'], ['sealed-secrets']],
  ['files for a value that is none', ['seal', '--cert', ''], []],
  ['no words for the value of an option, whatever it looks like', ['keys', '--key', 'ge'], []],
  ['sub-words', ['keys', 'ge'], ['generate']],
  ['sub-words behind an option that takes none', ['keys', '--age', 'l'], ['list']],
  ['sub-words behind the value of an option', ['keys', '--key', 'a', 'u'], ['usage']],
  ['files behind the sub-word', ['keys', 'usage', ''], []],
  ['the shells', ['completion', 'z'], ['zsh']],
  ['files', ['decrypt', 'a'], []],
  ['an option behind a file', ['decrypt', 'a.yaml', '--ext'], ['--extract']],
  ['no option behind --', ['decrypt', '--', '--ext'], []],
  ['a verb that is no verb', ['constructor', '--'], []],
  ['the arguments of other programs are theirs', ['kubeseal', '--ce'], []],
]

describe('bash', () => {
  const asked = `ask() { COMP_WORDS=(sealkit "$@"); COMP_CWORD=$#; _sealkit; echo "\${COMPREPLY[*]}"; }\n`
  const quoted = (word: string): string => `'${word}'`
  const ask = (line: readonly string[]): string => `ask ${line.map(quoted).join(' ')}\n`

  test('offers what the table says', async (t) => {
    const own: typeof lines = [
      ...lines,
      ['--name=value, which bash makes three words of', ['seal', '--output', '=', 'y'], ['yaml']],
      ['--name=', ['seal', '--output', '='], ['json', 'yaml']],
      ['behind --name=value', ['keys', '--ttl', '=', '1h', 'ge'], ['generate']],
      ['--name=value in one word', ['seal', '--output=y'], ['--output=yaml']],
      ['files behind a command of exec', ['exec', 'a.yaml', '--', 'echo', 'a'], []],
    ]
    const program = asked + own.map(([, line]) => ask(line)).join('')
    const stdout = await inShell('bash', ['--noprofile', '--norc', '-u'], program)
    if (stdout === null) return skip(t, 'bash')
    const offered = stdout.slice(0, -1).split('\n')
    assert.deepEqual(
      own.map(([why], at) => [why, offered[at]]),
      own.map(([why, , words]) => [why, words.join(' ')]),
    )
  })

  test('starts no program, completes files where it has no answer, and commands behind --', async (t) => {
    const program = `${asked}complete -p sealkit\nPATH=\n${ask(['keys', 'ge'])}${ask(['exec', '--', 'compge'])}`
    const stdout = await inShell('bash', ['--noprofile', '--norc'], program)
    if (stdout === null) return skip(t, 'bash')
    assert.equal(stdout, 'complete -o bashdefault -o default -F _sealkit sealkit\ngenerate\ncompgen\n')
  })

  test('every verb and every long option is offered', async (t) => {
    const program = `${asked}ask ''\n${Object.keys(commands)
      .map((verb) => ask([verb, '--']))
      .join('')}`
    const stdout = await inShell('bash', ['--noprofile', '--norc'], program)
    if (stdout === null) return skip(t, 'bash')
    const [verbs = '', ...offered] = stdout.split('\n').map((line) => line.split(' '))
    for (const [at, [verb, load]] of Object.entries(commands).entries()) {
      assert.ok(verbs.includes(verb))
      const names = (await load()).options.map(({ name }) => `--${name}`)
      assert.deepEqual(
        names.filter((name) => !offered[at]?.includes(name)),
        [],
        verb,
      )
    }
  })
})

test('fish: offers what the table says', async (t) => {
  const asked = lines.map(([, line]) => {
    const text = ['sealkit', ...line].join(' ')
    return `echo (complete -C '${text}' | string replace -r '\\t.*' '' | sort | string join ' ')\n`
  })
  const stdout = await inShell('fish', ['--no-config'], asked.join(''))
  if (stdout === null) return skip(t, 'fish')
  const offered = stdout.slice(0, -1).split('\n')
  const found = lines.map(([why, , words], at) => [why, words.length === 0 ? '' : offered[at]])
  assert.deepEqual(
    found,
    lines.map(([why, , words]) => [why, words.join(' ')]),
  )
})

test('zsh: reads the script, and each verb has its options and values', async (t) => {
  const program = `
_arguments() { print -r -- "$CURRENT $words[1] \${(M)@:#*--(output|namespace|functions)=*}" "\${(M)@:#1:*}" }
_describe() { print -r -- "\${(P)4}" }
_files() { print files }
_normal() { print -r -- "$CURRENT $words" }
ask() { words=(sealkit "$@"); CURRENT=$#words; _sealkit }
ask ''; ask keys ''; ask nope ''; ask exec a -- echo b
`
  const script = `compdef() { print -r -- "$@" }\n${(await sealkit(['completion', 'zsh'])).stdout}`
  writeFileSync(join(folder, 'zsh.test'), script + program)
  const { error, stdout, stderr } = spawnSync('zsh', ['-f', join(folder, 'zsh.test')], { encoding: 'utf8' })
  if (error !== undefined) return skip(t, 'zsh')
  assert.equal(stderr, '')
  assert.match(stdout, /^_sealkit sealkit\nseal:.* keys:Generate/)
  assert.match(stdout, /^2 keys .*--output=.*\(json yaml\).* 1:argument:\(generate fetch list backup restore usage\)$/m)
  assert.match(stdout, /\nfiles\n2 echo b\n$/)
})

describe('refuses', () => {
  for (const [why, args] of [
    ['no shell', []],
    ['a shell that it does not know', ['tcsh']],
    ['a name that every object has', ['constructor']],
    ['two shells', ['bash', 'zsh']],
    ['an option', ['bash', '--all']],
  ] as const) {
    test(why, async () => {
      const { code, stdout, stderr } = await sealkit(['completion', ...args])
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, /^sealkit: error: .*\nhint: /)
    })
  }
})
