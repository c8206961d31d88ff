import { decodeUtf8, encodeUtf8 } from '@sealkit/core/go'
import { parseDocuments, type YamlNode } from '@sealkit/core/yaml'
import { ResolverError } from '../error.ts'

/**
 * The scalar at a path of a YAML or JSON text, as it is written there (numbers keep their digits).
 *
 * @throws {ResolverError} `VALUE_INVALID` for another kind of text, `PROPERTY_NOT_FOUND` for a path that leads nowhere
 */
export function fragmentOf(bytes: Uint8Array, path: readonly string[]): Uint8Array {
  let node = root(bytes)
  for (const [index, part] of path.entries()) {
    const next = child(node, part)
    if (next === undefined) {
      throw new ResolverError('PROPERTY_NOT_FOUND', `there is no "${path.slice(0, index + 1).join('/')}" in the value`)
    }
    node = next
  }
  if (node?.kind === 'scalar') return encodeUtf8(node.value)
  throw new ResolverError('VALUE_INVALID', `"${path.join('/')}" is not a single value`, {
    hint: 'go deeper in the fragment',
  })
}

function root(bytes: Uint8Array): YamlNode | undefined {
  try {
    return resolved(parseDocuments(decodeUtf8(bytes))[0]?.content[0])
  } catch (cause) {
    throw new ResolverError('VALUE_INVALID', 'the value is neither YAML nor JSON, so a fragment has nothing to go by', {
      cause,
    })
  }
}

function child(node: YamlNode | undefined, part: string): YamlNode | undefined {
  if (node?.kind === 'sequence') return /^\d+$/.test(part) ? resolved(node.content[Number(part)]) : undefined
  if (node?.kind !== 'mapping') return undefined
  const at = node.content.findIndex((key, index) => index % 2 === 0 && key.value === part)
  return at === -1 ? undefined : resolved(node.content[at + 1])
}

function resolved(node: YamlNode | undefined): YamlNode | undefined {
  return node?.kind === 'alias' ? node.alias : node
}
