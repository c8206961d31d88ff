import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from '../exit.ts'
import { type Io, readAll } from '../io.ts'
import { filesOf, isDirectory, unreadable } from '../tree.ts'

/** A file of the command line, or standard input. */
export interface Source {
  /** Its path as messages show it. */
  readonly path: string
  /** Named itself, not found in a directory: then it must hold what is looked for. */
  readonly named: boolean
  /**
   * Its text.
   *
   * @throws FILE_UNREADABLE, also for what is no UTF-8
   */
  read(): Promise<string>
}

/**
 * The files that the positional arguments stand for; standard input where there are none, or one is `-`.
 *
 * @throws FILE_UNREADABLE
 */
export function sourcesOf(paths: readonly string[], io: Io): Source[] {
  const sources = (paths.length === 0 ? ['-'] : paths).flatMap((path): Source[] => {
    if (path === '-')
      return [{ path: 'stdin', named: true, read: async () => decode('stdin', await readAll(io.stdin)) }]
    const named = !isDirectory(path, io.cwd)
    return filesOf(path, io.cwd).map((file) => ({ path: file, named, read: () => readText(file, io) }))
  })
  return sources.filter(({ path }, at) => sources.findIndex((source) => source.path === path) === at)
}

/**
 * The text of a file.
 *
 * @throws FILE_UNREADABLE, also for what is no UTF-8
 */
export async function readText(path: string, io: Io): Promise<string> {
  return decode(
    path,
    unreadable(path, () => readFileSync(resolve(io.cwd, path))),
  )
}

/** Whatever is read must be written again byte for byte, so nothing may be lost in decoding. */
function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `${path}: no UTF-8 text`, { cause, hint: 'save the file as UTF-8' })
  }
}
