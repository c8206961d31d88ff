import type { OwnerReference } from '@sealkit/core/manifest'
import type { Entry } from './load.ts'

/**
 * What garbage collection removes in a cluster: Secrets whose owners are all gone. Where `in` gives no object at all it
 * is more likely not mounted than empty, and nothing is removed.
 */
export function orphans(entries: readonly Entry[]): Entry[] {
  if (!entries.some(({ place }) => place === 'in')) return []
  const present = new Set(
    entries.map(({ object }) => ownerText(object.kind, object.metadata.namespace, object.metadata.name)),
  )
  const exists = (owner: OwnerReference, namespace: string | undefined): boolean =>
    present.has(ownerText(owner.kind, namespace, owner.name)) ||
    present.has(ownerText(owner.kind, undefined, owner.name))
  return entries.filter(({ place, object }) => {
    const { namespace, ownerReferences = [] } = object.metadata
    return place === 'out' && ownerReferences.length > 0 && !ownerReferences.some((owner) => exists(owner, namespace))
  })
}

function ownerText(kind: string | undefined, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ''}/${name}`
}
