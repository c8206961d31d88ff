import { Composer } from './composer.ts'
import type { YamlNode } from './node.ts'

/**
 * Reads the documents of a YAML text one by one, as yaml.v3's `Decoder` reads them into `Node`.
 *
 * Bytes are checked for UTF-8 as Go checks them; a text is taken as it is. Of a broken stream the documents before the
 * error are given first.
 *
 * @throws CoreError YAML_SYNTAX with the position in `message` and Go's text in `upstream`.
 */
export function* readDocuments(input: string | Uint8Array): Generator<YamlNode, void> {
  const composer = new Composer(input, 'v3')
  for (let document = composer.next(); document !== undefined; document = composer.next()) yield document
}

/** All documents of a YAML text; see {@link readDocuments}. */
export function parseDocuments(input: string | Uint8Array): YamlNode[] {
  const composer = new Composer(input, 'v3')
  const documents: YamlNode[] = []
  for (let document = composer.next(); document !== undefined; document = composer.next()) documents.push(document)
  return documents
}
