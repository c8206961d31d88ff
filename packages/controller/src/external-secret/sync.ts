import type { DesiredSecret } from '@sealkit/core/manifest'
import { type Cluster, type ClusterObject, isKubernetesError, type Key, keyOf, resources } from '@sealkit/kubernetes'
import { type ClusterAccess, desiredSecret, type ProviderData, resolveData } from '@sealkit/resolver'
import { ControllerError } from '../error.ts'
import { errorMessage } from '../log.ts'
import type { ExternalSecretContext } from './context.ts'
import { syncGeneric } from './generic.ts'
import { createdBy, fieldManager, names } from './names.ts'
import { type Outcome, statusOf } from './status.ts'
import { failures, type Sync, SyncError } from './syncerror.ts'
import {
  isCurrent,
  isFrozen,
  isOwnedBy,
  isOwnedByOther,
  newTarget,
  refuseForeign,
  type TargetOptions,
  updatedTarget,
} from './target.ts'

/** Reads the provider and brings the target to what it says. @throws {SyncError} */
export async function syncTarget(context: ExternalSecretContext, job: Sync): Promise<Outcome> {
  const { object, externalSecret } = job
  const { target } = externalSecret
  const refreshed = context.now()
  const done = (message: string, written: boolean, reason: Outcome['reason'] = 'SecretSynced'): Outcome => ({
    ready: true,
    reason,
    message,
    refreshed,
    target: written ? target.name : null,
  })
  const found = await readProvider(context, job)
  for (const { message } of found.missing) {
    context.recordEvent(object, { type: 'Normal', reason: 'MissingProviderSecret', message })
  }
  if (target.manifest !== null) return syncGeneric(context, job, found)
  if (found.data.size === 0 && target.deletionPolicy === 'Retain') {
    return done('secret retained due to DeletionPolicy=Retain', false)
  }
  if (found.data.size === 0 && target.deletionPolicy === 'Delete') {
    await deleteTarget(context, job)
    return done('secret deleted due to DeletionPolicy=Delete', false, 'SecretDeleted')
  }
  if (target.creationPolicy === 'None') return done('secret synced', false)
  if (!(await writeTarget(context, job, found))) {
    return done('secret will not be created due to CreationPolicy=Merge', false, 'SecretMissing')
  }
  if (target.creationPolicy === 'Owner') await deleteRenamed(context, job)
  return done('secret synced', true)
}

async function readProvider(context: ExternalSecretContext, job: Sync): Promise<ProviderData> {
  const { object, externalSecret, taken, leases, signal } = job
  const cluster = access(context, job)
  // Whoever changes an ExternalSecret that was synced before wants to see what is there now, credentials included.
  const fresh = !taken.timed && statusOf(object).syncedResourceVersion !== undefined
  try {
    return await resolveData(externalSecret, {
      ...context.resolve,
      cluster,
      demand: taken.demand,
      fresh,
      leases,
      signal,
    })
  } catch (error) {
    signal.throwIfAborted()
    throw new SyncError(failures.provider, errorMessage(error), { cause: error })
  }
}

function access({ access: accessFor }: ExternalSecretContext, { taken }: Sync): ClusterAccess {
  return accessFor(taken.timed ? {} : { since: taken.demand.since })
}

/** Creates or updates the target; false when it is not there and must not be created. */
async function writeTarget(context: ExternalSecretContext, job: Sync, found: ProviderData): Promise<boolean> {
  const { object, externalSecret, taken } = job
  const { creationPolicy, immutable } = externalSecret.target
  const key = targetKey(job)
  const known = context.targets.metadata(key)
  const existing = creationPolicy === 'Merge' || immutable ? await context.cluster.get(resources.secret, key) : null
  if (creationPolicy === 'Merge' && existing === null) return false
  // What is there already and is to be immutable keeps its content, so that none is made.
  const desired = immutable && existing !== null ? kept(existing) : await render(context, job, found)
  const options = { externalSecret: object, desired, creationPolicy, immutable }
  if (known !== null && taken.timed && context.targets.isWhole(known) && isCurrent(known, options)) return true
  if (existing !== null) await updateTarget(context, existing, options)
  else await applyTarget(context, key, options)
  return true
}

