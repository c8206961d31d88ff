import { names } from '@sealkit/core/sealed'
import type { ClusterObject } from '@sealkit/kubernetes'

/** One entry of `metadata.managedFields`, as far as it is kept. */
export interface ManagedFields {
  readonly manager?: string
  readonly subresource?: string
  readonly time?: string
  readonly fieldsV1?: Readonly<Record<string, unknown>>
}

/** kubectl's copy of the whole manifest. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** The entries of an object's `managedFields`. */
export function managedFields({ metadata }: { readonly metadata?: { managedFields?: unknown[] } }): ManagedFields[] {
  return (metadata?.managedFields ?? []) as ManagedFields[]
}

/** What of a SealedSecret stays in memory: all but kubectl's copy of it, and which of its fields was written by whom. */
export function keptSealedSecret(object: ClusterObject): ClusterObject {
  const { metadata } = object
  const { [lastApplied]: copy, ...annotations } = metadata.annotations ?? {}
  if (copy !== undefined) metadata.annotations = annotations
  metadata.managedFields = managedFields(object).map(({ subresource, time }) => ({ subresource, time }))
  return object
}

/**
 * What of a Secret's metadata stays in memory. Of the Secrets that have nothing to do with SealedSecrets, which may be
 * many and large, only that they are there.
 */
export function keptSecret(secret: ClusterObject): ClusterObject {
  const { apiVersion = 'v1', kind = 'Secret', metadata } = secret
  const { name, namespace = '', uid = '', resourceVersion = '' } = metadata
  if (!isOurs(secret)) return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }
  metadata.managedFields = managedFields(secret).flatMap(({ manager, time, fieldsV1 }) => {
    const data = fieldsV1?.['f:data']
    return data === undefined ? [] : [{ manager, time, fieldsV1: { 'f:data': data } }]
  })
  return secret
}

function isOurs({ metadata }: ClusterObject): boolean {
  const { annotations = {}, ownerReferences = [] } = metadata
  return (
    ownerReferences.some(({ kind }) => kind === 'SealedSecret') ||
    [names.managed, names.patch].some((annotation) => Object.hasOwn(annotations, annotation))
  )
}
