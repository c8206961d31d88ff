import {
  type DesiredSecret,
  encodeBase64,
  type Manifest,
  type ObjectMeta,
  type OwnerReference,
} from '@sealkit/core/manifest'
import type { ClusterObject } from '@sealkit/kubernetes'
import { equal } from '../equal.ts'
import { ControllerError } from '../error.ts'
import { dataHash } from './hash.ts'
import { createdBy, fieldManager, names } from './names.ts'
import { ownedFields } from './owned.ts'

/** How an ExternalSecret treats its Secret. */
export type CreationPolicy = 'Owner' | 'Orphan' | 'Merge' | 'None' | 'CreateOrMerge'

/** What is written into the target, and by whom. */
export interface TargetOptions {
  readonly externalSecret: ClusterObject
  readonly desired: DesiredSecret
  readonly creationPolicy: CreationPolicy
  readonly immutable: boolean
}

/** The controller reference of a Secret that an ExternalSecret owns. */
export function ownerReference(externalSecret: ClusterObject): OwnerReference {
  const { name, uid = '' } = externalSecret.metadata
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** Whether a Secret is owned by the ExternalSecret, by name: uids change when a cluster is restored from a backup. */
export function isOwnedBy(secret: Manifest, externalSecret: ClusterObject): boolean {
  return owner(secret)?.name === externalSecret.metadata.name
}

/** Whether something else than the ExternalSecret controls a Secret: another ExternalSecret, or any other object. */
export function isOwnedByOther(secret: Manifest, externalSecret: ClusterObject): boolean {
  return controllerOf(secret) !== undefined && !isOwnedBy(secret, externalSecret)
}

/**
 * Refuses a Secret that the ExternalSecret must not write.
 *
 * @throws {ControllerError} `SECRET_OWNED` when another ExternalSecret owns it, `SECRET_CONTROLLED` when it is to be
 * owned and something else is its controller
 */
export function refuseForeign(
  existing: ClusterObject,
  { externalSecret, creationPolicy }: Pick<TargetOptions, 'externalSecret' | 'creationPolicy'>,
): void {
  if (!isOwnedByOther(existing, externalSecret)) return
  const other = owner(existing)
  if (other !== undefined) {
    throw new ControllerError('SECRET_OWNED', `secret is owned by another ExternalSecret: ${other.name}`, {
      hint: 'give one of the two another spec.target.name',
    })
  }
  if (creationPolicy !== 'Owner') return
  const { kind = '', name = '' } = controllerOf(existing) ?? {}
  const { namespace = '' } = existing.metadata
  const object = `Object ${namespace}/${existing.metadata.name}`
  const reason = `${object} is already owned by another ${kind} controller ${name}`
  throw new ControllerError('SECRET_CONTROLLED', `could not set controller reference on secret: ${reason}`, {
    hint: 'give another spec.target.name, or creationPolicy Merge',
  })
}

/** The Secret to create where there is none. */
export function newTarget(options: TargetOptions): Manifest {
  const { name, namespace } = options.desired
  return mutate({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } }, options, false)
}

/**
 * The existing Secret as it should be: null when it is so already.
 *
 * With Owner and Orphan its data become the ExternalSecret's; with the merging policies keys of others stay, and keys
 * that this ExternalSecret wrote before and no longer wants go. Labels and annotations of others always stay. Of a
 * target that is to be immutable and is there already nothing changes but whose it is, as with External Secrets.
 *
 * @throws {ControllerError} as {@link refuseForeign}
 */
export function updatedTarget(existing: ClusterObject, options: TargetOptions): ClusterObject | null {
  refuseForeign(existing, options)
  const mutated = mutate(existing, options, options.immutable)
  const updated: ClusterObject = { ...mutated, metadata: { ...mutated.metadata, name: existing.metadata.name } }
  // The API refuses other data of an immutable Secret; its metadata may still change.
  if (existing['immutable'] === true) {
    updated['data'] = existing['data']
    updated['type'] = existing['type']
  }
  return equal(relevant(existing), relevant(updated)) ? null : updated
}

/**
 * Whether a Secret of which only the metadata are known, and that is whole, is already as it should be. What other
 * managers may have put into its data cannot be told from metadata: a Secret that several merge into is never said to
 * be so.
 */
