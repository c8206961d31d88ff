import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { Channel } from '../io.ts'

/** Starts a program to talk to, in the folder for temporary files: where it is called from must not matter to it. */
export async function startProgram(
  command: readonly string[],
  { env, signal }: { env: Readonly<Record<string, string | undefined>>; signal: AbortSignal | undefined },
): Promise<Channel> {
  const [file = '', ...args] = command
  const child = spawn(file, args, { cwd: tmpdir(), env, stdio: ['pipe', 'pipe', 'ignore'] })
  const stop = (): unknown => child.kill('SIGKILL')
  if (signal?.aborted === true) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  child.once('close', () => signal?.removeEventListener('abort', stop))
  await once(child, 'spawn')
  return channel(child.stdout, child.stdin, () => child.kill('SIGINT'))
}

/** Connects to a socket of this machine. */
export async function connectSocket(path: string): Promise<Channel> {
  const socket = createConnection(path)
  await once(socket, 'connect')
  return channel(socket, socket, () => undefined)
}

function channel(input: Readable, output: Writable, end: () => unknown): Channel {
  // What a closed stream would have said, the end of the input says too.
  input.on('error', () => undefined)
  output.on('error', () => undefined)
  const chunks = input[Symbol.asyncIterator]()
  return {
    send: (text) => void output.write(text, 'latin1'),
    async receive() {
      try {
        const { done, value } = await chunks.next()
        return done === true ? null : (value as Buffer)
      } catch {
        return null
      }
    },
    close() {
      output.end()
      input.destroy()
      end()
    },
  }
}
