import type { Channel, KeyIo, RunResult } from '@sealkit/keyservice'
import type { Io } from '../io.ts'
import { readKeyFile } from './keyfile.ts'

// A person may have to unlock what holds the key.
const commandTimeout = 120_000

/** The machine as master keys see it. */
export function keyIo(io: Io): KeyIo {
  return {
    env: io.env,
    platform: process.platform,
    hostname: async () => (await import('node:os')).hostname(),
    home: async () => (await import('node:os')).userInfo().homedir,
    readFile: (path) => readKeyFile(path, io.cwd),
    run: (command, { env, input, signal }) => run(command, { cwd: io.cwd, env: { ...io.env, ...env }, input, signal }),
    start: async (command, { signal }) => (await import('./channel.ts')).startProgram(command, { env: io.env, signal }),
    connect: async (path): Promise<Channel> => (await import('./channel.ts')).connectSocket(path),
    person: {
      tell: async (text) => {
        io.stderr.write(`${text}\n`)
      },
      ask: async (prompt, secret) => (await import('./person.ts')).ask(prompt, secret),
      choose: async (prompt, keys) => (await import('./person.ts')).choose(prompt, keys),
    },
  }
}

interface RunWith {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly input: Uint8Array | undefined
  readonly signal: AbortSignal | undefined
}

async function run(command: readonly string[], { input, signal, ...options }: RunWith): Promise<RunResult> {
  const { spawn } = await import('node:child_process')
  const [file = '', ...args] = command
  return new Promise((done, fail) => {
    // Without an input the program has none, so that it cannot take what was meant for this one.
    const child = spawn(file, args, { ...options, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    const hanging = setTimeout(() => child.kill('SIGKILL'), commandTimeout)
    const stop = (): unknown => child.kill('SIGKILL')
    signal?.addEventListener('abort', stop, { once: true })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', (error) => {
      clearTimeout(hanging)
      fail(error)
    })
    child.on('close', (code) => {
      clearTimeout(hanging)
      signal?.removeEventListener('abort', stop)
      done({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() })
    })
    // A program that fails before it has read everything says why by its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
