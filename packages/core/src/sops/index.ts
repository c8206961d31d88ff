export type { Attempts } from './attempts.ts'
export { sameValue } from './compare.ts'
export {
  type Config,
  type CreationRule,
  explainRules,
  matchRule,
  type RuleVerdict,
  readConfig,
  type UnreadRule,
} from './config.ts'
export { type Conflicted, conflictText, type Labels, splitConflict } from './conflict.ts'
export {
  type AttemptOptions,
  DataKeyError,
  type KeyFailure,
  newDataKey,
  type Unwrap,
  type UnwrapOptions,
  unwrapDataKey,
  type Wrap,
  wrapDataKey,
} from './datakey.ts'
export { type DecryptOptions, decryptDocuments, decryptFile } from './decrypt.ts'
export { type Destination, type DestinationRule, matchDestination } from './destination.ts'
export { type Change, diffDocuments } from './diff.ts'
export { type EncryptOptions, encryptDocuments, encryptFile, type SopsFile } from './encrypt.ts'
export { encryptOver, type OverOptions, sameSettings } from './encryptover.ts'
export { decryptManifest, type OpenedFile, type OpenOptions, openFile } from './file.ts'
export { type Flaw, inspectFile } from './inspect.ts'
export { field, type KeyEntry, type KeyGroup, type KeyKind, keyKinds, keyName, keyTable } from './keygroup.ts'
export { entry, type KeyTextOptions, parseKeys, parseRecipients } from './keytext.ts'
export { Mac } from './mac.ts'
export { maskFile, maskPlain } from './mask.ts'
export { type Conflict, type Merged, mergeDocuments, type Side, type Versions } from './merge.ts'
export { type FileVersions, type MergedFile, type MergeOptions, mergedSide, mergeFiles } from './mergefile.ts'
export { formatVersion, type Metadata, newMetadata, readMetadata, writeMetadata } from './metadata.ts'
export { fromPlain, toPlain } from './plain.ts'
export { compareGroups, type GroupChange, has, keepsAll, rewrapDataKey, sameGroups, thresholdOf } from './recipients.ts'
export { defaultRule, type Rule, type RuleName, ruleNames, type Selector, selector } from './rules.ts'
export { type AgainOptions, encryptAgain, openPlain, type PlainFile, sharedUnwrap } from './session.ts'
export { combine, split } from './shamir.ts'
export { readQuotedDotenv, writeQuotedDotenv } from './store/dotenvquotes.ts'
export { type Format, formatOf, formats, type Indents, openStore, type Store } from './store/index.ts'
export { isComplex, plainText } from './store/plain.ts'
export { changedLayout, encryptedLayout, keepLayout, plainLayout } from './store/yamllayout.ts'
export {
  type Branch,
  branch,
  type Comment,
  comment,
  type Foreign,
  goType,
  hasValue,
  type Item,
  isBranch,
  isComment,
  isForeign,
  isList,
  isTime,
  type Leaf,
  type Time,
  type Value,
} from './tree.ts'
export { pathText, type TreePath } from './treepath.ts'
export { decryptUnordered, type MacVerdict, type UnorderedOptions } from './unordered.ts'
export {
  decryptValue,
  type EncryptedValue,
  encryptValue,
  formatValue,
  IvStash,
  isEncrypted,
  parseValue,
  type Random,
} from './value.ts'
export { checkVersion } from './version.ts'
