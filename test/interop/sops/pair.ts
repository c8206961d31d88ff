import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { run as sops } from '@sealkit/cli/sops'

/** One command line of sops, and the world that it runs in. */
export interface Case {
  readonly args: readonly string[]
  readonly stdin?: string | Uint8Array
  /** Files of the working directory beside the fixtures; null takes a fixture away. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>
  readonly env?: Readonly<Record<string, string>>
  /** Folder below the working directory to start in. */
  readonly folder?: string
}

/** What a command line came to. */
export interface Outcome {
  /** The same files as they are; left out of comparisons. */
  readonly raw: Readonly<Record<string, Buffer>>
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
  /** Files that it changed, made or removed. */
  readonly files: Readonly<Record<string, string>>
}

/** Files that every case starts with. */
export type Fixtures = Readonly<Record<string, string | Uint8Array>>

/** Runs one case in a fresh folder: the real program at `path`, or ours in this process where there is none. */
export async function runCase(test: Case, fixtures: Fixtures, path?: string): Promise<Outcome> {
  const root = mkdtempSync(join(tmpdir(), 'sops-'))
  try {
    const before: Record<string, Buffer> = {}
    for (const [name, content] of Object.entries({ ...fixtures, ...test.files })) {
      if (content === null) continue
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), content)
      before[name] = Buffer.from(content)
    }
    const cwd = join(root, test.folder ?? '.')
    const env = { HOME: root, PATH: process.env['PATH'] ?? '', TMPDIR: root, TZ: 'UTC', ...environment(test, root) }
    const done = path === undefined ? await ours(test, cwd, env) : await real(test, { path, cwd, env })
    const show = (text: string): string => masked(text.replaceAll(root, '$DIR'))
    const { files, raw } = changes(root, before)
    return Object.defineProperty({ ...done, stdout: show(done.stdout), stderr: show(done.stderr), files, raw }, 'raw', {
      enumerable: false,
    })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function environment(test: Case, root: string): Record<string, string> {
  const env = { SOPS_AGE_KEY_FILE: `${root}/keys.txt`, SOPS_DISABLE_VERSION_CHECK: '1', ...test.env }
  // An empty value takes a variable away; $EMPTY stands for one that is there and empty.
  const kept = Object.entries(env).filter(([, value]) => value !== '')
  return Object.fromEntries(kept.map(([name, value]) => [name, value === '$EMPTY' ? '' : value]))
}

/** The real program runs beside this process, which may serve it. */
async function real(
  test: Case,
  at: { path: string; cwd: string; env: Record<string, string> },
): Promise<Pick<Outcome, 'stdout' | 'stderr' | 'code'>> {
  const child = spawn(at.path, [...test.args], { cwd: at.cwd, env: at.env })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  // A program that does not read its input may be gone before it is written.
  child.stdin.on('error', () => undefined)
  child.stdin.end(test.stdin ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { stdout: Buffer.concat(out).toString('latin1'), stderr: Buffer.concat(err).toString(), code }
}

async function ours(
  test: Case,
  cwd: string,
  env: Record<string, string>,
): Promise<Pick<Outcome, 'stdout' | 'stderr' | 'code'>> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  const code = await sops({
    program: 'sops',
    argv: test.args,
    env,
    cwd,
    stdin: Readable.from([Buffer.from(test.stdin ?? '')]),
    stdout: { write: (chunk) => out.push(Buffer.from(chunk)) },
    stderr: { write: (chunk) => err.push(Buffer.from(chunk)) },
    now: () => new Date(),
  })
  return { stdout: Buffer.concat(out).toString('latin1'), stderr: Buffer.concat(err).toString(), code }
}

function changes(root: string, before: Readonly<Record<string, Buffer>>): Pick<Outcome, 'files' | 'raw'> {
  const raw: Record<string, Buffer> = {}
  const changed: Record<string, string> = {}
  const found = new Set<string>()
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(root.length + 1)
    found.add(name)
    const content = readFileSync(path)
    if (before[name]?.equals(content) === true) continue
    raw[name] = content
    changed[name] = `${statSync(path).size > 0 ? '' : 'empty '}${masked(content.toString('latin1'))}`
  }
  for (const name of Object.keys(before)) if (!found.has(name)) changed[name] = 'removed'
  return { files: changed, raw }
}

/** A text without what differs from run to run: ciphertexts (their length and type stay) and times. */
export function masked(text: string): string {
  return text
    .replace(
      /ENC\[AES256_GCM,data:([^,]*),iv:[^,]*,tag:[^,]*,type:(\w+)\]/g,
      (_, data: string, type: string) => `ENC[${Buffer.from(data, 'base64').length},${type}]`,
    )
    .replace(/-----BEGIN AGE ENCRYPTED FILE-----[\s\S]*?-----END AGE ENCRYPTED FILE-----/g, 'AGE')
    .replace(/(lastmodified["']?\s*[:=] ?"?)\d{4}-[\d-]+T[\d:]+Z/g, '$1TIME')
    .replace(/time="[^"]*"/g, 'time=TIME')
    .replace(/^\d{4}\/\d\d\/\d\d [\d:]{8} /gm, 'TIME ')
    .replace(/MAC mismatch\. File has (\w+)( MAC)?, computed \w{128}/g, 'MAC mismatch. File has $1$2')
}
