import { type Manifest, secretManifest } from '@sealkit/core/manifest'
import { type ClusterAccess, manifestAccess, type ObjectKey } from '@sealkit/resolver'
import { type Context, desired, isSource } from './desired.ts'
import type { ManifestDocument } from './document.ts'

/**
 * What ExternalSecrets see of a cluster when there is none: the documents at hand. A Secret that another document stands
 * for is there too, unsealed or decrypted when it is asked for, so that a store's credentials may be sealed beside it.
 */
export function documentAccess(
  documents: readonly ManifestDocument[],
  context: Omit<Context, 'external'>,
): ClusterAccess {
  const plain = manifestAccess(documents.filter((document) => !isSource(document)).map(({ object }) => object))
  return {
    ...plain,
    async get(kind, key): Promise<Manifest | null> {
      const found = await plain.get(kind, key)
      return found !== null || kind !== 'Secret' ? found : made(documents, key, context)
    },
  }
}

async function made(
  documents: readonly ManifestDocument[],
  key: ObjectKey,
  context: Omit<Context, 'external'>,
): Promise<Manifest | null> {
  const candidates = documents.filter(
    ({ object }) =>
      object.kind !== 'ExternalSecret' &&
      object.metadata?.name === key.name &&
      object.metadata.namespace === key.namespace,
  )
  for (const outcome of await desired(candidates, context)) {
    if ('error' in outcome) throw outcome.error
    if (outcome.secret !== null) return secretManifest(outcome.secret)
  }
  return null
}
