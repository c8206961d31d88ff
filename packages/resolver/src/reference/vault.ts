import { ResolverError } from '../error.ts'
import type { Reference } from './parse.ts'
import { credential, type ReferenceContext, type ReferenceStore, readSecret, variable } from './store.ts'

/**
 * `ref+vault://MOUNT/PATH#/KEY` and `<path:MOUNT/data/PATH#KEY>`. Without a fragment the last part of the path is the
 * key, as in vals.
 *
 * Parameters, else variables: `address` (`VAULT_ADDR`), `namespace` (`VAULT_NAMESPACE`), `auth_method` (`token`,
 * `approle`, `userpass`), `role_id`, `secret_id`, `username`, `token_env`, `version` (of the secret), `kv` (`1` or `2`,
 * else `AVP_KV_VERSION`, else 2).
 */
export async function resolveVault(reference: Reference, context: ReferenceContext): Promise<Uint8Array> {
  const { key, property } = target(reference)
  const version = reference.version || (reference.params.get('version') ?? '')
  const secret = await readSecret(vaultStore(reference, context), { key, version }, context)
  const value = secret.value(property)
  if (value === null) throw new ResolverError('PROPERTY_NOT_FOUND', `there is no "${property}" in "${key}"`)
  return value
}

interface Target {
  readonly key: string
  readonly property: string
}

function target({ path, fragment }: Reference): Target {
  if (fragment !== null) return { key: path, property: fragment.length === 1 ? (fragment[0] ?? '') : nested(fragment) }
  const at = path.lastIndexOf('/')
  if (at <= 0) throw new ResolverError('INVALID_REFERENCE', 'the reference names no key', { hint: 'end it with #/KEY' })
  return { key: path.slice(0, at), property: path.slice(at + 1) }
}

/** A path of keys in gjson's language, every part of it literal. */
function nested(fragment: readonly string[]): string {
  return fragment.map((part) => part.replaceAll(/[^A-Za-z0-9_-]/g, (character) => `\\${character}`)).join('.')
}

function vaultStore(reference: Reference, context: ReferenceContext): ReferenceStore {
  const param = (name: string, ...variables: string[]): string =>
    reference.params.get(name) ?? variable(context, ...variables)
  const server = param('address', 'VAULT_ADDR')
  if (server === '') {
    throw new ResolverError('INVALID_REFERENCE', 'the reference names no server', {
      hint: 'set VAULT_ADDR, or add ?address=https://...',
    })
  }
  const kv = reference.params.get('kv') ?? variable(context, 'AVP_KV_VERSION')
  const namespace = param('namespace', 'VAULT_NAMESPACE')
  const { auth, credentials } = login(param, reference, context)
  return {
    provider: 'vault',
    spec: { server, version: kv === '1' ? 'v1' : 'v2', auth, ...(namespace === '' ? {} : { namespace }) },
    credentials,
  }
}

interface Login {
  readonly auth: Readonly<Record<string, unknown>>
  readonly credentials: Readonly<Record<string, string>>
}

type Param = (name: string, ...variables: string[]) => string

function login(param: Param, reference: Reference, context: ReferenceContext): Login {
  const method = param('auth_method', 'AVP_AUTH_TYPE') || 'token'
  if (method === 'token') {
    const token = variable(context, reference.params.get('token_env') ?? 'VAULT_TOKEN')
    return { auth: { tokenSecretRef: credential('token') }, credentials: needed({ token }, 'VAULT_TOKEN') }
  }
  if (method === 'approle') {
    const roleId = param('role_id', 'VAULT_ROLE_ID', 'AVP_ROLE_ID')
    const secretId = param('secret_id', 'VAULT_SECRET_ID', 'AVP_SECRET_ID')
    const auth = { appRole: { roleId, secretRef: credential('secretId') } }
    return { auth, credentials: needed({ roleId, secretId }, 'VAULT_ROLE_ID and VAULT_SECRET_ID') }
  }
  if (method === 'userpass') {
    const username = param('username', 'VAULT_USERNAME', 'AVP_USERNAME')
    const password = variable(context, 'VAULT_PASSWORD', 'AVP_PASSWORD')
    const auth = { userPass: { username, secretRef: credential('password') } }
    return { auth, credentials: needed({ username, password }, 'VAULT_USERNAME and VAULT_PASSWORD') }
  }
  throw new ResolverError('NOT_SUPPORTED', 'the reference has an auth_method that is not supported', {
    hint: 'the methods are token, approle and userpass',
  })
}

function needed(values: Readonly<Record<string, string>>, variables: string): Readonly<Record<string, string>> {
  if (Object.values(values).every((value) => value !== '')) return values
  throw new ResolverError('CREDENTIAL_MISSING', 'there are no credentials for Vault', { hint: `set ${variables}` })
}
