import { fstatSync, readFileSync, writeSync } from 'node:fs'

/** Where a command reads from: bytes in chunks, until the end. A Node `Readable` is one. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean
  /** The process's own descriptor behind it, for commands that wait for lines while they work. */
  readonly fd?: number
}

/** Where a command writes to. A Node `Writable` is one. */
export interface Output {
  write(chunk: string | Uint8Array): unknown
  readonly isTTY?: boolean
}

/** Everything that a command may touch of the process that runs it. */
export interface Io {
  /** The program's name as it was called (argv[0]), as Go prints it in usage texts. */
  readonly program: string
  /** The arguments after the program's name (and, for `sealkit kubeseal ...`, after the personality's). */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  now(): Date
}

/** All that an input holds. */
export async function readAll(input: Input): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk))
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

/**
 * The real process.
 *
 * The standard streams are plain blocking reads and writes of descriptors 0 to 2: in a compiled executable
 * `process.stdin` and `process.stdout` cost 7 ms of start each, which is more than all the work of a typical call.
 */
export function processIo(program: string, argv: readonly string[]): Io {
  return {
    program,
    argv,
    env: process.env,
    get cwd(): string {
      return process.cwd()
    },
    stdin: {
      fd: 0,
      get isTTY(): boolean {
        return isTerminal(0)
      },
      async *[Symbol.asyncIterator]() {
        yield* stdinChunks()
      },
    },
    stdout: descriptor(1),
    stderr: descriptor(2),
    now: () => new Date(),
  }
}

function descriptor(fd: number): Output {
  return {
    get isTTY(): boolean {
      return isTerminal(fd)
    },
    write(chunk): void {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      let written = 0
      while (written < bytes.length) {
        try {
          written += writeSync(fd, bytes, written)
        } catch (error) {
          if (!isBusy(error)) throw error
          pause()
        }
      }
    },
  }
}

async function* stdinChunks(): AsyncGenerator<Uint8Array> {
  try {
    yield readFileSync(0)
  } catch (error) {
    // A terminal or a pipe that another program made non-blocking: nothing was read yet, so the stream takes over.
    if (!isBusy(error)) throw error
    yield* process.stdin
  }
}

function isTerminal(fd: number): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false
  } catch {
    return false
  }
  // Only a character device can be one; asking costs a module that pipes and files need not load.
  const stream = fd === 0 ? process.stdin : fd === 1 ? process.stdout : process.stderr
  return stream.isTTY === true
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
}