export function isCurrent(known: ClusterObject, options: TargetOptions): boolean {
  const merging = options.creationPolicy === 'Merge' || options.creationPolicy === 'CreateOrMerge'
  if (merging || (known.metadata.managedFields ?? []).length === 0) return false
  if (isOwnedByOther(known, options.externalSecret)) return false
  const wanted = mutate({ ...known, data: {} }, options, options.immutable)
  const metadata = (secret: Manifest): unknown => {
    const { labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = secret.metadata ?? {}
    return { labels, annotations, ownerReferences, finalizers }
  }
  return equal(metadata(known), metadata(wanted))
}

function controllerOf(secret: Manifest): OwnerReference | undefined {
  return (secret.metadata?.ownerReferences ?? []).find(({ controller }) => controller === true)
}

function owner(secret: Manifest): OwnerReference | undefined {
  const reference = controllerOf(secret)
  const isOne = reference?.kind === 'ExternalSecret' && reference.apiVersion.startsWith('external-secrets.io/')
  return isOne ? reference : undefined
}

/** The Secret as it should be; with `kept` the content that is there stays, and only its bookkeeping is written. */
function mutate(existing: Manifest, options: TargetOptions, kept: boolean): Manifest {
  const { externalSecret, desired, creationPolicy } = options
  const { labels: existingLabels, annotations: existingAnnotations } = existing.metadata ?? {}
  const owned = ownedFields(existing, fieldManager(externalSecret.metadata.name))
  const data = kept ? textMap(existing['data']) : targetData(existing, owned.data, options)
  const labels = kept ? { ...existingLabels } : { ...without(existingLabels, owned.labels), ...desired.labels }
  const annotations = kept
    ? existingAnnotations
    : { ...without(existingAnnotations, owned.annotations), ...desired.annotations }
  delete labels[names.createdBy]
  const metadata: ObjectMeta = {
    ...existing.metadata,
    labels: { ...labels, [names.managed]: 'true' },
    annotations: { ...annotations, [names.dataHash]: dataHash(data) },
    ownerReferences: ownerReferences(existing, options),
  }
  if (creationPolicy === 'Owner') {
    const { namespace = '', name } = externalSecret.metadata
    metadata.labels = { ...metadata.labels, [names.createdBy]: createdBy(namespace, name) }
  }
  const secret: Manifest = { ...existing, metadata, data }
  if (!kept && desired.finalizers !== undefined) metadata.finalizers = finalizers(existing, desired.finalizers)
  if (!kept && desired.type !== undefined && desired.type !== '') secret['type'] = desired.type
  if (options.immutable) secret['immutable'] = true
  return secret
}

function targetData(
  existing: Manifest,
  owned: ReadonlySet<string>,
  { desired, creationPolicy }: TargetOptions,
): Record<string, string> {
  const merging = creationPolicy === 'Merge' || creationPolicy === 'CreateOrMerge'
  const kept = merging ? without(textMap(existing['data']), owned) : {}
  const wanted = [...desired.data].map(([key, value]) => [key, encodeBase64(value)] as const)
  return { ...kept, ...Object.fromEntries(wanted) }
}

function ownerReferences(existing: Manifest, { externalSecret, creationPolicy }: TargetOptions): OwnerReference[] {
  const references = existing.metadata?.ownerReferences ?? []
  const own = owner(existing)
  if (creationPolicy !== 'Owner') return references.filter((reference) => reference !== own)
  if (own === undefined) return [...references, ownerReference(externalSecret)]
  return references.map((reference) => (reference === own ? ownerReference(externalSecret) : reference))
}

function finalizers(existing: Manifest, wanted: readonly string[]): string[] {
  return [...new Set([...(existing.metadata?.finalizers ?? []), ...wanted])]
}

function textMap(value: unknown): Record<string, string> {
  return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {}
}

function without(map: Readonly<Record<string, string>> | undefined, keys: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !keys.has(key)))
}

/** Whether an immutable Secret holds other data than the ExternalSecret asks for, without asking for an immutable one. */
export function isFrozen(existing: ClusterObject, options: TargetOptions): boolean {
  if (existing['immutable'] !== true || options.immutable) return false
  const content = ({ data = {}, type }: Manifest): unknown => ({ data, type })
  return !equal(content(existing), content(mutate(existing, options, false)))
}

/** What an update may change; absent and empty are the same to the API. */
function relevant(secret: Manifest): unknown {
  const { labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = secret.metadata ?? {}
  const { data = {}, type, immutable = false } = secret
  return { labels, annotations, ownerReferences, finalizers, data, type, immutable }
}
