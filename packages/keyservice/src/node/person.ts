import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { ReadStream } from 'node:tty'

const interrupt = '\u0003'
const endOfText = '\u0004'

/**
 * Asks for a line on the terminal, past what standard input and output are bound to. The prompt goes away afterwards,
 * also when the signal says that the answer is no longer wanted.
 *
 * @throws where there is no terminal, and where the person cancels
 */
export async function ask(prompt: string, secret: boolean, signal?: AbortSignal): Promise<string> {
  return onTerminal(prompt, signal, async (terminal) => {
    let line = ''
    for await (const key of terminal.keys) {
      if (key === '\r' || key === '\n' || (key === endOfText && line === '')) return line
      if (key === interrupt) throw new Error('user cancelled prompt')
      if (key === '\b' || key === '\u007f') {
        if (line !== '' && !secret) terminal.write('\b \b')
        line = [...line].slice(0, -1).join('')
      } else {
        line += key
        if (!secret) terminal.write(key)
      }
    }
    throw new Error('unexpected end of input')
  })
}

/** Asks for one character of `keys`; others are ignored. */
export async function choose(prompt: string, wanted: string, signal?: AbortSignal): Promise<string> {
  return onTerminal(prompt, signal, async (terminal) => {
    for await (const key of terminal.keys) {
      if (key === interrupt) throw new Error('user cancelled prompt')
      if (wanted.includes(key)) return key
    }
    throw new Error('unexpected end of input')
  })
}

interface Terminal {
  write(text: string): void
  /** The characters that are typed, one by one. */
  readonly keys: AsyncIterable<string>
}

// How often the terminal is looked at: a blocking read would stop all other work of the process.
const pause = 15

async function onTerminal<T>(
  prompt: string,
  signal: AbortSignal | undefined,
  work: (terminal: Terminal) => Promise<T>,
): Promise<T> {
  const file = openTerminal()
  // The stream is there for the terminal's mode alone.
  const mode = new ReadStream(openSync('/dev/tty', 'r+'))
  const write = (text: string): void => void writeSync(file, text)
  try {
    // In raw mode the terminal shows nothing by itself.
    mode.setRawMode(true)
    write(`${prompt} `)
    return await work({ write, keys: keysOf(file, signal) })
  } finally {
    mode.setRawMode(false)
    // A new line works everywhere; then the one above is erased.
    write('\r\n\u001b[F\u001b[K')
    mode.destroy()
    closeSync(file)
  }
}

function openTerminal(): number {
  try {
    return openSync('/dev/tty', constants.O_RDWR | constants.O_NONBLOCK)
  } catch {
    throw new Error(
      'standard input is not a terminal, and /dev/tty is not available: open /dev/tty: no such device or address',
    )
  }
}

async function* keysOf(file: number, signal: AbortSignal | undefined): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  const buffer = Buffer.alloc(256)
  for (;;) {
    signal?.throwIfAborted()
    const length = readNow(file, buffer)
    if (length === 0) return
    if (length === null) await new Promise((done) => setTimeout(done, pause))
    else yield* decoder.write(buffer.subarray(0, length))
  }
}

/** Null where nothing was typed yet. */
function readNow(file: number, buffer: Buffer): number | null {
  try {
    return readSync(file, buffer)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null
    throw error
  }
}
