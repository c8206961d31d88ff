import { type JsonNode, quoteJson, readJson } from '@sealkit/core/go'
import { ResolverError } from '../../error.ts'
import type { PushRequest, PushTarget } from '../../provider.ts'
import { memberMap, nodeText } from '../../value.ts'
import { object, text, textMap } from '../../view.ts'
import { asText } from '../text.ts'
import { RawJson } from '../transport.ts'
import type { Connection } from './connection.ts'
import { dataPath, metadataPath } from './path.ts'
import { readData, readMetadata } from './read.ts'
import { customMetadata, type VaultData, vaultSecret } from './secret.ts'

/**
 * The mark by which External Secrets knows what it may overwrite: custom metadata in KV v2, a key of the data in KV v1.
 */
const managedBy = 'managed-by'
const owner = 'external-secrets'
const markKey = 'custom_metadata'

/**
 * Writes a whole secret or one key of it; writes nothing when it is there already.
 *
 * @throws {ResolverError} `PROVIDER_FAILED` for a secret that External Secrets does not manage, `VALUE_INVALID` for a
 * whole secret that is no JSON object
 */
export async function pushSecret(vault: Connection, request: PushRequest, signal: AbortSignal): Promise<void> {
  const current = await readData(vault, { key: request.key, version: '' }, signal)
  const write = vault.spec.version === 'v1' ? pushV1 : pushV2
  await write(vault, { request, current, signal })
}

interface Push {
  readonly request: PushRequest
  readonly current: VaultData | null
  readonly signal: AbortSignal
}

async function pushV1(vault: Connection, { request, current, signal }: Push): Promise<void> {
  const members = current === null ? null : memberMap(current)
  if (members !== null) {
    const mark = members.get(markKey)
    if (mark === undefined || mark.kind === 'null') {
      throw unmanaged('secret not managed by external-secrets (no custom_metadata found)')
    }
    if (!isOurs(mark)) throw unmanaged('secret not managed by external-secrets')
    members.delete(markKey)
  }
  const merged = mergedData(members, request)
  if (members !== null && sameData(members, merged)) return
  merged.set(markKey, { kind: 'object', members: [{ key: managedBy, value: { kind: 'string', value: owner } }] })
  await writeJson(vault, dataPath(vault.spec, request.key), nodeText(toObject(merged)), signal)
}

async function pushV2(vault: Connection, { request, current, signal }: Push): Promise<void> {
  const members = current === null ? null : memberMap(current)
  const path = metadataPath(vault.spec, request.key)
  const remote = current === null ? null : await readMetadata(vault, request.key, signal)
  const existing = remote === null ? null : customMetadata(remote)
  const metadata = desiredMetadata(current === null ? null : (existing ?? new Map()), request.metadata)
  const merged = mergedData(members, request)
  // The mark goes first: a data write that fails after it is tried again on a secret that is known to be ours.
  if (existing === null || !sameTexts(existing, metadata)) {
    await writeJson(vault, path, `{${quoteJson(markKey)}:${nodeText(stringsNode(metadata))}}`, signal)
  }
  if (members !== null && sameData(members, merged)) return
  const options = vault.spec.checkAndSet ? `,"options":{"cas":${currentVersion(remote)}}` : ''
  await writeJson(vault, dataPath(vault.spec, request.key), `{"data":${nodeText(toObject(merged))}${options}}`, signal)
}

function mergedData(current: ReadonlyMap<string, JsonNode> | null, request: PushRequest): Map<string, JsonNode> {
  const { property } = request
  if (property !== '') {
    if ((current?.get(property)?.kind ?? 'string') !== 'string') {
      throw new ResolverError('VALUE_INVALID', `error converting ${property} to string`, {
        hint: 'only a text is replaced by a text: delete the property first',
      })
    }
    return new Map(current ?? []).set(property, { kind: 'string', value: asText(request.value) })
  }
  try {
    const whole = readJson(asText(request.value))
    if (whole.kind === 'object') return memberMap(whole)
  } catch {
    // The text may be a secret's value; the error below names the key only.
  }
  const what = current === null ? 'vault secret' : 'incoming secret value'
  throw new ResolverError('VALUE_INVALID', `error unmarshalling ${what}: invalid JSON format`)
}

