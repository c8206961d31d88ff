// Builds the controller into the workspace's dist/: one bundle for Node with an entry for each command line, and a
// launcher for each that runs from any folder.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const dist = join(here, '../../dist')
const lib = join(dist, 'lib/controller')
const programs = ['controller', 'sealed-secrets-controller', 'external-secrets']

const launcher = (program: string): string => `#!/bin/sh
# Runs ${program} on Node 24 or newer: the workspace's own, else that of PATH.
here=$(dirname "$(readlink -f "$0")")
node="$here/lib/node"
if [ ! -x "$node" ]; then
  node=$(command -v node) || { echo '${program}: error: Node is not installed' >&2; echo 'hint: install Node 24 or newer' >&2; exit 1; }
  major=$("$node" -p 'process.versions.node.split(".")[0]')
  if [ "$major" -lt 24 ]; then
    echo "${program}: error: Node $major is too old" >&2
    echo 'hint: install Node 24 or newer' >&2
    exit 1
  fi
fi
# Memory instead of speed that nobody feels: a young generation of 2 MB, an old one that is collected when it has grown by
# a third, and one malloc arena for all threads.
export MALLOC_ARENA_MAX="\${MALLOC_ARENA_MAX:-1}"
exec "$node" --max-semi-space-size=2 --heap-growing-percent=30 "$here/lib/controller/${program}.mjs" "$@"
`

rmSync(lib, { recursive: true, force: true })
mkdirSync(lib, { recursive: true })
execFileSync(
  'bun',
  [
    'build',
    ...programs.map((program) => join(here, `src/bin/${program}.ts`)),
    // Threads start with modules of their own beside the chunks that start them.
    join(here, '../template/src/worker-entry.ts'),
    join(here, 'src/api/manifest-worker.ts'),
    ...[
      '--conditions=source',
      '--target=node',
      '--splitting',
      '--minify',
      '--format=esm',
      '--entry-naming=[name].mjs',
      '--chunk-naming=[name]-[hash].mjs',
    ],
    `--outdir=${lib}`,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
)
rmSync(join(dist, 'lib/node'), { force: true })
if (Number(process.versions.node.split('.')[0]) >= 24) symlinkSync(process.execPath, join(dist, 'lib/node'))
for (const program of programs) {
  writeFileSync(join(dist, program), launcher(program))
  chmodSync(join(dist, program), 0o755)
}
