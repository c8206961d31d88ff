import type { Channel, KeyIo, RunResult } from '../io.ts'
import { readKeyFile } from './keyfile.ts'

// A person may have to unlock what holds the key.
const commandTimeout = 120_000

/** What of this process master keys are given. */
export interface MachineOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Shows a text to the person; without it nobody is asked anything. */
  readonly tell?: (text: string) => void
  /** Whether servers that a file names may be asked: with it, whoever writes the file chooses whom this machine talks to. */
  readonly network: boolean
}

/** This machine as master keys see it: what sops would use, each part loaded when it is used. */
export function machineIo({ env, cwd, tell, network }: MachineOptions): KeyIo {
  return {
    env,
    platform: process.platform,
    hostname: async () => (await import('node:os')).hostname(),
    home: async () => (await import('node:os')).userInfo().homedir,
    readFile: (path) => readKeyFile(path, cwd),
    run: (command, { env: more, input, signal }) => run(command, { cwd, env: { ...env, ...more }, input, signal }),
    start: async (command, { signal }) => (await import('./channel.ts')).startProgram(command, { env, signal }),
    connect: async (path): Promise<Channel> => (await import('./channel.ts')).connectSocket(path),
    ...(network && {
      request: async (url, options) => (await import('./request.ts')).request(url, options),
      load: async (name) => (await import('./sdk.ts')).loadSdk(name, env),
    }),
    ...(tell !== undefined && {
      person: {
        tell: async (text) => tell(text),
        ask: async (prompt, secret, signal) => (await import('./person.ts')).ask(prompt, secret, signal),
        choose: async (prompt, keys, signal) => (await import('./person.ts')).choose(prompt, keys, signal),
      },
    }),
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
    if (signal?.aborted === true) stop()
    else signal?.addEventListener('abort', stop, { once: true })
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
