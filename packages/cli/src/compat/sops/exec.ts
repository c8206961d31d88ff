import { spawn } from 'node:child_process'
import { codes, SopsExit } from './exit.ts'
import type { Session } from './session.ts'

type Environment = Readonly<Record<string, string | undefined>>

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** How {@link runShell} runs a command. */
export interface Shell {
  readonly env: Environment
  /** Acts as if the command took the place of this program: its end is not commented on, and its signal is ours. */
  readonly inPlace?: boolean
}

/**
 * Runs a command in a shell and gives its exit code; a failure is named on stderr as Go names it. Signals that are sent
 * to this program go on to the command, which sops leaves to the terminal.
 */
export function runShell(session: Session, command: string, { env, inPlace = false }: Shell): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn('/bin/sh', ['-c', command], { ...folder(session), env, stdio: 'inherit' })
    const forward = (signal: NodeJS.Signals): unknown => child.kill(signal)
    for (const signal of signals) process.on(signal, forward)
    const end = (): void => {
      for (const signal of signals) process.off(signal, forward)
    }
    child.on('error', (error) => {
      end()
      fail(new SopsExit(error.message, codes.generic, error))
    })
    child.on('close', (code, signal) => {
      end()
      if (inPlace && signal !== null) process.kill(process.pid, signal)
      else if (code !== 0 && !inPlace)
        session.io.stderr.write(`${signal === null ? `exit status ${code}` : signalText(signal)}\n`)
      done(code ?? 255)
    })
  })
}

/** This process's own folder is left unsaid: another user may be in it without being allowed to enter it. */
function folder({ io }: Session): { cwd?: string } {
  return io.cwd === process.cwd() ? {} : { cwd: io.cwd }
}

const signalNames: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGQUIT: 'quit',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
}

function signalText(signal: string): string {
  return `signal: ${signalNames[signal] ?? signal}`
}

/** Starts a command and does not wait for it. */
export function startShell(session: Session, command: string, env: Environment): void {
  spawn('/bin/sh', ['-c', command], { ...folder(session), env, stdio: 'ignore', detached: true }).unref()
}

/**
 * Makes this process the user's that `--user` names, and gives what the environment says of him; nothing without the
 * flag.
 */
export async function becomeUser(session: Session): Promise<Environment> {
  const name = session.flags.text('user')
  return name === '' ? {} : (await import('./user.ts')).switchUser(session.io, name)
}
