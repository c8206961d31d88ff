import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, normalize, resolve } from 'node:path'
import { emit } from './decrypt.ts'
import { refuseFlags, runShell } from './exec.ts'
import { codes, pathError, SopsExit } from './exit.ts'
import type { Session } from './session.ts'

const fallbackName = 'tmp-file'

/** `sops exec-file file command`: runs a command with the name of a file in plain text in the place of `{}`. */
export async function execFile(session: Session): Promise<number> {
  const { args, io } = session
  const [path, command] = args
  if (args.length !== 2 || path === undefined || command === undefined) {
    throw new SopsExit('error: missing file to decrypt', codes.generic)
  }
  // With --background sops removes the file before the command can read it.
  refuseFlags(session, 'exec-file', ['user', 'background'])
  const absolute = resolve(io.cwd, path)
  const file = { path: absolute, name: absolute }
  const input = await session.store(file, 'input-type')
  const output = await session.store(file, 'output-type')
  const encrypted = await session.load(input, file, path)
  const dataKey = await session.dataKey(encrypted)
  const { documents } = await session.decrypt(encrypted, { dataKey })
  return runWithFile(session, command, await emit(documents, output))
}

/** The file lies in a folder of the user's own, which is removed when the command has ended. */
async function runWithFile(session: Session, command: string, content: Uint8Array): Promise<number> {
  const folder = mkdtempSync(join(session.io.env['TMPDIR'] || tmpdir(), '.sops'))
  let writer: ChildProcess | undefined
  try {
    const path = join(folder, fileName(session.flags.text('filename')))
    if (session.flags.flag('no-fifo')) writePlain(path, content)
    else writer = writeFifo(path, content)
    return await runShell(session, command.replaceAll('{}', path), session.io.env)
  } finally {
    writer?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

function fileName(given: string): string {
  if (given === '') return fallbackName
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
    throw new SopsExit('a named pipe cannot be made here; use --no-fifo', codes.generic, error)
  }
  const writer = spawn('/bin/sh', ['-c', 'exec cat > "$1"', 'sh', path], { stdio: ['pipe', 'ignore', 'ignore'] })
  // A command that does not read all of it is not an error.
  writer.stdin.on('error', () => undefined)
  writer.stdin.end(content)
  return writer
}
