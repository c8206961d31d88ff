import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { entry } from '@sealkit/core/sops'
import { loadIdentities, masterKeys } from '@sealkit/keyservice'
import { machineIo } from '@sealkit/keyservice/node'

const folder = mkdtempSync(join(tmpdir(), 'machine-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const identity = 'AGE-SECRET-KEY-16CWURPA53MRM3JW23NM5VXPT6G4NW80RAUQ9EYQVZ8QRXGCFSUUQERGAKV'
const machine = (env: Readonly<Record<string, string>> = {}) => machineIo({ env, cwd: folder, network: false })
const at = (name: string): string => join(folder, name)

writeFileSync(at('keys'), `${identity}\n`)
writeFileSync(at('garbage'), Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256)))
writeFileSync(at('huge'), '')
truncateSync(at('huge'), 5 * 2 ** 30)
mkdirSync(at('folder'))

describe('key files of every sort', () => {
  const cases: Readonly<Record<string, readonly [path: string, found: number, problem: RegExp | null]>> = {
    'a file': ['keys', 1, null],
    'an absolute path': [at('keys'), 1, null],
    'other bytes': ['garbage', 0, /unknown identity type$/],
    'a file of 5 GiB': ['huge', 0, /^failed to read 'SOPS_AGE_KEY_FILE': file too long$/],
    'a device that never ends': ['/dev/zero', 0, /^failed to read 'SOPS_AGE_KEY_FILE': file too long$/],
    'a device that is empty': ['/dev/null', 0, null],
    'a folder': ['folder', 0, null],
    'a file below a file': ['keys/x', 0, /not a directory$/],
    'no file': ['nope', 0, /no such file or directory$/],
  }
  for (const [name, [path, count, problem]] of Object.entries(cases)) {
    test(name, async () => {
      const start = performance.now()
      const { identities, problems } = await loadIdentities(machine({ SOPS_AGE_KEY_FILE: path, HOME: folder }), '')
      assert.equal(identities.length, count)
      if (problem === null) assert.deepEqual(problems, [])
      else assert.match(problems.join(), problem)
      assert.ok(performance.now() - start < 60_000)
    })
  }

  test('a pipe whose writer comes late', async () => {
    execFileSync('mkfifo', [at('pipe')])
    const read = machine().readFile('pipe')
    const writer = spawn('sh', ['-c', `cat keys > pipe`], { cwd: folder, stdio: 'ignore' })
    assert.equal(Buffer.from((await read) ?? []).toString(), `${identity}\n`)
    writer.kill()
  })

  test('a symbolic link to itself', async () => {
    execFileSync('ln', ['-s', 'loop', at('loop')])
    const { problems } = await loadIdentities(machine({ SOPS_AGE_KEY_FILE: 'loop', HOME: folder }), '')
    assert.match(problems.join(), /open loop: too many levels of symbolic links$/)
  })
})

describe('programs', () => {
  test('one that is given up is ended', async () => {
    const stop = new AbortController()
    const done = machine({ PATH: process.env['PATH'] ?? '' }).run(['sleep', '60'], { signal: stop.signal })
    stop.abort()
    assert.equal((await done).code, null)
  })

  test('gpg that hangs ends with its attempt', async () => {
    writeFileSync(at('gpg'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
    const io = machine({ PATH: process.env['PATH'] ?? '', SOPS_GPG_EXEC: at('gpg') })
    const stop = new AbortController()
    const attempt = masterKeys({ io }).unwrap({ ...entry('pgp', { fp: 'F' }), enc: 'x' }, { signal: stop.signal })
    setTimeout(() => stop.abort(), 50)
    await assert.rejects(attempt, { code: 'IDENTITY_MISSING' })
  })

  test('nobody can be asked where there is nobody', () => {
    assert.equal(machine().person, undefined)
    assert.equal(machine().request, undefined)
    assert.equal(machine().load, undefined)
  })
})

test('a request that is given up ends at once', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const address = server.address()
  const { request } = machineIo({ env: {}, cwd: folder, network: true })
  const stop = new AbortController()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
  const attempt = request?.(url, { method: 'GET', headers: {}, body: '', signal: stop.signal }) ?? assert.fail()
  setTimeout(() => stop.abort(), 20)
  await assert.rejects(attempt)
  server.close()
})
