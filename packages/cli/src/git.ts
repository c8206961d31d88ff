import { spawnSync } from 'node:child_process'
import { CliError } from './exit.ts'
import type { Io } from './io.ts'

/** What a call of git came to. */
export interface GitResult {
  readonly code: number | null
  readonly stdout: Buffer
}

/**
 * Runs git in the working directory, or in another one.
 *
 * @throws `GIT_FAILED` where there is no git
 */
export function git(args: readonly string[], io: Io, cwd: string = io.cwd): GitResult {
  const { status, stdout, error } = spawnSync('git', [...args], {
    cwd,
    env: { ...io.env },
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (error !== undefined) {
    throw new CliError('GIT_FAILED', 'git cannot be run', { cause: error, hint: 'install git, or add it to PATH' })
  }
  return { code: status, stdout }
}

/**
 * The output of git.
 *
 * @param what it is for, in the error
 * @throws `GIT_FAILED` also where git fails
 */
export function gitOutput(args: readonly string[], what: string, io: Io): Buffer {
  const { code, stdout } = git(args, io)
  if (code === 0) return stdout
  throw new CliError('GIT_FAILED', `git has no ${what}`, { hint: `try: git ${args.join(' ')}` })
}
