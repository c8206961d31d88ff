import type { Parameter, SSMClient } from '@aws-sdk/client-ssm'
import { isTransient, prefixed, ResolverError } from '../../../error.ts'
import type { FindQuery } from '../../../externalsecret.ts'
import { nameMatcher } from '../../../find.ts'
import type { Location, RemoteSecret } from '../../../provider.ts'
import { isExpired, isNamed, pageTokens, serviceFailure } from '../client.ts'
import type { AwsService, ServiceOptions } from '../index.ts'
import { asError, awsSecret, chunks, otherSecret, settled, tagSecret } from '../payload.ts'
import { deleteParameter, pushParameter } from './push.ts'

type Sdk = typeof import('@aws-sdk/client-ssm')

/** One open Parameter Store. */
export interface Parameters {
  readonly sdk: Sdk
  readonly client: SSMClient
  readonly prefix: string
  /** Reading alone may be allowed where reading in batches is not. */
  batches: boolean
}

/** Parameters of one GetParameters call. */
const batchSize = 10

/** AWS Systems Manager Parameter Store. */
export async function openService({ config, prefix }: ServiceOptions): Promise<AwsService> {
  const sdk = await import('@aws-sdk/client-ssm')
  const parameters: Parameters = { sdk, client: new sdk.SSMClient({ ...config }), prefix, batches: true }
  return {
    get: (location, signal) => getParameter(parameters, location, signal),
    getMany: (locations, signal) => getMany(parameters, locations, signal),
    find: (query, signal) => findParameters(parameters, query, signal),
    push: (request, signal) => pushParameter(parameters, request, signal),
    delete: (target, signal) => deleteParameter(parameters, target, signal),
    close: () => parameters.client.destroy(),
  }
}

/** A name with the number or the label of a version, as the API takes them. */
function nameOf({ prefix }: Parameters, { key, version }: Location): string {
  return `${prefix}${key}${version === '' ? '' : `:${version}`}`
}

async function getParameter(
  parameters: Parameters,
  location: Location,
  abortSignal: AbortSignal,
): Promise<RemoteSecret | null> {
  const { client, sdk, prefix } = parameters
  try {
    if (location.metadataPolicy === 'Fetch') {
      const command = new sdk.ListTagsForResourceCommand({
        ResourceId: prefix + location.key,
        ResourceType: 'Parameter',
      })
      return tagSecret(location.key, (await client.send(command, { abortSignal })).TagList ?? [])
    }
    const command = new sdk.GetParameterCommand({ Name: nameOf(parameters, location), WithDecryption: true })
    const { Parameter: found } = await client.send(command, { abortSignal })
    if (!isAbout(prefix + location.key, found)) throw otherSecret(location.key)
    return toSecret(location.key, found)
  } catch (error) {
    if (isNamed(error, 'ParameterNotFound')) return null
    throw serviceFailure('GetParameter', error, true)
  }
}

/** A shared parameter is asked for by its ARN. */
function isAbout(id: string, parameter: Parameter | undefined): boolean {
  return parameter?.Name === undefined || parameter.Name === id || parameter.ARN === id || id.startsWith('arn:')
}

function toSecret(key: string, parameter: Parameter | undefined): RemoteSecret {
  if (typeof parameter?.Value !== 'string') {
    throw new ResolverError('VALUE_INVALID', `invalid secret received. parameter value is nil for key: ${key}`)
  }
  return awsSecret(key, Buffer.from(parameter.Value))
}

type Result = RemoteSecret | null | Error

async function getMany(
  parameters: Parameters,
  locations: readonly Location[],
  signal: AbortSignal,
): Promise<readonly Result[]> {
  // Newest values only: an answer that leaves the selector out would not tell versions of one parameter apart.
  const values = locations.filter(({ metadataPolicy, version }) => metadataPolicy === 'None' && version === '')
  const batched = new Map<Location, Result>()
  for (const part of chunks(values, batchSize)) {
    const results = part.length < 2 || !parameters.batches ? null : await batch(parameters, part, signal)
    for (const [location, result] of results ?? []) batched.set(location, result)
  }
  return Promise.all(
    locations.map((location) => batched.get(location) ?? getParameter(parameters, location, signal).catch(asError)),
  )
}

