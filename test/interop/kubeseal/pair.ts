import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { run as kubeseal } from '@sealkit/cli/kubeseal'
import { type KeyRing, label } from '@sealkit/core/sealed'

/** One command line of kubeseal, and the world that it runs in. */
export interface Case {
  readonly args: readonly string[]
  readonly stdin?: string | Uint8Array
  /** Files of the working directory, by name. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly env?: Readonly<Record<string, string>>
  /** The real program loops for ever, so it is ended after a second. */
  readonly hangs?: true
}

/** What a command line came to. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
  /** The working directory afterwards: text and mode of each file. */
  readonly files: Readonly<Record<string, string>>
}

/** The compiled executable, once the workspace is built. */
const executable = fileURLToPath(new URL('../../../dist/kubeseal', import.meta.url))

/** Which program runs a case: the real one, ours in this process, or ours as the compiled executable. */
export type Program = 'real' | 'ours' | 'compiled'

/** The forms of ours that there are. */
export function forms(): Program[] {
  return existsSync(executable) ? ['ours', 'compiled'] : ['ours']
}

/** Runs a case in a fresh directory; `path` is the real program's, under whose name ours runs too. */
export async function runCase(test: Case, path: string, which: boolean | Program): Promise<Outcome> {
  const name = typeof which === 'string' ? which : which ? 'ours' : 'real'
  const ours = name !== 'real'
  const cwd = await mkdtemp(join(tmpdir(), 'kubeseal-'))
  try {
    for (const [name, content] of Object.entries(test.files ?? {})) {
      await writeFile(join(cwd, name), content)
      // Modes are compared, whatever the umask.
      await chmod(join(cwd, name), 0o644)
    }
    const env = { HOME: cwd, PATH: '', TMPDIR: cwd, ...test.env }
    const place = { path, cwd, env }
    const done = name === 'ours' ? await runOurs(test, place) : await runProgram(name, test, place)
    const replace = (text: string): string => text.replaceAll(cwd, '$DIR')
    const files = await listing(cwd)
    // The real program leaves its temporary file behind when it fails.
    for (const name of Object.keys(files)) if (/^\..*\d{6,}$/.test(name) && !ours) delete files[name]
    return { ...done, stdout: replace(done.stdout), stderr: replace(done.stderr), files }
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

interface Place {
  readonly path: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

async function runOurs(test: Case, { path, cwd, env }: Place): Promise<Omit<Outcome, 'files'>> {
  const texts = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof texts) => ({
    write(chunk: string | Uint8Array): void {
      texts[name] += Buffer.from(chunk as Uint8Array).toString('latin1')
    },
  })
  const before = process.cwd()
  process.chdir(cwd)
  const code = await kubeseal({
    program: path,
    argv: test.args,
    env,
    cwd,
    stdin: Readable.from([Buffer.from(test.stdin ?? '')]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    now: () => new Date(),
  }).finally(() => process.chdir(before))
  return { ...texts, code }
}

/** A program of its own, ended after a while: some inputs make the real one loop for ever. */
function runProgram(name: Program, test: Case, { path, cwd, env }: Place): Promise<Omit<Outcome, 'files'>> {
  return new Promise((resolve, reject) => {
    const file = name === 'real' ? path : executable
    const child = spawn(file, test.args, {
      argv0: path,
      cwd,
      env,
      timeout: test.hangs && name === 'real' ? 1000 : 240_000,
      killSignal: 'SIGKILL',
    })
    const texts = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString('latin1')))
    child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString('latin1')))
    child.stdin.on('error', () => {})
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...texts, code: code ?? -1 }))
    child.stdin.end(test.stdin ?? '')
  })
}

async function listing(folder: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {}
  for (const name of (await readdir(folder)).sort()) {
    const { mode } = await stat(join(folder, name))
    entries[name] = `${(mode & 0o777).toString(8)} ${await readFile(join(folder, name), 'latin1')}`
  }
  return entries
}

/** Every ciphertext in a text replaced by its label and plaintext, so that two sealings of the same value are equal. */
export async function decrypted(text: string, keyRing: KeyRing): Promise<string> {
  const found = new Set(text.match(/[A-Za-z0-9+/]{190,}={0,2}/g) ?? [])
  let plain = text
  for (const item of found) plain = plain.replaceAll(item, await decryptedItem(item, keyRing))
  return plain
}

/** What a value may have been sealed for: every name and namespace that the command lines can lead to. */
const places = [
  ...['b', 'a', 'x', 'true', '10', '31', 'default', 'other', 'ctx', '\u00dc'].flatMap((namespace) => [
    ...['a', 'x', 'b', 'y', 'true', '10', 'cm', 'other', 'A B/c', 'Not A Name', 'A B'].map((name) =>
      label('strict', namespace, name),
    ),
    label('namespace-wide', namespace, ''),
  ]),
  label('cluster-wide', '', ''),
]

async function decryptedItem(item: string, keyRing: KeyRing): Promise<string> {
  for (const place of places) {
    try {
      const plaintext = await keyRing.unseal(Buffer.from(item, 'base64'), place)
      // What fits once fits the next items too.
      places.unshift(...places.splice(places.indexOf(place), 1))
      return `<${Buffer.from(place).toString()}: ${JSON.stringify(Buffer.from(plaintext).toString('latin1'))}>`
    } catch {
      // Another label.
    }
  }
  return '<undecryptable>'
}
