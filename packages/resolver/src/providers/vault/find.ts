import { ResolverError } from '../../error.ts'
import type { FindQuery } from '../../externalsecret.ts'
import { nameMatcher } from '../../find.ts'
import { createLimit, type Limit } from '../../limit.ts'
import type { Connection } from './connection.ts'
import { folderPath } from './path.ts'
import { quoted, readData, readMetadata } from './read.ts'
import { metadataText, vaultSecret } from './secret.ts'

/** Reads of one find that run at once. */
const findConcurrency = 8

/**
 * All secrets below a path by name, or else by custom metadata, with their full paths below the mount; a name wins over
 * tags.
 */
export async function findSecrets(
  vault: Connection,
  { path, name, tags }: FindQuery,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array> | null> {
  if (vault.spec.version === 'v1' && tags !== null) {
    throw new ResolverError('NOT_SUPPORTED', 'cannot perform find by tag operations with kv version v1')
  }
  const keys = await listSecrets(vault, folderOf(path), signal)
  if (keys === null) return null
  const limit = createLimit(findConcurrency)
  const matches = name === null ? null : nameMatcher(name)
  const wanted = Object.entries(tags ?? {})
  const read = async ([named, key]: readonly [string, string]): Promise<readonly [string, Uint8Array][]> => {
    if (matches === null && !(await hasTags(vault, { candidate: key, wanted, limit, signal }))) return []
    const data = await limit(signal, () => readData(vault, { key, version: '' }, signal))
    const value = data === null ? null : vaultSecret(data).value('')
    return value === null ? [] : [[named, value]]
  }
  const candidates = keys.map((key) => [nameOf(path, key), key] as const).filter(([named]) => matches?.(named) ?? true)
  return new Map((await Promise.all(candidates.map(read))).flat())
}

/** The folder that a path of a find means; Vault takes it with any number of slashes at its end. */
function folderOf(path: string | null): string {
  const folder = (path ?? '').replace(/\/+$/, '')
  return folder === '' ? '' : `${folder}/`
}

/** The name of a secret as External Secrets has it: what follows the folder, after the path as it was written. */
function nameOf(path: string | null, key: string): string {
  return path === null ? key : `${path}/${key.slice(folderOf(path).length)}`
}

interface TagCheck {
  readonly candidate: string
  readonly wanted: readonly (readonly [string, string])[]
  readonly limit: Limit
  readonly signal: AbortSignal
}

async function hasTags(vault: Connection, { candidate, wanted, limit, signal }: TagCheck): Promise<boolean> {
  const metadata = await limit(signal, () => readMetadata(vault, candidate, signal))
  const tags = metadata === null ? new Map<string, string>() : metadataText(metadata)
  return wanted.every(([key, value]) => tags.get(key) === value)
}

/** Every secret below a folder, in the order of the listings; null when there is no such folder. */
async function listSecrets(vault: Connection, folder: string, signal: AbortSignal): Promise<string[] | null> {
  const path = folderPath(vault.spec, folder)
  const answer = await quoted(vault.call((api) => api.list(path, signal), signal))
  if (answer === null) return null
  const data = answer.get('data')
  const keys = data?.kind === 'object' ? data.members.findLast((member) => member.key === 'keys')?.value : undefined
  if (keys?.kind !== 'array') return []
  const names: string[] = []
  for (const key of keys.items) {
    if (key.kind !== 'string') continue
    const name = folder + key.value
    if (!name.endsWith('/')) names.push(name)
    else names.push(...((await listSecrets(vault, name, signal)) ?? []))
  }
  return names
}
