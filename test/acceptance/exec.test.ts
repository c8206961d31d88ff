import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { dist, type Ended, ended, folder, put, run, runtimes, written } from './programs.ts'

const recipient = 'age1wx52wrvugfq0ft5gf9ygxgh2dfgsavwjnnhdk5t2c742v27c034qjfygvw'
const identity = 'AGE-SECRET-KEY-1WY98EQGFYSLS4L9FY4YLQKZ8303KK433RNPKH0HEAFDHLZTE6J3SGXNMYZ'
const mark = 'marked-secret-of-exec-0123456789'

interface World {
  readonly cwd: string
  readonly env: Record<string, string>
}

function world(t: TestContext, files: Readonly<Record<string, string>>): World {
  const cwd = folder(t, { 'keys.txt': `${identity}\n`, 'tmp/.keep': '', ...files })
  const env = { SOPS_AGE_KEY_FILE: join(cwd, 'keys.txt'), TMPDIR: join(cwd, 'tmp'), KEPT: 'kept' }
  const names = Object.keys(files).filter((name) => name.startsWith('s.') || name.startsWith('t.'))
  const encrypted = run('sealkit', ['encrypt', '-i', '--age', recipient, ...names], { cwd, env })
  assert.equal(encrypted.code, 0, encrypted.stderr)
  return { cwd, env }
}

const exec = (w: World, args: readonly string[], on?: 'node' | 'executable'): Ended =>
  run('sealkit', ['exec', ...args], { ...w, ...(on === undefined ? {} : { on }) })

/** Files below a folder that hold the marked secret in plain text. */
function leaks(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => holdsMark(file))
}

function holdsMark(file: string): boolean {
  try {
    return readFileSync(file).includes(mark)
  } catch {
    return false
  }
}

/** Those of this file's secrets that were left in memory that all programs share, other tests' beside it. */
function sharedMemory(): string[] {
  const names = existsSync('/dev/shm') ? readdirSync('/dev/shm') : []
  return names.filter((name) => name.startsWith('.sealkit-') && holdsMark(join('/dev/shm', name)))
}

for (const on of runtimes) {
  describe(`exec on ${on}`, () => {
    test('values of several files, the later one wins; arguments and exit code as they are', (t) => {
      const w = world(t, { 's.env': 'A=one\nB=x\n', 's.yaml': 'B: two words\nN: 3\nT: true\nE: null\n' })
      const script = 'printf "%s|" "$A" "$B" "$N" "$T" "$E" "$KEPT" "$1" "$2"; exit 7'
      const result = exec(w, ['s.env', 's.yaml', '--', 'sh', '-c', script, 'sh', '--flag', 'a b'], on)
      assert.deepEqual(result, { code: 7, stdout: 'one|two words|3|true||kept|--flag|a b|', stderr: '' })
    })

    test('a file and one value as files that have no name, read twice', (t) => {
      const w = world(t, { 's.json': `{\n\t"a": "${mark}"\n}\n`, 't.yaml': 'key: |\n    line\n' })
      const script = 'cat "$F" "$F"; cat "$1"; ls /proc/self/fd | wc -l'
      const result = exec(
        w,
        ['--file', 'F=s.json', '--file', 'K=t.yaml#key', '--', 'sh', '-c', script, 'sh', '{K}'],
        on,
      )
      assert.equal(result.code, 0, result.stderr)
      assert.match(result.stdout, new RegExp(`^\\{\n\t"a": "${mark}"\n\\}\n\\{\n\t"a": "${mark}"\n\\}\nline\n`))
      assert.deepEqual([leaks(w.cwd), sharedMemory()], [[], []])
    })

    test('a signal goes on to the command, whose answer is the exit code', async (t) => {
      const w = world(t, { 's.env': `A=${mark}\n` })
      const script = 'trap "echo got TERM; exit 3" TERM; echo ready; while :; do sleep 0.05; done'
      const child = begin(t, w, ['s.env', '--', 'sh', '-c', script], on)
      await written(child, /ready/)
      child.kill('SIGTERM')
      const [code] = await Promise.all([ended(child), written(child, /got TERM/)])
      assert.equal(code, 3)
    })

    test('a command that a signal ends: 128 and its number', async (t) => {
      const w = world(t, { 's.env': `A=${mark}\n` })
      const child = begin(
        t,
        w,
        ['--file', 'F=s.env', '--', 'sh', '-c', 'cat $F >/dev/null; echo ready; exec sleep 60'],
        on,
      )
      await written(child, /ready/)
      child.kill('SIGINT')
      assert.equal(await ended(child), 130)
      assert.deepEqual([leaks(w.cwd), sharedMemory()], [[], []])
    })
  })
}

