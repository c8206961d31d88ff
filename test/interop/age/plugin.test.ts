import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bech32 } from '@scure/base'
import { entry } from '@sealkit/core/sops'
import { masterKeys } from '@sealkit/keyservice'
import { machineIo } from '@sealkit/keyservice/node'
import { available } from '../../servers/programs.ts'
import { onTerminal } from '../../servers/terminal.ts'
import { plain } from '../sops/fixtures.ts'
import { type Case, type Outcome, runCase } from '../sops/pair.ts'

const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age')
const script = fileURLToPath(new URL('./fakeplugin.ts', import.meta.url))
const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))

/** The plugin in a folder of its own, which stands in PATH. */
const folder = mkdtempSync(join(tmpdir(), 'plugin-'))
const plugin = join(folder, 'age-plugin-sealtest')
writeFileSync(plugin, `#!/bin/sh\nexec ${process.execPath} --no-warnings ${script} "$@"\n`)
chmodSync(plugin, 0o755)
after(() => rmSync(folder, { recursive: true, force: true }))

const encode = (prefix: string, text: string): string => bech32.encode(prefix, bech32.toWords(Buffer.from(text)), false)
const recipient = (manner: string): string => encode('age1sealtest', manner)
const identity = (manner: string): string => encode('age-plugin-sealtest-', manner).toUpperCase()

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const PATH = `${folder}${delimiter}${process.env['PATH']}`
  const world = { PATH, SOPS_AGE_KEY_FILE: '' }
  const both = { ours: undefined, theirs: programs.sops }
  const encrypted = async (manner: string, path?: string): Promise<Outcome> =>
    runCase(
      { args: ['encrypt', '--age', recipient(manner), '--output', 'o.json', 'plain.json'], env: world },
      plain,
      path,
    )
  const decrypt = (manner: string): Case => ({
    args: ['decrypt', 'o.json'],
    env: { ...world, SOPS_AGE_KEY: identity(manner) },
  })
  const { raw } = await encrypted('plain', programs.sops)
  const files = { ...plain, 'o.json': raw['o.json'] ?? '' }

  describe('what one wraps, the other unwraps', () => {
    for (const [writer, from] of Object.entries(both)) {
      for (const [reader, to] of Object.entries(both)) {
        for (const manner of ['plain', 'grease', 'message']) {
          if (writer === reader && writer === 'theirs') continue
          test(`${writer} to ${reader}: ${manner}`, async () => {
            // Grease is sent two times of three.
            for (let round = 0; round < (manner === 'plain' ? 3 : 1); round++) {
              const written = await encrypted(manner, from)
              assert.deepEqual([written.code, written.stderr], [0, ''])
              const outcome = await runCase(decrypt(manner), { ...plain, 'o.json': written.raw['o.json'] ?? '' }, to)
              assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
              assert.deepEqual(JSON.parse(outcome.stdout), JSON.parse(plain['plain.json']))
            }
          })
        }
      }
    }

    test('the real age reads what ours wraps', async () => {
      const written = await encrypted('plain')
      const enc: string = JSON.parse(String(written.raw['o.json'])).sops.age[0].enc
      writeFileSync(join(folder, 'identity'), `${identity('plain')}\n`)
      const key = execFileSync(programs.age, ['-d', '-i', join(folder, 'identity')], { input: enc, env: { PATH } })
      assert.equal(key.length, 32)
    })
  })

  describe('failures, the same outcome as the real sops', () => {
    for (const manner of ['error', 'nothing', 'ends', 'garbage', 'index', 'secret', 'public', 'confirm', 'only']) {
      test(`unwrapping: ${manner}`, async () => {
        const theirs = await runCase(decrypt(manner), files, programs.sops)
        assert.equal(theirs.code, 128)
        assert.deepEqual(await runCase(decrypt(manner), files), theirs)
      })
      test(`wrapping: ${manner}`, async () => {
        const theirs = await encrypted(manner, programs.sops)
        assert.equal(theirs.code, 1)
        assert.deepEqual(await encrypted(manner), theirs)
      })
    }

    test('a plugin that is not installed', async () => {
      const other = encode('age1notinstalled', 'x')
      const line = { args: ['encrypt', '--age', other, 'plain.json'], env: world }
      assert.deepEqual(await runCase(line, plain), await runCase(line, plain, programs.sops))
      const key = encode('age-plugin-notinstalled-', 'x').toUpperCase()
      const unwrap = { args: ['decrypt', 'o.json'], env: { ...world, SOPS_AGE_KEY: key } }
      assert.deepEqual(await runCase(unwrap, files), await runCase(unwrap, files, programs.sops))
    })
  })

  describe('a person at the terminal answers', () => {
    const questions: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
      secret: [['PIN of the device', '1234\r']],
      public: [['name of the slot', 'slot\r']],
      confirm: [['use the device?', '1']],
      only: [['device in place?', '\r']],
    }
    const commands = {
      ours: [process.execPath, '--conditions=source', '--no-warnings', main, 'sops'],
      theirs: [programs.sops],
    }
    for (const [manner, answers] of Object.entries(questions)) {
      test(manner, async () => {
        const screens: string[] = []
        for (const command of Object.values(commands)) {
          writeFileSync(join(folder, 'o.json'), files['o.json'])
          const env = { PATH, HOME: folder, SOPS_AGE_KEY: identity(manner), TERM: 'xterm' }
          const line = [...command, 'decrypt', '--output', 'out.json', 'o.json']
          const { screen, code } = await onTerminal({ command: line, env, cwd: folder, answers })
          assert.equal(code, 0, screen)
          screens.push(screen)
        }
        assert.equal(withoutEcho(screens[0]), withoutEcho(screens[1]))
        // Theirs shows what is typed before it has switched the echo off.
        assert.doesNotMatch(screens[0] ?? '', /1234/)
      })
    }

    test('no', async () => {
      writeFileSync(join(folder, 'o.json'), files['o.json'])
      const env = { PATH, HOME: folder, SOPS_AGE_KEY: identity('confirm'), TERM: 'xterm' }
      const answers = [['use the device?', 'x2']] as const
      const command = [...commands.ours, 'decrypt', 'o.json']
      const { screen, code } = await onTerminal({ command, env, cwd: folder, answers })
      assert.equal(code, 128)
      assert.match(screen, /sealtest plugin: confirm: ok no/)
    })
  })

  test('a plugin that waits for a device ends with its attempt', async () => {
    const env = { PATH, SOPS_AGE_KEY: identity('hangs') }
    const { unwrap } = masterKeys({ io: machineIo({ env, cwd: folder, network: false }) })
    const stop = new AbortController()
    const [key] = JSON.parse(String(files['o.json'])).sops.age
    const attempt = unwrap({ ...entry('age', { recipient: key.recipient }), enc: key.enc }, { signal: stop.signal })
    setTimeout(() => stop.abort(), 300)
    await assert.rejects(attempt, { code: 'IDENTITY_MISSING', upstream: /sealtest plugin: / })
  })

  test('the plugin starts in a folder that is not the caller’s', () => {
    const out = spawnSync(plugin, ['--age-plugin=other'], { env: { PATH } })
    assert.equal(out.status, 2)
  })
}

/** A terminal library echoes a line in its own way. */
function withoutEcho(screen = ''): string {
  return screen.replaceAll(/\u001b\[[0-9;]*[A-Z]|slot|1234|\r|\n/gi, '').replace(/\) 1$/, ') ')
}
