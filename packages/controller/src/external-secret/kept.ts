import type { ClusterObject } from '@sealkit/kubernetes'

/** What of an ExternalSecret stays in memory: all but which of its fields was written by whom. */
export function keptExternalSecret(object: ClusterObject): ClusterObject {
  // Deleting the property would make the object a larger one.
  object.metadata.managedFields = []
  return object
}

/** What of a managed Secret's metadata stays in memory: of `managedFields` who wrote which field, and not when. */
export function keptTarget(secret: ClusterObject): ClusterObject {
  const entries = (secret.metadata.managedFields ?? []) as readonly { manager?: string; fieldsV1?: unknown }[]
  secret.metadata.managedFields = entries.map(({ manager, fieldsV1 }) => ({ manager, fieldsV1: shared(fieldsV1) }))
  return secret
}

/** A set of fields whose leaves, which are empty, are all one object: they are most of what the metadata take. */
function shared(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null) return fields
  const all = Object.entries(fields)
  if (all.length === 0) return leaf
  for (const [name, value] of all) Reflect.set(fields, name, shared(value))
  return fields
}

const leaf = Object.freeze({})
