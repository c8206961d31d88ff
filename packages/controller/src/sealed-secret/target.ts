import type { Manifest } from '@sealkit/core/manifest'
import { names } from '@sealkit/core/sealed'
import type { ClusterObject } from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { ControllerError } from '../error.ts'

/** Whether the SealedSecret is the controlling owner of an object. */
export function isControlledBy(object: Manifest, owner: Manifest): boolean {
  return (object.metadata?.ownerReferences ?? []).some(
    (reference) => reference.controller === true && reference.uid === owner.metadata?.uid,
  )
}

/** Whether an existing Secret carries one of Sealed Secrets' annotations with the value `true`. */
export function isAnnotated(object: Manifest, annotation: string): boolean {
  return object.metadata?.annotations?.[annotation] === 'true'
}

/**
 * The existing Secret as it should be: null when it is so already.
 *
 * Owned or annotated `managed`, its data, labels, annotations and owners become those of the unsealed Secret;
 * annotated `patch`, they are merged in, and owners are set only where `managed` is set too. `immutable` counts
 * when a Secret is created and never later, as upstream.
 *
 * @throws {ControllerError} `SECRET_UNMANAGED` when it belongs to somebody else
 */
export function updatedSecret(
  existing: ClusterObject,
  unsealed: Manifest,
  sealedSecret: Manifest,
): ClusterObject | null {
  const patch = isAnnotated(existing, names.patch)
  const managed = isAnnotated(existing, names.managed)
  if (!patch && !managed && !isControlledBy(existing, sealedSecret) && !isOwnerless(existing, unsealed)) {
    throw new ControllerError(
      'SECRET_UNMANAGED',
      `failed update: Resource "${existing.metadata.name}" already exists and is not managed by SealedSecret`,
      { hint: `annotate the Secret with ${names.managed}: "true" to hand it over, or delete it` },
    )
  }
  const updated = patch ? merged(existing, unsealed, managed) : replaced(existing, unsealed)
  const type = unsealed['type']
  if (typeof type === 'string' && type !== '') updated['type'] = type
  return equal(managedPart(existing), managedPart(updated)) ? null : updated
}

/**
 * A Secret that a SealedSecret made with `skip-set-owner-references`: it has no owner, and the annotation from the
 * template says whose it is. Upstream refuses it from the second reconcile on.
 */
function isOwnerless(existing: Manifest, unsealed: Manifest): boolean {
  return isAnnotated(existing, names.skipOwnerReferences) && isAnnotated(unsealed, names.skipOwnerReferences)
}

function replaced(existing: ClusterObject, unsealed: Manifest): ClusterObject {
  const { annotations, labels, ownerReferences } = unsealed.metadata ?? {}
  const metadata = { ...existing.metadata, annotations: annotations ?? {}, labels: labels ?? {} }
  metadata.ownerReferences = ownerReferences ?? []
  return { ...existing, metadata, data: unsealed['data'] ?? {} }
}

function merged(existing: ClusterObject, unsealed: Manifest, managed: boolean): ClusterObject {
  const { annotations, labels, ownerReferences } = unsealed.metadata ?? {}
  const metadata = {
    ...existing.metadata,
    annotations: { ...existing.metadata.annotations, ...annotations },
    labels: { ...existing.metadata.labels, ...labels },
  }
  if (managed) metadata.ownerReferences = ownerReferences ?? []
  return { ...existing, metadata, data: { ...record(existing['data']), ...record(unsealed['data']) } }
}

/** What an update may change; absent and empty are the same to the API. */
function managedPart(secret: Manifest): unknown {
  const { annotations = {}, labels = {}, ownerReferences = [] } = secret.metadata ?? {}
  return { annotations, labels, ownerReferences, data: secret['data'] ?? {}, type: secret['type'] }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
