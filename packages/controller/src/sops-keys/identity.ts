import { field, type KeyEntry, keyName } from '@sealkit/core/sops'
import { KeyserviceError, masterKeys } from '@sealkit/keyservice'
import type { KeySet } from './keyset.ts'
import { request } from './request.ts'
import { matches } from './rules.ts'

/**
 * The credentials that this process itself has: AWS' default chain, `VAULT_TOKEN`. They may decrypt for many tenants, so
 * they are used for the keys that a rule names and for no others.
 *
 * @param allowed ARNs of KMS keys (`ARN+ROLE` where a role is assumed), addresses of Vault keys
 * (`https://vault:8200/v1/transit/keys/NAME`); `*` stands for any characters
 */
export function ownIdentity(allowed: readonly string[], env: Readonly<Record<string, string | undefined>>): KeySet {
  const { VAULT_TOKEN: token, ...variables } = env
  const io = {
    env: { ...variables, ...(token === undefined ? {} : { VAULT_TOKEN: token }), HOME: '/nonexistent' },
    readFile: async () => null,
    request,
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
  const parts = entry.kind === 'hc_vault' ? [field(entry, 'engine_path'), field(entry, 'key_name')] : []
  return parts.every(isPlainPath) ? keyName(entry) : null
}

/** A path that an address is not read differently for: no `..`, no `?`, nothing encoded. */
function isPlainPath(path: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*$/.test(path) && !path.split('/').some((part) => part === '.' || part === '..')
}
