import type { Manifest } from '@sealkit/core/manifest'
import { type ClusterObject, isKubernetesError, type Key, keyOf, type Resource } from '@sealkit/kubernetes'
import { desiredObject, type ProviderData } from '@sealkit/resolver'
import { equal } from '../equal.ts'
import { ControllerError } from '../error.ts'
import { errorMessage } from '../log.ts'
import { readyCondition } from '../readiness.ts'
import type { ExternalSecretContext } from './context.ts'
import { bodyHash } from './hash.ts'
import type { GenericKind } from './keys.ts'
import { fieldManager, names } from './names.ts'
import { type Outcome, statusOf } from './status.ts'
import { failures, type Sync, SyncError } from './syncerror.ts'
import { isOwnedBy, ownerReference } from './target.ts'

/** Finds how the API addresses a kind; null for one that it does not have, or that is in no namespace. */
export type Discover = (apiVersion: string, kind: string) => Promise<Resource | null>

/** Which other kinds than Secret ExternalSecrets may write, and how they are found. */
export interface GenericTargets {
  /** `Kind` or `Kind.group`; empty = every kind but Secret and those that give rights. */
  readonly kinds: readonly string[]
  readonly discover: Discover
}

/** Groups whose objects give rights: never written unless they are named. */
const powerful: ReadonlySet<string> = new Set([
  'rbac.authorization.k8s.io',
  'authentication.k8s.io',
  'certificates.k8s.io',
])

/**
 * Where a target of another kind is.
 *
 * @throws {SyncError} when such targets, or this kind, are not allowed, or are not there
 */
async function genericResource(
  { generic }: Pick<ExternalSecretContext, 'generic'>,
  { apiVersion, kind }: GenericKind,
): Promise<Resource> {
  const refuse = (text: string): SyncError => new SyncError(failures.generic, text, { terminal: true })
  if (generic === null) {
    throw refuse('generic targets are disabled. Enable with --unsafe-allow-generic-targets flag')
  }
  if (apiVersion === '') throw refuse('target.manifest.apiVersion is required')
  if (kind === '') throw refuse('target.manifest.kind is required')
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  const named = generic.kinds.includes(kind) && group === '' ? true : generic.kinds.includes(`${kind}.${group}`)
  const usual = generic.kinds.length === 0 && !powerful.has(group)
  if ((group === '' && kind === 'Secret') || !(named || usual)) {
    throw refuse(`target.manifest names the kind ${kind} of ${apiVersion}, which is not allowed`)
  }
  const resource = await generic.discover(apiVersion, kind)
  if (resource !== null) return resource
  throw new SyncError(failures.generic, `no matches for kind "${kind}" in version "${apiVersion}"`)
}

/** Brings a target of another kind than Secret to what the provider says. @throws {SyncError} */
export async function syncGeneric(context: ExternalSecretContext, job: Sync, found: ProviderData): Promise<Outcome> {
  const { object, externalSecret } = job
  const { target } = externalSecret
  const refreshed = context.now()
  const done = (reason: Outcome['reason'], message: string, written = false): Outcome => {
    return { ready: true, reason, message, refreshed, target: written ? target.name : null }
  }
  const resource = await genericResource(context, target.manifest ?? { apiVersion: '', kind: '' })
  context.watches.watch(resource, keyOf(object))
  const key = { namespace: object.metadata.namespace ?? '', name: target.name }
  if (found.data.size === 0 && target.deletionPolicy === 'Retain') {
    return done('ResourceSynced', 'secret retained due to DeletionPolicy=Retain')
  }
  if (found.data.size === 0 && target.deletionPolicy === 'Delete') {
    await deleteGeneric(context, job, { resource, key })
    return done('ResourceDeleted', 'secret deleted due to DeletionPolicy=Delete')
  }
  if (target.creationPolicy === 'None') return done('ResourceSynced', 'secret synced')
  const existing = await context.cluster.get(resource, key)
  if (existing === null && target.creationPolicy === 'Merge') {
    return done('ResourceMissing', 'resource will not be created due to CreationPolicy=Merge')
  }
  await writeGeneric(context, job, { resource, existing, found })
  return done('ResourceSynced', 'secret synced', true)
}

interface Writing {
  readonly resource: Resource
  readonly existing: ClusterObject | null
  readonly found: ProviderData
}

async function writeGeneric(context: ExternalSecretContext, job: Sync, { resource, existing, found }: Writing) {
  const { object, externalSecret, taken } = job
  const { watches } = context
  const cluster = context.access(taken.timed ? {} : { since: taken.demand.since })
  const merging =
    externalSecret.target.creationPolicy === 'Merge' || externalSecret.target.creationPolicy === 'CreateOrMerge'
  const base = existing === null ? null : merging ? existing : bare(existing)
  const made = await desiredObject(externalSecret, found.data, base, { ...context.resolve, cluster }).catch(
    (error: unknown) => {
      throw new SyncError('could not apply template to manifest', errorMessage(error), { cause: error })
    },
  )
  const desired = marked(made, job)
  const manager = { fieldManager: fieldManager(object.metadata.name) }
  const { name } = externalSecret.target
  try {
    if (existing === null) watches.settle(resource, await context.cluster.create(resource, desired, manager))
    else {
      refuseOwned(existing, object)
      const same = holds(existing, desired) && (merging || !watches.isChanged(resource, existing))
      const updated = { ...desired, metadata: { ...desired.metadata, name } }
      watches.settle(resource, same ? existing : await context.cluster.update(resource, updated, manager))
      if (same) return
    }
  } catch (error) {
    const verb = existing === null ? 'create' : 'update'
    throw new SyncError(failures.update, `failed to ${verb} target resource: ${errorMessage(error)}`, {
      cause: error,
      target: name,
    })
  }
  const [reason, verb] = existing === null ? ['Created', 'Created'] : ['Updated', 'Updated']
  context.recordEvent(object, { type: 'Normal', reason, message: `${verb} ${resource.kind} ${name}` })
}

