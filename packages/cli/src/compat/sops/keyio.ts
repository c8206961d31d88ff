import { readFileSync } from 'node:fs'
import type { KeyIo } from '@sealkit/keyservice'
import type { Io } from '../../io.ts'

/** The machine as master keys see it. */
export function keyIo(io: Io): KeyIo {
  return {
    env: io.env,
    platform: process.platform,
    readFile,
    run: (command, env) => run(command, { cwd: io.cwd, env: { ...io.env, ...env } }),
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
): Promise<string> {
  const { execFile } = await import('node:child_process')
  const [file = '', ...args] = command
  return new Promise((resolve, reject) => {
    execFile(file, args, { ...options, encoding: 'utf8' }, (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(new Error(typeof error.code === 'number' ? `exit status ${error.code}` : error.message))
    })
  })
}
