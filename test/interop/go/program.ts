import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))

/** A Go program of this folder that answers one JSON value a line with one JSON value a line. */
export interface Program {
  /** Asks all questions of one run of the program; the answers come in the same order. */
  readonly ask: (questions: readonly unknown[]) => Promise<unknown[]>
}

/**
 * Builds the program in the folder `name`, or takes the one built from the same sources before
 * (`${XDG_CACHE_HOME:-~/.cache}/sealkit/programs/go-<name>/<hash of the sources>/`).
 *
 * @returns null after the test was skipped because the program cannot be built; with CI=true that is a failure
 */
export async function goProgram(t: Pick<TestContext, 'skip'>, name: string): Promise<Program | null> {
  try {
    const path = await programPath(name)
    return { ask: (questions) => run(path, questions) }
  } catch (error) {
    const reason = `go ${name}: ${error instanceof Error ? error.message : String(error)}`
    if (process.env['CI'] === 'true') throw new Error(reason, { cause: error })
    t.skip(reason)
    return null
  }
}

/** Builds the program in the folder `name` unless that is done, and gives its path. */
export async function programPath(name: string): Promise<string> {
  const source = join(here, name)
  const hash = createHash('sha256')
  for (const file of (await readdir(source)).sort()) hash.update(file).update(await readFile(join(source, file)))
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(cache, 'sealkit', 'programs', `go-${name}`, hash.digest('hex').slice(0, 16))
  const path = join(folder, name)
  if (await stat(path).catch(() => null)) return path
  await mkdir(folder, { recursive: true })
  // Several test processes may build at once: each its own file, the last one stays.
  const partial = `${path}.${process.pid}`
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly' }
  try {
    await execute('go', ['build', '-trimpath', '-o', partial, '.'], { cwd: source, env })
    await rename(partial, path)
  } finally {
    await rm(partial, { force: true })
  }
  return path
}

function run(path: string, questions: readonly unknown[]): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TZ: 'UTC' } })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.stdin.once('error', reject)
    child.once('close', (code) => {
      const lines = Buffer.concat(chunks).toString('utf8').split('\n').slice(0, -1)
      if (code !== 0) reject(new Error(`${path} ended with ${code} after ${lines.length} answers`))
      else resolve(lines.map((line) => JSON.parse(line)))
    })
    child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''))
  })
}
