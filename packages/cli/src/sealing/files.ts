import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
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
 * Writes a result to a file, whole or not at all, or to standard output.
 *
 * @throws FILE_UNWRITABLE
 */
export function writeResult(content: string | Uint8Array, path: string | undefined, io: Io, mode?: number): void {
  if (path === undefined || path === '-') {
    io.stdout.write(content)
    return
  }
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    replaceFile(resolve(io.cwd, path), bytes, mode === undefined ? {} : { mode })
  } catch (cause) {
    throw new CliError('FILE_UNWRITABLE', `${path} cannot be written`, {
      cause,
      hint: 'check the folder and its rights',
    })
  }
}
