import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What a server needs to be started. */
export interface ServerOptions {
  /** For messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Asked again and again until it says true or the child is gone. */
  readonly ready: () => Promise<boolean>
  /** Default 60 s. */
  readonly timeoutMs?: number
}

/** A child of this test process. */
export interface Server {
  readonly pid: number
  /** What it has printed so far on both streams, for the message of a failing test. */
  output(): string
  /** Ends it (SIGTERM, then SIGKILL after `graceMs`) and waits until it is gone. */
  stop(graceMs?: number): Promise<void>
  /** SIGKILL: no chance to tidy up. Waits until it is gone. */
  kill(): Promise<void>
}

/** Starts a server and waits until it is ready. It never outlives this process, however that ends. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const child = spawnTied(options)
  const server = serverOf(child)
  const deadline = Date.now() + (options.timeoutMs ?? 60_000)
  for (;;) {
    if (await options.ready().catch(() => false)) return server
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      await server.kill()
      const how = Date.now() > deadline ? 'was not ready in time' : `ended (${child.exitCode ?? child.signalCode})`
      throw new Error(`${options.name} ${how}:\n${server.output().slice(-4000)}`)
    }
    await delay(50)
  }
}

/**
 * A port of 127.0.0.1 that nothing listens on now. It lies below those that the kernel gives to clients, which would
 * take it before the server does, and is given out once.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if (given.has(port)) continue
    given.add(port)
    const probe = createServer()
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
}

const given = new Set<number>()

/** Whether a GET answers with 200. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  await response.arrayBuffer()
  return response.status === 200
}

const tied = new Set<ChildProcess>()

function spawnTied(options: ServerOptions): ChildProcess {
  // A killed test process runs no handler; the kernel then still ends the child where setpriv is there to ask for it.
  const setpriv = '/usr/bin/setpriv'
  const [command, args] = existsSync(setpriv)
    ? [setpriv, ['--pdeathsig', 'KILL', '--', options.command, ...options.args]]
    : [options.command, options.args]
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  child.on('error', () => {})
  holdLoop(child, false)
  if (tied.size === 0) {
    process.on('exit', killAll)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, endBySignal)
  }
  tied.add(child)
  child.once('exit', () => {
    tied.delete(child)
    if (tied.size > 0) return
    process.off('exit', killAll)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(signal, endBySignal)
  })
  return child
}

function serverOf(child: ChildProcess): Server {
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      chunks.push(chunk)
      if (chunks.length > 2_000) chunks.splice(0, 1_000)
    })
  }
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const kill = async (): Promise<void> => {
    holdLoop(child, true)
    killGroup(child, 'SIGKILL')
    await gone
  }
  const stop = async (graceMs = 5_000): Promise<void> => {
    holdLoop(child, true)
    killGroup(child, 'SIGTERM')
    const timer = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs)
    await gone
    clearTimeout(timer)
  }
  return { pid: child.pid ?? 0, output: () => chunks.join(''), stop, kill }
}

/** A server that a failed test has forgotten must not keep its file from ending; one that is waited for must. */
function holdLoop(child: ChildProcess, hold: boolean): void {
  const change = hold ? 'ref' : 'unref'
  child[change]()
  for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream[change]()
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}

function killAll(): void {
  for (const child of tied) killGroup(child, 'SIGKILL')
}

function endBySignal(signal: NodeJS.Signals): void {
  killAll()
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
