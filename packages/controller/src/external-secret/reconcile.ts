import { type ClusterObject, type Key, keyOf, keyText, resources } from '@sealkit/kubernetes'
import {
  type ExternalSecret,
  generatorClass,
  isTransient,
  ResolverError,
  readExternalSecret,
  retryAfterOf,
} from '@sealkit/resolver'
import { addFinalizer, type Finalized, removeFinalizer } from '../finalizers.ts'
import { errorFields, errorMessage } from '../log.ts'
import { readyCondition } from '../readiness.ts'
import { type Reconcile, type Result, TerminalError } from '../reconcile.ts'
import type { ExternalSecretContext } from './context.ts'
import type { TakenDemand } from './demands.ts'
import { deleteOwnedGeneric, isGenericValid } from './generic.ts'
import { readsOf, storesOf } from './keys.ts'
import { names } from './names.ts'
import { writeStatus } from './record.ts'
import { isDue, isPeriodic, type RefreshPolicy } from './refresh.ts'
import { statusOf } from './status.ts'
import { deleteOwned, syncTarget } from './sync.ts'
import { failures, type Sync, SyncError } from './syncerror.ts'
import { syncWindows } from './windows.ts'

/** Brings the Secret of one ExternalSecret to what its provider holds, when that is due. */
export function reconcileExternalSecret(context: ExternalSecretContext): Reconcile {
  return async (key, signal) => {
    const taken = context.demands.take(key)
    try {
      const found = context.externalSecret(key)
      return found === null ? await forget(context, key) : await look(context, found, { taken, signal })
    } finally {
      taken.end()
    }
  }
}

async function forget({ writes, refreshes, leases, watches }: ExternalSecretContext, key: Key): Promise<Result> {
  watches.release(key)
  writes.forget(key)
  refreshes.forget(key)
  await leases.end(key, 'release')
  return {}
}

async function look(
  context: ExternalSecretContext,
  found: ClusterObject,
  { taken, signal }: Pick<Job, 'taken' | 'signal'>,
): Promise<Result> {
  const { writes, stores, turns } = context
  const { remember } = writes
  // The informer may not have seen yet what this process wrote last; without it a sync would run twice.
  const seen = writes.latest(found)
  if (seen.metadata.deletionTimestamp !== undefined) {
    await cleanUp(context, seen)
    writes.forget(keyOf(seen))
    return {}
  }
  const object = await addFinalizer(finalized(context, seen), names.finalizer)
  if (object !== seen) remember(object)
  const { externalSecret, policy } = await readSpec(context, object, remember)
  if (stores.isForeign(externalSecret) || (await hasForeignGenerator(context, externalSecret, taken))) return {}
  // The store's first validation wakes it; this is for one that never comes.
  if (stores.isPending(externalSecret)) return { requeueAfter: 1_000 }
  const job = { object, externalSecret, policy, taken, signal, remember }
  if (!isDueNow(context, job) && (await isValid(context, object, externalSecret))) {
    planNext(context, job, statusOf(object).refreshTime ?? null)
    return {}
  }
  const end = turns.begin(storesOf(externalSecret), keyOf(object))
  if (end === null) {
    taken.postpone()
    return {}
  }
  return sync(context, job).finally(end)
}

/** Whether a generator is of another controller class: the ExternalSecret is then none of ours. */
async function hasForeignGenerator(
  { access, resolve }: ExternalSecretContext,
  { namespace, dataFrom }: ExternalSecret,
  { timed, demand }: TakenDemand,
): Promise<boolean> {
  const cluster = access(timed ? {} : { since: demand.since })
  for (const entry of dataFrom) {
    if (entry.use !== 'generator') continue
    const controller = await generatorClass(entry.generator, { namespace, cluster })
    if (controller !== '' && controller !== resolve.controllerClass) return true
  }
  return false
}

interface Job extends Omit<Sync, 'leases'> {
  readonly policy: RefreshPolicy
  readonly taken: TakenDemand
  readonly remember: (object: ClusterObject) => void
}

function isDueNow({ now, refreshes }: ExternalSecretContext, { object, policy, taken }: Job): boolean {
  return taken.timed || isDue(object, policy, now(), refreshes.refreshed(keyOf(object)))
}

async function sync(context: ExternalSecretContext, job: Job): Promise<Result> {
  const { object, remember } = job
  const { syncs } = context.metrics
  const key = keyOf(object)
  const started = performance.now()
  const leases = context.leases.begin(key)
  syncs.began(key)
  try {
    const outcome = await syncTarget(context, { ...job, leases })
    leases.commit()
    remember(await writeStatus(context, object, outcome))
    planNext(context, job, outcome.refreshed?.toISOString() ?? null)
    return {}
  } catch (error) {
    leases.rollback()
    job.signal.throwIfAborted()
    // A store that came while this ran is waited for like every new one.
    if (isNotReady(error) && context.stores.isNew(job.externalSecret)) return { requeueAfter: 1_000 }
    syncs.failed(key)
    // Trying again is the queue's matter now, until it goes well.
    context.refreshes.pause(key)
    remember(await fail(context, job, error))
    const asked = retryAfterOf(error)
    if (asked !== undefined) {
      context.log.warn('the provider asks to wait', { key: keyText(key), ...errorFields(error) })
      return { requeueAfter: asked + Math.max(1_000, asked / 4) * Math.random() }
    }
    if (error instanceof SyncError && isTransient(error.cause)) context.stores.probe(job.externalSecret)
    if (error instanceof SyncError && error.terminal) throw new TerminalError(error.message, { cause: error })
    throw error
  } finally {
    syncs.took(key, performance.now() - started)
  }
}

