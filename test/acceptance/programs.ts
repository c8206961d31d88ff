import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { root } from '../layout/sources.ts'

/** The folder of the built programs. */
export const dist: string = join(root, 'dist')

/** What a program that has ended left. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder of a test's own, with the given files, removed when the test is over. */
export function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'sealkit-test-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) put(path, name, text)
  return path
}

/** Writes a file, with the folders on the way to it. */
export function put(path: string, name: string, text: string): void {
  mkdirSync(dirname(join(path, name)), { recursive: true })
  writeFileSync(join(path, name), text)
}

/** What the command line runs on: the executable that Bun compiled, or its bundle on Node. */
export const runtimes = ['executable', 'node'] as const

/** How a program is run. */
export interface RunOptions {
  readonly cwd: string
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** The executable unless given. */
  readonly on?: (typeof runtimes)[number] | undefined
}

/** Runs a built program to its end. */
export function run(program: string, args: readonly string[], { cwd, input = '', env = {}, on }: RunOptions): Ended {
  const bundle = [join(dist, 'lib/cli/sealkit.mjs'), ...(program === 'sealkit' ? [] : [program]), ...args]
  const [file, argv] = on === 'node' ? [process.execPath, bundle] : [join(dist, program), [...args]]
  const ended = spawnSync(file, argv, {
    cwd,
    input,
    encoding: 'utf8',
    timeout: 300_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
  })
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr }
}

/** Starts a built program that runs until it is told to end; it is killed when the test is over. */
export function start(t: TestContext, program: string, args: readonly string[], cwd: string): ChildProcess {
  const child = spawn(join(dist, program), [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => void child.kill('SIGKILL'))
  return child
}

/** Resolves when a program has written a text that matches; rejects when it ends before. */
export function written(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    const look = (chunk: unknown): void => {
      text += String(chunk)
      if (pattern.test(text)) resolve()
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    // What it wrote last may be read after its end; its streams close after that.
    child.once('close', (code) => reject(new Error(`ended with ${code} before ${pattern}: ${text}`)))
  })
}

/** The exit code of a program that was told to end. */
export function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => child.once('exit', resolve))
}