/** What one call settles; a parameter that is not there is asked for alone, which tells why. */
async function batch(
  parameters: Parameters,
  locations: readonly Location[],
  abortSignal: AbortSignal,
): Promise<Map<Location, Result> | null> {
  const { client, sdk } = parameters
  const names = new Map(locations.map((location) => [nameOf(parameters, location), location]))
  try {
    const command = new sdk.GetParametersCommand({ Names: [...names.keys()], WithDecryption: true })
    const { Parameters: found = [] } = await client.send(command, { abortSignal })
    return new Map(
      found.flatMap((parameter) => {
        const location = names.get(parameter?.Name ?? '')
        return location === undefined ? [] : [[location, settled(() => toSecret(location.key, parameter))]]
      }),
    )
  } catch (error) {
    abortSignal.throwIfAborted()
    // One name that the API does not take fails the call for all.
    if (isNamed(error, 'AccessDeniedException')) parameters.batches = false
    const failure = serviceFailure('GetParameters', error, true)
    // What is overloaded must not get a call for each parameter instead.
    if (isTransient(failure) || isExpired(failure)) throw failure
    return null
  }
}

/** Parameters below a path by name, or else by tags; a name wins over tags. */
async function findParameters(
  parameters: Parameters,
  query: FindQuery,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  if (query.name !== null) return findByName(parameters, query.path, { pattern: query.name, signal })
  if (query.tags !== null) return findByTags(parameters, query.path, { tags: query.tags, signal })
  throw new ResolverError('NOT_SUPPORTED', 'unexpected find operator')
}

interface ByName {
  readonly pattern: string
  readonly signal: AbortSignal
}

async function findByName(
  parameters: Parameters,
  path: string | null,
  { pattern, signal: abortSignal }: ByName,
): Promise<Map<string, Uint8Array>> {
  const { client, sdk } = parameters
  const matches = nameMatcher(pattern)
  const found = new Map<string, Uint8Array>()
  const next = pageTokens('GetParametersByPath')
  let NextToken: string | undefined
  do {
    const input = { Path: path ?? '/', Recursive: true, WithDecryption: true, MaxResults: batchSize, NextToken }
    const answer = await client
      .send(new sdk.GetParametersByPathCommand(input), { abortSignal })
      .catch((error: unknown) => (isNamed(error, 'AccessDeniedException') ? null : failed(path ?? '/', error)))
    if (answer === null) return findDescribed(parameters, pathFilter(path), { matches, signal: abortSignal })
    for (const { Name = '', Value } of answer.Parameters ?? []) {
      if (typeof Value === 'string' && matches(Name)) found.set(Name, Buffer.from(Value))
    }
    NextToken = next(answer.NextToken)
  } while (NextToken !== undefined)
  return found
}

function failed(path: string, error: unknown): never {
  throw prefixed(`fetching parameters by path ${path}: `, serviceFailure('GetParametersByPath', error, true))
}

type Filter = { readonly Key: string; readonly Option?: string; readonly Values: string[] }

function pathFilter(path: string | null): Filter[] {
  return path === null ? [] : [{ Key: 'Path', Option: 'Recursive', Values: [path] }]
}

interface ByTags {
  readonly tags: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

function findByTags(
  parameters: Parameters,
  path: string | null,
  { tags, signal }: ByTags,
): Promise<Map<string, Uint8Array>> {
  const filters = Object.entries(tags).map(([key, value]) => ({ Key: `tag:${key}`, Option: 'Equals', Values: [value] }))
  return findDescribed(parameters, [...filters, ...pathFilter(path)], { matches: () => true, signal })
}

interface Described {
  readonly matches: (name: string) => boolean
  readonly signal: AbortSignal
}

async function findDescribed(
  parameters: Parameters,
  ParameterFilters: Filter[],
  { matches, signal: abortSignal }: Described,
): Promise<Map<string, Uint8Array>> {
  const { client, sdk } = parameters
  const names: string[] = []
  const next = pageTokens('DescribeParameters')
  let NextToken: string | undefined
  do {
    const command = new sdk.DescribeParametersCommand({ ParameterFilters, MaxResults: 50, NextToken })
    const answer = await client.send(command, { abortSignal }).catch((error: unknown) => {
      throw serviceFailure('DescribeParameters', error, true)
    })
    names.push(...(answer.Parameters ?? []).flatMap(({ Name }) => (Name !== undefined && matches(Name) ? [Name] : [])))
    NextToken = next(answer.NextToken)
  } while (NextToken !== undefined)
  const locations = names.map((key) => ({ key, version: '', metadataPolicy: 'None' }) as const)
  const results = await getMany({ ...parameters, prefix: '' }, locations, abortSignal)
  const found = new Map<string, Uint8Array>()
  for (const [index, result] of results.entries()) {
    if (result instanceof Error) throw result
    const value = result?.value('') ?? null
    if (value !== null) found.set(names[index] ?? '', value)
  }
  return found
}
