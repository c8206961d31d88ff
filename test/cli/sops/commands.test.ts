import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, beforeEach, describe, test } from 'node:test'
import { dispatch } from '@sealkit/cli'

const recipient = 'age1wx52wrvugfq0ft5gf9ygxgh2dfgsavwjnnhdk5t2c742v27c034qjfygvw'
const identity = 'AGE-SECRET-KEY-1WY98EQGFYSLS4L9FY4YLQKZ8303KK433RNPKH0HEAFDHLZTE6J3SGXNMYZ'
const folder = mkdtempSync(join(tmpdir(), 'sealkit-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const files = {
  'a.yaml': 'user: root\npassword: hunter2\n',
  'b.json': '{"token":"hunter2","n":1}',
  'c.env': 'TOKEN=hunter2\n',
  'd.bin': 'hunter2 \u0000',
  'empty.json': '{"a":""}',
  'keys.txt': `# a comment\n${identity}\n`,
}

beforeEach(() => {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  rmSync(join(folder, '.sops.yaml'), { force: true })
})

async function sealkit(args: readonly string[], stdin = ''): Promise<{ code: number; stdout: string; stderr: string }> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  const code = await dispatch('sealkit', args, (program, argv) => ({
    program,
    argv,
    env: { HOME: folder, SOPS_AGE_KEY_FILE: join(folder, 'keys.txt') },
    cwd: folder,
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: { write: (chunk) => out.push(Buffer.from(chunk)) },
    stderr: { write: (chunk) => err.push(Buffer.from(chunk)) },
    now: () => new Date('2026-01-02T03:04:05Z'),
  }))
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
}

const content = (name: string): string => readFileSync(join(folder, name), 'utf8')

