import type { Key, Priority, WorkResult } from '@sealkit/kubernetes'

/** What a reconcile asks for: nothing more until something changes, or another look after some milliseconds. */
export type Result = WorkResult

/**
 * Brings the cluster to what one object says. A function of the object's key: it reads all that it needs, may run again
 * at any time and has the same result. Throwing means retry with backoff; a {@link TerminalError} means wait for a change.
 * What takes long may ask for another look at `idle` priority, and be done then.
 */
export type Reconcile = (key: Key, signal: AbortSignal, priority: Priority) => Promise<Result>

/** A failure that only a change of the object can mend. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}
