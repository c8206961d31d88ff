import { type Cluster, type ClusterObject, isKubernetesError, type Key, keyOf, resources } from '@sealkit/kubernetes'
import { type ClusterAccess, desiredSecret, type ProviderData, resolveData } from '@sealkit/resolver'
import { ControllerError } from '../error.ts'
import { errorMessage } from '../log.ts'
import type { ExternalSecretContext } from './context.ts'
import { syncGeneric } from './generic.ts'
import { createdBy, fieldManager, names } from './names.ts'
import { type Outcome, statusOf } from './status.ts'
import { failures, type Sync, SyncError } from './syncerror.ts'
import { isCurrent, isFrozen, isOwnedBy, newTarget, type TargetOptions, updatedTarget } from './target.ts'

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
    return done('secret will not be created due to CreationPolicy=Merge', true, 'SecretMissing')
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
  const { name, creationPolicy, immutable } = externalSecret.target
  const key = { namespace: object.metadata.namespace ?? '', name }
  const known = context.targets.metadata(key)
  const existing = creationPolicy === 'Merge' ? await context.cluster.get(resources.secret, key) : null
  if (creationPolicy === 'Merge' && existing === null) return false
  const place = known === null && existing === null ? {} : { target: name }
  const resolve = { ...context.resolve, cluster: access(context, job) }
  const desired = await desiredSecret(externalSecret, found.data, resolve).catch((error: unknown) => {
    throw new SyncError(failures.update, errorMessage(error), { cause: error, ...place })
  })
  const options = { externalSecret: object, desired, creationPolicy, immutable }
  if (known !== null && taken.timed && context.targets.isWhole(known) && isCurrent(known, options)) return true
  if (existing !== null) await updateTarget(context, existing, options)
  else await applyTarget(context, key, options)
  return true
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
  if (code === 'SECRET_OWNED') {
    return new SyncError(failures.owned, `unable to mutate secret ${name}: ${text}`, { target: name })
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
  if (!(await deleteOwned(context.cluster, object, name))) return
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
