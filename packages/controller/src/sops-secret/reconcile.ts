import type { DesiredSecret } from '@sealkit/core/manifest'
import { DataKeyError, keyTable, type MacVerdict } from '@sealkit/core/sops'
import { type Cluster, type ClusterObject, isKubernetesError, type Key, keyOf, keyText } from '@sealkit/kubernetes'
import { ControllerError } from '../error.ts'
import type { RecordEvent } from '../event.ts'
import { errorMessage, type Log } from '../log.ts'
import type { SopsSecretMetrics } from '../metrics.ts'
import { type Reconcile, TerminalError } from '../reconcile.ts'
import type { Decrypt } from './decrypt.ts'
import { type Outcome, type OutcomeKind, outcomes, type StatusWriter } from './status.ts'
import { applySecret, deleteSecret } from './target.ts'
import { readTemplates } from './template.ts'

/** What the reconciler of SopsSecrets works with. */
export interface SopsSecretContext {
  readonly cluster: Cluster
  /** The SopsSecret as the informer saw it; null when it is gone. */
  readonly sopsSecret: (key: Key) => ClusterObject | null
  /** Metadata of the Secrets that a SopsSecret controls. */
  readonly controlled: (sopsSecret: ClusterObject) => readonly ClusterObject[]
  /** Told which Secrets a SopsSecret stands for. */
  readonly claim: (sopsSecret: ClusterObject, secrets: readonly Key[]) => void
  /** Told of a Secret as it was written, which needs no look. */
  readonly wrote: (secret: ClusterObject) => void
  readonly decrypt: Decrypt
  readonly status: StatusWriter
  /** Take over Secrets that are there already, where the object does not say. */
  readonly enforceOwnership: boolean
  readonly metrics: SopsSecretMetrics
  readonly recordEvent: RecordEvent
  readonly log: Log
  /** Recorded as the writer of Secrets. */
  readonly fieldManager: string
}

/**
 * Brings the Secrets of one SopsSecret to what it says: makes, changes and deletes them. A Secret that cannot be written
 * does not hold up the others, and then none is deleted. An object that cannot be decrypted leaves its Secrets as they are.
 */
export function reconcileSopsSecret(context: SopsSecretContext): Reconcile {
  return async (key) => {
    const object = context.sopsSecret(key)
    if (object === null || object.metadata.deletionTimestamp !== undefined) return {}
    if (isSuspended(object)) {
      context.metrics.suspends.inc()
      await record(context, object, { kind: 'suspended', cause: '' })
      return {}
    }
    const attempt: { kind: OutcomeKind; mac?: MacVerdict } = { kind: 'undecrypted' }
    try {
      const { spec, mac } = await context.decrypt(object)
      attempt.mac = mac
      attempt.kind = 'template'
      const { secrets, enforceOwnership } = readTemplates(spec, key.namespace)
      attempt.kind = 'unwritten'
      context.claim(
        object,
        secrets.map(({ namespace, name }) => ({ namespace, name })),
      )
      await applyAll(context, object, secrets, enforceOwnership ?? context.enforceOwnership)
      await prune(context, object, secrets)
      context.metrics.successes.inc()
      await record(context, object, { kind: 'healthy', cause: '', mac })
      return {}
    } catch (error) {
      context.metrics.failures.inc()
      await record(context, object, { ...attempt, kind: kindOf(attempt.kind, error), cause: errorMessage(error) })
      if (isTransient(error)) throw error
      throw new TerminalError(errorMessage(error), { cause: error })
    }
  }
}

function isSuspended(object: ClusterObject): boolean {
  return (object['spec'] as { readonly suspend?: unknown } | undefined)?.suspend === true
}

function kindOf(stage: OutcomeKind, error: unknown): OutcomeKind {
  return error instanceof ControllerError && error.code === 'SECRET_UNMANAGED' ? 'unowned' : stage
}

/** Whether time may mend it: the API server refused or was away, or a key's server was. */
function isTransient(error: unknown): boolean {
  if (isKubernetesError(error)) return !isKubernetesError(error, 'INVALID')
  if (!(error instanceof DataKeyError)) return false
  return error.groups.some((group) => group?.some(({ key }) => keyTable[key.kind].remote === true))
}

async function applyAll(
  context: SopsSecretContext,
  owner: ClusterObject,
  secrets: readonly DesiredSecret[],
  enforce: boolean,
): Promise<void> {
  const { cluster, fieldManager } = context
  const failures: unknown[] = []
  for (const wanted of secrets) {
    try {
      const { secret, change } = await applySecret(wanted, { cluster, owner, enforce, fieldManager })
      context.wrote(secret)
      if (change !== null) context.log.info(`Secret ${change}`, { key: keyText(keyOf(secret)) })
    } catch (error) {
      failures.push(error)
    }
  }
  // One that may mend itself asks for another look.
  if (failures.length > 0) throw failures.find(isTransient) ?? failures[0]
}

async function prune(
  { cluster, controlled, log }: SopsSecretContext,
  owner: ClusterObject,
  secrets: readonly DesiredSecret[],
): Promise<void> {
  const wanted = new Set(secrets.map(({ name }) => name))
  for (const secret of controlled(owner)) {
    if (wanted.has(secret.metadata.name)) continue
    if (await deleteSecret(cluster, secret)) log.info('Secret deleted', { key: keyText(keyOf(secret)) })
  }
}

/** Says in the status, a metric and an event how a reconcile went, where that is news. */
async function record(context: SopsSecretContext, object: ClusterObject, outcome: Outcome): Promise<void> {
  const { ready, reason, words } = outcomes[outcome.kind]
  const { name, namespace = '' } = object.metadata
  const value = { True: 1, False: -1, Unknown: 0 }[ready]
  context.metrics.condition.set({ name, namespace, condition: 'Ready' }, value)
  if (!(await context.status.write(object, outcome))) return
  const message = outcome.cause === '' ? words : outcome.cause
  context.recordEvent(object, { type: ready === 'False' ? 'Warning' : 'Normal', reason, message })
}
