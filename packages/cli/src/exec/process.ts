import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CliError } from '../exit.ts'
import type { Io } from '../io.ts'

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** A command with what it gets. */
export interface Child {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Open files, numbered from 3 on in the command. */
  readonly descriptors: readonly number[]
}

/**
 * Runs a command, without a shell, and gives its exit code: 128 and the signal's number where a signal ended it, 127
 * where there is no such command. Signals that are sent to this process go on to it.
 *
 * @throws `EXEC_FAILED`
 */
export function runChild({ command, env, descriptors }: Child, io: Io): Promise<number> {
  const [file = '', ...args] = command
  return new Promise((done, fail) => {
    // A terminal tells its whole foreground group itself.
    const terminal = io.stdin.isTTY === true
    const forward = (signal: NodeJS.Signals): void => {
      if (!terminal || (signal !== 'SIGINT' && signal !== 'SIGQUIT')) child.kill(signal)
    }
    const end = (): void => {
      for (const signal of forwarded) process.off(signal, forward)
    }
    // Before the command runs: a signal may come as soon as it does.
    for (const signal of forwarded) process.on(signal, forward)
    const child = spawn(file, args, { cwd: io.cwd, env, stdio: ['inherit', 'inherit', 'inherit', ...descriptors] })
    child.on('error', (error) => {
      end()
      if (isCode(error, 'ENOENT') || isCode(error, 'EACCES')) {
        io.stderr.write(
          `sealkit: error: ${file}: ${isCode(error, 'ENOENT') ? 'no such command' : 'cannot be executed'}\n`,
        )
        done(isCode(error, 'ENOENT') ? 127 : 126)
      } else fail(new CliError('EXEC_FAILED', `${file} cannot be started`, { cause: error }))
    })
    child.on('close', (code, signal) => {
      end()
      done(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}

function isCode(error: Error, code: string): boolean {
  return 'code' in error && error.code === code
}
