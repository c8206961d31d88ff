import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ManifestDocument, readDocuments } from 'sealkit'
import { type Io, readAll } from './io.ts'
import { filesOf, unreadable } from './tree.ts'

/** A file of manifests: its text, and what messages call it. */
export interface ManifestFile {
  readonly place: string
  readonly text: string
}

/**
 * Reads manifests from files, from directories (every YAML and JSON file below, hidden ones left out) and from stdin
 * (`-`), in the order given, a directory's files by name.
 */
export async function readManifestFiles(paths: readonly string[], io: Io): Promise<ManifestDocument[]> {
  return documentsOf(await readManifestTexts(paths, io))
}

/** The texts behind {@link readManifestFiles}. */
export async function readManifestTexts(paths: readonly string[], io: Io): Promise<ManifestFile[]> {
  const files: ManifestFile[] = []
  for (const path of paths) {
    if (path === '-') files.push({ place: 'stdin', text: (await readAll(io.stdin)).toString('utf8') })
    else for (const file of filesOf(path, io.cwd)) files.push({ place: file, text: readText(file, io.cwd) })
  }
  return files
}

/** The objects of files of manifests, in order. */
export async function documentsOf(files: readonly ManifestFile[]): Promise<ManifestDocument[]> {
  const documents: ManifestDocument[] = []
  for (const { text, place } of files) documents.push(...(await readDocuments(text, place)))
  return documents
}

/** The document in `namespace`, where it names none itself. */
export function inNamespace(document: ManifestDocument, namespace = 'default'): ManifestDocument {
  const { metadata } = document.object
  if (metadata === undefined || metadata.namespace !== undefined) return document
  return { ...document, object: { ...document.object, metadata: { ...metadata, namespace } } }
}

/** A file's text, or the error that says why it cannot be read. */
export function readText(path: string, cwd: string): string {
  return unreadable(path, () => readFileSync(resolve(cwd, path), 'utf8'))
}
