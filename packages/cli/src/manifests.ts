import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type ManifestDocument, readDocuments } from 'sealkit'
import { CliError } from './exit.ts'
import { type Io, readAll } from './io.ts'

const manifestFile = /\.(ya?ml|json)$/

/**
 * Reads manifests from files, from directories (every YAML and JSON file below, hidden ones left out) and from stdin
 * (`-`), in the order given, a directory's files by name.
 */
export async function readManifestFiles(paths: readonly string[], io: Io): Promise<ManifestDocument[]> {
  const documents: ManifestDocument[] = []
  for (const path of paths) {
    if (path === '-') documents.push(...(await readDocuments((await readAll(io.stdin)).toString('utf8'), 'stdin')))
    else
      for (const file of filesOf(path, io.cwd)) documents.push(...(await readDocuments(readText(file, io.cwd), file)))
  }
  return documents
}

/** A file's text, or the error that says why it cannot be read. */
export function readText(path: string, cwd: string): string {
  return unreadable(path, () => readFileSync(resolve(cwd, path), 'utf8'))
}

/** The file that a path names, or every manifest below the directory that it names. */
export function filesOf(path: string, cwd: string): string[] {
  if (!unreadable(path, () => statSync(resolve(cwd, path))).isDirectory()) return [path]
  return unreadable(path, () =>
    readdirSync(resolve(cwd, path), { recursive: true, encoding: 'utf8', withFileTypes: true }),
  )
    .filter((entry) => entry.isFile() && manifestFile.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(resolve(cwd, path).length + 1))
    .filter((file) => !file.split('/').some((part) => part.startsWith('.')))
    .sort()
    .map((file) => join(path, file))
}

function unreadable<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why = code === 'ENOENT' ? 'no such file or directory' : `cannot be read (${String(code)})`
    throw new CliError('FILE_UNREADABLE', `${path}: ${why}`, { cause: error })
  }
}
