import {
  type CreationRule,
  compareGroups,
  defaultRule,
  encryptAgain,
  encryptFile,
  has,
  type KeyEntry,
  keepsAll,
  keyName,
  type Metadata,
  newDataKey,
  openPlain,
  type Rule,
  rewrapDataKey,
  type SopsFile,
  sameSettings,
  thresholdOf,
  wrapDataKey,
} from '@sealkit/core/sops'
import type { MasterKeys } from '@sealkit/keyservice'
import { CliError } from '../exit.ts'
import type { EncryptedFile } from './encrypted.ts'
import { checkSelected } from './selected.ts'

/** How files get other keys. */
export interface Rekeying {
  readonly keys: MasterKeys
  readonly add: readonly KeyEntry[]
  readonly remove: readonly KeyEntry[]
  /** Only recipients change. */
  readonly keepDataKey: boolean
  readonly now: Date
}

/**
 * The recipients, threshold and rule that a file is to have: those of its creation rule, where one is given, then what
 * is added and removed.
 *
 * @throws `USAGE` where a key that is removed is none of the file's, or no key would be left
 */
export function wantedMetadata(
  { file, format }: EncryptedFile,
  rule: CreationRule | null,
  { add, remove }: Pick<Rekeying, 'add' | 'remove'>,
): Metadata {
  const ruled = rule === null ? file.metadata : ofRule(file.metadata, rule, format === 'binary')
  const stranger = remove.find((key) => !has(ruled.keyGroups.flat(), key))
  if (stranger !== undefined && !has(file.metadata.keyGroups.flat(), stranger)) {
    throw new CliError('USAGE', `${keyName(stranger)} is no recipient of the file`, { hint: 'look at its sops block' })
  }
  const keyGroups = ruled.keyGroups
    .map((group, at) => (at === 0 ? [...group, ...add.filter((key) => !has(group, key))] : group))
    .map((group) => group.filter((key) => !has(remove, key)))
  if (keyGroups.some((group) => group.length === 0)) {
    throw new CliError('USAGE', 'a group of keys would be empty', { hint: 'add another key with --add' })
  }
  return { ...ruled, keyGroups }
}

function ofRule(metadata: Metadata, rule: CreationRule, binary: boolean): Metadata {
  const { keyGroups, shamirThreshold } = rule
  if (keyGroups.flat().length === 0) {
    throw new CliError('NO_KEY', 'the creation rule names no master key', { hint: 'add one to .sops.yaml' })
  }
  if (binary) return { ...metadata, keyGroups, shamirThreshold }
  const { macOnlyEncrypted, rules } = rule
  return { ...metadata, keyGroups, shamirThreshold, macOnlyEncrypted, rule: rules[0] ?? defaultRule }
}

/** What changes, in one line; empty for nothing. */
export function reportText(before: Metadata, after: Metadata, { keepDataKey }: Pick<Rekeying, 'keepDataKey'>): string {
  const groups = compareGroups(before.keyGroups, after.keyGroups)
  const inGroup = (at: number): string => (groups.length > 1 ? ` (group ${at + 1})` : '')
  const keys = groups.flatMap(({ added, removed }, at) => [
    ...added.map((key) => `+ ${key.kind} ${keyName(key)}${inGroup(at)}`),
    ...removed.map((key) => `- ${key.kind} ${keyName(key)}${inGroup(at)}`),
  ])
  return [
    ...(keepDataKey ? [] : ['new data key']),
    ...keys,
    ...change('shamir_threshold', String(thresholdOf(before)), String(thresholdOf(after))),
    ...change('values', ruleText(before.rule), ruleText(after.rule)),
    ...change('mac_only_encrypted', String(before.macOnlyEncrypted), String(after.macOnlyEncrypted)),
  ].join(', ')
}

function change(what: string, before: string, after: string): string[] {
  return before === after ? [] : [`${what} ${before} -> ${after}`]
}

function ruleText(rule: Rule | null): string {
  const { name, pattern } = rule ?? defaultRule
  return `${name} ${pattern}`
}

/**
 * The file with its new keys.
 *
 * @throws `USAGE` where the data key is to be kept and somebody who knows it is shut out; `DATA_KEY_UNAVAILABLE`,
 * `MAC_MISMATCH` and all of encryption's
 */
export async function rotated(
  { file }: EncryptedFile,
  wanted: Metadata,
  { keys, keepDataKey, now }: Rekeying,
): Promise<SopsFile> {
  const plain = await openPlain(file, { unwrap: keys.unwrap })
  const { documents, metadata: before } = plain
  if (!keepDataKey) {
    const dataKey = newDataKey()
    const metadata = await wrapDataKey(wanted, dataKey, { wrap: keys.wrap })
    const encrypted = await encryptFile({ documents, metadata }, { dataKey, now })
    checkSelected(encrypted, { documents, metadata })
    return encrypted
  }
  if (!keepsAll(before.keyGroups, wanted.keyGroups)) {
    throw new CliError('USAGE', 'whoever is shut out knows the data key', { hint: 'leave --keep-data-key out' })
  }
  const metadata = await rewrapDataKey(before, wanted, { dataKey: plain.dataKey, wrap: keys.wrap })
  // The values are as they were, so the MAC and its time stay too.
  if (
    sameSettings({ ...before, keyGroups: [], shamirThreshold: 0 }, { ...wanted, keyGroups: [], shamirThreshold: 0 })
  ) {
    return { documents: file.documents, metadata }
  }
  const encrypted = await encryptAgain(plain, { metadata }, { now })
  checkSelected(encrypted, { documents, metadata })
  return encrypted
}
