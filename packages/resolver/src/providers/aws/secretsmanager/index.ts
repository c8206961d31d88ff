import type { SecretListEntry, SecretsManagerClient, SecretValueEntry } from '@aws-sdk/client-secrets-manager'
import { isTransient, ResolverError } from '../../../error.ts'
import type { FindQuery } from '../../../externalsecret.ts'
import { nameMatcher } from '../../../find.ts'
import type { Location, RemoteSecret } from '../../../provider.ts'
import type { Json } from '../../../view.ts'
import { isExpired, isNamed, pageTokens, serviceFailure } from '../client.ts'
import type { AwsService, ServiceOptions } from '../index.ts'
import { asError, awsSecret, chunks, otherSecret, settled, tagSecret } from '../payload.ts'
import { deleteSecret, pushSecret } from './push.ts'

type Sdk = typeof import('@aws-sdk/client-secrets-manager')

/** One open Secrets Manager. */
export interface Manager {
  readonly sdk: Sdk
  readonly client: SecretsManagerClient
  readonly prefix: string
  /** `spec.provider.aws.secretsManager`: how secrets are deleted. */
  readonly deletion: Json
  /** Reading alone may be allowed where reading in batches is not. */
  batches: boolean
}

/** How emulators say that they lack an operation. */
const missingOperation = ['UnknownOperationException', 'NotImplementedException', 'NotImplemented']

/** Secrets of one BatchGetSecretValue call. */
const batchSize = 20

/** AWS Secrets Manager. */
export async function openService({ config, prefix, deletion }: ServiceOptions): Promise<AwsService> {
  const sdk = await import('@aws-sdk/client-secrets-manager')
  const manager: Manager = { sdk, client: new sdk.SecretsManagerClient({ ...config }), prefix, deletion, batches: true }
  return {
    get: (location, signal) => getSecret(manager, location, signal),
    getMany: (locations, signal) => getMany(manager, locations, signal),
    find: (query, signal) => findSecrets(manager, query, signal),
    push: (request, signal) => pushSecret(manager, request, signal),
    delete: (target, signal) => deleteSecret(manager, target, signal),
    close: () => manager.client.destroy(),
  }
}

async function getSecret(manager: Manager, location: Location, abortSignal: AbortSignal): Promise<RemoteSecret | null> {
  const { client, sdk, prefix } = manager
  const SecretId = prefix + location.key
  if (location.metadataPolicy === 'Fetch') {
    const described = await send('DescribeSecret', () =>
      client.send(new sdk.DescribeSecretCommand({ SecretId }), { abortSignal }),
    )
    return tagSecret(location.key, described.Tags ?? [])
  }
  try {
    const found = await client.send(new sdk.GetSecretValueCommand({ SecretId, ...versionOf(location) }), {
      abortSignal,
    })
    if (!isAbout(SecretId, found)) throw otherSecret(location.key)
    return toSecret(location.key, found)
  } catch (error) {
    if (isGone(error)) return null
    throw serviceFailure('GetSecretValue', error, true)
  }
}

/** `uuid/<id>` is a version, everything else the label of a stage. */
function versionOf({ version }: Location): { VersionId: string } | { VersionStage: string } {
  return version.startsWith('uuid/')
    ? { VersionId: version.slice('uuid/'.length) }
    : { VersionStage: version === '' ? 'AWSCURRENT' : version }
}

/**
 * A secret that is scheduled for deletion cannot be read any more: for us it is gone, as the recovery window is for
 * people.
 */
function isGone(error: unknown): boolean {
  if (isNamed(error, 'ResourceNotFoundException')) return true
  const unreadable = isNamed(error, 'InvalidRequestException', 'InvalidParameterException')
  return unreadable && error instanceof Error && /marked (for deletion|deleted)/.test(error.message)
}

/** An ARN may come without the six characters that AWS puts after a name. */
function isAbout(id: string, { Name, ARN }: Pick<SecretValueEntry, 'Name' | 'ARN'>): boolean {
  return (
    Name === undefined || Name === id || ARN === id || (id.startsWith('arn:') && ARN?.startsWith(`${id}-`) === true)
  )
}

type Value = Pick<SecretValueEntry, 'SecretString' | 'SecretBinary'>

function toSecret(key: string, { SecretString, SecretBinary }: Value): RemoteSecret {
  const payload = SecretBinary ?? (typeof SecretString === 'string' ? Buffer.from(SecretString) : undefined)
  if (!(payload instanceof Uint8Array)) {
    throw new ResolverError('VALUE_INVALID', `invalid secret received. no secret string nor binary for key: ${key}`)
  }
  return awsSecret(key, payload)
}

type Result = RemoteSecret | null | Error

