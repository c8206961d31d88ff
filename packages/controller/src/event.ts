import type { ClusterObject } from '@sealkit/kubernetes'

/** An event about an object, as `kubectl describe` shows it. Its message never holds a value. */
export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** Records an event; never fails and never waits. */
export type RecordEvent = (object: ClusterObject, event: ObjectEvent) => void
