import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

const here = import.meta.dirname

/** What the Go program is asked; `rounds` asks for the time of parsing and writing instead. */
export interface Question {
  readonly text: Uint8Array
  readonly indent: number
  readonly rounds?: number
}

/** A node as the Go program prints it; see `record` in main.go. */
export type RecordedNode = readonly [
  kind: number,
  style: number,
  tag: string,
  value: string,
  anchor: string,
  head: string,
  line: string,
  foot: string,
  lineNumber: number,
  column: number,
  decoded: string,
  children: readonly RecordedNode[],
]

/** What Go makes of a text: results, and error texts or the empty string. */
export interface Answer {
  readonly nodes: readonly RecordedNode[]
  readonly nodesError: string
  readonly emit: string
  readonly emitError: string
  readonly json: string
  readonly jsonError: string
  readonly yaml: string
  readonly yamlError: string
  readonly nanos: number
}

/** Builds the Go program, once for each state of its source. */
export async function buildProgram(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(await readFile(join(here, file)))
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const folder = join(cache, 'sealkit', 'programs', 'go-yaml', hash.digest('hex').slice(0, 16))
  const path = join(folder, 'yaml')
  if (await stat(path).catch(() => undefined)) return path
  await mkdir(folder, { recursive: true })
  const partial = `${path}.${process.pid}`
  await promisify(execFile)('go', ['build', '-trimpath', '-o', partial, '.'], { cwd: here })
  await rename(partial, path)
  return path
}

/** The program's path, or undefined after the test was skipped because Go cannot be had. With CI=true that fails. */
export async function availableProgram(t: Pick<TestContext, 'skip'>): Promise<string | undefined> {
  try {
    return await buildProgram()
  } catch (error) {
    const reason = `go-yaml: ${error instanceof Error ? error.message : String(error)}`
    if (process.env['CI'] === 'true') throw new Error(reason, { cause: error })
    t.skip(reason)
    return undefined
  }
}

/** Asks the program, and gives its answers in the order of the questions. */
export async function ask(path: string, questions: readonly Question[]): Promise<Answer[]> {
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TZ: 'UTC' } })
  for (const { text, indent, rounds } of questions) {
    child.stdin.write(`${JSON.stringify({ text: Buffer.from(text).toString('base64'), indent, rounds })}\n`)
  }
  child.stdin.end()
  const answers: Answer[] = []
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line))
  if (answers.length !== questions.length) throw new Error(`go-yaml: ${answers.length} answers`)
  return answers
}
