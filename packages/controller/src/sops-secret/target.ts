import { type DesiredSecret, type Manifest, secretManifest } from '@sealkit/core/manifest'
import { apiVersion, type Cluster, type ClusterObject, isKubernetesError, resources } from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { ControllerError } from '../error.ts'
import { isAnnotated, isControlledBy } from '../sealed-secret/target.ts'

/** The annotation of upstream by which a Secret that is there already is handed over. */
const managed = 'sopssecret/managed'

/** What {@link applySecret} works with. */
export interface Applying {
  readonly cluster: Cluster
  readonly owner: ClusterObject
  /** Take over a Secret of anybody's. */
  readonly enforce: boolean
  readonly fieldManager: string
}

/** What became of a Secret. */
export interface Applied {
  readonly secret: ClusterObject
  readonly change: 'created' | 'updated' | null
}

/**
 * Brings one Secret to what a template says: data, type, labels and annotations become those of the template. A Secret
 * that is there and not the SopsSecret's own is changed only where it is annotated `sopssecret/managed: "true"`, or
 * ownership is enforced; it is the SopsSecret's own from then on.
 *
 * @throws {ControllerError} `SECRET_UNMANAGED`, and what the cluster refuses
 */
export async function applySecret(wanted: DesiredSecret, applying: Applying): Promise<Applied> {
  const { cluster, owner, enforce, fieldManager } = applying
  const { name, namespace } = wanted
  const manifest = secretManifest({ ...wanted, ownerReferences: [ownerReference(owner)] })
  const existing = await cluster.get(resources.secret, { namespace, name })
  if (existing === null) {
    return { secret: await cluster.create(resources.secret, manifest, { fieldManager }), change: 'created' }
  }
  const handedOver = isAnnotated(existing, managed) || enforce
  if (!isControlledBy(existing, owner) && !handedOver) throw unmanaged(name)
  const { labels = {}, annotations = {}, ownerReferences = [] } = manifest.metadata ?? {}
  const owners = handedOver ? ownerReferences : (existing.metadata.ownerReferences ?? [])
  const metadata = { ...existing.metadata, labels, annotations, ownerReferences: owners }
  const updated = { ...existing, metadata, type: manifest['type'], data: manifest['data'] ?? {} }
  if (equal(content(existing), content(updated))) return { secret: existing, change: null }
  return { secret: await cluster.update(resources.secret, updated, { fieldManager }), change: 'updated' }
}

function unmanaged(name: string): ControllerError {
  const message = `the Secret ${name} is there already and is not the SopsSecret's own`
  return new ControllerError('SECRET_UNMANAGED', message, {
    hint: `annotate it with ${managed}: "true" to hand it over, set spec.enforceOwnership, or delete it`,
  })
}

function ownerReference({ metadata: { name, uid = '' } }: ClusterObject) {
  const { kind } = resources.sopsSecret
  return { apiVersion: apiVersion(resources.sopsSecret), kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** What an update may change; absent and empty are the same to the API. */
function content(secret: Manifest): unknown {
  const { labels = {}, annotations = {}, ownerReferences = [] } = secret.metadata ?? {}
  return { labels, annotations, ownerReferences, data: secret['data'] ?? {}, type: secret['type'] }
}

/** Deletes a Secret that no template names any more; true when it was there. */
export async function deleteSecret(cluster: Cluster, { metadata }: ClusterObject): Promise<boolean> {
  const { name, namespace = '', uid } = metadata
  try {
    await cluster.delete(resources.secret, { namespace, name }, uid === undefined ? {} : { preconditions: { uid } })
    return true
  } catch (error) {
    // Another of the same name has taken its place.
    if (isKubernetesError(error, 'NOT_FOUND', 'CONFLICT')) return false
    throw error
  }
}
