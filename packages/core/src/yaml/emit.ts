import { CoreError } from '../error.ts'
import { Emitter } from './emitter.ts'
import type { YamlNode } from './node.ts'

/** How YAML is laid out. */
export interface EmitOptions {
  /** Spaces of one level, 2 to 9; go-yaml takes 2 for anything else, and 4 for 0. */
  readonly indent: number
}

/**
 * Writes documents as yaml.v3's `Encoder` does after `SetIndent`: styles, tags, anchors and comments as the nodes say,
 * `---` between documents.
 *
 * @throws CoreError UNSUPPORTED_VALUE for nodes that YAML cannot hold, and for no documents at all.
 */
export function emitDocuments(documents: readonly YamlNode[], options: EmitOptions): string {
  if (options.indent < 0) {
    throw new CoreError('UNSUPPORTED_VALUE', 'YAML cannot be indented by a negative number of spaces', {
      upstream: 'yaml: cannot indent to a negative number of spaces',
    })
  }
  if (documents.length === 0) {
    throw new CoreError('UNSUPPORTED_VALUE', 'a YAML stream needs a document', {
      upstream: 'yaml: expected STREAM-START',
    })
  }
  const emitter = new Emitter(options.indent === 0 ? 4 : options.indent)
  for (const document of documents) emitter.document(document)
  return emitter.text
}
