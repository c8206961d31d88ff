import type { Manifest } from '@sealkit/core/manifest'
import type {
  Cluster,
  ClusterObject,
  DeleteOptions,
  Key,
  ListOptions,
  ListResult,
  Patch,
  Resource,
  WriteOptions,
} from './cluster.ts'
import type { ConnectionConfig } from './config/load.ts'
import { isKubernetesError } from './error.ts'
import { type Exchange, json, named, unexpected } from './exchange.ts'
import { objectPath, queryText, resourceName } from './path.ts'
import { apiVersion } from './resources.ts'
import { type Call, responseError } from './status.ts'
import { createToken, reviewToken, type ServiceAccountToken, type TokenOwner } from './tokens.ts'
import {
  type HttpRequest,
  type HttpResponse,
  httpTransport,
  type Transport,
  type TransportOptions,
} from './transport.ts'
import { readWatch } from './watch.ts'

/** What a request outside the port may carry. */
export interface RawRequest {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  readonly timeout?: number
  /** What the request is about, for the texts of errors. */
  readonly resource?: string
  readonly name?: string
}

/** A cluster behind an API server: the port, and what only a real API server has. */
export interface ApiServer extends Cluster {
  /**
   * Any request, for what the port does not know: service proxies, subresources, discovery.
   *
   * @throws the code of the answer's Status where it is no success
   */
  request(method: string, path: string, options?: RawRequest): Promise<HttpResponse>
  /** Mints a token for a ServiceAccount (TokenRequest). */
  createToken(
    serviceAccount: Key,
    options?: { readonly audiences?: readonly string[]; readonly expirationSeconds?: number },
  ): Promise<ServiceAccountToken>
  /** Whom a bearer token is of, if it is valid for one of the audiences; null when it is not. */
  reviewToken(token: string, audiences: readonly string[]): Promise<TokenOwner | null>
  /** Closes idle connections, so that a process can end. */
  close(): void
}

/** How an {@link ApiServer} behaves. */
export interface ApiServerOptions extends TransportOptions {
  /** Instead of `node:https`. */
  readonly transport?: Transport
  /** Objects asked for at a time; 500, as client-go. */
  readonly pageSize?: number
  /** `User-Agent`; `sealkit` unless given. */
  readonly userAgent?: string
}

const metadataAccept = {
  object: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
}

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** A read that has no answer after this long has lost its connection: the API server itself gives up after 60 s. */
const readTimeout = 65_000

/** The `Cluster` port over a Kubernetes API server. */
export function apiserverCluster(config: ConnectionConfig, options: ApiServerOptions = {}): ApiServer {
  const transport = options.transport ?? httpTransport(config, options)
  const agent = { 'user-agent': options.userAgent ?? 'sealkit' }
  const call = async (request: HttpRequest, about: Call): Promise<HttpResponse> => {
    const response = await transport.request({ ...request, headers: { ...agent, ...request.headers } })
    if (response.status < 200 || response.status > 206) throw responseError(response, about)
    return response
  }
  const exchange = async (request: HttpRequest, about: Call): Promise<unknown> =>
    parse((await call({ timeout: config.timeout || readTimeout, headers: json, ...request }, about)).body)
  const objects = objectCalls(exchange)
  return {
    ...objects,
    list: (resource, list = {}) => listAll(exchange, resource, list, options.pageSize ?? 500),
    watch: (resource, watch) => readWatch(transport, resource, watch, agent),
    request: (method, path, raw = {}) => call({ method, path, ...raw }, { method, ...raw }),
    createToken: (serviceAccount, token = {}) => createToken(exchange, serviceAccount, token),
    reviewToken: (token, audiences) => reviewToken(exchange, token, audiences),
    close: () => transport.close(),
  }
}

function objectCalls(
  exchange: Exchange,
): Pick<Cluster, 'get' | 'create' | 'update' | 'updateStatus' | 'patch' | 'delete'> {
  const write = async (
    method: string,
    resource: Resource,
    target: { key: Key; subresource?: string; headers?: Record<string, string>; query?: Record<string, string> },
    body: unknown,
  ): Promise<ClusterObject> => {
    const path = `${objectPath(resource, target.key, target.subresource)}${queryText(target.query ?? {})}`
    const about = { method, resource: resourceName(resource), name: target.key.name }
    const request = { method, path, body: JSON.stringify(body), headers: { ...json, ...target.headers } }
    return withKind(resource, (await exchange(request, about)) as ClusterObject)
  }
  const manager = (options: WriteOptions | undefined): Record<string, string> =>
    options?.fieldManager === undefined ? {} : { fieldManager: options.fieldManager }
  const put = (resource: Resource, object: ClusterObject, options?: WriteOptions, subresource?: string) =>
    write(
      'PUT',
      resource,
      { key: keyFor(resource, object), query: manager(options), ...(subresource && { subresource }) },
      object,
    )
  return {
    get: (resource, key, options) => getObject(exchange, resource, key, options?.metadataOnly === true),
    create: (resource, object, options) =>
      write('POST', resource, { key: { ...keyFor(resource, object), name: '' }, query: manager(options) }, object),
    update: (resource, object, options) => put(resource, object, options),
    updateStatus: (resource, object, options) => put(resource, statusOnly(object), options, 'status'),
    patch(resource, key, patch, options) {
      const force = patch.type === 'apply' && patch.force === true ? { force: 'true' } : {}
      const headers = { 'content-type': patchTypes[patch.type] }
      named(key)
      return write('PATCH', resource, { key, headers, query: { ...manager(options), ...force } }, patch.body)
    },
    async delete(resource, key, options) {
      named(key)
      await deleteObject(exchange, resource, key, options)
    },
  }
}

