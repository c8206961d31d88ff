// Runs the benchmarks (`npm run bench [NAME...]`), one after the other, each beside the real program.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const library = new Set(['run.ts', 'pair.ts', 'candidates.ts', 'tree.ts', 'valuecost.ts'])
const names = process.argv.slice(2)

for (const file of globSync('*.ts', { cwd: here })
  .filter((name) => !library.has(name))
  .sort()) {
  if (names.length > 0 && !names.includes(file.replace('.ts', ''))) continue
  console.log(`\n# ${file.replace('.ts', '')}`)
  const run = spawnSync(process.execPath, ['--conditions=source', '--no-warnings', join(here, file)], {
    stdio: 'inherit',
  })
  if (run.status !== 0) process.exitCode = 1
}
