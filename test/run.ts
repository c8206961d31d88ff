// Runs every test file (`--full`: the longest too; other arguments: only files whose path contains one of them).
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
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

if (wanted.length === 0) node(['servers/prepare.ts'])

const { status, failed } = run(files, 4)
process.exitCode = status === 0 || (mayBeLoad(failed) && passAlone(failed)) ? 0 : 1

/** Runs test files, so many at a time; the failed ones by their paths in this folder. */
function run(files: readonly string[], concurrency: number): { status: number | null; failed: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'sealkit-tests-'))
  const list = join(folder, 'failed')
  try {
    const status = node([
      '--test',
      '--import=./deadline.ts',
      `--test-concurrency=${concurrency}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=./failures.ts',
      `--test-reporter-destination=${list}`,
      ...files,
    ])
    const failed = readFileSync(list, 'utf8').split('\n').filter(Boolean)
    return { status, failed: failed.map((file) => relative(here, file)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A few files that share the machine with real servers may have failed by its load alone; others never do. */
function mayBeLoad(failed: readonly string[]): boolean {
  const withServers = /^(acceptance|controller|interop|kubernetes)\//
  return failed.length > 0 && failed.length <= 3 && failed.every((file) => withServers.test(file))
}

/** Runs them once more with nothing beside them, and says so: what failed twice has failed. */
function passAlone(failed: readonly string[]): boolean {
  console.log(`\nonce more, alone: ${failed.join(', ')}`)
  const { status } = run(failed, 1)
  if (status === 0) console.log(`passed only alone (a flaw of these tests all the same): ${failed.join(', ')}`)
  return status === 0
}

function node(args: readonly string[]): number | null {
  return spawnSync(process.execPath, ['--conditions=source', '--no-warnings', ...args], {
    cwd: here,
    stdio: 'inherit',
    env: { TEST_FILE_MINUTES: full ? '60' : '15', ...process.env },
  }).status
}
