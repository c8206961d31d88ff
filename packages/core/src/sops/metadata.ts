import { CoreError } from '../error.ts'
import { type KeyEntry, type KeyGroup, type KeyKind, keyKinds, keyTable } from './keygroup.ts'
import { defaultRule, type Rule, ruleNames } from './rules.ts'
import { secondsTime } from './time.ts'
import { timeFailure } from './timefailure.ts'
import { type Branch, branch, type Item, type Value } from './tree.ts'
import { checkKeys, Decoder, type Fields } from './weak.ts'

/** The version of sops whose format is written; readers judge files by it, so it is never Sealkit's own. */
export const formatVersion = '3.13.3'

/** What a file says of its own encryption: the `sops` block. */
export interface Metadata {
  readonly keyGroups: readonly KeyGroup[]
  /** How many groups recover the data key; 0 where the file does not say. */
  readonly shamirThreshold: number
  /** RFC 3339 in seconds; the MAC is bound to this text. */
  readonly lastModified: string
  /** The encrypted MAC; empty where the file has none. */
  readonly mac: string
  readonly macOnlyEncrypted: boolean
  readonly version: string
  /** Which values are encrypted; null (in what is to be written, for binary files) means all. */
  readonly rule: Rule | null
}

/** The metadata of a file that is about to be encrypted. */
export function newMetadata(options: Partial<Metadata> & Pick<Metadata, 'keyGroups'>): Metadata {
  return {
    shamirThreshold: 0,
    lastModified: '',
    mac: '',
    macOnlyEncrypted: false,
    version: formatVersion,
    rule: defaultRule,
    ...options,
  }
}

/**
 * Reads a `sops` block, of any version of sops: keys in any order and case, unknown ones ignored, values of a near
 * type converted.
 *
 * @throws `METADATA_INVALID`
 */
export function readMetadata(block: Branch): Metadata {
  checkKeys(block)
  const decoder = new Decoder()
  const fields = decoder.fields(block, '')
  const metadata = {
    lastModified: decoder.text(fields, 'lastmodified'),
    mac: decoder.text(fields, 'mac'),
    macOnlyEncrypted: decoder.flag(fields, 'mac_only_encrypted'),
    version: decoder.text(fields, 'version'),
    shamirThreshold: decoder.count(fields, 'shamir_threshold'),
  }
  const flat = readGroup(decoder, fields)
  const groups = decoder.list(fields, 'key_groups').map((group) => readGroup(decoder, group))
  const rules = ruleNames.map((name) => ({ name, pattern: decoder.text(fields, name) }))
  decoder.check()
  const lastModified = parseTime(metadata.lastModified, 'lastmodified')
  const keyGroups = (flat.length > 0 ? [flat] : groups).map((group) => group.map(checkEntry))
  if (keyGroups.length === 0) throw invalid('the file lists no master keys', 'No keys found in file')
  return { ...metadata, lastModified, keyGroups, rule: onlyRule(rules) }
}

function onlyRule(rules: readonly Rule[]): Rule {
  const stated = rules.filter((rule) => rule.pattern !== '')
  if (stated.length > 1) {
    throw invalid(
      `the file states more than one of ${stated.map((rule) => rule.name).join(', ')}`,
      'Cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex in the same file',
    )
  }
  return stated[0] ?? defaultRule
}

function readGroup(decoder: Decoder, fields: Fields): KeyEntry[] {
  return keyKinds.flatMap((kind) => decoder.list(fields, kind).map((entry) => readEntry(decoder, entry, kind)))
}

function readEntry(decoder: Decoder, entry: Fields, kind: KeyKind): KeyEntry {
  const row = keyTable[kind]
  const context = kind === 'kms' ? decoder.map(entry, 'context') : undefined
  return {
    kind,
    fields: Object.fromEntries(row.fields.map((name) => [name, decoder.text(entry, name)])),
    ...(context === undefined ? {} : { context }),
    enc: decoder.text(entry, 'enc'),
    createdAt: row.created ? decoder.text(entry, 'created_at') : '',
  }
}

function checkEntry(entry: KeyEntry): KeyEntry {
  if (!keyTable[entry.kind].created) return entry
  return { ...entry, createdAt: parseTime(entry.createdAt, `${entry.kind} created_at`) }
}

function parseTime(text: string, name: string): string {
  try {
    return secondsTime(text)
  } catch {
    throw invalid(`${name} is not an RFC 3339 time`, timeFailure(text))
  }
}

function invalid(message: string, upstream: string): CoreError {
  return new CoreError('METADATA_INVALID', message, {
    hint: 'the sops block of the file was damaged: restore it from version control',
    upstream,
  })
}

/**
 * The `sops` block as sops 3.13 writes it: all keys sorted, empty ones left out, one group flat and several under
 * `key_groups`.
 */
export function writeMetadata(metadata: Metadata): Branch {
  const { keyGroups, rule } = metadata
  const flat = keyGroups.length === 1 ? writeGroup(keyGroups[0] ?? [], false) : []
  const groups = keyGroups.length === 1 ? [] : keyGroups.map((group) => branch(writeGroup(group, true)))
  return sorted([
    ...flat,
    ...(groups.length > 0 ? [item('key_groups', groups)] : []),
    item('lastmodified', metadata.lastModified),
    item('mac', metadata.mac),
    ...(metadata.macOnlyEncrypted ? [item('mac_only_encrypted', true)] : []),
    ...(metadata.shamirThreshold === 0 ? [] : [item('shamir_threshold', BigInt(metadata.shamirThreshold))]),
    ...(rule === null ? [] : [item(rule.name, rule.pattern)]),
    item('version', metadata.version),
  ])
}

function writeGroup(group: KeyGroup, nested: boolean): Item[] {
  return keyKinds
    .map((kind) => item(kind, group.filter((entry) => entry.kind === kind).map(writeEntry)))
    .filter(({ key, value }) => {
      const { alwaysListed } = keyTable[key as KeyKind]
      return (nested && alwaysListed === true) || (value as readonly Value[]).length > 0
    })
    .sort(byKey)
}

function writeEntry(entry: KeyEntry): Branch {
  const row = keyTable[entry.kind]
  const fields = Object.entries(entry.fields).filter(([name, value]) => value !== '' || !row.optional?.includes(name))
  const context = Object.entries(entry.context ?? {}).map(([key, value]) => item(key, value))
  return sorted([
    ...fields.map(([name, value]) => item(name, value)),
    ...(context.length > 0 ? [item('context', sorted(context))] : []),
    ...(row.created ? [item('created_at', entry.createdAt)] : []),
    item('enc', entry.enc),
  ])
}

function item(key: string, value: Value): Item {
  return { key, value }
}

function sorted(items: Item[]): Branch {
  return branch(items.sort(byKey))
}

function byKey(a: Item, b: Item): number {
  return a.key < b.key ? -1 : 1
}
