import { readdirSync } from 'node:fs'
import { join, normalize, relative, resolve } from 'node:path'
import { CliError } from '../exit.ts'
import { globFolder, globRegExp, isGlob } from '../glob.ts'
import type { Io } from '../io.ts'
import { isDirectory, unreadable } from '../tree.ts'

/** A file that the command line stands for. */
export interface NamedFile {
  /** Its path as messages show it. */
  readonly path: string
  /** Its path below the directory that was named, or its name: where it goes below an output directory. */
  readonly below: string
  /** Named itself, not found in a directory: then it must be one that there is work for. */
  readonly named: boolean
}

/**
 * The files that the positional arguments stand for: files themselves, of directories every file below, and what a
 * pattern (`**` included) matches. Hidden files and symbolic links are left out unless they are named.
 *
 * @throws `FILE_UNREADABLE`, `USAGE` for a pattern that matches nothing
 */
export function filesNamed(paths: readonly string[], io: Io): NamedFile[] {
  const files = new Map<string, NamedFile>()
  for (const file of paths.flatMap((path) => expand(path, io))) {
    if (!files.has(file.path) || file.named) files.set(file.path, file)
  }
  return [...files.values()]
}

/** Whether a path of the command line stands for one file; a path that leads nowhere does, and fails when it is read. */
export function isFile(path: string, { cwd }: Io): boolean {
  if (!exists(path, cwd)) return !isGlob(path)
  return !isDirectory(path, cwd)
}

function expand(path: string, { cwd }: Io): NamedFile[] {
  if (isGlob(path) && !exists(path, cwd)) return matches(path, cwd)
  if (!exists(path, cwd) || !isDirectory(path, cwd)) return [{ path, below: inside(path, cwd), named: true }]
  return filesBelow(path, cwd).map((below) => ({ path: join(path, below), below, named: false }))
}

function exists(path: string, cwd: string): boolean {
  try {
    isDirectory(path, cwd)
    return true
  } catch {
    return false
  }
}

function matches(pattern: string, cwd: string): NamedFile[] {
  const folder = globFolder(pattern)
  const expression = globRegExp(normalize(pattern))
  const found = filesBelow(folder, cwd)
    .map((below) => join(folder, below))
    .filter((path) => expression.test(path))
  if (found.length === 0) throw new CliError('USAGE', `${pattern} matches no file`, { hint: 'check the pattern' })
  return found.map((path) => ({ path, below: inside(path, cwd), named: false }))
}

/** A path below the working directory stays as it is, so that files of one name do not meet in an output directory. */
function inside(path: string, cwd: string): string {
  const below = relative(cwd, resolve(cwd, path))
  return below.startsWith('..') ? (below.split('/').at(-1) ?? below) : below
}

function filesBelow(path: string, cwd: string): string[] {
  const folder = resolve(cwd, path)
  return unreadable(path, () => readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !file.split('/').some((part) => part.startsWith('.') || part === 'node_modules'))
    .sort()
}
