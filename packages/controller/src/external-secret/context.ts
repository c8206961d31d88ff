import type { Cluster, ClusterObject, Key } from '@sealkit/kubernetes'
import type { ClusterAccess, ResolveContext } from '@sealkit/resolver'
import type { RecordEvent } from '../event.ts'
import type { Log } from '../log.ts'
import type { ExternalSecretMetrics } from '../metrics.ts'
import type { AccessNeed } from './access.ts'
import type { Demands } from './demands.ts'
import type { GenericTargets } from './generic.ts'
import type { Leases } from './leases.ts'
import type { Refreshes } from './refreshes.ts'
import type { NamedStores } from './stores.ts'
import type { TargetCache } from './targets.ts'
import type { Turns } from './turns.ts'
import type { GenericWatches } from './watches.ts'
import type { Writes } from './writes.ts'

/** What the reconciler of ExternalSecrets works with. */
export interface ExternalSecretContext {
  readonly cluster: Cluster
  /** The ExternalSecret as the informer saw it; null when it is gone. */
  readonly externalSecret: (key: Key) => ClusterObject | null
  /** Metadata of the managed Secrets of a namespace that carry this `created-by` label. */
  readonly createdSecrets: (namespace: string, createdBy: string) => readonly ClusterObject[]
  /** Managed Secrets, as far as is known without asking. */
  readonly targets: TargetCache
  /** Everything that resolving needs, without what belongs to one reconcile. */
  readonly resolve: Omit<ResolveContext, 'cluster' | 'demand' | 'fresh' | 'leases' | 'signal'>
  /** Objects of the cluster that are no older than a need. */
  readonly access: (need: AccessNeed) => ClusterAccess
  readonly demands: Demands
  readonly refreshes: Refreshes
  /** ExternalSecrets that the watch has not shown yet as this process wrote them. */
  readonly writes: Writes
  readonly turns: Turns
  readonly leases: Leases
  /** Targets of other kinds than Secret, as far as is known without asking. */
  readonly watches: GenericWatches
  /** Other kinds than Secret that may be written; null = none. */
  readonly generic: GenericTargets | null
  readonly stores: NamedStores
  /** Milliseconds of a Go duration. */
  readonly duration: (text: string) => number
  readonly recordEvent: RecordEvent
  readonly metrics: ExternalSecretMetrics
  readonly log: Log
  readonly now: () => Date
}
