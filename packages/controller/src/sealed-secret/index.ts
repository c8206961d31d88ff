export {
  type SealedSecretController,
  type SealedSecretControllerOptions,
  sealedSecretController,
} from './controller.ts'
export { isCurrent } from './current.ts'
export { keptSealedSecret, keptSecret } from './kept.ts'
export { conditionLabels, reconcileSealedSecret, type SealedSecretContext } from './reconcile.ts'
export { createSearches, likelyKeys, type Searches } from './searches.ts'
export {
  nextStatus,
  type SealedSecretCondition,
  type SealedSecretStatus,
  statusOf,
  syncedCondition,
  writeStatus,
} from './status.ts'
export { isAnnotated, isControlledBy, updatedSecret } from './target.ts'
export { inTurns, type TurnOptions } from './turns.ts'
