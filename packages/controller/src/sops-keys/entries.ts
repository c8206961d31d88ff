import type { KeyKind } from '@sealkit/core/sops'
import { type AzureCredentials, parseIdentities } from '@sealkit/keyservice'
import { ControllerError } from '../error.ts'
import { azureCredentials } from './azure.ts'
import { readFields, unread } from './fields.ts'
import { googleCredentials } from './google.ts'

/** What the entries of a key Secret come to. */
export interface KeyMaterial {
  readonly identities: string[]
  readonly pgp: Uint8Array[]
  /** Credentials, as the environment has them elsewhere. */
  readonly env: Record<string, string>
  azure: AzureCredentials | undefined
  /** The kinds of keys that an entry is for. */
  readonly kinds: Set<KeyKind>
}

/** One kind of entry. */
interface EntryRow {
  /** A whole name, or an end of one. */
  readonly name: string
  readonly kind: KeyKind
  /** @throws {ControllerError} `KEY_SECRET_INVALID` */
  readonly read: (material: KeyMaterial, bytes: Uint8Array, name: string) => void
}

/**
 * The entries as Flux' `decryption.secretRef` names and reads them (kustomize-controller 1.9.5,
 * `internal/decryptor/decryptor.go`); what would use anything of this process is refused.
 */
const rows: readonly EntryRow[] = [
  {
    name: '*.agekey',
    kind: 'age',
    read: ({ identities }, bytes, name) => identities.push(...ageIdentities(name, bytes)),
  },
  { name: '*.asc', kind: 'pgp', read: ({ pgp }, bytes) => pgp.push(bytes) },
  {
    name: 'sops.vault-token',
    kind: 'hc_vault',
    read: ({ env }, bytes) => Object.assign(env, { VAULT_TOKEN: Buffer.from(bytes).toString().trim() }),
  },
  {
    name: 'sops.aws-kms',
    kind: 'kms',
    read: ({ env }, bytes, name) => Object.assign(env, awsCredentials(name, bytes)),
  },
  {
    name: 'sops.gcp-kms',
    kind: 'gcp_kms',
    read: ({ env }, bytes, name) => Object.assign(env, { GOOGLE_CREDENTIALS: googleCredentials(name, bytes) }),
  },
  {
    name: 'sops.azure-kv',
    kind: 'azure_kv',
    read: (material, bytes, name) => {
      material.azure = azureCredentials(name, bytes)
    },
  },
]

function rowOf(entry: string): EntryRow | undefined {
  return rows.find(({ name }) => (name.startsWith('*') ? entry.endsWith(name.slice(1)) : entry === name))
}

/** Whether an entry of this name holds keys. */
export function isKeyEntry(name: string): boolean {
  return rowOf(name) !== undefined
}

/**
 * What entries hold, in the order of their names; those of other names are ignored.
 *
 * @throws {ControllerError} `KEY_SECRET_INVALID`; the message names the entry and never holds it
 */
export function readEntries(entries: ReadonlyMap<string, Uint8Array>): KeyMaterial {
  const material: KeyMaterial = { identities: [], pgp: [], env: {}, azure: undefined, kinds: new Set() }
  for (const [name, bytes] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const row = rowOf(name)
    if (row === undefined) continue
    row.read(material, bytes, name)
    material.kinds.add(row.kind)
  }
  return material
}

function ageIdentities(name: string, bytes: Uint8Array): readonly string[] {
  try {
    const identities = parseIdentities(Buffer.from(bytes).toString())
    // A plugin is a program of this machine, which a namespace's Secret must not start.
    if (identities.some((identity) => identity.startsWith('AGE-PLUGIN-'))) throw unread(name, 'needs a plugin of age')
    return identities
  } catch (error) {
    if (error instanceof ControllerError) throw error
    throw unread(name, 'holds a line that is no age identity')
  }
}

const awsFields = {
  aws_access_key_id: 'AWS_ACCESS_KEY_ID',
  aws_secret_access_key: 'AWS_SECRET_ACCESS_KEY',
  aws_session_token: 'AWS_SESSION_TOKEN',
} as const

function awsCredentials(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  const { text } = readFields(name, Buffer.from(bytes).toString())
  const given = Object.entries(awsFields).map(([field, variable]) => [variable, text(field)] as const)
  const credentials = Object.fromEntries(given.filter(([, value]) => value !== ''))
  if (credentials['AWS_ACCESS_KEY_ID'] && credentials['AWS_SECRET_ACCESS_KEY']) return credentials
  throw unread(name, 'lacks aws_access_key_id or aws_secret_access_key')
}
