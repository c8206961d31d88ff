import type { MacVerdict } from '@sealkit/core/sops'
import { type Cluster, type ClusterObject, type Condition, resources, setCondition } from '@sealkit/kubernetes'
import { updateStatus } from '../status.ts'

/** How a reconcile went: a row of {@link outcomes}, and the cause where there is one. */
export interface Outcome {
  readonly kind: OutcomeKind
  /** Redacted; empty where all is well. */
  readonly cause: string
  /** Absent where nothing was decrypted. */
  readonly mac?: MacVerdict | undefined
}

/** The ways in which a reconcile may go. */
export type OutcomeKind = 'healthy' | 'suspended' | 'undecrypted' | 'template' | 'unowned' | 'unwritten'

/** What is said of an outcome. */
export interface OutcomeRow {
  /** Status of the Ready condition. */
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly words: string
}

/** The outcomes, with upstream's words for `status.message`, which tools compare. */
export const outcomes: Readonly<Record<OutcomeKind, OutcomeRow>> = {
  healthy: { ready: 'True', reason: 'Healthy', words: 'Healthy' },
  suspended: { ready: 'Unknown', reason: 'Suspended', words: 'Reconciliation is suspended' },
  undecrypted: { ready: 'False', reason: 'DecryptionFailed', words: 'Decryption error' },
  template: { ready: 'False', reason: 'TemplateInvalid', words: 'New child secret creation error' },
  unowned: { ready: 'False', reason: 'SecretNotOwned', words: 'Child secret is not owned by controller error' },
  unwritten: { ready: 'False', reason: 'SecretNotWritten', words: 'Child secret update error' },
}

/** The status of a SopsSecret; upstream's definition keeps `message` alone. */
export interface SopsSecretStatus {
  readonly message?: string
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
}

/** The status of an object. */
export function statusOf(object: ClusterObject): SopsSecretStatus {
  const status = object['status']
  return typeof status === 'object' && status !== null ? (status as SopsSecretStatus) : {}
}

/** Whether the last reconcile of an object went well. */
export function isHealthy(object: ClusterObject): boolean {
  return statusOf(object).message === outcomes.healthy.words
}

const macConditions: Readonly<Record<MacVerdict, Pick<Condition, 'status' | 'reason' | 'message'>>> = {
  verified: { status: 'True', reason: 'Verified', message: 'the MAC is that of the object' },
  refuted: { status: 'False', reason: 'Mismatch', message: 'the MAC does not match the object' },
  undecided: { status: 'Unknown', reason: 'OrderUnknown', message: 'the order of keys in the file is not known' },
}

/** The status after an outcome; null where nothing of it is new. */
export function nextStatus(object: ClusterObject, outcome: Outcome, now: Date): SopsSecretStatus | null {
  const status = statusOf(object)
  const { generation } = object.metadata
  const { ready, reason, words } = outcomes[outcome.kind]
  const message = outcome.cause === '' ? words : `${words}: ${outcome.cause}`
  const seen = generation === undefined ? {} : { observedGeneration: generation }
  let conditions = setCondition(status.conditions, { type: 'Ready', status: ready, reason, message, ...seen }, now)
  if (outcome.mac !== undefined) {
    conditions = setCondition(conditions, { type: 'MacVerified', ...macConditions[outcome.mac], ...seen }, now)
  }
  const same = conditions === status.conditions && status.message === message
  return same && status.observedGeneration === generation ? null : { ...status, message, conditions, ...seen }
}

/** Writes statuses, where they are news. */
export interface StatusWriter {
  /** True when something was written. */
  write(object: ClusterObject, outcome: Outcome): Promise<boolean>
}

/**
 * Writes the outcome to the status. A cluster whose definition of the kind drops conditions is not written to again and
 * again: what was written last is remembered.
 */
export function statusWriter(cluster: Cluster, now: () => Date): StatusWriter {
  const written = new Map<string, string>()
  return {
    async write(object, outcome) {
      const { uid = '', generation } = object.metadata
      const news = JSON.stringify([generation, outcome])
      let status: SopsSecretStatus | null = null
      const stored = await updateStatus({
        cluster,
        resource: resources.sopsSecret,
        object,
        next: (current) => {
          status = current.metadata.generation === generation ? nextStatus(current, outcome, now()) : null
          const dropped = statusOf(current).conditions === undefined && statusOf(current).message === status?.message
          if (dropped && written.get(uid) === news) status = null
          return status
        },
      })
      if (status === null || stored === null) return false
      written.set(uid, news)
      return true
    },
  }
}
