import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { dispatch } from '@sealkit/cli'

/** Age keys for tests. */
export const keys = [
  {
    recipient: 'age1wx52wrvugfq0ft5gf9ygxgh2dfgsavwjnnhdk5t2c742v27c034qjfygvw',
    identity: 'AGE-SECRET-KEY-1WY98EQGFYSLS4L9FY4YLQKZ8303KK433RNPKH0HEAFDHLZTE6J3SGXNMYZ',
  },
  {
    recipient: 'age1980z6wac6uns78wamx2l5s7kyq2jhpuadrk52pcnqmdqezqpn39syn8q4w',
    identity: 'AGE-SECRET-KEY-1UMVXFUQ5SYU57M9YNE43YPJK5S0A5EDYY7CC7QKF5CHACMHHUP5QZ45G0G',
  },
  {
    recipient: 'age104urvgp6fvfn2lp8fxx2urx6y0jffgwu5nat4z8p26k5ghf8ge6qak3ngj',
    identity: 'AGE-SECRET-KEY-15EQ25CVNCCN6S3G3DVP7F8F5YXTUR2JY0Y7LZD3M7KKH6FJ9J6UQU6KDQG',
  },
] as const

/** What a command came to. */
export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder with files, and sealkit and sops in it; `keys.txt` holds the first key. */
export class World {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'sealkit-sops-'))
  now = '2026-01-02T03:04:05Z'
  env: Record<string, string> = {}

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.write('keys.txt', `${keys[0].identity}\n`)
    for (const [name, content] of Object.entries(files)) this.write(name, content)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), content)
  }

  /** Names of all files below a folder. */
  list(name = '.'): string[] {
    return readdirSync(this.path(name), { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.path(name).length + 1))
      .sort()
  }

  /** Variables of both programs. */
  get variables(): Record<string, string> {
    const { folder } = this
    return {
      HOME: folder,
      PATH: process.env['PATH'] ?? '',
      TMPDIR: folder,
      SOPS_AGE_KEY_FILE: this.path('keys.txt'),
      SOPS_DISABLE_VERSION_CHECK: '1',
      ...this.env,
    }
  }

  /** Runs sealkit in this process. */
  async sealkit(args: readonly string[], stdin: string | Uint8Array = '', cwd = '.'): Promise<Result> {
    const out: Buffer[] = []
    const err: Buffer[] = []
    const code = await dispatch('sealkit', args, (program, argv) => ({
      program,
      argv,
      env: this.variables,
      cwd: join(this.folder, cwd),
      stdin: Readable.from([Buffer.from(stdin)]),
      stdout: { write: (chunk) => out.push(Buffer.from(chunk)) },
      stderr: { write: (chunk) => err.push(Buffer.from(chunk)) },
      now: () => new Date(this.now),
    }))
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
  }

  /** Runs a program to its end. */
  run(file: string, args: readonly string[], { input = '', cwd = '.' }: { input?: string; cwd?: string } = {}): Result {
    const options = {
      cwd: join(this.folder, cwd),
      env: this.variables,
      input,
      encoding: 'utf8',
      timeout: 300_000,
    } as const
    const { status, stdout, stderr } = spawnSync(file, [...args], options)
    return { code: status, stdout, stderr }
  }
}
