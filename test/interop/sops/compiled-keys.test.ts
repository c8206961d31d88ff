import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startCloudKms } from '../../servers/cloudkms.ts'
import { type Server, startServer } from '../../servers/process.ts'
import { available } from '../../servers/programs.ts'
import { onTerminal } from '../../servers/terminal.ts'
import { fixtures } from './fixtures.ts'
import { type Case, runCase } from './pair.ts'

const compiled = fileURLToPath(new URL('../../../dist/sops', import.meta.url))
const skipped: string[] = []
const programs = existsSync(compiled)
  ? await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'age-keygen', 'cloud-sdks')
  : null

if (programs === null) {
  test('the compiled sops', (t) => t.skip(skipped[0] ?? 'dist/sops is missing: run `npm run build`'))
} else {
  const { files } = fixtures(programs)
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'))
  const servers: Server[] = []
  after(async () => {
    for (const server of servers) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(folder, 'keys.txt'), String(files['keys.txt']))
  writeFileSync(join(folder, 'plain.json'), String(files['plain.json']))
  const ssh = (name: string, flags: readonly string[], passphrase = ''): { key: string; encrypted: Buffer } => {
    const path = join(folder, name)
    execFileSync('ssh-keygen', ['-q', '-N', passphrase, '-C', '', '-f', path, ...flags])
    const recipient = readFileSync(`${path}.pub`, 'utf8').trim()
    const env = { HOME: folder }
    const encrypted = execFileSync(programs.sops, ['encrypt', '--age', recipient, 'plain.json'], { cwd: folder, env })
    writeFileSync(`${path}.json`, encrypted)
    return { key: readFileSync(path, 'utf8'), encrypted }
  }
  const [ed25519, rsa] = [ssh('ed', ['-t', 'ed25519']), ssh('rsa', ['-t', 'rsa', '-b', '2048'])]
  ssh('locked', ['-t', 'ed25519', '-a', '2'], 'pass')

  /** A key service of the compiled program, or of the real one. */
  const serve = async (program: string, name: string): Promise<string> => {
    const path = join(folder, `${name}.sock`)
    const server = await startServer({
      name,
      command: program,
      args: ['keyservice', '--network', 'unix', '--address', path],
      env: { SOPS_AGE_KEY_FILE: join(folder, 'keys.txt') },
      ready: () =>
        new Promise((done) => {
          const socket = connect(path, () => done(socket.destroy() !== undefined))
          socket.on('error', () => done(false))
        }),
    })
    servers.push(server)
    return `unix://${path}`
  }
  const [own, theirs] = [await serve(compiled, 'ours'), await serve(programs.sops, 'theirs')]

  describe('the compiled program does what the real one does', () => {
    const none = { SOPS_AGE_KEY_FILE: '' }
    const by = (uri: string): string[] => [
      'decrypt',
      '--enable-local-keyservice=false',
      '--keyservice',
      uri,
      'enc.json',
    ]
    const lines: Readonly<Record<string, Case>> = {
      'an Ed25519 key of SSH': {
        args: ['decrypt', 'ed.json'],
        env: none,
        files: { '.ssh/id_ed25519': ed25519.key, 'ed.json': ed25519.encrypted },
      },
      'an RSA key of SSH': {
        args: ['decrypt', 'rsa.json'],
        env: { ...none, SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'cat id' },
        files: { id: rsa.key, 'rsa.json': rsa.encrypted },
      },
      'their key service': { args: by(theirs), env: none },
      'our key service': { args: by(own), env: none },
      'a key service that is not there': { args: by('tcp://127.0.0.1:1'), env: none },
    }
    for (const [name, line] of Object.entries(lines)) {
      test(name, async () =>
        assert.deepEqual(await runCase(line, files, compiled), await runCase(line, files, programs.sops)),
      )
    }
  })

  test('a passphrase is asked for on the terminal', async () => {
    const { screen, code } = await onTerminal({
      command: [compiled, 'decrypt', '--output', 'out.json', 'locked.json'],
      env: { HOME: folder, TERM: 'xterm', SOPS_AGE_SSH_PRIVATE_KEY_FILE: 'locked' },
      cwd: folder,
      answers: [['Enter passphrase for "locked":', 'pass\r']],
    })
    assert.deepEqual([code, screen], [0, 'Enter passphrase for "locked": \r\r\n\u001b[F\u001b[K'])
  })

  test('Google’s library is taken from the folder that SEALKIT_SDK_PATH names, and from nowhere else', async () => {
    const kms = await startCloudKms()
    try {
      writeFileSync(join(folder, 'token'), 'a token of this machine')
      const account = {
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${kms.url}/token`,
        credential_source: { file: join(folder, 'token') },
      }
      const env = { SOPS_GCP_KMS_ENDPOINT: kms.url, GOOGLE_CREDENTIALS: JSON.stringify(account) }
      const key = 'projects/p/locations/global/keyRings/ring/cryptoKeys/dev'
      const line = { args: ['encrypt', '--gcp-kms', key, 'plain.json'], env }
      const library = 'node_modules/google-auth-library/index.js'
      const evil = { [library]: 'require("node:fs").writeFileSync("ran", "")' }
      const without = await runCase({ ...line, files: evil }, files, compiled)
      assert.deepEqual([without.code, without.files], [1, {}])
      assert.match(without.stderr, /hint: run npm install --prefix ~\/\.sealkit google-auth-library@10/)
      const sdk = { ...env, SEALKIT_SDK_PATH: programs['cloud-sdks'] }
      const encrypted = await runCase({ ...line, env: sdk }, files, compiled)
      assert.deepEqual([encrypted.stderr, encrypted.code], ['', 0])
    } finally {
      await kms.stop()
    }
  })
}