/** The custom metadata that the secret should have. @throws {ResolverError} `PROVIDER_FAILED`, `VALUE_INVALID` */
function desiredMetadata(remote: ReadonlyMap<string, string> | null, envelope: unknown): Map<string, string> {
  const spec = object(object(envelope)['spec'])
  const policy = text(spec['mergePolicy'], 'Merge')
  if (policy !== 'Merge' && policy !== 'Replace') {
    throw new ResolverError('VALUE_INVALID', `unsupported merge policy "${policy}", must be one of: Merge, Replace`)
  }
  const wanted = new Map([...Object.entries(textMap(spec['customMetadata'])), [managedBy, owner] as const])
  if (remote === null) return wanted
  if (remote.get(managedBy) !== owner) throw unmanaged('secret not managed by external-secrets')
  return policy === 'Merge' ? new Map([...remote, ...wanted]) : wanted
}

function currentVersion(metadata: VaultData | null): string {
  if (metadata === null) return '0'
  const version = memberMap(metadata).get('current_version')
  return version?.kind === 'number' ? version.text : '1'
}

/**
 * Deletes a secret, or one property of it, if External Secrets manages it; what is not there or not ours is left alone.
 */
export async function deleteSecret(vault: Connection, target: PushTarget, signal: AbortSignal): Promise<void> {
  const { key, property } = target
  const current = await readData(vault, { key, version: '' }, signal)
  if (current === null) return
  const members = memberMap(current)
  if (!(await isManaged(vault, key, { members, signal }))) return
  const path = dataPath(vault.spec, key)
  if (property !== '') {
    members.delete(property)
    if (vault.spec.version === 'v1' && members.size === 1) members.delete(markKey)
    if (members.size > 0) {
      const data = nodeText(toObject(members))
      return writeJson(vault, path, vault.spec.version === 'v1' ? data : `{"data":${data}}`, signal)
    }
  }
  await vault.call((api) => api.delete(path, signal), signal)
  if (vault.spec.version === 'v1') return
  await vault.call((api) => api.delete(metadataPath(vault.spec, key), signal), signal)
}

interface Owned {
  readonly members: ReadonlyMap<string, JsonNode>
  readonly signal: AbortSignal
}

async function isManaged(vault: Connection, key: string, { members, signal }: Owned): Promise<boolean> {
  if (vault.spec.version === 'v1') return isOurs(members.get(markKey))
  const metadata = await readMetadata(vault, key, signal)
  return metadata !== null && customMetadata(metadata).get(managedBy) === owner
}

/** Whether a secret, or a property of it that is not null, is there. */
export async function existsSecret(vault: Connection, target: PushTarget, signal: AbortSignal): Promise<boolean> {
  const data = await readData(vault, { key: target.key, version: '' }, signal)
  if (data === null) return false
  if (memberMap(data).get(target.property)?.kind === 'null') return false
  try {
    vaultSecret(data).value(target.property)
    return true
  } catch (error) {
    if (error instanceof ResolverError && error.code === 'PROPERTY_NOT_FOUND') return false
    throw error
  }
}

async function writeJson(vault: Connection, path: string, json: string, signal: AbortSignal): Promise<void> {
  await vault.call((api) => api.write(path, new RawJson(json), signal), signal)
}

function isOurs(mark: JsonNode | undefined): boolean {
  const by = mark?.kind === 'object' ? memberMap(mark).get(managedBy) : undefined
  return by?.kind === 'string' && by.value === owner
}

function sameData(a: ReadonlyMap<string, JsonNode>, b: ReadonlyMap<string, JsonNode>): boolean {
  return nodeText(toObject(a)) === nodeText(toObject(b))
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

function toObject(members: ReadonlyMap<string, JsonNode>): VaultData {
  return { kind: 'object', members: [...members].map(([key, value]) => ({ key, value })) }
}

function stringsNode(texts: ReadonlyMap<string, string>): VaultData {
  return toObject(new Map([...texts].map(([key, value]) => [key, { kind: 'string', value } as const])))
}

function unmanaged(message: string): ResolverError {
  return new ResolverError('PROVIDER_FAILED', message, { hint: 'delete the remote secret, or push to another key' })
}