function targetKey({ object, externalSecret }: Pick<Sync, 'object' | 'externalSecret'>): Key {
  return { namespace: object.metadata.namespace ?? '', name: externalSecret.target.name }
}

function kept({ metadata: { namespace = '', name } }: ClusterObject): DesiredSecret {
  return { namespace, name, labels: {}, annotations: {}, data: new Map() }
}

async function render(context: ExternalSecretContext, job: Sync, { data }: ProviderData): Promise<DesiredSecret> {
  try {
    return await desiredSecret(job.externalSecret, data, { ...context.resolve, cluster: access(context, job) })
  } catch (error) {
    const { name } = job.externalSecret.target
    const existing = await markTarget(context, job)
    if (existing === null) throw new SyncError(failures.update, errorMessage(error), { cause: error })
    const event = `unable to mutate secret ${name}: ${errorMessage(error)}`
    throw new SyncError(failures.update, event, { cause: error, target: name })
  }
}

/**
 * Labels a target that is there before this ExternalSecret wrote it, as External Secrets does before anything else: its
 * changes are watched from then on. Null when there is none.
 */
async function markTarget(context: ExternalSecretContext, job: Sync): Promise<ClusterObject | null> {
  const { object, externalSecret } = job
  const key = targetKey(job)
  const known = context.targets.metadata(key)
  const existing = known ?? (await context.cluster.get(resources.secret, key, { metadataOnly: true }))
  if (existing === null) return null
  const { creationPolicy } = externalSecret.target
  const manager = { fieldManager: fieldManager(object.metadata.name) }
  try {
    refuseForeign(existing, { externalSecret: object, creationPolicy })
    return await withManagedLabel(context.cluster, existing, manager)
  } catch (error) {
    throw writeFailure(error, { creating: false, name: key.name })
  }
}

/** Writes a target of which only is known whether it was there: what is not in the cache is made, or found after all. */
async function applyTarget(context: ExternalSecretContext, key: Key, options: TargetOptions): Promise<void> {
  const read = (): Promise<ClusterObject | null> => context.cluster.get(resources.secret, key)
  for (let existing = context.targets.metadata(key) === null ? null : await read(); ; existing = await read()) {
    if (existing !== null) return updateTarget(context, existing, options)
    if (await createTarget(context, options)) return
  }
}

/** False when somebody else made it first. */
async function createTarget(context: ExternalSecretContext, options: TargetOptions): Promise<boolean> {
  const manager = fieldManager(options.externalSecret.metadata.name)
  try {
    context.targets.inspect(
      await context.cluster.create(resources.secret, newTarget(options), { fieldManager: manager }),
    )
  } catch (error) {
    if (isKubernetesError(error, 'ALREADY_EXISTS')) return false
    throw writeFailure(error, { creating: true, name: options.desired.name })
  }
  context.recordEvent(options.externalSecret, { type: 'Normal', reason: 'Created', message: 'secret created' })
  return true
}

async function updateTarget(
  context: ExternalSecretContext,
  existing: ClusterObject,
  options: TargetOptions,
): Promise<void> {
  const manager = { fieldManager: fieldManager(options.externalSecret.metadata.name) }
  let updated: ClusterObject | null
  try {
    const marked = await withManagedLabel(context.cluster, existing, manager)
    updated = updatedTarget(marked, options)
    context.targets.inspect(
      updated === null ? marked : await context.cluster.update(resources.secret, updated, manager),
    )
    if (isFrozen(existing, options)) throw new ControllerError('SECRET_IMMUTABLE', 'secret is immutable')
  } catch (error) {
    throw writeFailure(error, { creating: false, name: options.desired.name })
  }
  if (updated === null) return
  context.recordEvent(options.externalSecret, { type: 'Normal', reason: 'Updated', message: 'secret updated' })
}

