import { CoreError } from '../error.ts'
import type { Manifest } from './object.ts'

/** A document of a manifest file, parsed and not looked at. */
export interface ParsedDocument {
  readonly value: unknown
  /** The line of the file in which it begins, from 1. */
  readonly line: number
}

/**
 * Parses the documents of a file of any kinds: one JSON object, or YAML documents between `---` lines, read as
 * Kubernetes reads them (YAML 1.1: `yes` is true). What follows `---` on its line is part of the document.
 *
 * @throws `YAML_SYNTAX` with the line in which the broken document begins; one breaks the file
 */
export async function parseManifestFile(text: string): Promise<ParsedDocument[]> {
  if (/^\s*[{[]/.test(text)) {
    try {
      return [{ value: JSON.parse(text), line: 1 }]
    } catch {
      // YAML in flow style begins with a brace too; if it is none either, YAML's error says where.
    }
  }
  const { parseYaml } = await import('../yaml/index.ts')
  return split(text).map(({ document, line }) => {
    try {
      return { value: parseYaml(document), line }
    } catch (error) {
      if (!(error instanceof CoreError) || line === 1) throw error
      throw new CoreError(error.code, `${error.message} (in the document that begins at line ${line})`, {
        cause: error,
      })
    }
  })
}

/** The objects of a document: itself, or the members of a `List`, which stand for themselves. */
export function listMembers(value: unknown): Manifest[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  const object = value as Manifest
  const items = object['items']
  return object.kind?.endsWith?.('List') === true && Array.isArray(items) ? items.flatMap(listMembers) : [object]
}

function split(text: string): { document: string; line: number }[] {
  const documents: { document: string; line: number }[] = []
  let line = 1
  for (const document of text.replace(/^\ufeff/, '').split(/^---(?=\s|$)/m)) {
    documents.push({ document, line })
    line += document.split('\n').length - 1
  }
  return documents
}