async function getMany(
  manager: Manager,
  locations: readonly Location[],
  signal: AbortSignal,
): Promise<readonly Result[]> {
  const current = locations.filter(({ version, metadataPolicy }) => version === '' && metadataPolicy === 'None')
  const batched = current.length < 2 ? new Map<string, Result>() : await batch(manager, current, signal)
  return Promise.all(
    locations.map((location) => {
      const found = current.includes(location) ? batched.get(location.key) : undefined
      return found === undefined ? getSecret(manager, location, signal).catch(asError) : found
    }),
  )
}

/** Current values by key; what the answers do not settle is missing here, and then read alone. */
async function batch(
  manager: Manager,
  locations: readonly Location[],
  abortSignal: AbortSignal,
): Promise<Map<string, Result>> {
  const results = new Map<string, Result>()
  for (const part of chunks(locations, batchSize)) {
    if (!manager.batches) break
    const ids = part.map(({ key }) => manager.prefix + key)
    const values = await batchValues(manager, ids, abortSignal)
    if (values === null) break
    for (const [index, { key }] of part.entries()) {
      const value = values.find((entry) => entry.Name === ids[index] || entry.ARN === ids[index])
      if (value !== undefined)
        results.set(
          key,
          settled(() => toSecret(key, value)),
        )
    }
  }
  return results
}

/** The values that one batch gives; null when batches are not allowed. Failed members are left to be read alone. */
async function batchValues(
  manager: Manager,
  SecretIdList: string[],
  abortSignal: AbortSignal,
): Promise<SecretValueEntry[] | null> {
  const { client, sdk } = manager
  const values: SecretValueEntry[] = []
  const next = pageTokens('BatchGetSecretValue')
  let NextToken: string | undefined
  do {
    try {
      const command = new sdk.BatchGetSecretValueCommand({ SecretIdList, NextToken })
      const answer = await client.send(command, { abortSignal })
      values.push(...(answer.SecretValues ?? []).filter((value) => typeof value === 'object' && value !== null))
      NextToken = next(answer.NextToken)
    } catch (error) {
      abortSignal.throwIfAborted()
      // Without the right to batches (or where an emulator has none) every secret is read by itself.
      manager.batches = !isNamed(error, 'AccessDeniedException', ...missingOperation)
      const failure = serviceFailure('BatchGetSecretValue', error, true)
      // What is overloaded must not get a call for each secret instead.
      if (manager.batches && (isTransient(failure) || isExpired(failure))) throw failure
      return null
    }
  } while (NextToken !== undefined)
  return values
}

/**
 * Secrets by name and by tags; both must match where both are given. A tag matches with its key and its value together
 * and whole, though AWS' own filters take them apart and by their beginning.
 */
async function findSecrets(
  manager: Manager,
  { path, name, tags }: FindQuery,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const wanted = Object.entries(tags ?? {})
  if (name === null && wanted.length === 0) throw new ResolverError('NOT_SUPPORTED', 'unexpected find operator')
  const matches = name === null ? () => true : nameMatcher(name)
  const entries = await listSecrets(manager, { path, wanted }, signal)
  const names = entries
    .filter((entry) => hasTags(entry, wanted))
    .flatMap(({ Name }) => (Name === undefined ? [] : [Name]))
  // Listed names are whole: the store's prefix is in them already.
  const whole = { ...manager, prefix: '' }
  const locations = names.filter(matches).map((key) => ({ key, version: '', metadataPolicy: 'None' }) as const)
  const found = new Map<string, Uint8Array>()
  for (const [index, result] of (await getMany(whole, locations, signal)).entries()) {
    if (result instanceof Error) throw result
    const value = result?.value('') ?? null
    // Deleted since it was listed.
    if (value !== null) found.set(locations[index]?.key ?? '', value)
  }
  return found
}

interface Listing {
  readonly path: string | null
  readonly wanted: readonly (readonly [string, string])[]
}

async function listSecrets(
  { client, sdk }: Manager,
  { path, wanted }: Listing,
  abortSignal: AbortSignal,
): Promise<SecretListEntry[]> {
  const filters = [
    ...wanted.flatMap(([key, value]) => [
      { Key: 'tag-key' as const, Values: [key] },
      { Key: 'tag-value' as const, Values: [value] },
    ]),
    ...(path === null ? [] : [{ Key: 'name' as const, Values: [path] }]),
  ]
  const entries: SecretListEntry[] = []
  const next = pageTokens('ListSecrets')
  let NextToken: string | undefined
  do {
    const command = new sdk.ListSecretsCommand({ Filters: filters, MaxResults: 100, NextToken })
    const answer = await send('ListSecrets', () => client.send(command, { abortSignal }))
    entries.push(...(answer.SecretList ?? []))
    NextToken = next(answer.NextToken)
  } while (NextToken !== undefined)
  return entries
}

function hasTags({ Tags = [] }: SecretListEntry, wanted: Listing['wanted']): boolean {
  return wanted.every(([key, value]) => Tags.some((tag) => tag.Key === key && tag.Value === value))
}

async function send<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    throw serviceFailure(operation, error, true)
  }
}
