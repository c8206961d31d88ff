import { accessSync, constants, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { replaceFile } from '../../file.ts'
import { type Io, readAll } from '../../io.ts'
import { codes, pathError, SopsExit } from './exit.ts'

/** A file that a command works on. */
export interface Target {
  /** Absolute path; empty for standard input. */
  readonly path: string
  /** The path that the format and the creation rule are chosen by. */
  readonly name: string
}

/** True where something is at the path. */
export function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    // What cannot be looked at fails when it is opened, with the reason.
    return true
  }
}

/**
 * The file of the command line.
 *
 * @throws SopsExit 100 where there is none at the path
 */
export function target(io: Io, path: string | undefined, override: string): Target {
  const absolute = path === undefined ? '' : resolve(io.cwd, path)
  if (absolute !== '' && !exists(absolute)) {
    throw new SopsExit(`Error: cannot operate on non-existent file ${JSON.stringify(absolute)}`, codes.noFileSpecified)
  }
  return { path: absolute, name: override === '' ? absolute : resolve(io.cwd, override) }
}

/** The bytes of the input; a file argument of `/dev/stdin` is standard input. */
export async function readInput(io: Io, path: string, shown: string = path): Promise<Uint8Array> {
  if (path === '' || path === '/dev/stdin') return readAll(io.stdin)
  try {
    return readFileSync(path)
  } catch (error) {
    const operation = error instanceof Error && 'code' in error && error.code === 'EISDIR' ? 'read' : 'open'
    throw new SopsExit(`Error reading file: ${pathError(operation, shown, error)}`, codes.couldNotReadInput)
  }
}

/** Makes a folder of the user's own for files that are about to go again. The error is in Go's words. */
export function newFolder(io: Io, prefix: string): string {
  // Go's os.TempDir; `node:os` would be loaded for every call.
  const parent = io.env['TMPDIR'] || '/tmp'
  try {
    return mkdtempSync(join(parent, prefix))
  } catch (error) {
    const missing = statSync(parent, { throwIfNoEntry: false }) === undefined
    throw new Error(missing ? pathError('stat', parent, error) : pathError('mkdir', join(parent, prefix), error))
  }
}

/** Where a command's result goes. */
export interface Destination {
  /** The file to replace; absent means `output`, or standard output. */
  readonly inPlace?: string
  readonly output: string
  /** Whether the result is in plain text: a new file is then for its owner alone. */
  readonly plain: boolean
}

/** Writes a result whole or not at all. */
export function writeOutput(io: Io, content: Uint8Array, { inPlace, output, plain }: Destination): void {
  if (inPlace === undefined && output === '') {
    io.stdout.write(content)
    return
  }
  const path = inPlace ?? resolve(io.cwd, output)
  try {
    // What upstream could not write is not replaced either.
    if (exists(path)) accessSync(path, constants.W_OK)
    if (output.endsWith('/') && inPlace === undefined) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    replaceFile(path, content, plain ? { mode: 0o600 } : {})
  } catch (error) {
    const what = inPlace === undefined ? 'output' : 'in-place'
    const shown = inPlace ?? output
    throw new SopsExit(
      `Could not open ${what} file for writing: ${pathError('open', shown, error)}`,
      codes.couldNotWriteOutput,
    )
  }
}
