import type { Parameter, PutParameterCommandInput, Tag } from '@aws-sdk/client-ssm'
import { marshalJson } from '@sealkit/core/go'
import { encodeBase64 } from '@sealkit/core/manifest'
import { ResolverError } from '../../../error.ts'
import type { PushRequest, PushTarget } from '../../../provider.ts'
import { type Json, object, text } from '../../../view.ts'
import { asText } from '../../text.ts'
import { isNamed, quiet, serviceFailure } from '../client.ts'
import { defaultDescription, isManaged, pushSpec, tagChanges, tagList, unmanaged, wantedTags } from '../tags.ts'
import type { Parameters } from './index.ts'

const defaultKey = 'alias/aws/ssm'

interface Push {
  readonly Name: string
  readonly value: string
  readonly spec: Json
  readonly abortSignal: AbortSignal
}

/**
 * Writes a parameter whole; writes nothing when it is there already.
 *
 * @throws {ResolverError} `PROVIDER_FAILED` for a parameter that External Secrets does not manage
 */
export async function pushParameter(
  parameters: Parameters,
  request: PushRequest,
  abortSignal: AbortSignal,
): Promise<void> {
  const spec = pushSpec(request.metadata)
  const push = { Name: parameters.prefix + request.key, value: pushedText(request, spec), spec, abortSignal }
  const current = await currentParameter(parameters, push)
  if (current === null) return put(parameters, push, { Overwrite: false, Tags: tagList(wantedTags(push.spec)) })
  const tags = await parameterTags(parameters, push)
  if (!isManaged(tags)) throw unmanaged()
  if (current.Value === push.value) return
  await put(parameters, push, { Overwrite: true })
  await changeTags(parameters, push, tags)
}

/**
 * The text of a parameter. Of a whole Secret it is a JSON object whose values are in base64, as they are in a manifest,
 * unless `encodeAsDecoded` asks for the values themselves.
 */
function pushedText({ secretKey, value, source }: PushRequest, spec: Json): string {
  if (secretKey !== '' || spec['encodeAsDecoded'] === true) return asText(value)
  const encoded = [...source.data].map(([key, bytes]) => [key, encodeBase64(bytes)] as const)
  return marshalJson(new Map(encoded), { escapeHtml: false })
}

type Named = Pick<Push, 'Name' | 'abortSignal'>

async function currentParameter({ client, sdk }: Parameters, { Name, abortSignal }: Named): Promise<Parameter | null> {
  try {
    const command = new sdk.GetParameterCommand({ Name, WithDecryption: true })
    return (await client.send(command, { abortSignal })).Parameter ?? null
  } catch (error) {
    if (isNamed(error, 'ParameterNotFound', 'ResourceNotFoundException')) return null
    throw serviceFailure('GetParameter', error, true)
  }
}

async function parameterTags({ client, sdk }: Parameters, { Name, abortSignal }: Named): Promise<Tag[]> {
  const command = new sdk.ListTagsForResourceCommand({ ResourceId: Name, ResourceType: 'Parameter' })
  return (await quiet('ListTagsForResource', () => client.send(command, { abortSignal }))).TagList ?? []
}

async function put(
  { client, sdk }: Parameters,
  { Name, value, spec, abortSignal }: Push,
  how: Pick<PutParameterCommandInput, 'Overwrite' | 'Tags'>,
): Promise<void> {
  const type = text(spec['secretType'], 'String')
  if (type !== 'String' && type !== 'StringList' && type !== 'SecureString') {
    throw new ResolverError('VALUE_INVALID', `unsupported secretType "${type}"`)
  }
  const tier = object(spec['tier'])
  const command = new sdk.PutParameterCommand({
    Name,
    Value: value,
    Type: type,
    Description: text(spec['description'], defaultDescription),
    ...(type === 'SecureString' ? { KeyId: text(spec['kmsKeyID'], defaultKey) } : {}),
    ...(tier['type'] === 'Advanced' ? { Tier: 'Advanced' as const } : {}),
    ...(tier['type'] === 'Advanced' && tier['policies'] !== undefined
      ? { Policies: JSON.stringify(tier['policies']) }
      : {}),
    ...how,
  })
  await quiet('PutParameter', () => client.send(command, { abortSignal }))
}

async function changeTags(
  { client, sdk }: Parameters,
  { Name, spec, abortSignal }: Push,
  tags: readonly Tag[],
): Promise<void> {
  const { remove, add } = tagChanges(tags, wantedTags(spec))
  const resource = { ResourceId: Name, ResourceType: 'Parameter' as const }
  if (remove.length > 0) {
    const command = new sdk.RemoveTagsFromResourceCommand({ ...resource, TagKeys: remove })
    await quiet('RemoveTagsFromResource', () => client.send(command, { abortSignal }))
  }
  if (add.size > 0) {
    const command = new sdk.AddTagsToResourceCommand({ ...resource, Tags: tagList(add) })
    await quiet('AddTagsToResource', () => client.send(command, { abortSignal }))
  }
}

/** Deletes a parameter that External Secrets manages; what is not there or not ours is left alone. */
export async function deleteParameter(
  parameters: Parameters,
  { key }: PushTarget,
  abortSignal: AbortSignal,
): Promise<void> {
  const { client, sdk, prefix } = parameters
  const named = { Name: prefix + key, abortSignal }
  if ((await currentParameter(parameters, named)) === null) return
  if (!isManaged(await parameterTags(parameters, named))) return
  const command = new sdk.DeleteParameterCommand({ Name: named.Name })
  await quiet('DeleteParameter', () => client.send(command, { abortSignal }))
}
