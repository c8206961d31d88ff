import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root } from './sources.ts'

/**
 * The calls that must start as fast as the Go programs, each with the parts of Node (besides `node:fs`) that it may load and the bytes that
 * its chunks may have together; modules.json lists the modules of ours. To change a list is to change the start of every
 * such call: measure with `npm run bench startup` first, then run this test with UPDATE_MODULES=1.
 */
interface Call {
  readonly name: string
  readonly args: readonly string[]
  readonly input?: string
  readonly limit: number
  readonly node: readonly string[]
}

const secret = '{"kind":"Secret","metadata":{"name":"a","namespace":"b"},"data":{"x":"YQ=="}}'
const crypto = ['node:buffer', 'node:crypto', 'node:path']
const calls: readonly Call[] = [
  { name: 'kubeseal --version', args: ['kubeseal', '--version'], limit: 30_000, node: ['node:path'] },
  {
    name: 'kubeseal --cert, JSON',
    args: ['kubeseal', '--cert', 'cert.pem'],
    input: secret,
    limit: 60_000,
    node: ['node:path'],
  },
  {
    name: 'sealkit seal, JSON',
    args: ['seal', '--cert', 'cert.pem'],
    input: secret,
    limit: 60_000,
    node: ['node:path', 'node:util'],
  },
  { name: 'sealkit --version', args: ['--version'], limit: 8_000, node: [] },
  { name: 'sops -d, YAML', args: ['sops', '-d', 'file.yaml'], limit: 165_000, node: crypto },
  { name: 'sops -d, JSON', args: ['sops', '-d', 'file.json'], limit: 120_000, node: crypto },
]

const listFile = join(root, 'test/layout/modules.json')
const bundle = join(root, 'dist/lib/cli')
const recorder = join(root, 'test/layout/record.ts')
const work = mkdtempSync(join(tmpdir(), 'sealkit-modules-'))
const recorded = join(work, 'modules')
after(() => rmSync(work, { recursive: true, force: true }))

function sealkit(args: readonly string[], input = '', preload: readonly string[] = []): string {
  const env = { ...process.env, SOPS_AGE_KEY_FILE: join(work, 'age.txt'), SEALKIT_TEST_MODULES: recorded }
  const command = [...preload, join(bundle, 'sealkit.mjs'), ...args]
  const run = spawnSync(process.execPath, command, { cwd: work, input, env, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  return run.stdout
}

before(() => {
  sealkit(['keys', 'generate', '--key-size', '2048', '--out-key', 'key.pem', '--out-cert', 'cert.pem'])
  sealkit(['keys', 'generate', '--age', '--out-key', 'age.txt'])
  const recipient = /age1\w+/.exec(readFileSync(join(work, 'age.txt'), 'utf8'))?.[0] ?? ''
  for (const [file, text] of [
    ['yaml', 'a: b\nc:\n    d: 1\n'],
    ['json', '{"a":"b","c":{"d":1}}'],
  ] as const) {
    writeFileSync(join(work, `plain.${file}`), text)
    writeFileSync(join(work, `file.${file}`), sealkit(['sops', 'encrypt', '--age', recipient, `plain.${file}`]))
  }
})

interface Metafile {
  readonly outputs: Record<string, { readonly bytes: number; readonly inputs: Record<string, unknown> }>
}

/**
 * What a call loads: the modules in its chunks, the parts of Node, and the chunks' bytes. The bundle for Node is cut
 * into the same chunks as the executable, and Node tells what it loads.
 */
function loaded({ args, input }: Call): { modules: string[]; node: string[]; bytes: number } {
  writeFileSync(recorded, '')
  sealkit(args, input, ['--no-warnings', '--import', recorder])
  const urls = [...new Set(readFileSync(recorded, 'utf8').trim().split('\n'))]
  const { outputs }: Metafile = JSON.parse(readFileSync(join(root, 'dist/meta/node.json'), 'utf8'))
  const chunks = urls.flatMap((url) => outputs[url.replace(`file://${bundle}`, '.')] ?? [])
  const builtins = urls.filter((url) => url.startsWith('node:') && url !== 'node:module' && url !== 'node:fs')
  return {
    modules: chunks.flatMap(({ inputs }) => Object.keys(inputs)).sort(),
    node: builtins.sort(),
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

for (const call of calls) {
  test(`${call.name} loads what the list says, no library, and at most ${call.limit} bytes`, () => {
    const { modules, node, bytes } = loaded(call)
    const lists: Record<string, readonly string[]> = JSON.parse(readFileSync(listFile, 'utf8'))
    if (process.env['UPDATE_MODULES'] === '1') {
      writeFileSync(listFile, `${JSON.stringify({ ...lists, [call.name]: modules }, null, 2)}\n`)
    } else {
      assert.deepEqual(modules, lists[call.name], 'measure the start, then UPDATE_MODULES=1')
    }
    for (const module of modules) assert.match(module, /^packages\//, 'no library')
    assert.deepEqual(node, call.node)
    assert.ok(bytes > 1_000 && bytes <= call.limit, `${bytes} bytes`)
  })
}
