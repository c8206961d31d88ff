import type { KeyEntry, KeyKind, Unwrap } from '@sealkit/core/sops'
import { parseYaml } from '@sealkit/core/yaml'
import { type KeyIo, KeyserviceError, masterKeys, parseIdentities } from '@sealkit/keyservice'
import { ControllerError } from '../error.ts'
import { type Gnupg, gnupg } from './gnupg.ts'
import { request } from './request.ts'

/** The keys of one Secret, or folder. */
export interface KeySet {
  readonly unwrap: Unwrap
  close(): Promise<void>
}

/** What keys may use of the process besides what their Secret holds. */
export interface KeySetOptions {
  /** The process' environment: addresses of AWS' emulators and the path of programs are taken from it, nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where a Vault token may be sent; null = wherever the file says. */
  readonly vaults: readonly string[] | null
}

/** What the entries of a Secret come to. */
interface Material {
  readonly identities: readonly string[]
  readonly pgp: readonly Uint8Array[]
  readonly env: Readonly<Record<string, string>>
  readonly kinds: ReadonlySet<KeyKind>
}

/**
 * The keys that the entries of a Secret are, named as Flux' `decryption.secretRef` names them: `*.agekey` (age
 * identities), `*.asc` (PGP private keys), `sops.vault-token`, `sops.aws-kms` (YAML of `aws_access_key_id`,
 * `aws_secret_access_key`, `aws_session_token`). Other entries are ignored. Nothing of this process' own credentials,
 * files or key rings is used, and a kind of key that no entry is for is refused.
 *
 * @throws {ControllerError} `KEY_SECRET_INVALID`; the message names the entry and never holds it
 */
export async function keySet(entries: ReadonlyMap<string, Uint8Array>, options: KeySetOptions): Promise<KeySet> {
  const material = readMaterial(entries)
  const ring = material.pgp.length === 0 ? null : await gnupg(material.pgp, options.env['PATH'])
  const { unwrap } = masterKeys({ ageIdentities: material.identities, io: machine(material, options, ring) })
  return {
    unwrap: async (entry, attempt) => {
      if (!material.kinds.has(entry.kind)) throw absent(entry.kind)
      return unwrap(withoutProfile(entry), attempt)
    },
    close: async () => ring?.close(),
  }
}

/** A profile would be looked for in this process' own configuration. */
function withoutProfile(entry: KeyEntry): KeyEntry {
  return entry.kind === 'kms' ? { ...entry, fields: { ...entry.fields, aws_profile: '' } } : entry
}

function absent(kind: KeyKind): KeyserviceError {
  return new KeyserviceError('IDENTITY_MISSING', `the key Secret holds nothing for keys of the kind ${kind}`)
}

function machine(material: Material, { env, vaults }: KeySetOptions, ring: Gnupg | null): KeyIo {
  const endpoints = Object.entries(env).filter(([name]) => name.startsWith('AWS_ENDPOINT_URL'))
  const allowed = vaults === null ? 'all' : vaults.length === 0 ? 'none' : vaults.join(',')
  return {
    env: { ...Object.fromEntries(endpoints), ...material.env, SOPS_HC_VAULT_ALLOWLIST: allowed },
    readFile: async () => null,
    request,
    async run(command, { input }) {
      if (ring !== null && command[0] === 'gpg') return ring.run(['gpg', '--batch', ...command.slice(1)], input)
      throw new ControllerError('KEY_SECRET_INVALID', 'keys of a Secret run no programs but gpg')
    },
  }
}

function readMaterial(entries: ReadonlyMap<string, Uint8Array>): Material {
  const identities: string[] = []
  const pgp: Uint8Array[] = []
  const env: Record<string, string> = {}
  const kinds = new Set<KeyKind>()
  for (const [name, bytes] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.endsWith('.agekey')) {
      identities.push(...ageIdentities(name, bytes))
      kinds.add('age')
    } else if (name.endsWith('.asc')) {
      pgp.push(bytes)
      kinds.add('pgp')
    } else if (name === 'sops.vault-token') {
      env['VAULT_TOKEN'] = Buffer.from(bytes).toString().trim()
      kinds.add('hc_vault')
    } else if (name === 'sops.aws-kms') {
      Object.assign(env, awsCredentials(bytes))
      kinds.add('kms')
    }
  }
  return { identities, pgp, env, kinds }
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

function awsCredentials(bytes: Uint8Array): Readonly<Record<string, string>> {
  const name = 'sops.aws-kms'
  let value: unknown
  try {
    value = parseYaml(Buffer.from(bytes).toString())
  } catch {
    throw unread(name, 'is no YAML')
  }
  const given = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  const texts = Object.entries(awsFields).flatMap(([field, variable]) => {
    const text = given[field]
    return typeof text === 'string' && text !== '' ? [[variable, text] as const] : []
  })
  const credentials = Object.fromEntries(texts)
  if (credentials['AWS_ACCESS_KEY_ID'] && credentials['AWS_SECRET_ACCESS_KEY']) return credentials
  throw unread(name, 'lacks aws_access_key_id or aws_secret_access_key')
}

function unread(name: string, what: string): ControllerError {
  return new ControllerError('KEY_SECRET_INVALID', `the entry ${name} of a key Secret ${what}`, {
    hint: 'entries are named and written as for spec.decryption.secretRef of Flux',
  })
}
