import { randomUUID } from 'node:crypto'
import type { DescribeSecretResponse, GetSecretValueResponse } from '@aws-sdk/client-secrets-manager'
import { ResolverError } from '../../../error.ts'
import type { PushRequest, PushTarget } from '../../../provider.ts'
import { type Json, object, text } from '../../../view.ts'
import { asText } from '../../text.ts'
import { isNamed, quiet, serviceFailure } from '../client.ts'
import { withProperty } from '../property.ts'
import { defaultDescription, isManaged, pushSpec, tagChanges, tagList, unmanaged, wantedTags } from '../tags.ts'
import type { Manager } from './index.ts'

/** The version that a first push makes, so that a push which is tried again makes no second one. */
const initialVersion = '00000000-0000-0000-0000-000000000001'
const defaultKey = 'alias/aws/secretsmanager'

interface Push {
  readonly SecretId: string
  readonly request: PushRequest
  readonly spec: Json
  readonly abortSignal: AbortSignal
}

/**
 * Writes a secret, or one property of it; writes nothing when it is there already.
 *
 * @throws {ResolverError} `PROVIDER_FAILED` for a secret that External Secrets does not manage, `NOT_SUPPORTED` for
 * metadata that is not
 */
export async function pushSecret(manager: Manager, request: PushRequest, abortSignal: AbortSignal): Promise<void> {
  const push = { SecretId: manager.prefix + request.key, request, spec: pushSpec(request.metadata), abortSignal }
  for (const field of ['resourcePolicy', 'replicationLocations']) {
    if (push.spec[field] !== undefined) throw new ResolverError('NOT_SUPPORTED', `metadata.${field} is not supported`)
  }
  const described = await describe(manager, push)
  if (described === null) return create(manager, push)
  if (!isManaged(described.Tags)) throw unmanaged()
  const current =
    Object.keys(described.VersionIdsToStages ?? {}).length === 0 ? null : await currentValue(manager, push)
  await changeTags(manager, push, described)
  await put(manager, push, current)
}

async function describe(
  { client, sdk }: Manager,
  { SecretId, abortSignal }: Pick<Push, 'SecretId' | 'abortSignal'>,
): Promise<DescribeSecretResponse | null> {
  try {
    return await client.send(new sdk.DescribeSecretCommand({ SecretId }), { abortSignal })
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return null
    throw serviceFailure('DescribeSecret', error, true)
  }
}

function currentValue({ client, sdk }: Manager, { SecretId, abortSignal }: Push): Promise<GetSecretValueResponse> {
  return quiet('GetSecretValue', () => client.send(new sdk.GetSecretValueCommand({ SecretId }), { abortSignal }))
}

async function create({ client, sdk }: Manager, { SecretId, request, spec, abortSignal }: Push): Promise<void> {
  const value = request.property === '' ? request.value : withProperty(null, request.property, request.value)
  const command = new sdk.CreateSecretCommand({
    Name: SecretId,
    Tags: tagList(wantedTags(spec)),
    Description: text(spec['description'], defaultDescription),
    ClientRequestToken: initialVersion,
    KmsKeyId: text(spec['kmsKeyId'], defaultKey),
    ...inFormat(spec, value),
  })
  await quiet('CreateSecret', () => client.send(command, { abortSignal }))
}

function inFormat(spec: Json, value: Uint8Array): { SecretString: string } | { SecretBinary: Uint8Array } {
  const format = text(spec['secretPushFormat'], 'binary')
  if (format === 'string') return { SecretString: asText(value) }
  if (format === 'binary') return { SecretBinary: value }
  throw new ResolverError('VALUE_INVALID', `invalid secret push format: ${format}`)
}

/** Tags are left alone when the push names none. */
async function changeTags(
  { client, sdk }: Manager,
  { SecretId, spec, abortSignal }: Push,
  { Tags = [] }: DescribeSecretResponse,
): Promise<void> {
  if (Object.keys(object(spec['tags'])).length === 0) return
  const { remove, add } = tagChanges(Tags, wantedTags(spec))
  if (remove.length > 0) {
    const command = new sdk.UntagResourceCommand({ SecretId, TagKeys: remove })
    await quiet('UntagResource', () => client.send(command, { abortSignal }))
  }
  if (add.size > 0) {
    const command = new sdk.TagResourceCommand({ SecretId, Tags: tagList(add) })
    await quiet('TagResource', () => client.send(command, { abortSignal }))
  }
}

async function put(
  manager: Manager,
  { SecretId, request, spec, abortSignal }: Push,
  current: GetSecretValueResponse | null,
): Promise<void> {
  const { client, sdk } = manager
  const bytes = current === null ? null : bytesOf(current)
  const value = request.property === '' ? request.value : withProperty(bytes, request.property, request.value)
  if (bytes !== null && Buffer.compare(bytes, value) === 0) return
  const ClientRequestToken = current === null ? initialVersion : randomUUID()
  const command = new sdk.PutSecretValueCommand({ SecretId, ClientRequestToken, ...inFormat(spec, value) })
  await quiet('PutSecretValue', () => client.send(command, { abortSignal }))
}

function bytesOf({ SecretString, SecretBinary }: GetSecretValueResponse): Uint8Array {
  return SecretBinary ?? Buffer.from(SecretString ?? '')
}

/** Deletes a secret that External Secrets manages; what is not there or not ours is left alone. */
export async function deleteSecret(manager: Manager, { key }: PushTarget, abortSignal: AbortSignal): Promise<void> {
  const { client, sdk, deletion } = manager
  const SecretId = manager.prefix + key
  const described = await describe(manager, { SecretId, abortSignal })
  if (described === null || described.DeletedDate !== undefined || !isManaged(described.Tags)) return
  const days = Number(deletion['recoveryWindowInDays'] ?? 0)
  const command = new sdk.DeleteSecretCommand({
    SecretId,
    ...(deletion['forceDeleteWithoutRecovery'] === true ? { ForceDeleteWithoutRecovery: true } : {}),
    ...(days > 0 ? { RecoveryWindowInDays: days } : {}),
  })
  await quiet('DeleteSecret', () => client.send(command, { abortSignal }))
}
