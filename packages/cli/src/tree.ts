import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError } from './exit.ts'

const manifestFile = /\.(ya?ml|json)$/

/**
 * The files that a path of the command line stands for: itself, or of a directory every YAML and JSON file below by
 * name, hidden ones and symbolic links left out.
 *
 * @throws FILE_UNREADABLE
 */
export function filesOf(path: string, cwd: string): string[] {
  if (!isDirectory(path, cwd)) return [path]
  return unreadable(path, () =>
    readdirSync(resolve(cwd, path), { recursive: true, encoding: 'utf8', withFileTypes: true }),
  )
    .filter((entry) => entry.isFile() && manifestFile.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(resolve(cwd, path).length + 1))
    .filter((file) => !file.split('/').some((part) => part.startsWith('.')))
    .sort()
    .map((file) => join(path, file))
}

/**
 * Whether a path of the command line is a directory.
 *
 * @throws FILE_UNREADABLE
 */
export function isDirectory(path: string, cwd: string): boolean {
  return unreadable(path, () => statSync(resolve(cwd, path))).isDirectory()
}

/**
 * Does something with a file, and says which one when the system refuses.
 *
 * @throws FILE_UNREADABLE
 */
export function unreadable<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why = code === 'ENOENT' ? 'no such file or directory' : `cannot be read (${String(code)})`
    throw new CliError('FILE_UNREADABLE', `${path}: ${why}`, { cause: error, hint: 'check the path and its rights' })
  }
}
