import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CliError, errorText } from './exit.ts'
import type { Io } from './io.ts'

/** How an editor ended; `problem` says in Go's words what went wrong. */
export interface EditorEnd {
  readonly ended: 'well' | 'badly' | 'canceled'
  readonly problem: string
}

/** Milliseconds that an editor has to end after it was told to. */
const patience = 1000

/** Opens a file in an editor, a command with arguments, and waits until it is closed or the user gives up. */
export function runEditor(command: readonly string[], path: string, io: Io): Promise<EditorEnd> {
  const [file = '', ...args] = command
  return new Promise((done) => {
    let canceled = false
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    const stop = (): void => {
      canceled = true
      child.kill('SIGTERM')
      // An editor that does not end is left alone.
      setTimeout(() => {
        child.unref()
        end('')
      }, patience).unref()
    }
    const end = (problem: string): void => {
      for (const signal of signals) process.off(signal, stop)
      done({ ended: canceled ? 'canceled' : problem === '' ? 'well' : 'badly', problem })
    }
    // Before the editor runs: a signal may come as soon as it does.
    for (const signal of signals) process.on(signal, stop)
    const child = spawn(file, [...args, path], { cwd: io.cwd, env: io.env, stdio: 'inherit' })
    child.on('error', (error) => end(spawnProblem(file, error)))
    child.on('close', (code, signal) => {
      if (code === 0) end('')
      else end(signal === null ? `exit status ${code}` : `signal: ${signal}`)
    })
  })
}

function spawnProblem(file: string, error: Error): string {
  const missing = 'code' in error && error.code === 'ENOENT'
  if (!missing) return error.message
  if (file.includes('/')) return `fork/exec ${file}: no such file or directory`
  return `exec: ${JSON.stringify(file)}: executable file not found in $PATH`
}

/** The first of vim, nano and vi that is on the path. */
export function installedEditor({ env }: Io): string | undefined {
  const folders = (env['PATH'] ?? '').split(':').filter((folder) => folder !== '')
  return ['vim', 'nano', 'vi'].find((editor) => folders.some((folder) => existsSync(join(folder, editor))))
}

/** What {@link editPlain} shows. */
export interface PlainText {
  /** The file's name, whose extension tells the editor how to colour it. */
  readonly name: string
  readonly content: Uint8Array
}

/**
 * Shows plain text in the user's editor until `accept` takes what comes back; null where nothing was changed. The text
 * lies in a folder that only the user can enter, in memory where the system has such a place, and is removed in the end.
 *
 * What `accept` throws is shown on a terminal, and the editor opens again; elsewhere it is thrown.
 *
 * @throws EDITOR_FAILED
 */
export async function editPlain<Result>(
  { name, content }: PlainText,
  io: Io,
  accept: (edited: Uint8Array) => Result | Promise<Result>,
): Promise<Result | null> {
  const command = await editorCommand(io)
  const folder = mkdtempSync(join(plainFolder(io), 'sealkit-'))
  const path = join(folder, name)
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
    for (;;) {
      const { ended, problem } = await runEditor(command, path, io)
      if (ended !== 'well') throw editorFailed(ended === 'canceled' ? 'it was stopped' : problem)
      const edited = readFileSync(path)
      if (edited.equals(content)) return null
      try {
        return await accept(edited)
      } catch (error) {
        if (!returnToEditor(error, io)) throw error
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function plainFolder({ env }: Io): string {
  const own = env['XDG_RUNTIME_DIR']
  const inMemory = own !== undefined && own !== '' && statSync(own, { throwIfNoEntry: false })?.isDirectory() === true
  return env['TMPDIR'] || (inMemory ? own : tmpdir())
}

/** Whether the user wants to go back; without a terminal there is nobody to ask. */
function returnToEditor(error: unknown, io: Io): boolean {
  if (io.stdin.isTTY !== true) return false
  io.stderr.write(`${errorText(error)}press Enter to return to the editor, Ctrl-C to give up\n`)
  return readSync(0, Buffer.alloc(1024)) > 0
}

/** The variables that name an editor, the first that is set first. */
const variables = ['SEALKIT_EDITOR', 'SOPS_EDITOR', 'VISUAL', 'EDITOR']

async function editorCommand(io: Io): Promise<readonly string[]> {
  const variable = variables.find((name) => io.env[name] !== undefined && io.env[name] !== '')
  if (variable === undefined) {
    const found = installedEditor(io)
    if (found !== undefined) return [found]
    throw noEditor('none was found')
  }
  const { splitWords } = await import('@sealkit/keyservice')
  const words = splitWords(io.env[variable] ?? '')
  if (words !== null && words.length > 0) return words
  throw noEditor(`$${variable} is no command`)
}

function editorFailed(why: string): CliError {
  return new CliError('EDITOR_FAILED', `the editor failed: ${why}`, {
    hint: 'nothing was changed; another editor is named in EDITOR, such as EDITOR=nano',
  })
}

function noEditor(why: string): CliError {
  return new CliError('EDITOR_FAILED', `no editor: ${why}`, { hint: 'name one in EDITOR, such as EDITOR=nano' })
}
