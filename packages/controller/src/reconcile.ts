import type { Key } from '@sealkit/kubernetes'

/** What a reconcile asks for: nothing more until something changes, or another look after some milliseconds. */
export interface Result {
  readonly requeueAfter?: number
}

/**
 * Brings the cluster to what one object says. A function of the object's key: it reads all that it needs, may run again
 * at any time and has the same result. Throwing means retry with backoff; a {@link TerminalError} means wait for a change.
 */
export type Reconcile = (key: Key, signal: AbortSignal) => Promise<Result>

/** A failure that only a change of the object can mend. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}
