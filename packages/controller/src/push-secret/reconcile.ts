import { type Cluster, type ClusterObject, type Key, keyOf, resources } from '@sealkit/kubernetes'
import {
  type ClusterAccess,
  deletePushed,
  generatedSecret,
  type PushContext,
  type PushedSecret,
  type PushedState,
  type PushSecret,
  type PushStore,
  pushData,
  pushedSecret,
  type ResolveContext,
  ResolverError,
  readPushSecret,
  selects,
  templatedSecret,
} from '@sealkit/resolver'
import type { RecordEvent } from '../event.ts'
import type { AccessNeed } from '../external-secret/access.ts'
import { syncedResourceVersion } from '../external-secret/hash.ts'
import { addFinalizer, removeFinalizer } from '../finalizers.ts'
import { errorFields, errorMessage, type Log } from '../log.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import { type Reconcile, type Result, TerminalError } from '../reconcile.ts'
import { type PushResult, statusOf, writeStatus } from './status.ts'
import { pushStores } from './stores.ts'

/** What the reconciler of PushSecrets works with. */
export interface PushSecretContext {
  readonly cluster: Cluster
  /** The PushSecret as the informer saw it; null when it is gone. */
  readonly pushSecret: (key: Key) => ClusterObject | null
  readonly resolve: Omit<ResolveContext, 'signal' | 'cluster'>
  /** What of the cluster stores and templates see. */
  readonly access: (need: AccessNeed) => ClusterAccess
  /** Milliseconds of a Go duration. */
  readonly duration: (text: string) => number
  readonly recordEvent: RecordEvent
  readonly metrics: ExternalSecretMetrics
  readonly log: Log
  readonly now: () => Date
}

const finalizer = 'pushsecret.externalsecrets.io/finalizer'

/** External Secrets' words, each followed by the cause where there is one. */
const failures = {
  source: 'could not get source secret',
  push: 'set secret failed',
  remove: 'Failed to Delete Secrets from Provider',
} as const

/** Brings the stores of one PushSecret to what its Secret holds, when that is due. */
export function reconcilePushSecret(context: PushSecretContext): Reconcile {
  return async (key, signal) => {
    const seen = context.pushSecret(key)
    if (seen === null) return {}
    const cluster = context.access({ since: context.resolve.sessions.moment() })
    // External Secrets' flood gate is for reading: a push is tried, and says itself what is wrong.
    const push = { ...context.resolve, requireReady: false, cluster, signal }
    const job: Job = { object: seen, pushSecret: await readSpec(context, seen), push }
    if (seen.metadata.deletionTimestamp !== undefined) return end(context, job)
    const object = await withFinalizer(context, job)
    const wait = untilDue(context, job)
    if (wait !== 0) return wait === null ? {} : { requeueAfter: wait }
    const started = performance.now()
    try {
      return await sync(context, { ...job, object })
    } finally {
      const labels = { name: key.name, namespace: key.namespace }
      context.metrics.pushReconcileDuration.set(labels, Math.round((performance.now() - started) * 1e6))
    }
  }
}

interface Job {
  readonly object: ClusterObject
  readonly pushSecret: PushSecret
  readonly push: PushContext
}

async function readSpec(context: PushSecretContext, object: ClusterObject): Promise<PushSecret> {
  try {
    return readPushSecret(object)
  } catch (error) {
    await finish(context, object, { reason: 'Errored', message: errorMessage(error), pushed: null })
    throw new TerminalError('the PushSecret cannot be read', { cause: error })
  }
}

async function sync(context: PushSecretContext, job: Job): Promise<Result> {
  const { object, pushSecret } = job
  const sources = await readSources(context, job)
  if (sources === 'gone') return sourceGone(context, job)
  const stores = await attempt(context, object, '', () => pushStores(context, pushSecret))
  if (stores.length === 0) return {}
  let pushed: PushedState = {}
  for (const source of sources) pushed = merged(pushed, await pushSource(context, job, stores, source))
  if (pushSecret.deletionPolicy === 'Delete') await removeStale(context, job, pushed)
  const kept = pushSecret.updatePolicy === 'IfNotExists' ? '. Existing secrets in providers unchanged.' : ''
  await finish(context, object, { reason: 'Synced', message: `PushSecret synced successfully${kept}`, pushed })
  return next(context, pushSecret)
}

