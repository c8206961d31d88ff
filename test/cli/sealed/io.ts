import { Readable } from 'node:stream'
import type { Io } from '@sealkit/cli'

/** What a command line wrote, and its exit code. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The world of one command line. */
export interface World {
  readonly cwd: string
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** All three streams are a terminal. */
  readonly terminal?: true
}

/** Runs something that has an {@link Io}, and gives what it wrote. */
export async function ran(argv: readonly string[], world: World, run: (io: Io) => Promise<number>): Promise<Ran> {
  const texts = { stdout: '', stderr: '' }
  const isTTY = world.terminal === true
  const sink = (name: keyof typeof texts) => ({
    isTTY,
    write(chunk: string | Uint8Array): void {
      texts[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    },
  })
  const stdin = Object.assign(Readable.from([Buffer.from(world.stdin ?? '')]), { isTTY })
  const { cwd, env = {} } = world
  const io = { program: 'prog', argv, env, cwd, stdin, stdout: sink('stdout'), stderr: sink('stderr') }
  return { code: await run({ ...io, now: () => new Date() }), ...texts }
}