/** A status as it is sent: the server takes the spec from what it has, and the writers of fields where none are sent. */
function statusOnly({ apiVersion, kind, metadata, ...rest }: ClusterObject): ClusterObject {
  const { managedFields: _, ...sent } = metadata
  return { ...(apiVersion && { apiVersion }), ...(kind && { kind }), metadata: sent, status: rest['status'] }
}

async function getObject(
  exchange: Exchange,
  resource: Resource,
  key: Key,
  metadataOnly: boolean,
): Promise<ClusterObject | null> {
  named(key)
  const accept = metadataOnly ? metadataAccept.object : 'application/json'
  const about = { method: 'GET', resource: resourceName(resource), name: key.name }
  try {
    const object = await exchange({ method: 'GET', path: objectPath(resource, key), headers: { accept } }, about)
    return withKind(resource, object as ClusterObject)
  } catch (error) {
    // A kind that is not installed is a 404 too, but no answer about the object.
    if (isKubernetesError(error, 'NOT_FOUND') && !error.message.startsWith('the server could not find')) return null
    throw error
  }
}

async function deleteObject(
  exchange: Exchange,
  resource: Resource,
  key: Key,
  options: DeleteOptions | undefined,
): Promise<void> {
  const body = JSON.stringify({
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(options?.preconditions && { preconditions: options.preconditions }),
  })
  const about = { method: 'DELETE', resource: resourceName(resource), name: key.name }
  await exchange({ method: 'DELETE', path: objectPath(resource, key), body, headers: json }, about)
}

/** All pages of a list. A page that is too large is asked for again in smaller ones; an expired one starts over. */
async function listAll(
  exchange: Exchange,
  resource: Resource,
  options: ListOptions,
  size: number,
): Promise<ListResult> {
  let limit = size
  for (let restarts = 0; ; ) {
    try {
      return await listPages(exchange, resource, options, limit)
    } catch (error) {
      if (isKubernetesError(error, 'TOO_LARGE') && limit > 1) limit = Math.ceil(limit / 8)
      else if (isKubernetesError(error, 'GONE') && restarts++ < 3) limit = size * 4 ** restarts
      else throw error
    }
  }
}

async function listPages(
  exchange: Exchange,
  resource: Resource,
  options: ListOptions,
  limit: number,
): Promise<ListResult> {
  const items: ClusterObject[] = []
  const { transform = (object) => object } = options
  const type = apiVersion(resource)
  const accept = options.metadataOnly === true ? metadataAccept.list : 'application/json'
  const base = objectPath(resource, { namespace: options.namespace ?? '', name: '' })
  for (let next = ''; ; ) {
    const query = queryText({ ...selectors(options), limit: String(limit), continue: next })
    const signal = options.signal === undefined ? {} : { signal: options.signal }
    const request = { method: 'GET', path: `${base}${query}`, headers: { accept }, ...signal }
    const page = (await exchange(request, { method: 'GET', resource: resourceName(resource) })) as ListPage
    // Go writes an empty list of metadata as null.
    const found = page?.items === null ? [] : page?.items
    if (!Array.isArray(found) || page.metadata === undefined) throw unexpected()
    for (const item of found) items.push(transform(withKind(resource, item, type)))
    next = page.metadata.continue ?? ''
    if (next === '') return { items, resourceVersion: page.metadata.resourceVersion ?? '' }
  }
}

interface ListPage {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: ClusterObject[] | null
}

function selectors(options: ListOptions): Record<string, string> {
  return {
    ...(options.labelSelector && { labelSelector: options.labelSelector }),
    ...(options.fieldSelector && { fieldSelector: options.fieldSelector }),
  }
}

/** Objects of a list, and metadata alone, come without their own kind. */
function withKind(resource: Resource, object: ClusterObject, type: string = apiVersion(resource)): ClusterObject {
  if (object === null || typeof object !== 'object' || typeof object.metadata?.name !== 'string') throw unexpected()
  object.apiVersion = type
  object.kind = resource.kind
  return object
}

function keyFor(resource: Resource, object: Manifest): Key {
  const name = object.metadata?.name ?? ''
  return { namespace: resource.namespaced ? (object.metadata?.namespace ?? '') : '', name }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw unexpected()
  }
}