/**
 * A Secret that is taken over gets the label first, in a write of its own: from then on its changes are watched, even
 * where the write of its data fails.
 */
async function withManagedLabel(
  cluster: Cluster,
  existing: ClusterObject,
  manager: { readonly fieldManager: string },
): Promise<ClusterObject> {
  if (existing.metadata.labels?.[names.managed] === 'true') return existing
  const body = { metadata: { labels: { [names.managed]: 'true' } } }
  return cluster.patch(resources.secret, keyOf(existing), { type: 'merge', body }, manager)
}

function writeFailure(error: unknown, { creating, name }: { creating: boolean; name: string }): SyncError {
  const code = error instanceof ControllerError ? error.code : ''
  const text = errorMessage(error)
  if (code === 'SECRET_OWNED' || code === 'SECRET_CONTROLLED') {
    const condition = code === 'SECRET_OWNED' ? failures.owned : failures.controlled
    return new SyncError(condition, `unable to mutate secret ${name}: ${text}`, { target: name })
  }
  if (code === 'SECRET_IMMUTABLE') {
    return new SyncError(failures.immutable, `unable to update secret ${name}: ${text}`, { target: name })
  }
  const event = creating ? text : `unable to update secret ${name}: ${text}`
  return new SyncError(failures.update, event, { cause: error, ...(creating ? {} : { target: name }) })
}

async function deleteTarget(context: ExternalSecretContext, { object, externalSecret }: Sync): Promise<void> {
  const { name, creationPolicy } = externalSecret.target
  if (creationPolicy !== 'Owner') {
    const event = `unable to delete secret ${name}: creationPolicy=${creationPolicy} is not Owner`
    throw new SyncError(failures.remove, event, { terminal: true })
  }
  const key = targetKey({ object, externalSecret })
  const secret = await context.cluster.get(resources.secret, key, { metadataOnly: true })
  // With Owner the Secret of this name is the ExternalSecret's, were it made by hand, but not when it has another owner.
  if (secret === null || isOwnedByOther(secret, object)) return
  await remove(context.cluster, secret)
  const message = 'secret deleted due to DeletionPolicy=Delete'
  context.recordEvent(object, { type: 'Normal', reason: 'Deleted', message })
}

/** Deletes the Secret of this name if the ExternalSecret owns it; false when there was nothing to delete. */
export async function deleteOwned(cluster: Cluster, object: ClusterObject, name: string): Promise<boolean> {
  const key = { namespace: object.metadata.namespace ?? '', name }
  const secret = await cluster.get(resources.secret, key, { metadataOnly: true })
  if (secret === null || !isOwnedBy(secret, object)) return false
  await remove(cluster, secret)
  return true
}

/** Secrets that this ExternalSecret created under another target name. */
async function deleteRenamed(context: ExternalSecretContext, { object, externalSecret }: Sync): Promise<void> {
  const { namespace = '', name } = object.metadata
  for (const secret of context.createdSecrets(namespace, createdBy(namespace, name))) {
    if (secret.metadata.name === externalSecret.target.name || !isOwnedBy(secret, object)) continue
    await remove(context.cluster, secret)
    context.recordEvent(object, {
      type: 'Normal',
      reason: 'Deleted',
      message: 'secret deleted because it was orphaned',
    })
  }
}

async function remove(cluster: Cluster, secret: ClusterObject): Promise<void> {
  const { uid } = secret.metadata
  try {
    await cluster.delete(resources.secret, keyOf(secret), uid === undefined ? {} : { preconditions: { uid } })
  } catch (error) {
    if (!isKubernetesError(error, 'NOT_FOUND', 'CONFLICT')) throw error
  }
}
