import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunResult } from '@sealkit/keyservice'
import { ControllerError } from '../error.ts'

/** A key ring of its own, which nothing else uses. */
export interface Gnupg {
  /** Runs `gpg` over the ring, with nothing of this process' environment but the path of programs. */
  run(command: readonly string[], input?: Uint8Array): Promise<RunResult>
  /** Ends its agent and removes it. */
  close(): Promise<void>
}

const timeout = 30_000

/**
 * A private `GNUPGHOME` with these private keys.
 *
 * @param keys armoured or binary, as `gpg --export-secret-keys` gives them
 * @throws {ControllerError} `KEY_SECRET_INVALID` where `gpg` is not there or takes a key for none
 */
export async function gnupg(keys: readonly Uint8Array[], path: string | undefined): Promise<Gnupg> {
  // The path of the agent's socket may have no more than about a hundred characters.
  const home = await mkdtemp(join(tmpdir(), 'sk-'))
  const env = { PATH: path ?? '/usr/bin:/bin', HOME: home, GNUPGHOME: home, LC_ALL: 'C' }
  const ring: Gnupg = {
    run: (command, input) => run(command, env, input),
    async close() {
      await run(['gpgconf', '--kill', 'all'], env).catch(() => undefined)
      await rm(home, { recursive: true, force: true })
    },
  }
  try {
    for (const key of keys) {
      const { code } = await ring.run(['gpg', '--batch', '--quiet', '--import'], key)
      if (code !== 0) throw new ControllerError('KEY_SECRET_INVALID', 'gpg takes a key of a *.asc entry for none')
    }
    return ring
  } catch (error) {
    await ring.close()
    if (error instanceof ControllerError) throw error
    throw new ControllerError('KEY_SECRET_INVALID', 'gpg cannot be run, so keys of *.asc entries cannot be used', {
      cause: error,
      hint: 'use an image that has GnuPG, or age keys',
    })
  }
}

function run(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  input: Uint8Array = new Uint8Array(),
): Promise<RunResult> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', fail)
    child.on('close', (code) => done({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }))
    // A program that fails before it has read everything says why by its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
