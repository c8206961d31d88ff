// Builds the command line into the workspace's dist/: one executable, the personalities as links to it, and the same
// program as a bundle for Node.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const dist = join(here, '../../dist')
const entry = join(here, 'src/main.ts')
const metafile = join(dist, 'meta')

// Split chunks and bytecode keep what a call does not need out of its start; nothing of the folder that the program
// is started in (.env, bunfig.toml, tsconfig.json) may change what it does.
const executable = [
  ...['--compile', '--bytecode', '--splitting', '--minify', '--format=esm'],
  ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
  ...[`--metafile=${join(metafile, 'sealkit.json')}`, `--outfile=${join(dist, 'sealkit')}`],
]
const nodeBundle = [
  ...['--target=node', '--splitting', '--minify', '--format=esm', '--entry-naming=sealkit.mjs'],
  ...[`--outdir=${join(dist, 'lib/cli')}`],
]

function bun(options: readonly string[]): void {
  execFileSync('bun', ['build', entry, '--conditions=source', '--reject-unresolved', ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

mkdirSync(metafile, { recursive: true })
rmSync(join(dist, 'lib/cli'), { recursive: true, force: true })
bun(executable)
bun(nodeBundle)
for (const personality of ['kubeseal', 'sops']) {
  rmSync(join(dist, personality), { force: true })
  symlinkSync('sealkit', join(dist, personality))
}
