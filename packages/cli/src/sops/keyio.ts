import { readFileSync } from 'node:fs'
import type { KeyIo, RunResult } from '@sealkit/keyservice'
import type { Io } from '../io.ts'

/** The machine as master keys see it. */
export function keyIo(io: Io): KeyIo {
  return {
    env: io.env,
    platform: process.platform,
    hostname: async () => (await import('node:os')).hostname(),
    home: async () => (await import('node:os')).userInfo().homedir,
    readFile,
    run: (command, { env, input }) => run(command, { cwd: io.cwd, env: { ...io.env, ...env } }, input),
  }
}

async function readFile(path: string): Promise<string | null> {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

async function run(
  command: readonly string[],
  options: { cwd: string; env: Record<string, string | undefined> },
  input?: Uint8Array,
): Promise<RunResult> {
  const { spawn } = await import('node:child_process')
  const [file = '', ...args] = command
  return new Promise((done, fail) => {
    // Without an input the program has none, so that it cannot take what was meant for this one.
    const child = spawn(file, args, { ...options, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', fail)
    child.on('close', (code) => done({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }))
    // A program that fails before it has read everything says why by its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