function begin(t: TestContext, { cwd, env }: World, args: readonly string[], on: 'node' | 'executable'): ChildProcess {
  const bundle = [join(dist, 'lib/cli/sealkit.mjs'), 'exec', ...args]
  const [file, argv] = on === 'node' ? [process.execPath, bundle] : [join(dist, 'sealkit'), ['exec', ...args]]
  const child = spawn(file, argv, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  return child
}

describe('what exec takes', () => {
  test('Secrets in plain text, encrypted by SOPS and sealed', (t) => {
    const secret = (name: string): string =>
      `apiVersion: v1\nkind: Secret\nmetadata:\n    name: ${name}\n    namespace: shop\ndata:\n    A: b25l\nstringData:\n    B: two\n`
    const w = world(t, { 's.yaml': secret('sops'), 'plain.yaml': secret('plain') })
    const sealkit = (args: readonly string[], input = ''): string => {
      const result = run('sealkit', args, { ...w, input })
      assert.equal(result.code, 0, result.stderr)
      return result.stdout
    }
    sealkit(['keys', 'generate', '--out-cert', 'cert.pem', '--out-key', 'key.pem'])
    writeFileSync(join(w.cwd, 'sealed.yaml'), sealkit(['seal', '--cert', 'cert.pem', '-o', 'yaml'], secret('sealed')))
    for (const args of [['s.yaml'], ['plain.yaml'], ['--key', 'key.pem', 'sealed.yaml']]) {
      const { stdout, stderr } = exec(w, [...args, '--', 'sh', '-c', 'echo "$A $B"'])
      assert.equal(stdout, 'one two\n', stderr)
    }
  })

  test('ExternalSecrets, with the store in a file of its own', (t) => {
    const store = `apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: { name: fake }\nspec: { provider: { fake: { data: [{ key: k, value: ${mark} }] } } }\n`
    const external = `apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: db }\nspec:\n  secretStoreRef: { name: fake }\n  data: [{ secretKey: A, remoteRef: { key: k } }]\n`
    const w = world(t, { 's.env': 'B=x\n', 'external.yaml': external, 'store.yaml': store })
    for (const on of runtimes) {
      const result = exec(w, ['external.yaml', 'store.yaml', 's.env', '--', 'sh', '-c', 'printf %s "$A-$B"'], on)
      assert.deepEqual(result, { code: 0, stdout: `${mark}-x`, stderr: '' })
    }
    const alone = exec(w, ['external.yaml', '--', 'true'])
    assert.equal(alone.code, 1)
    assert.match(alone.stderr, /external\.yaml: .*could not get SecretStore "fake"/)
  })

  test('references, given or in the environment; what they give is not resolved again', async (t) => {
    const w = world(t, { 's.env': 'A=file\n' })
    const answers: Record<string, string> = { a: mark, b: 'ref+vault://secret/a#/v' }
    const server = createServer((request, response) => {
      const [, key = ''] = /^\/v1\/secret\/data\/(\w+)$/.exec(request.url ?? '') ?? []
      if (answers[key] === undefined) response.writeHead(404).end('{"errors":[]}')
      else response.end(JSON.stringify({ data: { data: { v: answers[key] } } }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const env = { ...w.env, VAULT_ADDR: address, VAULT_TOKEN: 'token', OWN: '<path:secret/data/a#v>', PLAIN: 'p' }
    const script = 'printf "%s|" "$A" "$B" "$OWN" "$PLAIN"'
    const more = ['--env', 'A=ref+vault://secret/a#/v', '--env', 'B=ref+vault://secret/b#/v', '--resolve-env']
    const child = spawn(join(dist, 'sealkit'), ['exec', ...more, 's.env', '--', 'sh', '-c', script], {
      cwd: w.cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: w.cwd, ...env },
    })
    const [code] = await Promise.all([
      ended(child),
      written(child, new RegExp(`^${mark}\\|ref\\+vault://secret/a#/v\\|${mark}\\|p\\|$`)),
    ])
    assert.equal(code, 0)
    const refused = spawn(join(dist, 'sealkit'), ['exec', '--env', 'A=ref+vault://secret/no#/v', '--', 'true'], {
      cwd: w.cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: w.cwd, ...env },
    })
    const [failed] = await Promise.all([ended(refused), written(refused, /error: A: /)])
    assert.equal(failed, 1)
  })

  test('--pristine gives nothing else', (t) => {
    const w = world(t, { 's.env': 'A=one\n' })
    assert.equal(exec(w, ['--pristine', 's.env', '--', '/usr/bin/env']).stdout, 'A=one\n')
  })

  for (const [why, args, code, stderr] of [
    ['no command', ['s.env'], 2, /exec needs files and a command/],
    ['no files', ['--', 'true'], 2, /exec needs files and a command/],
    ['a command that is not there', ['s.env', '--', 'no-such-command-here'], 127, /no such command/],
    ['a command that is none', ['s.env', '--', './keys.txt'], 126, /cannot be executed/],
    ['a mapping', ['s.yaml', '--', 'true'], 1, /s\.yaml: m is no text/],
    [
      'a zero byte',
      ['s.json', '--', 'true'],
      1,
      /Z is no text, and the environment holds nothing else\nhint: pass it as a file: --file NAME=FILE#Z/,
    ],
    [
      'a file that holds no secret',
      ['other.txt', '--', 'true'],
      2,
      /other\.txt: none of SOPS file, SealedSecret, ExternalSecret, store of an ExternalSecret, Secret/,
    ],
    ['a file that was changed', ['broken.env', '--', 'true'], 1, /broken\.env: /],
    ['a value that is not there', ['--file', 'F=s.env#NOPE', '--', 'true'], 1, /s\.env: no value named NOPE/],
    ['a reference without a name', ['--env', 'ref+vault://x', '--', 'true'], 2, /not of the form NAME=REFERENCE/],
    ['a reference that is none', ['--env', 'A=text', '--', 'true'], 1, /A: this is no reference/],
    [
      'a backend that is not known',
      ['--env', 'A=ref+file://x', '--', 'true'],
      1,
      /A: references to file are not supported/,
    ],
    ['a name that is none', ['--file', '1=s.env', '--', 'true'], 2, /not of the form NAME=FILE/],
    ['no key', ['--identity', 'other.txt', 's.env', '--', 'true'], 1, /age identity/],
  ] as const) {
    test(`refuses ${why}`, (t) => {
      const w = world(t, {
        's.env': `A=${mark}\n`,
        's.yaml': 'm:\n    a: 1\n',
        's.json': '{"Z": "\\u0000"}',
        'other.txt': 'text\n',
      })
      put(w.cwd, 'broken.env', readFileSync(join(w.cwd, 's.env'), 'utf8').replace('A=', 'B='))
      const result = exec(w, args)
      assert.match(result.stderr, stderr)
      assert.deepEqual([result.code, result.stdout], [code, ''])
      assert.doesNotMatch(result.stderr, new RegExp(mark))
    })
  }
})

describe('edit, interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal}: the file stays as it was, and no plain text is left`, async (t) => {
      const w = world(t, { 's.yaml': `a: ${mark}\n` })
      const before = readFileSync(join(w.cwd, 's.yaml'))
      put(w.cwd, 'editor.sh', 'echo "a: changed" > "$1"; echo ready; exec sleep 60\n')
      const child = spawn(join(dist, 'sealkit'), ['edit', 's.yaml'], {
        cwd: w.cwd,
        env: { PATH: process.env['PATH'] ?? '', HOME: w.cwd, ...w.env, EDITOR: `sh ${join(w.cwd, 'editor.sh')}` },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      t.after(() => {
        try {
          process.kill(-(child.pid ?? 0), 'SIGKILL')
        } catch {
          // Its whole group has ended.
        }
      })
      await written(child, /ready/)
      child.kill(signal)
      assert.notEqual(await ended(child), 0)
      assert.deepEqual(readFileSync(join(w.cwd, 's.yaml')), before)
      assert.deepEqual(leaks(w.cwd), [])
      assert.deepEqual(readdirSync(join(w.cwd, 'tmp')), ['.keep'])
    })
  }
})
