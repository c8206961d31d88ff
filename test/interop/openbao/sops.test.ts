import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const sealkit = [process.execPath, '--conditions=source', '--no-warnings', join(root, 'packages/cli/src/main.ts')]
const controller = [
  process.execPath,
  '--conditions=source',
  '--no-warnings',
  join(root, 'packages/controller/src/bin/controller.ts'),
]
const skipped: string[] = []
const programs = await available({ skip: (reason) => skipped.push(reason ?? '') }, 'sops', 'bao')

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly ms: number
}

async function run(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const [program = '', ...args] = command
  const start = performance.now()
  const child = spawn(program, args, { cwd, env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output, ms: performance.now() - start }
}

if (programs === null) test('the real programs', (t) => t.skip(skipped.join(', ')))
else {
  const bao = await startOpenBao()
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const cwd = mkdtempSync(join(tmpdir(), 'bao-'))
  after(async () => {
    silent.close()
    rmSync(cwd, { recursive: true, force: true })
    await bao.stop()
  })
  await bao.request('POST', 'sys/mounts/transit', { type: 'transit' })
  await bao.request('POST', 'transit/keys/dev')
  const key = `${bao.url}/v1/transit/keys/dev`
  const env = { VAULT_TOKEN: bao.token }

  test('a command whose first keys are on a server that does not answer ends with the key that works', async () => {
    writeFileSync(join(cwd, 'plain.json'), '{"a":"secret"}')
    const { output, code } = await run([programs.sops, 'encrypt', '--hc-vault-transit', key, 'plain.json'], cwd, env)
    assert.equal(code, 0, output)
    const file = JSON.parse(output)
    const [works] = file.sops.hc_vault
    const dead = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const first = ['a', 'b'].map((name) => ({ ...works, vault_address: dead, key_name: name }))
    writeFileSync(join(cwd, 'one.json'), output)
    writeFileSync(
      join(cwd, 'three.json'),
      JSON.stringify({ ...file, sops: { ...file.sops, hc_vault: [...first, works] } }),
    )
    const decrypt = (name: string): Promise<Ended> => run([...sealkit, 'decrypt', name], cwd, env)
    const outcomes = [await decrypt('one.json'), await decrypt('three.json')]
    for (const outcome of outcomes) assert.deepEqual([outcome.code, JSON.parse(outcome.output)], [0, { a: 'secret' }])
    // One after another would take a minute each; how much more than alone is measured in process.
    assert.ok((outcomes[1]?.ms ?? 0) < 60_000, `${outcomes[1]?.ms} ms`)
  })

  test('directory mode asks the server that a file names, where it is told to', async () => {
    mkdirSync(join(cwd, 'in'))
    mkdirSync(join(cwd, 'keys'))
    const manifest =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {key: from-vault}\n'
    writeFileSync(join(cwd, 'in/a.yaml'), manifest)
    const flags = ['encrypt', '-i', '--encrypted-regex', '^stringData$', '--hc-vault-transit', key, 'in/a.yaml']
    const encrypted = await run([programs.sops, ...flags], cwd, env)
    assert.equal(encrypted.code, 0, encrypted.output)
    const once = [...controller, '--in=in', '--keys=keys', '--out=out', '--state=state', '--once']
    const file = join(cwd, 'out/shop/a.json')
    const without = await run(once, cwd, env)
    assert.equal(without.code, 1, without.output)
    assert.equal(existsSync(file), false)
    const asked = await run([...once, '--sops-servers'], cwd, env)
    assert.equal(asked.code, 0, asked.output)
    const { data } = JSON.parse(readFileSync(file, 'utf8'))
    assert.equal(Buffer.from(data.key, 'base64').toString(), 'from-vault')
    for (const { output } of [without, asked]) assert.doesNotMatch(output, /from-vault|root/)
  })
}
