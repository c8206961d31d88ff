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
    this.#lines ??= (await readAll(this.#io.stdin)).toString().split('\n')
    const line = this.#lines.shift()
    return line === undefined || (line === '' && this.#lines.length === 0) ? null : line.trim()
  }
}
