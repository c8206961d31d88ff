import { decodeUtf8, encodeUtf8, marshalJson } from '@sealkit/core/go'
import { prefixed, ResolverError } from '../../error.ts'
import { get } from '../../gjson/index.ts'
import type { RemoteSecret } from '../../provider.ts'
import { rawValues } from '../../value.ts'

/**
 * A value of an AWS store: whole as it is; a property by gjson, where a key that holds the dots itself goes before a
 * nested one; extracted members as the raw JSON that stands there.
 */
export function awsSecret(key: string, payload: Uint8Array): RemoteSecret {
  const value = (property: string): Uint8Array => {
    if (property === '') return payload
    const json = decodeUtf8(payload)
    const escaped = property.includes('.') ? get(json, property.replaceAll('.', '\\.')) : null
    const found = escaped?.exists === true ? escaped : get(json, property)
    if (!found.exists) {
      throw new ResolverError('PROPERTY_NOT_FOUND', `key ${property} does not exist in secret ${key}`)
    }
    return encodeUtf8(found.string())
  }
  return {
    value,
    entries(property): ReadonlyMap<string, Uint8Array> {
      try {
        return rawValues(value(property))
      } catch (error) {
        if (error instanceof ResolverError && error.code === 'PROPERTY_NOT_FOUND') throw error
        throw prefixed(`unable to unmarshal secret ${key}: `, error)
      }
    },
  }
}

/** What a read gives in the place of a location that failed alone. */
export function settled(read: () => RemoteSecret): RemoteSecret | Error {
  try {
    return read()
  } catch (error) {
    return asError(error)
  }
}

/** A failure as it stands in the place of a location. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new ResolverError('PROVIDER_FAILED', 'unexpected failure', { cause: error })
}

/** The error of an answer that is about something else: its value must not be taken for this one's. */
export function otherSecret(key: string): ResolverError {
  return new ResolverError('PROVIDER_FAILED', `the answer is about another secret than ${key}`)
}

/** Tags as the secret that `metadataPolicy: Fetch` gives: a JSON object. */
export function tagSecret(
  key: string,
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[],
): RemoteSecret {
  const texts = new Map(tags.map(({ Key = '', Value = '' }) => [Key, Value]))
  return awsSecret(key, encodeUtf8(marshalJson(texts)))
}

/** The list in parts of at most `size`. */
export function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