describe('sealkit encrypt and decrypt', () => {
  for (const name of ['a.yaml', 'b.json', 'c.env', 'd.bin'] as const) {
    test(`${name} in place and back`, async () => {
      assert.deepEqual(await sealkit(['encrypt', '-i', '--age', recipient, name]), { code: 0, stdout: '', stderr: '' })
      assert.doesNotMatch(content(name), /hunter2/)
      assert.match(content(name), /2026-01-02T03:04:05Z/)
      const { code, stdout } = await sealkit(['decrypt', name])
      assert.equal(code, 0)
      if (name === 'b.json') assert.deepEqual(JSON.parse(stdout), JSON.parse(files[name]))
      else assert.equal(stdout, files[name])
    })
  }

  test('several files, rules by the folder of each file', async () => {
    mkdirSync(join(folder, 'sub'), { recursive: true })
    writeFileSync(join(folder, 'sub/.sops.yaml'), `creation_rules: [{encrypted_regex: ^password$, age: ${recipient}}]`)
    writeFileSync(join(folder, 'sub/a.yaml'), files['a.yaml'])
    writeFileSync(join(folder, '.sops.yaml'), `creation_rules: [{age: ${recipient}}]`)
    assert.equal((await sealkit(['encrypt', '-i', 'sub/a.yaml', 'a.yaml', 'c.env'])).code, 0)
    assert.match(content('sub/a.yaml'), /^user: root\npassword: ENC\[/)
    assert.match(content('a.yaml'), /^user: ENC\[/)
    assert.equal((await sealkit(['decrypt', '-i', 'sub/a.yaml', 'a.yaml', 'c.env'])).code, 0)
    assert.equal(content('sub/a.yaml'), files['a.yaml'])
    assert.equal(content('c.env'), files['c.env'])
  })

  test('standard input, by name; the format is told by content on the way back', async () => {
    const { stdout } = await sealkit(['encrypt', '--age', recipient, '--filename', 'x.yaml'], files['a.yaml'])
    assert.equal((await sealkit(['decrypt'], stdout)).stdout, files['a.yaml'])
  })

  test('another format, one value, a key file', async () => {
    const { stdout } = await sealkit(['encrypt', '--age', recipient, 'a.yaml'])
    writeFileSync(join(folder, 'x'), stdout)
    assert.match((await sealkit(['decrypt', '--output-type', 'json', 'x'])).stdout, /"password": "hunter2"/)
    assert.equal(
      (await sealkit(['decrypt', '--identity', 'keys.txt', '--extract', '["password"]', 'x'])).stdout,
      'hunter2',
    )
  })

  test('a new file in plain text is its owner\u2019s alone', async () => {
    writeFileSync(join(folder, 'x.yaml'), (await sealkit(['encrypt', '--age', recipient, 'a.yaml'])).stdout)
    assert.equal((await sealkit(['decrypt', '-o', 'plain.yaml', 'x.yaml'])).code, 0)
    assert.equal(statSync(join(folder, 'plain.yaml')).mode & 0o777, 0o600)
    rmSync(join(folder, 'plain.yaml'))
  })

  test('a file of empty texts needs no encrypted value', async () => {
    assert.equal((await sealkit(['encrypt', '--age', recipient, 'empty.json'])).code, 0)
  })
})

/** Command lines that fail: the exit code, what stderr says, and nothing on stdout or in the files. */
const failing: readonly (readonly [why: string, args: readonly string[], code: number, stderr: RegExp])[] = [
  ['no keys', ['encrypt', 'a.yaml'], 1, /no master key is named[\s\S]*hint: pass --age/],
  ['a recipient that is none', ['encrypt', '--age', 'nonsense', 'a.yaml'], 1, /a\.yaml: an age recipient is malformed/],
  ['a file that is not there', ['encrypt', '--age', recipient, 'nope.yaml'], 1, /nope\.yaml cannot be read/],
  ['standard input without a name', ['encrypt', '--age', recipient], 2, /standard input needs --filename/],
  ['in place of standard input', ['encrypt', '-i', '--age', recipient], 2, /--in-place needs files/],
  [
    'two files to standard output',
    ['encrypt', '--age', recipient, 'a.yaml', 'b.json'],
    2,
    /several files need --in-place/,
  ],
  ['in place and output', ['encrypt', '-i', '-o', 'x', '--age', recipient, 'a.yaml'], 2, /exclude each other/],
  [
    'an unknown format',
    ['encrypt', '--input-type', 'env', '--age', recipient, 'a.yaml'],
    2,
    /--input-type env: no such format/,
  ],
  [
    'an invalid expression',
    ['encrypt', '--age', recipient, '--encrypted-regex', '(', 'a.yaml'],
    1,
    /encrypted_regex is not a valid regular expression/,
  ],
  [
    'a rule that selects nothing',
    ['encrypt', '--age', recipient, '--encrypted-regex', '^data$', 'a.yaml'],
    2,
    /the rule selects no value/,
  ],
  [
    'two rules',
    ['encrypt', '--age', recipient, '--encrypted-regex', 'a', '--encrypted-suffix', 'b', 'a.yaml'],
    2,
    /more than one selection/,
  ],
  ['a configuration that is not there', ['encrypt', '--config', 'nope', 'a.yaml'], 1, /nope cannot be read/],
  ['a plain file to decrypt', ['decrypt', 'a.yaml'], 2, /a\.yaml: no SealedSecret or SOPS file found\nhint: /],
  ['several files to standard output', ['decrypt', 'a.yaml', 'b.json'], 2, /several files need --in-place/],
  ['extract in place', ['decrypt', '-i', '--extract', '["a"]', 'a.yaml'], 2, /exclude each other/],
]

describe('what sealkit encrypt and decrypt refuse', () => {
  for (const [why, args, code, stderr] of failing) {
    test(why, async () => {
      const result = await sealkit(args)
      assert.equal(result.code, code, result.stderr)
      assert.match(result.stderr, stderr)
      assert.doesNotMatch(result.stderr, /hunter2/)
      assert.equal(result.stdout, '')
      for (const [name, text] of Object.entries(files)) assert.equal(content(name), text)
    })
  }

  test('one of several files that fails leaves all as they were', async () => {
    const result = await sealkit(['encrypt', '-i', '--age', recipient, 'a.yaml', 'nope.yaml'])
    assert.equal(result.code, 1)
    assert.equal(content('a.yaml'), files['a.yaml'])
  })

  test('an encrypted file is not encrypted again', async () => {
    await sealkit(['encrypt', '-i', '--age', recipient, 'a.yaml'])
    const { code, stderr } = await sealkit(['encrypt', '-i', '--age', recipient, 'a.yaml'])
    assert.deepEqual([code, /encrypted already/.test(stderr)], [2, true])
  })

  test('a changed value, a missing key: nothing on standard output', async () => {
    await sealkit(['encrypt', '-i', '--age', recipient, '--encrypted-regex', 'password', 'a.yaml'])
    writeFileSync(join(folder, 'x.yaml'), content('a.yaml').replace('root', 'toor'))
    const changed = await sealkit(['decrypt', 'x.yaml'])
    assert.deepEqual([changed.code, changed.stdout], [1, ''])
    assert.match(changed.stderr, /x\.yaml: the MAC does not match/)
    writeFileSync(join(folder, 'keys.txt'), '')
    const locked = await sealkit(['decrypt', 'a.yaml'])
    assert.deepEqual([locked.code, locked.stdout], [1, ''])
    assert.match(
      locked.stderr,
      /no master key of the file gave the data key: there is no age identity at hand\nhint: set SOPS_AGE_KEY_FILE/,
    )
  })
})
