// Runs every test file (`--full`: the longest too; other arguments: only files whose path contains one of them).
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const full = process.argv.includes('--full')
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))

const files = globSync('**/*.test.ts', { cwd: here, exclude: ['node_modules/**', 'dist/**'] })
  .filter((file) => full || !file.endsWith('.full.test.ts'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => `test/${file}`.includes(part)))
  .sort()

// Without a file, node would look for tests itself, and run them all.
if (files.length === 0) throw new Error(`no test file has a path with ${wanted.join(' or ')}`)

if (wanted.length === 0) {
  spawnSync(process.execPath, ['--conditions=source', '--no-warnings', 'servers/prepare.ts'], {
    cwd: here,
    stdio: 'inherit',
  })
}

const run = spawnSync(
  process.execPath,
  ['--test', '--conditions=source', '--no-warnings', '--import=./deadline.ts', '--test-concurrency=4', ...files],
  { cwd: here, stdio: 'inherit', env: { TEST_FILE_MINUTES: full ? '60' : '10', ...process.env } },
)
process.exitCode = run.status ?? 1
