import type { LogFormat, LogLevel } from './log.ts'
import { createLog, type Log } from './log.ts'

/** What a command line of this package may touch of the process that runs it. */
export interface ControllerIo {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal
  /** Calls the handler whenever the process gets SIGUSR1. */
  readonly onKeyRequest: (handler: () => void) => void
}

/** The real process: SIGTERM and SIGINT end it in order, a second one at once. */
export function processIo(): ControllerIo {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(128 + 15)
      stop.abort()
    })
  }
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    signal: stop.signal,
    onKeyRequest: (handler) => void process.on('SIGUSR1', handler),
  }
}

/** The log that flags ask for; unknown words mean the default, as upstream. */
export function logOf(io: ControllerIo, flags: { level: string; format: string; infoToOut: boolean }): Log {
  const level = flags.level.toLowerCase()
  const known: readonly string[] = ['debug', 'info', 'warn', 'error']
  return createLog({
    level: known.includes(level) ? (level as LogLevel) : 'info',
    format: (flags.format === 'json' ? 'json' : 'text') satisfies LogFormat,
    out: flags.infoToOut ? io.out : io.err,
    err: io.err,
  })
}
