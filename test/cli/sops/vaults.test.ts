import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { dist, folder, put, run } from '../../acceptance/programs.ts'

const recipient = 'age1wx52wrvugfq0ft5gf9ygxgh2dfgsavwjnnhdk5t2c742v27c034qjfygvw'
const identity = 'AGE-SECRET-KEY-1WY98EQGFYSLS4L9FY4YLQKZ8303KK433RNPKH0HEAFDHLZTE6J3SGXNMYZ'

interface World {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly address: string
  /** Vault tokens that arrived. */
  readonly tokens: string[]
}

/** Three versions of a file, and a server that somebody wants to have the token sent to. */
async function world(t: TestContext): Promise<World> {
  const tokens: string[] = []
  const server = createServer((request, response) => {
    tokens.push(String(request.headers['x-vault-token']))
    response.writeHead(403).end('{"errors":[]}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cwd = folder(t, { 'keys.txt': `${identity}\n`, 'base.json': '{"a": "1", "b": "1"}\n' })
  const env = { SOPS_AGE_KEY_FILE: join(cwd, 'keys.txt'), VAULT_TOKEN: 'marked-token', HOME: cwd }
  const encrypted = run('sealkit', ['encrypt', '-i', '--age', recipient, 'base.json'], { cwd, env })
  assert.equal(encrypted.code, 0, encrypted.stderr)
  const base = readFileSync(join(cwd, 'base.json'), 'utf8')
  put(cwd, 'ours.json', base)
  put(cwd, 'theirs.json', withVault(base, address))
  return { cwd, env, address, tokens }
}

/** The file with a Vault in the place of its age key: nobody else can open it, so the Vault is asked if it may be. */
function withVault(text: string, address: string): string {
  const file = JSON.parse(text) as { sops: Record<string, unknown> }
  const when = '2026-01-02T03:04:05Z'
  const entry = {
    vault_address: address,
    engine_path: 'transit',
    key_name: 'k',
    created_at: when,
    enc: 'vault:v1:AAAA',
  }
  return JSON.stringify({ ...file, sops: { ...file.sops, age: [], hc_vault: [entry] } }, null, '\t')
}

function sealkit(
  { cwd, env }: World,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<number | null> {
  const child = spawn(join(dist, 'sealkit'), [...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env, ...more },
    stdio: 'ignore',
  })
  return new Promise((resolve) => child.once('exit', resolve))
}

const driver = ['merge', '--driver', 'base.json', 'ours.json', 'theirs.json', 'a.json']

test('a merge sends the token to no Vault that only the other branch names', async (t) => {
  const w = await world(t)
  assert.equal(await sealkit(w, driver), 1)
  assert.deepEqual(w.tokens, [])
})

test('it asks a Vault that our side names, and those that the person allows', async (t) => {
  const w = await world(t)
  await sealkit(w, driver, { SOPS_HC_VAULT_ALLOWLIST: w.address })
  assert.deepEqual(w.tokens, ['marked-token'])
  put(w.cwd, 'ours.json', withVault(readFileSync(join(w.cwd, 'base.json'), 'utf8'), w.address))
  await sealkit(w, driver)
  assert.ok(w.tokens.length > 1)
})

test('check --decrypt asks no Vault but those that are allowed', async (t) => {
  const w = await world(t)
  put(w.cwd, '.sops.yaml', `creation_rules:\n  - age: ${recipient}\n`)
  assert.equal(await sealkit(w, ['check', '--decrypt', 'theirs.json']), 1)
  assert.deepEqual(w.tokens, [])
  await sealkit(w, ['check', '--decrypt', 'theirs.json'], { SOPS_HC_VAULT_ALLOWLIST: 'all' })
  assert.deepEqual(w.tokens, ['marked-token'])
})
