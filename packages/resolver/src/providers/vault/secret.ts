import { decodeUtf8, encodeUtf8, type JsonNode } from '@sealkit/core/go'
import { ResolverError } from '../../error.ts'
import { get } from '../../gjson/index.ts'
import type { RemoteSecret } from '../../provider.ts'
import { memberMap, nodeText, nodeValue, objectValues } from '../../value.ts'

/** A JSON object of Vault, as it was read. */
export type VaultData = JsonNode & { readonly kind: 'object' }

/**
 * A secret of Vault: whole as compact JSON with sorted keys and the numbers' own digits; a property is a key of that
 * very name, else a gjson path; extracted members go through doubles.
 */
export function vaultSecret(data: VaultData): RemoteSecret {
  const json = nodeText(data)
  const members = memberMap(data)
  const value = (property: string): Uint8Array => {
    if (property === '') return encodeUtf8(json)
    const member = members.get(property)
    if (member !== undefined) return nodeValue(member)
    const found = get(json, property)
    if (!found.exists) {
      throw new ResolverError('PROPERTY_NOT_FOUND', `cannot find secret data for key: ${JSON.stringify(property)}`)
    }
    return encodeUtf8(found.string())
  }
  return { value, entries: (property) => objectValues(decodeUtf8(value(property))) }
}

/** Fields of KV v2's metadata that stand beside the custom ones. */
const systemFields = ['created_time', 'current_version', 'delete_version_after']

/** The metadata of a secret as External Secrets gives it: all values as text, custom ones over the system's. */
export function metadataText(data: VaultData): ReadonlyMap<string, string> {
  const members = memberMap(data)
  const texts = new Map<string, string>()
  for (const field of systemFields) {
    const value = members.get(field)
    if (value !== undefined && value.kind !== 'null') texts.set(field, plainText(value))
  }
  return new Map([...texts, ...customMetadata(data)])
}

/** The custom metadata of a secret, all values as text. */
export function customMetadata(data: VaultData): ReadonlyMap<string, string> {
  const custom = memberMap(data).get('custom_metadata')
  if (custom?.kind !== 'object') return new Map()
  return new Map(custom.members.map(({ key, value }) => [key, plainText(value)]))
}

function plainText(node: JsonNode): string {
  return node.kind === 'string' ? node.value : nodeText(node)
}

/** {@link metadataText} as a secret of its own. */
export function metadataSecret(data: VaultData): RemoteSecret {
  const members = [...metadataText(data)].map(([key, value]) => ({ key, value: { kind: 'string', value } as const }))
  return vaultSecret({ kind: 'object', members })
}
