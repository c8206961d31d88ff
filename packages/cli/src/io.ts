import type { Readable, Writable } from 'node:stream'

/** Everything that a command may touch of the process that runs it. */
export interface Io {
  /** The program's name as it was called (argv[0]), as Go prints it in usage texts. */
  readonly program: string
  /** The arguments after the program's name (and, for `sealkit kubeseal ...`, after the personality's). */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  now(): Date
}

/** The real process. Streams are reached when used: opening stdin costs time that most calls need not spend. */
export function processIo(program: string, argv: readonly string[]): Io {
  return {
    program,
    argv,
    env: process.env,
    get cwd(): string {
      return process.cwd()
    },
    get stdin(): Io['stdin'] {
      return process.stdin
    },
    get stdout(): Io['stdout'] {
      return process.stdout
    },
    get stderr(): Io['stderr'] {
      return process.stderr
    },
    now: () => new Date(),
  }
}
