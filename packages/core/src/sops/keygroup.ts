/** The kinds of master key, by the names that a file's metadata gives them. */
export type KeyKind = 'kms' | 'gcp_kms' | 'hckms' | 'azure_kv' | 'hc_vault' | 'pgp' | 'age'

/** A master key as a file lists it: what the key is, and the data key wrapped with it. */
export interface KeyEntry {
  readonly kind: KeyKind
  /** The key's own fields by their names in the file, see {@link keyTable}. */
  readonly fields: Readonly<Record<string, string>>
  /** The encryption context of an AWS KMS key; a null value is kept. */
  readonly context?: Readonly<Record<string, string | null>> | undefined
  /** The wrapped data key in the kind's own encoding; empty for a key that has wrapped nothing yet. */
  readonly enc: string
  /** RFC 3339; empty for age, which stores none. */
  readonly createdAt: string
}

/** Master keys that each recover the same part of the data key. */
export type KeyGroup = readonly KeyEntry[]

interface Row {
  /** Fields besides `enc` and `created_at`. */
  readonly fields: readonly string[]
  /** Fields that are left out when they are empty. */
  readonly optional?: readonly string[]
  readonly created: boolean
  /** It lives on a server; the others are on this machine and may ask a person. */
  readonly remote?: true
  /** Written even when empty, inside `key_groups`: upstream's struct lacks an `omitempty`. */
  readonly alwaysListed?: true
  /** How sops names the key in texts. */
  name(entry: KeyEntry): string
}

/** What is particular to each kind, in the order in which sops reads them into a group. */
export const keyTable: Readonly<Record<KeyKind, Row>> = {
  kms: { fields: ['arn', 'aws_profile', 'role'], optional: ['role'], created: true, remote: true, name: kmsName },
  gcp_kms: { fields: ['resource_id'], created: true, remote: true, name: (entry) => field(entry, 'resource_id') },
  hckms: { fields: ['key_id'], created: true, remote: true, name: (entry) => field(entry, 'key_id') },
  azure_kv: {
    fields: ['name', 'vault_url', 'version'],
    created: true,
    remote: true,
    name: (entry) => `${field(entry, 'vault_url')}/keys/${field(entry, 'name')}/${field(entry, 'version')}`,
  },
  hc_vault: {
    fields: ['engine_path', 'key_name', 'vault_address'],
    created: true,
    remote: true,
    alwaysListed: true,
    name: (entry) =>
      `${field(entry, 'vault_address')}/v1/${field(entry, 'engine_path')}/keys/${field(entry, 'key_name')}`,
  },
  pgp: { fields: ['fp'], created: true, name: (entry) => field(entry, 'fp') },
  age: { fields: ['recipient'], created: false, alwaysListed: true, name: (entry) => field(entry, 'recipient') },
}

/** All kinds, in the order of {@link keyTable}. */
export const keyKinds: readonly KeyKind[] = Object.keys(keyTable) as KeyKind[]

/** The text by which sops names a master key, and compares two. */
export function keyName(entry: KeyEntry): string {
  return keyTable[entry.kind].name(entry)
}

/** One field of an entry; empty where it has none. */
export function field(entry: KeyEntry, name: string): string {
  return entry.fields[name] ?? ''
}

function kmsName(entry: KeyEntry): string {
  const role = field(entry, 'role')
  const context = Object.entries(entry.context ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}:${value ?? ''}`)
    .join(',')
  const profile = field(entry, 'aws_profile')
  const name = role === '' ? field(entry, 'arn') : `${field(entry, 'arn')}+${role}`
  if (profile !== '') return `${name}|${context}|${profile}`
  return context === '' ? name : `${name}|${context}`
}