function isNotReady(error: unknown): boolean {
  return error instanceof SyncError && error.cause instanceof ResolverError && error.cause.code === 'STORE_NOT_READY'
}

function planNext(
  { refreshes }: ExternalSecretContext,
  { object, externalSecret, policy }: Job,
  last: string | null,
): void {
  const key = keyOf(object)
  if (last === null || !isPeriodic(policy)) {
    refreshes.forget(key)
    return
  }
  const { interval, windows = null } = policy
  const refreshed = new Date(Math.max(Date.parse(last), refreshes.refreshed(key) ?? 0))
  refreshes.plan(key, { reads: readsOf(externalSecret), refreshed, interval, windows })
}

/** Says a failure in event and status. The condition has upstream's words first, and then the cause where there is one. */
async function fail(
  context: ExternalSecretContext,
  { object, externalSecret }: Job,
  error: unknown,
): Promise<ClusterObject> {
  const known = error instanceof SyncError ? error : null
  const event = errorMessage(error)
  context.recordEvent(object, { type: 'Warning', reason: 'UpdateFailed', message: event })
  const condition = known?.condition ?? failures.update
  const cause = event === condition ? condition : `${condition}: ${event}`
  const message = condition === failures.provider ? `${cause}${lastGood(object)}` : cause
  const target = known?.target ?? null
  const generic = externalSecret.target.manifest !== null && condition !== failures.generic
  const reason = generic ? 'ResourceSyncedError' : 'SecretSyncedError'
  return writeStatus(context, object, { ready: false, reason, message, refreshed: null, target })
}

/** What the Secret holds while its provider gives nothing new. */
function lastGood(object: ClusterObject): string {
  const { refreshTime, binding } = statusOf(object)
  const kept = (binding?.name ?? '') !== '' && refreshTime !== undefined && refreshTime !== null
  return kept ? `; secret "${binding?.name}" keeps what was read at ${refreshTime}` : ''
}

/** The typed view of the spec. One that cannot be read is said in the status, and waits for a change. */
async function readSpec(
  context: ExternalSecretContext,
  object: ClusterObject,
  remember: (object: ClusterObject) => void,
): Promise<Pick<Job, 'externalSecret' | 'policy'>> {
  try {
    const externalSecret = readExternalSecret(object)
    const { refreshPolicy, refreshInterval } = externalSecret
    const windows = syncWindows(externalSecret.syncWindows)
    return { externalSecret, policy: { refreshPolicy, interval: context.duration(refreshInterval), windows } }
  } catch (error) {
    const text = errorMessage(error)
    context.recordEvent(object, { type: 'Warning', reason: 'UpdateFailed', message: text })
    const message = `${failures.provider}: ${text}`
    const outcome = { ready: false, reason: 'SecretSyncedError', message, refreshed: null, target: null } as const
    remember(await writeStatus(context, object, outcome))
    throw new TerminalError(text, { cause: error })
  }
}

/**
 * Whether the target still holds what was written. With Orphan and None nobody looks; with Merge a missing target is
 * waited for until the next refresh. Who takes the managed label off a Secret keeps it as it is until then.
 */
async function isValid(
  context: ExternalSecretContext,
  object: ClusterObject,
  { target }: ExternalSecret,
): Promise<boolean> {
  const { cluster, targets } = context
  if (target.creationPolicy === 'Orphan' || target.creationPolicy === 'None') return true
  if (target.manifest !== null) return isGenericValid(context, object, { ...target, manifest: target.manifest })
  context.watches.release(keyOf(object))
  const key = { namespace: object.metadata.namespace ?? '', name: target.name }
  const known = targets.metadata(key)
  if (known !== null && targets.isWhole(known)) return true
  const secret = await cluster.get(resources.secret, key)
  if (secret === null) return statusOf(object).binding?.name === '' || isReadyWithout(object)
  return targets.inspect(secret) || secret.metadata.labels?.[names.managed] !== 'true'
}

/** Whether the last sync ended well with no Secret: it was deleted, or there was none to merge into. */
function isReadyWithout(object: ClusterObject): boolean {
  const reason = readyCondition(object)?.reason
  return reason === 'SecretDeleted' || reason === 'SecretMissing'
}

/** What of `spec.target` counts when an ExternalSecret goes; it may be one that cannot be read. */
interface TargetSpec {
  readonly name?: string
  readonly creationPolicy?: string
  readonly deletionPolicy?: string
  readonly manifest?: { readonly apiVersion: string; readonly kind: string }
}

/** The end of an ExternalSecret: with deletionPolicy Delete its Secret goes too, at once and not by garbage collection. */
async function cleanUp(context: ExternalSecretContext, object: ClusterObject): Promise<void> {
  const { cluster, leases } = context
  const { finalizers = [], name } = object.metadata
  if (!finalizers.includes(names.finalizer)) return
  const { target = {} } = (object['spec'] ?? {}) as { readonly target?: TargetSpec }
  const key = { namespace: object.metadata.namespace ?? '', name: target.name ?? name }
  if (target.deletionPolicy === 'Delete') {
    if (target.manifest === undefined) await deleteOwned(cluster, object, key.name)
    else await deleteOwnedGeneric(context, object, { manifest: target.manifest, key })
  }
  // The Secret of an owner goes with it, and so do credentials that were made for it.
  await leases.end(keyOf(object), (target.creationPolicy ?? 'Owner') === 'Owner' ? 'revoke' : 'release')
  await removeFinalizer(finalized(context, object), names.finalizer)
}

function finalized({ cluster }: ExternalSecretContext, object: ClusterObject): Finalized {
  return { cluster, resource: resources.externalSecret, object }
}
