import { CoreError } from '@sealkit/core'
import type { Manifest } from '@sealkit/core/manifest'
import type { ManifestDocument } from './document.ts'

/**
 * Reads the objects of a manifest file: YAML documents between `---` lines, or one JSON object; the members of a `List`
 * stand for themselves. Empty documents are left out. Scalars are read as Kubernetes reads them (YAML 1.1: `yes` is true).
 *
 * @param place what messages call the file
 * @throws {CoreError} `YAML_SYNTAX`, `JSON_SYNTAX`, `INVALID_MANIFEST`; one document that cannot be read fails the file
 */
export async function readDocuments(text: string, place: string): Promise<ManifestDocument[]> {
  const json = /^\s*\{/.test(text)
  const values = json ? [parseJson(text, place)] : await parseYamlDocuments(text, place)
  const encrypted = values.some((value) => isObject(value) && value['sops'] !== undefined)
  return values.flatMap((value, index) => {
    if (value === null || value === undefined) return []
    if (!isObject(value)) throw invalid(place, 'a document is no object')
    const file = encrypted ? { file: { text, format: json ? 'json' : 'yaml', index } as const } : {}
    return members(value).map((object) => ({ object, place, ...file }))
  })
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // JSON.parse quotes the text around the fault.
    throw new CoreError('JSON_SYNTAX', `${place}: the JSON cannot be parsed`)
  }
}

async function parseYamlDocuments(text: string, place: string): Promise<unknown[]> {
  const { parseYaml } = await import('@sealkit/core/yaml')
  return split(text).map(({ document, line }) => {
    try {
      return parseYaml(document)
    } catch (error) {
      if (!(error instanceof CoreError)) throw error
      const where = line === 1 ? '' : ` (in the document that begins at line ${line})`
      throw new CoreError(error.code, `${place}: ${error.message}${where}`, { cause: error })
    }
  })
}

/** The documents of a stream. A separator is a line that begins with `---`; what follows it there is part of the document. */
function split(text: string): { document: string; line: number }[] {
  const documents: { document: string; line: number }[] = []
  let line = 1
  for (const document of text.replace(/^\ufeff/, '').split(/^---(?=\s|$)/m)) {
    documents.push({ document, line })
    line += document.split('\n').length - 1
  }
  return documents
}

function members(object: Manifest): Manifest[] {
  const items = object['items']
  return object.kind?.endsWith('List') === true && Array.isArray(items) ? items.filter(isObject) : [object]
}

function isObject(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(place: string, what: string): CoreError {
  return new CoreError('INVALID_MANIFEST', `${place}: ${what}`, {
    hint: 'a manifest is an object with apiVersion and kind',
  })
}