/** Values of every source; `gone` when the one Secret that is named was deleted and its copies shall go too. */
async function readSources(
  context: PushSecretContext,
  { object, pushSecret, push }: Job,
): Promise<PushedSecret[] | 'gone'> {
  const { source, namespace, deletionPolicy } = pushSecret
  return attempt(context, object, failures.source, async () => {
    const generated = await generatedSecret(pushSecret, push)
    if (generated !== null) return [generated]
    if (source.use === 'secret') {
      const secret = await context.cluster.get(resources.secret, { namespace, name: source.name })
      if (secret !== null) return [pushedSecret(secret)]
      if (deletionPolicy === 'Delete' && Object.keys(statusOf(object).syncedPushSecrets ?? {}).length > 0) return 'gone'
      throw new ResolverError('SECRET_NOT_FOUND', `secrets "${source.name}" not found`)
    }
    // Only the PushSecret's own namespace is looked at (GHSA-fcxq-v2r3-cc8h).
    const { items } = await context.cluster.list(resources.secret, { namespace })
    return items
      .filter(({ metadata }) => source.use === 'selector' && selects(source.selector, metadata.labels ?? {}))
      .map(pushedSecret)
  })
}

async function pushSource(
  context: PushSecretContext,
  { object, pushSecret, push }: Job,
  stores: readonly PushStore[],
  origin: PushedSecret,
): Promise<PushedState> {
  const source = await attempt(context, object, failures.push, () => templatedSecret(pushSecret, origin, push))
  const { state, error } = await pushData({ pushSecret, stores, source }, push)
  if (error === undefined) return state
  push.signal.throwIfAborted()
  return fail(context, object, failures.push, {
    error,
    pushed: merged(statusOf(object).syncedPushSecrets ?? {}, state),
  })
}

/** Deletes at the providers what the PushSecret does not name any more. */
async function removeStale(context: PushSecretContext, { object, push }: Job, wanted: PushedState): Promise<void> {
  const namespace = object.metadata.namespace ?? ''
  const before = statusOf(object).syncedPushSecrets ?? {}
  const onStoreGone = (store: string): void => {
    context.log.warn('what was pushed stays at its provider: the store is gone', { store, namespace })
  }
  const { state, error } = await deletePushed({ namespace, before, wanted, onStoreGone }, push)
  if (error === undefined) return
  push.signal.throwIfAborted()
  await fail(context, object, failures.remove, { error, pushed: state })
}

async function sourceGone(context: PushSecretContext, job: Job): Promise<Result> {
  await removeStale(context, job, {})
  const message = 'source secret deleted, its copies in providers are deleted too'
  await finish(context, job.object, { reason: 'SourceDeleted', message, pushed: {} })
  return next(context, job.pushSecret)
}

/** The end of a PushSecret: with deletionPolicy Delete what it pushed goes first. */
async function end(context: PushSecretContext, job: Job): Promise<Result> {
  const { object, pushSecret } = job
  if (object.metadata.finalizers?.includes(finalizer) !== true) return {}
  if (pushSecret.deletionPolicy === 'Delete') await removeStale(context, job, {})
  await removeFinalizer({ cluster: context.cluster, resource: resources.pushSecret, object }, finalizer)
  return {}
}

function withFinalizer({ cluster }: PushSecretContext, { object, pushSecret }: Job): Promise<ClusterObject> {
  const change = pushSecret.deletionPolicy === 'Delete' ? addFinalizer : removeFinalizer
  return change({ cluster, resource: resources.pushSecret, object }, finalizer)
}

/** Milliseconds until the next push; 0 = now, null = not before something changes. */
function untilDue(context: PushSecretContext, { object, pushSecret }: Job): number | null {
  const { refreshTime, syncedResourceVersion: synced = '' } = statusOf(object)
  if (synced !== syncedResourceVersion(object.metadata)) return 0
  const interval = context.duration(pushSecret.refreshInterval)
  if (interval <= 0) return null
  const due = new Date(refreshTime ?? 0).getTime() + interval
  return Math.max(0, due - context.now().getTime())
}

function next(context: PushSecretContext, { refreshInterval }: PushSecret): Result {
  const interval = context.duration(refreshInterval)
  return interval > 0 ? { requeueAfter: interval } : {}
}

async function attempt<Value>(
  context: PushSecretContext,
  object: ClusterObject,
  words: string,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    return fail(context, object, words, { error, pushed: null })
  }
}

/** Says a failure in event and status, and throws it: transient or not, it is tried again, ever more slowly. */
async function fail(
  context: PushSecretContext,
  object: ClusterObject,
  words: string,
  { error, pushed }: { readonly error: unknown; readonly pushed: PushedState | null },
): Promise<never> {
  context.log.debug('push failed', { ...keyOf(object), ...errorFields(error) })
  const message = words === '' ? errorMessage(error) : `${words}: ${errorMessage(error)}`
  // External Secrets' event says no cause here; the condition does.
  const event = words === failures.source ? words : message
  await finish(context, object, { reason: 'Errored', message, pushed }, event)
  throw error
}

async function finish(
  context: PushSecretContext,
  object: ClusterObject,
  result: PushResult,
  event: string = result.message,
): Promise<void> {
  const { reason } = result
  context.recordEvent(object, { type: reason === 'Errored' ? 'Warning' : 'Normal', reason, message: event })
  await writeStatus(context, object, result)
}

function merged(a: PushedState, b: PushedState): PushedState {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, { ...a[name], ...b[name] }]))
}