/**
 * Whether a target of another kind still holds what was written: its body is that of its hash, or as it was when it was
 * written, with what the API server added. Who takes the managed label off keeps it as it is.
 */
export async function isGenericValid(
  context: ExternalSecretContext,
  object: ClusterObject,
  { manifest, name }: { readonly manifest: GenericKind; readonly name: string },
): Promise<boolean> {
  const { cluster, watches } = context
  const resource = await allowedResource(context, manifest)
  if (resource === null) return true
  watches.watch(resource, keyOf(object))
  const key = { namespace: object.metadata.namespace ?? '', name }
  if (watches.isSettled(resource, key)) return true
  const target = await cluster.get(resource, key)
  if (target === null) {
    const reason = readyCondition(object)?.reason
    return statusOf(object).binding?.name === '' || reason === 'ResourceDeleted' || reason === 'ResourceMissing'
  }
  if (target.metadata.labels?.[names.managed] !== 'true') return true
  const whole = target.metadata.annotations?.[names.dataHash] === bodyHash(target)
  if (whole) watches.settle(resource, target)
  return whole || watches.isUnchanged(resource, target)
}

/** Null where a kind is not allowed or not there: the status says so already. */
async function allowedResource(context: ExternalSecretContext, manifest: GenericKind): Promise<Resource | null> {
  try {
    return await genericResource(context, manifest)
  } catch (error) {
    if (error instanceof SyncError) return null
    throw error
  }
}

/** What stays of an object that is written anew: its metadata and its status. */
function bare({ apiVersion, kind, metadata, status }: ClusterObject): Manifest {
  return { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) } as Manifest
}

/** The object with what says whose it is. */
function marked(made: Manifest, { object, externalSecret }: Sync): Manifest {
  const { metadata = {} } = made
  const others = (metadata.ownerReferences ?? []).filter(({ kind }) => kind !== 'ExternalSecret')
  const owners = externalSecret.target.creationPolicy === 'Owner' ? [...others, ownerReference(object)] : others
  if ((made['spec'] ?? made['data']) === undefined) {
    throw new SyncError(failures.update, 'target resource has neither spec nor data', {
      target: externalSecret.target.name,
    })
  }
  return {
    ...made,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [names.managed]: 'true' },
      annotations: { ...metadata.annotations, [names.dataHash]: bodyHash(made) },
      ...(owners.length === 0 ? {} : { ownerReferences: owners }),
    },
  }
}

function refuseOwned(existing: ClusterObject, externalSecret: ClusterObject): void {
  const owner = existing.metadata.ownerReferences?.find(
    ({ kind, controller }) => kind === 'ExternalSecret' && controller === true,
  )
  if (owner === undefined || isOwnedBy(existing, externalSecret)) return
  throw new ControllerError('SECRET_OWNED', `target is owned by another ExternalSecret: ${owner.name}`)
}

/** Whether everything that is wanted is there; what the API server added as a default is no difference. */
function holds(existing: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(existing) &&
      existing.length === wanted.length &&
      wanted.every((item, index) => holds(existing[index], item))
    )
  }
  if (typeof wanted !== 'object' || wanted === null) return equal(existing, wanted)
  if (typeof existing !== 'object' || existing === null) return false
  return Object.entries(wanted).every(([key, value]) => value === undefined || holds(Reflect.get(existing, key), value))
}

async function deleteGeneric(
  context: ExternalSecretContext,
  { object, externalSecret }: Sync,
  { resource, key }: Place,
): Promise<void> {
  const { creationPolicy } = externalSecret.target
  if (creationPolicy !== 'Owner') {
    const text = `unable to delete resource: creationPolicy=${creationPolicy} is not Owner`
    throw new SyncError('could not delete resource', text, { terminal: true })
  }
  if (!(await remove(context, object, { resource, key }))) return
  context.recordEvent(object, { type: 'Normal', reason: 'Deleted', message: `Deleted ${resource.kind} ${key.name}` })
}

interface Place {
  readonly resource: Resource
  readonly key: Key
}

/** Deletes an object that the ExternalSecret owns; false when there was none. */
async function remove(
  { cluster }: ExternalSecretContext,
  externalSecret: ClusterObject,
  { resource, key }: Place,
): Promise<boolean> {
  const existing = await cluster.get(resource, key)
  if (existing === null || !isOwnedBy(existing, externalSecret)) return false
  try {
    const { uid } = existing.metadata
    await cluster.delete(resource, key, uid === undefined ? {} : { preconditions: { uid } })
  } catch (error) {
    if (!isKubernetesError(error, 'NOT_FOUND', 'CONFLICT')) throw error
  }
  return true
}

/** Deletes the target of an ExternalSecret that goes, where it is of another kind than Secret and may be written. */
export async function deleteOwnedGeneric(
  context: ExternalSecretContext,
  externalSecret: ClusterObject,
  { manifest, key }: { readonly manifest: GenericKind; readonly key: Key },
): Promise<void> {
  // What was never allowed, or is there no more, was not written either.
  const resource = await allowedResource(context, manifest)
  if (resource !== null) await remove(context, externalSecret, { resource, key })
}
