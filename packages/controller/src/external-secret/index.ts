export { dataHash, hash, syncedResourceVersion } from './hash.ts'
export { createdBy, fieldManager, names } from './names.ts'
export { type OwnedFields, ownedFields } from './owned.ts'
export { isDue, nextRefresh, type RefreshPolicy } from './refresh.ts'
export {
  type Condition,
  type ExternalSecretStatus,
  nextStatus,
  type Outcome,
  type ReadyReason,
  statusOf,
  timeText,
  withCondition,
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
