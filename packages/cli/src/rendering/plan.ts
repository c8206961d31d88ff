import { createSessions, plan, planText, readExternalSecret, readStore, type StoreRef } from '@sealkit/resolver'
import type { ManifestDocument } from 'sealkit'

/**
 * What the ExternalSecrets among documents would read, one line a read, without asking anybody: names and paths, never a
 * value.
 *
 * @throws {ResolverError} `INVALID_EXTERNAL_SECRET`, `INVALID_STORE`
 */
export function plansText(documents: readonly ManifestDocument[]): string {
  return documents
    .filter(({ object }) => object.kind === 'ExternalSecret')
    .map(({ object }) => {
      const externalSecret = readExternalSecret(object)
      const reads = planText(plan(externalSecret, readsProperty(documents, externalSecret.namespace)))
      return `ExternalSecret ${externalSecret.namespace}/${externalSecret.name}\n${reads.replace(/^(?=.)/gm, '  ')}`
    })
    .join('')
}

/** Whether a store among the documents answers differently for different properties; one that is not there does not. */
function readsProperty(documents: readonly ManifestDocument[], namespace: string): (ref: StoreRef) => boolean {
  const sessions = createSessions({ environment: { now: () => 0 } })
  return ({ kind, name }) => {
    const found = documents.find(
      ({ object }) =>
        object.kind === kind &&
        object.metadata?.name === name &&
        (kind === 'ClusterSecretStore' || object.metadata.namespace === namespace),
    )
    return found === undefined ? false : (sessions.row(readStore(found.object)).readsProperty ?? false)
  }
}
