import type { ClusterObject, Resource } from '../cluster.ts'
import type { Entry } from './load.ts'

/** Namespaces need no manifest of their own: whatever lies in one makes it be there. None for other kinds. */
export function implied(resource: Resource, entries: Iterable<Entry>): ClusterObject[] {
  if (resource.kind !== 'Namespace') return []
  const names = new Set<string>()
  const written = new Set<string>()
  for (const { object } of entries) {
    if (object.kind === 'Namespace') written.add(object.metadata.name)
    else if (object.metadata.namespace) names.add(object.metadata.namespace)
  }
  return [...names]
    .filter((name) => !written.has(name))
    .map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    }))
}
