import { checkRecipient } from '../age/recipient.ts'
import { CoreError } from '../error.ts'
import type { KeyEntry, KeyKind } from './keygroup.ts'

/** What command lines and flat rules say beside the keys themselves. */
export interface KeyTextOptions {
  readonly awsProfile?: string | undefined
  readonly context?: Readonly<Record<string, string>> | undefined
}

/**
 * The master keys of one kind that a comma-separated text names, as command lines, environment variables and flat
 * creation rules write them. An empty text names none.
 *
 * @throws `INVALID_KEY` where a key is not of its kind's form
 */
export function parseKeys(kind: KeyKind, text: string, options: KeyTextOptions = {}): KeyEntry[] {
  if (text === '') return []
  return text.split(',').flatMap((key) => parsers[kind](key, options))
}

/** What the text of each kind of key begins with, or looks like. */
const forms: readonly (readonly [form: RegExp, kind: KeyKind])[] = [
  [/^(?:age1|ssh-(?:ed25519|rsa) )/, 'age'],
  [/^arn:/, 'kms'],
  [/^projects\//, 'gcp_kms'],
  [/^https:\/\/[^/]+\/keys\//, 'azure_kv'],
  [/^[a-z]+:\/\/[^/]+\/v1\/.+\/keys\//, 'hc_vault'],
  [/^[0-9A-Fa-f ]{16,60}!?$/, 'pgp'],
]

/**
 * The master keys that a comma-separated text names, of any kinds: each is told by its form.
 *
 * @throws `INVALID_KEY` where a key has no known form
 */
export function parseRecipients(text: string): KeyEntry[] {
  return text.split(',').flatMap((part) => {
    const key = part.trim()
    const kind = forms.find(([form]) => form.test(key))?.[1]
    if (kind !== undefined) return parseKeys(kind, key)
    throw new CoreError('INVALID_KEY', 'a recipient has none of the forms of master keys', {
      hint: 'give an age recipient, a PGP fingerprint, an AWS ARN, a GCP resource ID, or the URL of an Azure or Vault key',
    })
  })
}

const parsers: Readonly<Record<KeyKind, (text: string, options: KeyTextOptions) => KeyEntry[]>> = {
  kms: (text, options) => [kmsEntry(text, options)],
  gcp_kms: (text) => [entry('gcp_kms', { resource_id: text.replaceAll(' ', '') })],
  hckms: (text) => (text.trim() === '' ? [] : [hckmsEntry(text.trim())]),
  azure_kv: (text) => [azureEntry(text.trim())],
  hc_vault: (text) => [vaultEntry(text)],
  pgp: (text) => [entry('pgp', { fp: text.replaceAll(' ', '') })],
  age: (text) => [ageEntry(text.trim())],
}

/** An entry that has wrapped nothing yet. */
export function entry(kind: KeyKind, fields: Readonly<Record<string, string>>): KeyEntry {
  return { kind, fields, enc: '', createdAt: '' }
}

function ageEntry(recipient: string): KeyEntry {
  checkRecipient(recipient)
  return entry('age', { recipient })
}

function kmsEntry(text: string, { awsProfile = '', context }: KeyTextOptions): KeyEntry {
  const [arn = '', role = ''] = text.replaceAll(' ', '').split(/\+(?=arn:aws[\w-]*:iam::)/)
  const made = entry('kms', { arn, aws_profile: awsProfile, role })
  return context === undefined ? made : { ...made, context }
}

function hckmsEntry(text: string): KeyEntry {
  const [region = '', uuid = ''] = [text.split(':', 1)[0], text.includes(':') ? text.slice(text.indexOf(':') + 1) : '']
  if (region === '' || uuid === '') {
    throw malformed('HuaweiCloud KMS', `invalid key ID format: expected 'region:key-uuid', got ${JSON.stringify(text)}`)
  }
  return entry('hckms', { key_id: text })
}

function azureEntry(text: string): KeyEntry {
  const match = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/.exec(text)
  if (match === null) {
    throw malformed(
      'Azure Key Vault',
      `could not parse ${JSON.stringify(text)} into a valid Azure Key Vault MasterKey []`,
    )
  }
  const [, url = '', name = '', version = ''] = match
  return entry('azure_kv', { name, vault_url: url, version })
}

function vaultEntry(text: string): KeyEntry {
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/]*)\/v1\/(.+)\/(?:keys)\/([^/]+)$/.exec(text.trim())
  if (match === null) {
    throw malformed(
      'Vault',
      `missing scheme in Vault URL (should be like this: +https://vault.example.com:8200/v1/transit/keys/keyName), got: ${text}`,
    )
  }
  const [, address = '', engine = '', name = ''] = match
  return entry('hc_vault', { engine_path: engine, key_name: name, vault_address: address })
}

function malformed(what: string, upstream: string): CoreError {
  return new CoreError('INVALID_KEY', `a ${what} key is malformed`, { upstream })
}
