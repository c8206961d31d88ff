import type { Readable, Writable } from 'node:stream'

/** Everything that a command may touch of the process that runs it. */
export interface Io {
  /** The program's name as it was called (argv[0]), as Go prints it in usage texts. */
  readonly program: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  now(): Date
}
