import type { ClusterObject } from '@sealkit/kubernetes'
import type { ExternalSecret, LeaseSink } from '@sealkit/resolver'
import { ControllerError } from '../error.ts'
import type { TakenDemand } from './demands.ts'

/** One sync: the ExternalSecret as the API holds it, and its typed view. */
export interface Sync {
  readonly object: ClusterObject
  readonly externalSecret: ExternalSecret
  readonly taken: Pick<TakenDemand, 'demand' | 'timed'>
  readonly leases: LeaseSink
  readonly signal: AbortSignal
}

/** Messages of the Ready condition when a sync fails. */
export const failures = {
  provider: 'could not get secret data from provider',
  update: 'could not update secret',
  remove: 'could not delete secret',
  controlled: 'failed to take ownership of target secret',
  owned: 'target is owned by another ExternalSecret',
  immutable: 'could not update secret, target is immutable',
  generic: 'invalid generic target',
} as const

/** A sync that failed, with what condition and event say about it. The message is the event's text. */
export class SyncError extends ControllerError {
  /** Message of the Ready condition. */
  readonly condition: string
  /** The target that was tried to be written, which the status then names. */
  readonly target: string | null
  /** Only a change can mend it. */
  readonly terminal: boolean

  constructor(
    condition: string,
    event: string,
    options: { readonly cause?: unknown; readonly target?: string; readonly terminal?: boolean } = {},
  ) {
    super('RECONCILE_FAILED', event, { cause: options.cause })
    this.condition = condition
    this.target = options.target ?? null
    this.terminal = options.terminal ?? false
  }
}
