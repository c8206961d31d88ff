export { ownIdentity } from './identity.ts'
export { keysLabel, type SopsKeys, type SopsKeysOptions, sopsKeys } from './keys.ts'
export { type KeySet, type KeySetOptions, keySet } from './keyset.ts'
export { type KeyRule, type KeyRules, type KeySecretRef, readRules, ruleFor } from './rules.ts'
