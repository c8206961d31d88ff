import { decodeUtf8, encodeUtf8, type JsonNode, quoteJson, readJson } from '@sealkit/core/go'
import { ResolverError } from '../../error.ts'

/**
 * A JSON text with one member set to a text; the others stay, in their order. Dots in the path go deeper, `\.` is a
 * dot.
 *
 * @throws {ResolverError} `VALUE_INVALID` when the current value is no JSON
 */
export function withProperty(current: Uint8Array | null, path: string, value: Uint8Array): Uint8Array {
  const parts = path.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'))
  const leaf: JsonNode = { kind: 'string', value: decodeUtf8(value) }
  return encodeUtf8(write(set(parse(current), parts, leaf)))
}

function parse(current: Uint8Array | null): JsonNode {
  if (current === null || current.length === 0) return { kind: 'object', members: [] }
  try {
    return readJson(decodeUtf8(current))
  } catch (cause) {
    throw new ResolverError('VALUE_INVALID', 'a property can only be pushed to a secret that is JSON', { cause })
  }
}

function set(node: JsonNode | undefined, [key = '', ...rest]: readonly string[], leaf: JsonNode): JsonNode {
  const members = node?.kind === 'object' ? node.members : []
  const at = members.findIndex((member) => member.key === key)
  const value = rest.length === 0 ? leaf : set(members[at]?.value, rest, leaf)
  const member = { key, value }
  return { kind: 'object', members: at === -1 ? [...members, member] : members.with(at, member) }
}

function write(node: JsonNode): string {
  switch (node.kind) {
    case 'null':
      return 'null'
    case 'bool':
      return String(node.value)
    case 'number':
      return node.text
    case 'string':
      return quoteJson(node.value, { escapeHtml: false })
    case 'array':
      return `[${node.items.map(write).join(',')}]`
    case 'object':
      return `{${node.members.map(({ key, value }) => `${quoteJson(key, { escapeHtml: false })}:${write(value)}`).join(',')}}`
  }
}
