import type { Cluster, ClusterObject, Key } from '@sealkit/kubernetes'
import type { ExternalSecret, ResolveContext } from '@sealkit/resolver'
import type { RecordEvent } from '../event.ts'
import type { Log } from '../log.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'

/** What the reconciler of ExternalSecrets works with. */
export interface ExternalSecretContext {
  readonly cluster: Cluster
  /** The ExternalSecret as the informer saw it; null when it is gone. */
  readonly externalSecret: (key: Key) => ClusterObject | null
  /** Metadata of the managed Secrets of a namespace that carry this `created-by` label. */
  readonly createdSecrets: (namespace: string, createdBy: string) => readonly ClusterObject[]
  /** Everything that resolving needs, without the signal of one reconcile. */
  readonly resolve: Omit<ResolveContext, 'signal'>
  /** Whether a store that the ExternalSecret names is of another controller class: it is then none of ours. */
  readonly isForeign: (externalSecret: ExternalSecret) => boolean
  /** Milliseconds of a Go duration. */
  readonly duration: (text: string) => number
  /** Told of every Secret that was written. */
  readonly onWritten: (secret: ClusterObject) => void
  readonly recordEvent: RecordEvent
  readonly metrics: ExternalSecretMetrics
  readonly log: Log
  readonly now: () => Date
}
