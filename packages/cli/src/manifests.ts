import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ManifestDocument, readDocuments } from 'sealkit'
import { type Io, readAll } from './io.ts'
import { filesOf, unreadable } from './tree.ts'

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
