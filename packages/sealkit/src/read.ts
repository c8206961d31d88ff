import { CoreError } from '@sealkit/core'
import { listMembers, type ParsedDocument, parseManifestFile } from '@sealkit/core/manifest'
import type { ManifestDocument } from './document.ts'

/**
 * Reads the objects of a manifest file: YAML documents between `---` lines, or one JSON object; the members of a `List`
 * stand for themselves. Empty documents are left out.
 *
 * @param place what messages call the file
 * @throws {CoreError} `YAML_SYNTAX`, `INVALID_MANIFEST`; one document that cannot be read fails the file
 */
export async function readDocuments(text: string, place: string): Promise<ManifestDocument[]> {
  const documents = await parsed(text, place)
  const format = /^\s*\{/.test(text) ? 'json' : 'yaml'
  const encrypted = documents.some(({ value }) => isObject(value) && Object.hasOwn(value, 'sops'))
  return documents.flatMap(({ value }, index) => {
    if (value === null || value === undefined) return []
    if (!isObject(value)) {
      throw new CoreError('INVALID_MANIFEST', `${place}: a document is no object`, {
        hint: 'a manifest is an object with apiVersion and kind',
      })
    }
    const file = encrypted ? { file: { text, format, index } as const } : {}
    return listMembers(value).map((object) => ({ object, place, ...file }))
  })
}

async function parsed(text: string, place: string): Promise<ParsedDocument[]> {
  try {
    return await parseManifestFile(text)
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw new CoreError(error.code, `${place}: ${error.message}`, { cause: error })
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
