import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dispatch, type Io } from '@sealkit/cli'

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(program: string, argv: readonly string[]): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const makeIo = (name: string, args: readonly string[]): Io => ({
    program: name,
    argv: args,
    env: {},
    cwd: '/',
    stdin: { async *[Symbol.asyncIterator]() {} },
    stdout: { write: (chunk) => (stdout += chunk) },
    stderr: { write: (chunk) => (stderr += chunk) },
    now: () => new Date(0),
  })
  const code = await dispatch(program, argv, makeIo)
  return { code, stdout, stderr }
}

const usage: readonly (readonly [name: string, argv: readonly string[], stderr: RegExp])[] = [
  ['no verb', [], /^Usage: sealkit /],
  ['an unknown verb', ['zeal'], /^sealkit: error: .*\nhint: /],
  ['an unknown flag of the program', ['--zeal'], /^sealkit: error: unknown option '--zeal'\nhint: /],
  ['a name that every object has', ['constructor'], /^sealkit: error: /],
  ['a prototype\u2019s name', ['__proto__'], /^sealkit: error: /],
]

for (const [name, argv, stderr] of usage) {
  test(`wrong usage exits with 2 and prints nothing on stdout: ${name}`, async () => {
    const outcome = await run('/usr/bin/sealkit', argv)
    assert.equal(outcome.code, 2)
    assert.equal(outcome.stdout, '')
    assert.match(outcome.stderr, stderr)
  })
}

test('--version and version print the version', async () => {
  for (const argv of [['--version'], ['version']]) {
    assert.deepEqual(await run('sealkit', argv), { code: 0, stdout: 'sealkit 0.1.0\n', stderr: '' })
  }
})

test('--help prints the commands on stdout', async () => {
  const outcome = await run('sealkit', ['--help'])
  assert.equal(outcome.code, 0)
  assert.match(outcome.stdout, /^Usage: sealkit /)
})
