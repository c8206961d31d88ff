import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { keys, World } from './world.ts'

const worlds: World[] = []
after(() => {
  for (const world of worlds) world.remove()
})

const [first, second] = keys
const mark = 'marked-secret-0123456789'
const base64 = Buffer.from(mark).toString('base64')
const plain = `a: ${mark}\nb: 2\nlist:\n    - one\n    - ${mark}\n`

/** Ways in which a file can be broken; the plain text of every one holds the mark. */
const broken: Readonly<Record<string, (w: World) => string>> = {
  'plain text': () => plain,
  'YAML that is none': () => `a: "${mark}\nb: [${mark}\n`,
  'a tab': () => `a:\n\t${mark}: ${mark}\n`,
  'a key twice': () => `a: ${mark}\na: ${mark}\n`,
  'a list': () => `- ${mark}\n`,
  'a number that is too large': () => `a: 18446744073709551615 # ${mark}\n`,
  'a value in plain text': (w) => w.read('enc.yaml').replace(/^a: .*/m, `a: ${mark}`),
  'a damaged value': (w) => w.read('enc.yaml').replace(/^a: ENC\[AES256_GCM,data:/m, `a: ENC[AES256_GCM,data:${mark}`),
  'a type that there is not': (w) => w.read('enc.yaml').replace('type:str', `type:${mark}`),
  'a MAC that does not fit': (w) => w.read('enc.yaml').replace(/^b: .*\n/m, ''),
  'a recipient that is none': (w) => w.read('enc.yaml').replace(/recipient: .*/, `recipient: ${mark}`),
  'a wrapped key that is none': (w) => w.read('enc.yaml').replace(/YWdl\w+/, base64),
  'a version that is none': (w) => w.read('enc.yaml').replace(/version: .*/, `version: ${mark}`),
  'a time that is none': (w) => w.read('enc.yaml').replace(/lastmodified: .*/, `lastmodified: ${mark}`),
  'an expression that is none': (w) =>
    w.read('enc.yaml').replace(/unencrypted_suffix: .*/, `encrypted_regex: (${mark}`),
}

/** Every command that opens a SOPS file. */
const commands: Readonly<Record<string, readonly string[]>> = {
  decrypt: ['decrypt', 'x.yaml'],
  'decrypt --in-place': ['decrypt', '-i', 'x.yaml'],
  'decrypt --extract': ['decrypt', '--extract', '["nope"]', 'x.yaml'],
  'encrypt over it': ['encrypt', '--age', first.recipient, '-o', 'x.yaml', 'plain.yaml'],
  'encrypt it': ['encrypt', '-i', '--age', 'nonsense', 'x.yaml'],
  set: ['set', 'x.yaml', '["nope"][7]["x"]'],
  unset: ['unset', 'x.yaml', 'nope'],
  rotate: ['rotate', '--remove', second.recipient, 'x.yaml'],
  diff: ['diff', '--exit-code', 'x.yaml', 'enc.yaml'],
  textconv: ['diff', '--textconv', 'x.yaml', 'extra'],
  merge: ['merge', 'x.yaml', 'enc.yaml', 'x.yaml', '-o', 'out.yaml'],
  edit: ['edit', 'x.yaml'],
  exec: ['exec', 'x.yaml', '--', 'false'],
  check: ['check', '--decrypt', 'x.yaml'],
}

describe('a marked secret is in no message', () => {
  for (const [what, make] of Object.entries(broken)) {
    test(what, async () => {
      const w = new World({ 'enc.yaml': plain, 'plain.yaml': 'a: other\n' })
      worlds.push(w)
      assert.equal((await w.sealkit(['encrypt', '-i', '--age', first.recipient, 'enc.yaml'])).code, 0)
      w.env = { EDITOR: 'false' }
      const text = make(w)
      for (const [name, args] of Object.entries(commands)) {
        w.write('x.yaml', text)
        const { code, stdout, stderr } = await w.sealkit(args, mark)
        const shown = code === 0 ? stderr : stdout + stderr
        assert.equal(shown.includes(mark) || shown.includes(base64), false, `${name}: ${shown}`)
        if (code !== 0) assert.equal(w.read('x.yaml'), text, name)
        assert.match(stderr, code === 0 || name === 'diff' ? /.*/ : /^sealkit: error: |^checked /m, name)
      }
    })
  }
})

describe('a file that cannot be written', () => {
  const writes: Readonly<Record<string, readonly string[]>> = {
    'encrypt --in-place': ['encrypt', '-i', '--age', first.recipient, 'dir/plain.yaml'],
    'encrypt --output': ['encrypt', '--age', first.recipient, '-o', '/dev/full', 'dir/plain.yaml'],
    'decrypt --in-place': ['decrypt', '-i', 'dir/enc.yaml'],
    'decrypt --output': ['decrypt', '-o', '/dev/full', 'dir/enc.yaml'],
    set: ['set', 'dir/enc.yaml', 'a'],
    unset: ['unset', 'dir/enc.yaml', 'a'],
    rotate: ['rotate', 'dir/enc.yaml'],
    edit: ['edit', 'dir/enc.yaml'],
    merge: ['merge', 'dir/enc.yaml', 'dir/enc.yaml', 'dir/enc.yaml', '-o', '/dev/full'],
  }
  for (const [name, args] of Object.entries(writes)) {
    test(`${name}: an error, the old file, and nothing beside it`, async () => {
      const w = new World({ 'dir/enc.yaml': plain, 'dir/plain.yaml': plain })
      worlds.push(w)
      assert.equal((await w.sealkit(['encrypt', '-i', '--age', first.recipient, 'dir/enc.yaml'])).code, 0)
      w.env = { EDITOR: "sed -i 's/b: 2/b: 3/'" }
      const before = [w.read('dir/enc.yaml'), w.read('dir/plain.yaml')]
      // A limit of nothing for the size of files is a disk that is full.
      const sealkit = [
        '--conditions=source',
        '--no-warnings',
        join(import.meta.dirname, '../../../packages/cli/src/main.ts'),
      ]
      const script = 'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"'
      const full = args.includes('/dev/full')
      const result =
        name === 'edit' || full
          ? await readOnly(w, args)
          : w.run('sh', ['-c', script, process.execPath, ...sealkit, ...args], {
              input: 'x',
            })
      assert.equal(result.code, 1, result.stderr)
      assert.match(result.stderr, /cannot be written/)
      assert.equal((result.stdout + result.stderr).includes(mark), false)
      assert.deepEqual([w.read('dir/enc.yaml'), w.read('dir/plain.yaml')], before)
      assert.deepEqual(readdirSync(w.path('dir')).sort(), ['enc.yaml', 'plain.yaml'])
      assert.deepEqual(leaks(w), ['dir/plain.yaml'])
    })
  }

  /** Edits to where nothing can be written: the editor's own file must have room. */
  async function readOnly(
    w: World,
    args: readonly string[],
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    if (args[0] !== 'edit') return w.sealkit(args, 'x')
    w.env = {
      ...w.env,
      EDITOR: `sh -c 'sed -i s/one/uno/ "$0" && mkdir -p ${w.path('dir')}/.enc.yaml.${process.pid}.tmp'`,
    }
    const result = await w.sealkit(args, 'x')
    w.run('rm', ['-rf', `dir/.enc.yaml.${process.pid}.tmp`])
    return result
  }

  function leaks(w: World): string[] {
    return w.list().filter((name) => readFileSync(w.path(name)).includes(mark))
  }
})

describe('modes', () => {
  test('new plain files are their owner\u2019s alone, replaced files keep their mode and links', async () => {
    const w = new World({ 'enc.yaml': plain })
    worlds.push(w)
    assert.equal((await w.sealkit(['encrypt', '-i', '--age', first.recipient, 'enc.yaml'])).code, 0)
    const mode = (name: string): number => statSync(w.path(name)).mode & 0o777
    assert.equal((await w.sealkit(['decrypt', '-o', 'new.yaml', 'enc.yaml'])).code, 0)
    assert.equal(mode('new.yaml'), 0o600)
    chmodSync(w.path('enc.yaml'), 0o640)
    w.run('ln', ['-s', 'enc.yaml', 'link.yaml'])
    for (const args of [
      ['set', 'link.yaml', 'a'],
      ['rotate', 'link.yaml'],
      ['unset', 'link.yaml', 'b'],
    ]) {
      assert.equal((await w.sealkit(args, 'x')).code, 0)
    }
    assert.equal(mode('enc.yaml'), 0o640)
    assert.match(w.run('readlink', ['link.yaml']).stdout, /^enc\.yaml$/m)
    assert.match((await w.sealkit(['decrypt', 'enc.yaml'])).stdout, /^a: x$/m)
  })
})
