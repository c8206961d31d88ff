import { CoreError } from '@sealkit/core'
import type { Manifest, ObjectMeta } from '@sealkit/core/manifest'
import { type KeyRing, type Render, type Unsealer, unsealManifest } from '@sealkit/core/sealed'
import {
  type Cluster,
  type ClusterObject,
  isKubernetesError,
  type Key,
  keyOf,
  keyText,
  resources,
} from '@sealkit/kubernetes'
import { ControllerError } from '../error.ts'
import type { RecordEvent } from '../event.ts'
import { errorFields, errorMessage, type Log } from '../log.ts'
import type { SealedSecretMetrics } from '../metrics.ts'
import { type Reconcile, TerminalError } from '../reconcile.ts'
import { renderBudget } from './budget.ts'
import { isCurrent } from './current.ts'
import { createSearches } from './searches.ts'
import { writeStatus } from './status.ts'
import { updatedSecret } from './target.ts'

/** What the reconciler of SealedSecrets works with. */
export interface SealedSecretContext {
  readonly cluster: Cluster
  readonly keyRing: KeyRing
  /** The SealedSecret as the informer saw it; null when it is gone. */
  readonly sealedSecret: (key: Key) => ClusterObject | null
  /** Metadata of the Secret as the informer saw it; undefined when Secrets are not watched. */
  readonly secretMetadata: ((key: Key) => ClusterObject | null) | undefined
  readonly render: Render
  readonly recordEvent: RecordEvent
  readonly metrics: SealedSecretMetrics
  readonly log: Log
  readonly now: () => Date
  /** Recorded as the writer of Secrets. */
  readonly fieldManager: string
  /** Writers of Secrets that count as this controller: upstream's too, so that taking over writes nothing. */
  readonly managers: ReadonlySet<string>
  readonly updateStatus: boolean
  /** Report the condition of each object as a metric. */
  readonly conditionMetric: boolean
  readonly acceptV1Data: boolean
  /** Delete the Secret with its SealedSecret instead of leaving that to the garbage collector. */
  readonly oldGcBehavior: boolean
}

const immutableText =
  'the target Secret is immutable. Once a Secret is marked as immutable, it is not possible to revert this change nor to mutate the contents of the data field. You can only delete and recreate the Secret.'

/** Brings the Secret of one SealedSecret to what it says, and says in status, event and metrics how that went. */
export function reconcileSealedSecret(context: SealedSecretContext): Reconcile {
  const searches = createSearches(context.keyRing)
  return async (key, _signal, priority) => {
    // What is looked at when nothing else waits was asked for before, and counted then.
    if (priority !== 'idle') context.metrics.unsealRequests.inc()
    const sealedSecret = context.sealedSecret(key)
    if (sealedSecret === null) {
      searches.forget(key)
      await afterDeletion(context, key)
      return {}
    }
    const metadata = context.secretMetadata?.(key)
    if (metadata && isCurrent(sealedSecret, metadata, context.managers)) {
      observeCondition(context, sealedSecret, true)
      return {}
    }
    const outcome = await attempt(context, sealedSecret, (open) => searches.unseal(sealedSecret, priority, open))
    if (outcome === null) return { requeueAfter: 0, priority: 'idle' }
    const { failure } = outcome
    const message = failure === null ? null : shortened(errorMessage(failure), longestStatus)
    const recorded = await recordStatus(context, sealedSecret, message)
    if (failure === null && recorded) {
      context.recordEvent(sealedSecret, {
        type: 'Normal',
        reason: 'Unsealed',
        message: 'SealedSecret unsealed successfully',
      })
    }
    observeCondition(context, sealedSecret, failure === null)
    if (failure === null) return {}
    if (isTerminal(failure, context)) throw new TerminalError(errorMessage(failure), { cause: failure })
    throw failure
  }
}

/** One try: what went wrong, or null for nothing; null in place of both where other keys are to be tried later. */
async function attempt(
  context: SealedSecretContext,
  sealedSecret: ClusterObject,
  unseal: (open: (unsealer: Unsealer) => Promise<Manifest>) => Promise<Manifest | null>,
): Promise<{ readonly failure: unknown } | null> {
  const { acceptV1Data } = context
  const render = renderBudget(context.render)
  const namespace = sealedSecret.metadata.namespace ?? ''
  let unsealed: Manifest
  try {
    const opened = await unseal((unsealer) => unsealManifest(sealedSecret, unsealer, { render, acceptV1Data }))
    if (opened === null) return null
    unsealed = storable(opened)
  } catch (failure) {
    warn(context, sealedSecret, 'ErrUnsealFailed', `Failed to unseal: ${errorMessage(failure)}`)
    context.metrics.unsealErrors.inc({ reason: 'unseal', namespace })
    return { failure }
  }
  try {
    await store(context, sealedSecret, unsealed)
    return { failure: null }
  } catch (failure) {
    const unmanaged = failure instanceof ControllerError && failure.code === 'SECRET_UNMANAGED'
    warn(context, sealedSecret, 'ErrUpdateFailed', eventMessage(failure, keyOf(sealedSecret)))
    context.metrics.unsealErrors.inc({ reason: unmanaged ? 'unmanaged' : 'update', namespace })
    return { failure }
  }
}

