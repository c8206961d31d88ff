import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CliError } from '../exit.ts'
import { replaceFile } from '../file.ts'
import { type Io, readAll } from '../io.ts'

/**
 * The bytes of files, or of standard input where none is named or one is `-`.
 *
 * @throws FILE_UNREADABLE
 */
export async function readInputs(paths: readonly string[] | undefined, io: Io): Promise<Uint8Array[]> {
  const inputs: Uint8Array[] = []
  for (const path of paths ?? ['-']) inputs.push(path === '-' ? await readAll(io.stdin) : readInput(path, io))
  return inputs
}

/**
 * The bytes of one file.
 *
 * @throws FILE_UNREADABLE
 */
export function readInput(path: string, io: Io): Uint8Array {
  try {
    return readFileSync(resolve(io.cwd, path))
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `${path} cannot be read`, { cause, hint: 'check the path and its rights' })
  }
}

/**
 * Writes a result to a file, whole or not at all, or to standard output. Folders on the way to it that are not there are
 * made; those of a file that is its owner's alone are, too.
 *
 * @throws FILE_UNWRITABLE
 */
export function writeResult(content: string | Uint8Array, path: string | undefined, io: Io, mode?: number): void {
  if (path === undefined || path === '-') {
    io.stdout.write(content)
    return
  }
  const target = resolve(io.cwd, path)
  makeFolder(dirname(target), mode === 0o600 ? 0o700 : 0o777)
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    replaceFile(target, bytes, mode === undefined ? {} : { mode })
  } catch (cause) {
    throw new CliError('FILE_UNWRITABLE', `${path} cannot be written`, {
      cause,
      hint: 'check the folder and its rights',
    })
  }
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode })
  } catch (cause) {
    throw new CliError('FILE_UNWRITABLE', `the folder ${path} cannot be made`, { cause, hint: 'check its rights' })
  }
}
