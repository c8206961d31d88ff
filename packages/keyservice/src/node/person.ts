import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'

const interrupt = '\u0003'
const endOfText = '\u0004'

/**
 * Asks for a line on the terminal, past what standard input and output are bound to. The prompt goes away afterwards.
 *
 * @throws where there is no terminal, and where the person cancels
 */
export async function ask(prompt: string, secret: boolean): Promise<string> {
  return onTerminal(prompt, (terminal) => {
    let line = ''
    for (;;) {
      const key = terminal.key()
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
  })
}

/** Asks for one character of `keys`; others are ignored. */
export async function choose(prompt: string, keys: string): Promise<string> {
  return onTerminal(prompt, (terminal) => {
    for (;;) {
      const key = terminal.key()
      if (key === interrupt) throw new Error('user cancelled prompt')
      if (key !== '' && keys.includes(key)) return key
    }
  })
}

interface Terminal {
  write(text: string): void
  /** The next character; throws at the end of the input. */
  key(): string
}

async function onTerminal<T>(prompt: string, work: (terminal: Terminal) => T): Promise<T> {
  let file: number
  try {
    file = openSync('/dev/tty', 'r+')
  } catch {
    throw new Error(
      'standard input is not a terminal, and /dev/tty is not available: open /dev/tty: no such device or address',
    )
  }
  // In raw mode the terminal shows nothing by itself. The stream is there for its mode alone; keys are read below.
  const mode = new ReadStream(openSync('/dev/tty', 'r+'))
  const write = (text: string): void => void writeSync(file, text)
  try {
    mode.setRawMode(true)
    write(`${prompt} `)
    return work({ write, key: () => readKey(file) })
  } finally {
    mode.setRawMode(false)
    // A new line works everywhere; then the one above is erased.
    write('\r\n\u001b[F\u001b[K')
    mode.destroy()
    closeSync(file)
  }
}

/** One character, whose first byte says how many it has (RFC 3629). */
function readKey(file: number): string {
  const bytes = Buffer.alloc(4)
  if (readSync(file, bytes, 0, 1, null) === 0) throw new Error('unexpected end of input')
  const first = bytes[0] ?? 0
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
  for (let at = 1; at < length; at++) readSync(file, bytes, at, 1, null)
  return bytes.toString('utf8', 0, length)
}