/** Writes the Secret; read again and tried again when somebody else wrote it meanwhile. */
async function store(context: SealedSecretContext, sealedSecret: ClusterObject, unsealed: Manifest): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await storeOnce(context, { sealedSecret, unsealed, known: tries > 1 })
      return
    } catch (error) {
      if (tries >= 5 || !isKubernetesError(error, 'CONFLICT', 'ALREADY_EXISTS', 'NOT_FOUND')) throw error
    }
  }
}

async function storeOnce(
  context: SealedSecretContext,
  { sealedSecret, unsealed, known }: { sealedSecret: ClusterObject; unsealed: Manifest; known: boolean },
): Promise<void> {
  const { cluster, fieldManager, log } = context
  const key = keyOf(sealedSecret)
  // Where the watch knows of no Secret, one request is saved; if there is one after all, the creation says so.
  const unknown = context.secretMetadata?.(key) === null && !known
  const existing = unknown ? null : await cluster.get(resources.secret, key)
  if (existing === null) {
    await cluster.create(resources.secret, unsealed, { fieldManager })
    log.info('Secret created', { key: keyText(key) })
    return
  }
  const updated = updatedSecret(existing, unsealed, sealedSecret)
  if (updated === null) return
  await cluster.update(resources.secret, updated, { fieldManager })
  log.info('Secret updated', { key: keyText(key) })
}

/**
 * The unsealed Secret with only that metadata which a manifest may set. Templates of old re-encryptions carry the
 * whole metadata of a stored object, which the API refuses.
 */
function storable(unsealed: Manifest): Manifest {
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = unsealed.metadata ?? {}
  const all = { name, namespace, labels, annotations, finalizers, ownerReferences }
  const metadata = Object.fromEntries(Object.entries(all).filter(([, value]) => value != null)) as ObjectMeta
  return { ...unsealed, apiVersion: 'v1', kind: 'Secret', metadata }
}

async function afterDeletion(context: SealedSecretContext, key: Key): Promise<void> {
  if (!context.oldGcBehavior) return
  context.log.info('SealedSecret has gone, deleting Secret', { key: keyText(key) })
  try {
    await context.cluster.delete(resources.secret, key)
  } catch (error) {
    if (!isKubernetesError(error, 'NOT_FOUND')) throw error
  }
}

/** True when the status says something new, or when there is no status to say it. */
async function recordStatus(
  context: SealedSecretContext,
  sealedSecret: ClusterObject,
  failure: string | null,
): Promise<boolean> {
  if (!context.updateStatus) return true
  try {
    return await writeStatus(context.cluster, sealedSecret, { failure, now: context.now })
  } catch (error) {
    context.log.error('Error updating SealedSecret status', {
      'sealed-secret': keyText(keyOf(sealedSecret)),
      ...errorFields(error),
    })
    context.metrics.unsealErrors.inc({ reason: 'status', namespace: sealedSecret.metadata.namespace ?? '' })
    // A status that is not written is work that is not done.
    throw error
  }
}

function warn(context: SealedSecretContext, object: ClusterObject, reason: string, message: string): void {
  context.recordEvent(object, { type: 'Warning', reason, message: shortened(message, longestEvent) })
}

/** Bytes that the API accepts as the message of an event. */
const longestEvent = 1_024
/** Bytes of a status: a text that names ten thousand keys tells nobody more than one that names a hundred. */
const longestStatus = 4_096

function shortened(text: string, most: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text
  // A character cut in two gives a replacement character, which goes too.
  return `${bytes
    .subarray(0, most - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`
}

function eventMessage(failure: unknown, key: Key): string {
  if (isImmutable(failure)) return `Error updating ${keyText(key)}: ${immutableText}`
  const message = errorMessage(failure)
  return failure instanceof ControllerError ? message.replace(/^failed update: /, '') : message
}

/**
 * Whether trying again is of no use until something changes: the SealedSecret, the keys, or the Secret in the way. Each
 * of these changes is watched.
 */
function isTerminal(failure: unknown, { secretMetadata }: SealedSecretContext): boolean {
  if (failure instanceof ControllerError) return failure.code === 'SECRET_UNMANAGED' && secretMetadata !== undefined
  return failure instanceof CoreError || isImmutable(failure)
}

function isImmutable(failure: unknown): boolean {
  return isKubernetesError(failure, 'INVALID') && failure.message.endsWith('field is immutable when `immutable` is set')
}

function observeCondition(context: SealedSecretContext, object: ClusterObject, synced: boolean): void {
  const { metrics, conditionMetric } = context
  if (conditionMetric) metrics.condition.set(conditionLabels(object), synced ? 1 : -1)
}

/** Labels of a SealedSecret's gauge. */
export function conditionLabels(object: ClusterObject): {
  readonly namespace: string
  readonly name: string
  readonly condition: string
  readonly ss_app_kubernetes_io_instance: string
} {
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    condition: 'Synced',
    ss_app_kubernetes_io_instance: object.metadata.labels?.['app.kubernetes.io/instance'] ?? '',
  }
}
