import type { ClusterObject } from '@sealkit/kubernetes'

/** What of an ExternalSecret stays in memory: all but which of its fields was written by whom. */
export function keptExternalSecret(object: ClusterObject): ClusterObject {
  // Deleting the property would make the object a larger one.
  object.metadata.managedFields = []
  return object
}

/**
 * What of a managed Secret's metadata stays in memory: of `managedFields` who wrote which label and annotation. Who
 * wrote its data counts only where several merge into it, and then it is read whole.
 */
export function keptTarget(secret: ClusterObject): ClusterObject {
  const entries = (secret.metadata.managedFields ?? []) as readonly { manager?: string; fieldsV1?: unknown }[]
  secret.metadata.managedFields = entries.map(({ manager, fieldsV1 }) => ({ manager, fieldsV1: marks(fieldsV1) }))
  return secret
}

/** The sets of labels and annotations among a manager's fields; their leaves, which are empty, are all one object. */
function marks(fieldsV1: unknown): unknown {
  const metadata = fieldsOf(fieldsV1, 'f:metadata')
  const [labels, annotations] = [fieldsOf(metadata, 'f:labels'), fieldsOf(metadata, 'f:annotations')]
  if (labels === null && annotations === null) return undefined
  return { 'f:metadata': { 'f:labels': emptied(labels), 'f:annotations': emptied(annotations) } }
}

function fieldsOf(fields: unknown, name: string): object | null {
  const found: unknown = typeof fields === 'object' && fields !== null ? Reflect.get(fields, name) : null
  return typeof found === 'object' ? found : null
}

function emptied(fields: object | null): object {
  if (fields === null) return leaf
  for (const name of Object.keys(fields)) Reflect.set(fields, name, leaf)
  return fields
}

const leaf = Object.freeze({})
