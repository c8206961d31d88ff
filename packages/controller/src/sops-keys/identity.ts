import { field, type KeyEntry, type KeyKind, keyName } from '@sealkit/core/sops'
import { KeyserviceError, masterKeys } from '@sealkit/keyservice'
import { loadSdk } from '@sealkit/keyservice/node'
import type { KeySet } from './keyset.ts'
import { request } from './request.ts'
import { matches } from './rules.ts'

/**
 * The credentials that this process itself has: AWS', Google's and Azure's default chains, `VAULT_TOKEN`. They may
 * decrypt for many tenants, so they are used for the keys that a rule names and for no others.
 *
 * @param allowed ARNs of KMS keys (`ARN+ROLE` where a role is assumed), addresses of Vault keys
 * (`https://vault:8200/v1/transit/keys/NAME`), resources of Google's keys (`projects/P/locations/L/keyRings/R/cryptoKeys/K`),
 * addresses of Azure's keys (`https://VAULT.vault.azure.net/keys/NAME/VERSION`); `*` stands for any characters
 */
export function ownIdentity(allowed: readonly string[], env: Readonly<Record<string, string | undefined>>): KeySet {
  const { VAULT_TOKEN: token, ...variables } = env
  const io = {
    env: { ...variables, ...(token === undefined ? {} : { VAULT_TOKEN: token }), HOME: '/nonexistent' },
    readFile: async () => null,
    request,
    load: (name: string) => loadSdk(name, env),
    run: async () => {
      throw new KeyserviceError('IDENTITY_MISSING', 'no programs are run for the keys of a rule')
    },
  }
  const { unwrap } = masterKeys({ ageIdentities: [], io })
  return {
    unwrap: async (entry, options) => {
      const name = identityName(entry)
      if (name !== null && allowed.some((pattern) => matches(pattern, name))) return unwrap(entry, options)
      throw new KeyserviceError('IDENTITY_MISSING', `no rule lets the controller use this ${entry.kind} key`)
    },
    close: async () => undefined,
  }
}

/** What rules call a key; null for one that is no service's, or whose name could mean another key than it says. */
function identityName(entry: KeyEntry): string | null {
  if (entry.kind === 'age' || entry.kind === 'pgp') return null
  if (entry.kind === 'kms') {
    const role = field(entry, 'role')
    if (field(entry, 'aws_profile') !== '') return null
    return role === '' ? field(entry, 'arn') : `${field(entry, 'arn')}+${role}`
  }
  const parts = (pathFields[entry.kind] ?? []).map((name) => field(entry, name))
  return parts.every((part) => part === '' || isPlainPath(part)) ? keyName(entry) : null
}

/** Fields that become part of a path at the service. */
const pathFields: Readonly<Partial<Record<KeyKind, readonly string[]>>> = {
  hc_vault: ['engine_path', 'key_name'],
  gcp_kms: ['resource_id'],
  azure_kv: ['name', 'version'],
}

/** A path that an address is not read differently for: no `..`, no `?`, nothing encoded. */
function isPlainPath(path: string): boolean {
  return /^[\w.:-]+(\/[\w.:-]+)*$/.test(path) && !path.split('/').some((part) => part === '.' || part === '..')
}
