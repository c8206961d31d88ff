export { parseSchedule, type Schedule } from './cron.ts'
export { createDemands, type Demands, type DemandsOptions, type TakenDemand } from './demands.ts'
export { dataHash, hash, syncedResourceVersion } from './hash.ts'
export { keptExternalSecret, keptTarget } from './kept.ts'
export { createLeases, type LeaseRound, type Leases, type LeasesOptions } from './leases.ts'
export { createdBy, fieldManager, names } from './names.ts'
export { type OwnedFields, ownedFields } from './owned.ts'
export { isDue, isPeriodic, type RefreshPolicy } from './refresh.ts'
export { createRefreshes, type Refreshes, type RefreshesOptions, type RefreshPlan } from './refreshes.ts'
export {
  type ExternalSecretStatus,
  nextStatus,
  type Outcome,
  type ReadyReason,
  statusOf,
} from './status.ts'
export {
  type CreationPolicy,
  isFrozen,
  isOwnedBy,
  newTarget,
  ownerReference,
  type TargetOptions,
  updatedTarget,
} from './target.ts'
export { createTurns, type Turns } from './turns.ts'
export { createGenericWatches, type GenericWatches, type GenericWatchesOptions } from './watches.ts'
export { type SyncWindows, syncWindows } from './windows.ts'
export { createWrites, type Writes } from './writes.ts'
