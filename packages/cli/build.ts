// Builds the command line into the workspace's dist/: one executable, the personalities as links to it, and the same
// program as a bundle for Node.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const dist = join(here, '../../dist')
const sealkit = join(dist, 'sealkit')

// Split chunks and bytecode keep what a call does not need out of its start, and a call is over before compiling it
// further pays; nothing of the folder that the program is started in (.env, bunfig.toml) may change what it does. Reading
// package.json is for the cloud libraries in the folder that SEALKIT_SDK_PATH names: without it no package is found.
const executable = [
  ...['--compile', '--bytecode', '--splitting', '--minify', '--format=esm', '--compile-jit-policy=10'],
  ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig', '--compile-autoload-package-json'],
  ...[`--metafile=${join(dist, 'meta/sealkit.json')}`, `--outfile=${sealkit}`],
]
const nodeBundle = [
  ...['--target=node', '--splitting', '--minify', '--format=esm', '--entry-naming=sealkit.mjs'],
  ...[`--metafile=${join(dist, 'meta/node.json')}`, `--outdir=${join(dist, 'lib/cli')}`],
]

function bun(options: readonly string[]): void {
  const entry = join(here, 'src/main.ts')
  const base = ['build', entry, '--conditions=source', '--reject-unresolved']
  execFileSync('bun', [...base, ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Runs what people call most often; gives the files that say in which order its bytecode was wanted. */
function order(folder: string): string[] {
  const orders: string[] = []
  const run = (args: readonly string[], input = ''): Buffer => {
    const file = join(folder, `order-${orders.length}`)
    orders.push(file)
    const env = { ...process.env, SOPS_AGE_KEY_FILE: 'age.txt', BUN_BYTECODE_ORDER_OUT: file }
    return execFileSync(sealkit, args, { cwd: folder, input, env, stdio: ['pipe', 'pipe', 'ignore'] })
  }
  run(['keys', 'generate', '--key-size', '2048', '--out-key', 'key.pem', '--out-cert', 'cert.pem'])
  run(['keys', 'generate', '--age', '--out-key', 'age.txt'])
  const recipient = /age1\w+/.exec(readFileSync(join(folder, 'age.txt'), 'utf8'))?.[0] ?? ''
  writeFileSync(join(folder, 'plain.yaml'), 'a: b\nc:\n    d: 1\n')
  writeFileSync(join(folder, 'file.yaml'), run(['sops', 'encrypt', '--age', recipient, 'plain.yaml']))
  orders.length = 0
  run(
    ['kubeseal', '--cert', 'cert.pem'],
    '{"kind":"Secret","metadata":{"name":"a","namespace":"b"},"data":{"x":"YQ=="}}',
  )
  run(['sops', 'decrypt', 'file.yaml'])
  return orders
}

mkdirSync(join(dist, 'meta'), { recursive: true })
rmSync(join(dist, 'lib/cli'), { recursive: true, force: true })
const work = mkdtempSync(join(tmpdir(), 'sealkit-build-'))
try {
  bun(executable)
  bun([...executable, `--bytecode-order=${order(work).join(',')}`])
  bun(nodeBundle)
} finally {
  rmSync(work, { recursive: true, force: true })
}
for (const personality of ['kubeseal', 'sops']) {
  rmSync(join(dist, personality), { force: true })
  symlinkSync('sealkit', join(dist, personality))
}
