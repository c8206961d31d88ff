import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { entry } from '@sealkit/core/sops'
import { masterKeys } from '@sealkit/keyservice'
import { keyTitle, RequestRefused, remoteKeys, serveKeys } from '@sealkit/keyservice/grpc'
import { eventually } from '../../eventually.ts'
import { freePort, type Server, startServer } from '../../servers/process.ts'
import { available } from '../../servers/programs.ts'
import { fixtures } from './fixtures.ts'
import { type Case, runCase } from './pair.ts'

const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))
const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen')

async function listens(address: { host: string; port: number } | { path: string }): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(address, () => done(true))
    socket.on('error', () => done(false))
    socket.on('connect', () => socket.destroy())
  })
}

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const { files, recipients } = fixtures(programs)
  const folder = mkdtempSync(join(tmpdir(), 'keyservice-'))
  writeFileSync(join(folder, 'keys.txt'), String(files['keys.txt']))
  const env = { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt'), HOME: folder }
  const servers: Server[] = []
  after(async () => {
    for (const server of servers) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const command = {
    theirs: [programs.sops],
    ours: [process.execPath, '--conditions=source', '--no-warnings', main, 'sops'],
  }

  async function serve(who: 'ours' | 'theirs', network: 'tcp' | 'unix', more: readonly string[] = []): Promise<string> {
    const port = await freePort()
    const socket = join(folder, `${who}${more.length}.sock`)
    const address = network === 'tcp' ? `127.0.0.1:${port}` : socket
    const [program = '', ...args] = command[who]
    const server = await startServer({
      name: `${who} keyservice`,
      command: program,
      args: [...args, 'keyservice', '--network', network, '--address', address, ...more],
      env,
      ready: () => listens(network === 'tcp' ? { host: '127.0.0.1', port } : { path: socket }),
    })
    servers.push(server)
    return network === 'tcp' ? `tcp://${address}` : `unix://${socket}`
  }
  const uris = {
    'their server on TCP': await serve('theirs', 'tcp'),
    'their server on a socket': await serve('theirs', 'unix'),
    'our server on TCP': await serve('ours', 'tcp'),
    'our server on a socket': await serve('ours', 'unix'),
  }
  const noKeys = { SOPS_AGE_KEY_FILE: '' }
  const by = (uri: string): string[] => ['--enable-local-keyservice=false', '--keyservice', uri]
  const clients = { ours: undefined, theirs: programs.sops }

  describe('clients and servers of both', () => {
    for (const [server, uri] of Object.entries(uris)) {
      for (const [client, path] of Object.entries(clients)) {
        if (server.startsWith('their') && client === 'theirs') continue
        test(`${client} encrypts and decrypts by ${server}`, async () => {
          const age = ['--age', recipients[0] ?? '']
          const encrypt = { args: ['encrypt', ...by(uri), ...age, '--output', 'o.json', 'plain.json'], env: noKeys }
          const { raw, code, stderr } = await runCase(encrypt, files, path)
          assert.deepEqual([stderr, code], ['', 0])
          const decrypt = { args: ['decrypt', ...by(uri), 'o.json'], env: noKeys }
          const again = await runCase(decrypt, { ...files, 'o.json': raw['o.json'] ?? '' }, path)
          assert.deepEqual([again.stderr, again.code], ['', 0])
          assert.deepEqual(JSON.parse(again.stdout), JSON.parse(String(files['plain.json'])))
        })
      }
    }
  })

  describe('the same outcome as the real sops', () => {
    const uri = uris['their server on TCP']
    const lines: Readonly<Record<string, Case>> = {
      'a service beside the local one': { args: ['decrypt', '--keyservice', uri, 'enc.json'], env: noKeys },
      'a service named by the environment': {
        args: ['decrypt', 'enc.json'],
        env: { ...noKeys, SOPS_KEYSERVICE: uri, SOPS_ENABLE_LOCAL_KEYSERVICE: 'false' },
      },
      'several services, the first of them gone': {
        args: ['decrypt', ...by('tcp://127.0.0.1:1'), '--keyservice', uri, 'enc.json'],
        env: noKeys,
      },
      'no service at all': { args: ['decrypt', '--enable-local-keyservice=false', 'enc.json'] },
      'no service at all, several keys': { args: ['decrypt', '--enable-local-keyservice=false', 'three.enc.json'] },
      'no service to encrypt with': {
        args: ['encrypt', '--enable-local-keyservice=false', '--age', recipients[0] ?? '', 'plain.json'],
      },
      'a service that is not there': { args: ['decrypt', ...by('tcp://127.0.0.1:1'), 'enc.json'] },
      'a socket that is not there': { args: ['decrypt', ...by('unix:///nope/s.sock'), 'enc.json'] },
      'neither the local one nor the other works': {
        args: ['decrypt', '--keyservice', 'tcp://127.0.0.1:1', 'enc.json'],
        env: noKeys,
      },
      'neither encrypts': { args: ['encrypt', '--keyservice', 'tcp://127.0.0.1:1', '--pgp', 'FFFF', 'plain.json'] },
      'a network that is none': { args: ['decrypt', ...by('foo://127.0.0.1:1'), 'enc.json'] },
      'an address that is none': { args: ['decrypt', ...by('://x'), 'enc.json'] },
      'an address without a scheme': { args: ['decrypt', ...by('127.0.0.1:1'), 'enc.json'] },
      'a host and a port that look like a scheme': { args: ['decrypt', ...by('localhost:1'), 'enc.json'] },
      'the service has no key either': { args: ['decrypt', ...by(uri), 'other.enc.yaml'] },
      'every command: set': { args: ['set', ...by(uri), 'enc.json', '["b"]', '"new"'], env: noKeys },
      'every command: rotate': { args: ['rotate', ...by(uri), '-i', 'enc.json'], env: noKeys },
      'every command: exec-env': { args: ['exec-env', ...by(uri), 'enc.env', 'echo $KEY > out'], env: noKeys },
      'every command: updatekeys': {
        args: ['updatekeys', '-y', ...by(uri), 'enc.json'],
        env: noKeys,
        files: { '.sops.yaml': `creation_rules: [{age: ${recipients[1]}}]` },
      },
      'every command: the old form': { args: ['-d', ...by(uri), 'enc.yaml'], env: noKeys },
      'a server on a network that is none': { args: ['keyservice', '--network', 'foo'] },
      'a server at an address that is taken': { args: ['keyservice', '--addr', uri.slice('tcp://'.length)] },
    }
    for (const [name, line] of Object.entries(lines)) {
      test(name, async () => {
        const show = (outcome: unknown): unknown => JSON.parse(JSON.stringify(outcome).replaceAll(folder, '$SERVER'))
        assert.deepEqual(show(await runCase(line, files)), show(await runCase(line, files, programs.sops)))
      })
    }
  })

  test('our server fails towards both clients as theirs does', async () => {
    const outcomes = []
    for (const uri of [uris['their server on TCP'], uris['our server on TCP']]) {
      for (const path of Object.values(clients)) {
        outcomes.push(await runCase({ args: ['decrypt', ...by(uri), 'other.enc.yaml'], env: noKeys }, files, path))
      }
    }
    for (const outcome of outcomes.slice(1)) assert.deepEqual(outcome, outcomes[0])
  })

  test('a server that asks, and is refused', async () => {
    const asked: string[] = []
    const answers = [undefined, new RequestRefused(), new RequestRefused('EOF', 'failed')]
    const service = await serveKeys({
      network: 'tcp',
      address: '127.0.0.1:0',
      keys: masterKeys({ ageIdentities: String(files['keys.txt']).match(/AGE-SECRET-KEY-1\w+/g) ?? [] }),
      confirm: async (verb, key) => {
        asked.push(`${verb} ${keyTitle(key)}`)
        const answer = answers.shift()
        if (answer !== undefined) throw answer
      },
    })
    try {
      const texts: string[] = []
      for (const _ of [1, 2, 3]) {
        const line = { args: ['decrypt', ...by(`tcp://${service.address}`), 'enc.json'], env: noKeys }
        // The client runs in this process's children, so it must not block the server.
        const { code, stderr } = await runCase(line, files)
        texts.push(code === 0 ? 'decrypted' : (/rpc error[^|\n]*/.exec(stderr)?.[0].trim() ?? stderr))
      }
      assert.deepEqual(
        asked,
        Array.from({ length: 3 }, () => 'decrypt Unknown key type'),
      )
      assert.deepEqual(texts, [
        'decrypted',
        'rpc error: code = PermissionDenied desc = Request rejected',
        'rpc error: code = Unknown desc = EOF',
      ])
    } finally {
      await service.close()
    }
  })

  test('--prompt without anybody at standard input', async () => {
    const uri = await serve('ours', 'unix', ['--prompt'])
    const outcome = await runCase({ args: ['decrypt', ...by(uri), 'enc.json'], env: noKeys }, files, programs.sops)
    assert.equal(outcome.code, 128)
    assert.match(outcome.stderr, /rpc error: code = Unknown desc = EOF/)
    const asks = /\nReceived decrypt request using Unknown key type\. Respond to request\? \(y\/n\): /
    await eventually(() => asks.test(servers.at(-1)?.output() ?? ''))
    await servers.at(-1)?.stop()
  })

  test('--verbose tells what is done, as theirs does', async () => {
    const output = async (who: 'ours' | 'theirs'): Promise<string> => {
      const uri = await serve(who, 'tcp', ['--verbose'])
      const line = { args: ['decrypt', ...by(uri), 'enc.json'], env: noKeys }
      assert.equal((await runCase(line, files, programs.sops)).code, 0)
      await runCase({ ...line, args: ['decrypt', ...by(uri), 'other.enc.yaml'] }, files, programs.sops)
      const server = servers.at(-1)
      await server?.stop()
      const text = server?.output() ?? ''
      // How theirs ends is a race between two of its threads.
      const lines = text.split('\n').filter((one) => one !== '' && !/CMD|Caught/.test(one))
      return lines.map((one) => one.replace(/time="[^"]*"/, 'TIME').replaceAll(uri, 'URI')).join('\n')
    }
    assert.equal(await output('ours'), await output('theirs'))
  })

  test('a message that names no key, or garbage', async () => {
    for (const uri of [uris['their server on TCP'], uris['our server on TCP']]) {
      const { network, address } = { network: 'tcp', address: uri.slice('tcp://'.length) }
      const nothing = { ...entry('age', { recipient: '' }), enc: 'x' }
      await assert.rejects(remoteKeys({ network, address }).unwrap(nothing), {
        code: 'SERVICE_FAILED',
        upstream: /^rpc error: code = Unknown desc = failed to create reader for decrypting sops data key with age: /,
      })
    }
  })
}
