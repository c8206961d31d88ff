import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join, normalize, resolve } from 'node:path'
import { emit } from './decrypt.ts'
import { becomeUser, runShell, startShell } from './exec.ts'
import { codes, pathError, SopsExit, step, warn } from './exit.ts'
import { newFolder } from './files.ts'
import type { Session } from './session.ts'

const fallbackName = 'tmp-file'

/** `sops exec-file file command`: runs a command with the name of a file in plain text in the place of `{}`. */
export async function execFile(session: Session): Promise<number> {
  const { args, flags, io } = session
  const [path, command] = args
  if (args.length !== 2 || path === undefined || command === undefined) {
    throw new SopsExit('error: missing file to decrypt', codes.generic)
  }
  const absolute = resolve(io.cwd, path)
  const file = { path: absolute, name: absolute }
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  const encrypted = await session.load(input, file, path)
  const dataKey = await session.dataKey(encrypted)
  const { documents } = await session.decrypt(encrypted, { dataKey })
  const content = await emit(documents, output)
  if (flags.flag('background')) {
    warn(io, "exec-file's --background option is deprecated and will be removed in a future version of sops")
  }
  return runWithFile(session, command, content)
}

/**
 * The file lies in a folder of the user's own, which is removed when the command has ended; when it has begun where
 * nobody waits for it, as sops does, so that a command in the background seldom sees the file.
 */
async function runWithFile(session: Session, command: string, content: Uint8Array): Promise<number> {
  const { flags, io } = session
  const user = await becomeUser(session)
  const folder = await step(() => newFolder(io, '.sops'), codes.generic)
  let writer: ChildProcess | undefined
  try {
    const path = join(folder, fileName(flags.text('filename'), flags.flag('no-fifo')))
    if (flags.flag('no-fifo')) writePlain(path, content)
    else writer = writeFifo(path, content)
    const line = command.replaceAll('{}', path)
    const env = { ...io.env, ...user }
    if (!flags.flag('background')) return await runShell(session, line, { env })
    startShell(session, line, env)
    return 0
  } finally {
    writer?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A regular file without a name of its own gets digits behind the usual one. */
function fileName(given: string, regular: boolean): string {
  if (given === '') return regular ? `${fallbackName}${randomInt(2 ** 32)}` : fallbackName
  const local = normalize(given)
  if (!given.startsWith('/') && local !== '..' && !local.startsWith('../')) return given
  throw new SopsExit('The provided filename is not a local path.', codes.generic)
}

function writePlain(path: string, content: Uint8Array): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new SopsExit(pathError('open', path, error), codes.generic)
  }
}

/**
 * Makes a named pipe that gives its reader the content once. Writing waits until there is a reader, so another process
 * does it, which ends with the command at the latest.
 */
function writeFifo(path: string, content: Uint8Array): ChildProcess {
  try {
    execFileSync('mkfifo', ['-m', '600', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    const [, reason] = /: ([^:]*)\n$/.exec(String((error as { stderr?: unknown }).stderr ?? '')) ?? []
    throw new SopsExit(
      reason?.toLowerCase() ?? 'mkfifo is needed to make a named pipe, and was not found; use --no-fifo',
      codes.generic,
      error,
    )
  }
  const writer = spawn('/bin/sh', ['-c', 'exec cat > "$1"', 'sh', path], { stdio: ['pipe', 'ignore', 'ignore'] })
  // A command that does not read all of it is not an error.
  writer.stdin.on('error', () => undefined)
  writer.stdin.end(content)
  return writer
}
