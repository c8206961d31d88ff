import { LoginError, prefixed, ResolverError } from '../../error.ts'
import type { Location, RemoteSecret } from '../../provider.ts'
import type { Connection } from './connection.ts'
import { dataPath, metadataPath } from './path.ts'
import { metadataSecret, type VaultData, vaultSecret } from './secret.ts'

/** Reads a secret, or its metadata; null for one that is not there. */
export async function getSecret(
  vault: Connection,
  location: Location,
  signal: AbortSignal,
): Promise<RemoteSecret | null> {
  if (location.metadataPolicy === 'Fetch') {
    if (vault.spec.version === 'v1') {
      throw new ResolverError('NOT_SUPPORTED', 'cannot perform metadata fetch operations with kv version v1')
    }
    const metadata = await readMetadata(vault, location.key, signal)
    if (metadata === null) throw new ResolverError('PROVIDER_FAILED', 'secret not found')
    return metadataSecret(metadata)
  }
  const data = await readData(vault, location, signal)
  return data === null ? null : vaultSecret(data)
}

/** The data of a secret; null for one that is not there, or whose version was deleted. */
export async function readData(
  vault: Connection,
  { key, version }: Pick<Location, 'key' | 'version'>,
  signal: AbortSignal,
): Promise<VaultData | null> {
  const query = version === '' ? '' : `?version=${encodeURIComponent(version)}`
  const path = dataPath(vault.spec, key) + query
  const answer = await quoted(vault.call((api) => api.read(path, signal), signal))
  if (answer === null) return null
  const data = answer.get('data')
  if (vault.spec.version === 'v1') return data?.kind === 'object' ? data : null
  const inner = data?.kind === 'object' ? data.members.findLast((member) => member.key === 'data')?.value : undefined
  if (inner === undefined) throw new ResolverError('PROVIDER_FAILED', 'failed to find data field')
  if (inner.kind === 'null') return null
  if (inner.kind !== 'object') throw new ResolverError('VALUE_INVALID', 'failed to unmarshall JSON')
  return inner
}

/** The metadata of a secret of KV v2; null for one that is not there. */
export async function readMetadata(vault: Connection, key: string, signal: AbortSignal): Promise<VaultData | null> {
  const path = metadataPath(vault.spec, key)
  const answer = await quoted(vault.call((api) => api.read(path, signal), signal))
  const data = answer?.get('data')
  return data?.kind === 'object' ? data : null
}

/** A failure in the words of External Secrets. */
export async function quoted<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer
  } catch (error) {
    // Without a client nothing was read yet.
    const early = error instanceof LoginError || (error instanceof ResolverError && error.code === 'CREDENTIAL_MISSING')
    if (early || !(error instanceof ResolverError)) throw error
    throw prefixed('cannot read secret data from Vault: ', error)
  }
}
