import { readSync } from 'node:fs'
import { type Io, readAll } from '../../io.ts'
import { codes, SopsExit } from './exit.ts'

/**
 * Waits for Enter on the terminal. Without a terminal nobody can press it: the program then ends, where sops would open
 * the editor for ever.
 */
export function waitForEnter(io: Io): void {
  if (io.stdin.isTTY !== true || readSync(0, Buffer.alloc(1024)) === 0) {
    throw new SopsExit('the edited file cannot be encrypted, and there is no terminal to ask on', codes.generic)
  }
}

/** Lines that a person types, or that standard input holds. */
export class Answers {
  readonly #io: Io
  #lines: string[] | undefined

  constructor(io: Io) {
    this.#io = io
  }

  /** The next line without its end; null where there is none. */
  async next(): Promise<string | null> {
    if (this.#io.stdin.isTTY === true) {
      const buffer = Buffer.alloc(4096)
      const length = readSync(0, buffer)
      return length === 0 ? null : buffer.toString('utf8', 0, length).trim()
    }
    if (this.#io.stdin.fd !== undefined) return readLine(this.#io.stdin.fd)
    this.#lines ??= (await readAll(this.#io.stdin)).toString().split('\n')
    const line = this.#lines.shift()
    return line === undefined || (line === '' && this.#lines.length === 0) ? null : line.trim()
  }
}

/** One line of a pipe or a file, and not a byte more: `yes` writes lines without end. */
function readLine(fd: number): string | null {
  const bytes: number[] = []
  const byte = Buffer.alloc(1)
  while (readByte(fd, byte)) {
    if (byte[0] === 0x0a) return Buffer.from(bytes).toString().trim()
    bytes.push(byte[0] ?? 0)
  }
  return bytes.length === 0 ? null : Buffer.from(bytes).toString().trim()
}

function readByte(fd: number, byte: Buffer): boolean {
  for (;;) {
    try {
      return readSync(fd, byte) > 0
    } catch (error) {
      // Another program made the pipe non-blocking.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
