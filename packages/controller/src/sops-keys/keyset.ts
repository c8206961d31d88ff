import type { KeyEntry, KeyKind, Unwrap } from '@sealkit/core/sops'
import { type KeyIo, KeyserviceError, masterKeys } from '@sealkit/keyservice'
import { loadSdk } from '@sealkit/keyservice/node'
import { ControllerError } from '../error.ts'
import { type KeyMaterial, readEntries } from './entries.ts'
import { type Gnupg, gnupg } from './gnupg.ts'
import { request } from './request.ts'

/** The keys of one Secret, or folder. */
export interface KeySet {
  readonly unwrap: Unwrap
  close(): Promise<void>
}

/** What keys may use of the process besides what their Secret holds. */
export interface KeySetOptions {
  /** The process' environment: where clouds are ({@link places}) and the path of programs are taken from it, nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where a Vault token may be sent; null = wherever the file says. */
  readonly vaults: readonly string[] | null
}

/**
 * The keys that the entries of a Secret are, named as Flux' `decryption.secretRef` names them: `*.agekey`, `*.asc`,
 * `sops.vault-token`, `sops.aws-kms`, `sops.gcp-kms`, `sops.azure-kv`. Other entries are ignored. Nothing of this
 * process' own credentials, files or key rings is used, and a kind of key that no entry is for is refused.
 *
 * @throws {ControllerError} `KEY_SECRET_INVALID`; the message names the entry and never holds it
 */
export async function keySet(entries: ReadonlyMap<string, Uint8Array>, options: KeySetOptions): Promise<KeySet> {
  const material = readEntries(entries)
  const ring = material.pgp.length === 0 ? null : await gnupg(material.pgp, options.env['PATH'])
  const { unwrap } = masterKeys({
    ageIdentities: material.identities,
    ...(material.azure !== undefined && { azure: material.azure }),
    io: machine(material, options, ring),
  })
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

/** Variables that say where a cloud is: emulators, and clouds that are not public. */
const places = /^(AWS_ENDPOINT_URL\w*|SOPS_GCP_KMS_(ENDPOINT|UNIVERSE_DOMAIN))$/

function machine(material: KeyMaterial, { env, vaults }: KeySetOptions, ring: Gnupg | null): KeyIo {
  const endpoints = Object.entries(env).filter(([name]) => places.test(name))
  const allowed = vaults === null ? 'all' : vaults.length === 0 ? 'none' : vaults.join(',')
  return {
    env: { ...Object.fromEntries(endpoints), ...material.env, SOPS_HC_VAULT_ALLOWLIST: allowed },
    readFile: async () => null,
    request,
    load: (name) => loadSdk(name, env),
    async run(command, { input }) {
      if (ring !== null && command[0] === 'gpg') return ring.run(['gpg', '--batch', ...command.slice(1)], input)
      throw new ControllerError('KEY_SECRET_INVALID', 'keys of a Secret run no programs but gpg')
    },
  }
}
