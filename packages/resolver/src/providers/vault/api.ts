import type { EventEmitter } from 'node:events'
import { type JsonNode, readJson } from '@sealkit/core/go'
import { ResolverError } from '../../error.ts'
import { memberMap } from '../../value.ts'
import { refusal, type Transport, type TransportRequest, type TransportResponse } from '../transport.ts'
import type { VaultSpec } from './spec.ts'

/** What we use of node-vault: building and sending requests. Answers stay as they came. */
interface NodeVault extends EventEmitter {
  token: string
  namespace: string
  pathPrefix: string
  handleVaultResponse(response: TransportResponse): Promise<TransportResponse>
  read(path: string, options: RequestOptions): Promise<TransportResponse>
  write(path: string, data: unknown, options: RequestOptions): Promise<TransportResponse>
  list(path: string, options: RequestOptions): Promise<TransportResponse>
  delete(path: string, options: RequestOptions): Promise<TransportResponse>
}

interface RequestOptions {
  readonly signal: AbortSignal
  readonly headers?: Record<string, string>
}

/** A parsed answer: the members of its JSON object, or null for 404 without content. */
export type Answer = ReadonlyMap<string, JsonNode> | null

/** Vault's HTTP API as one store uses it. Paths are encoded already. */
export interface VaultApi {
  token: string
  read(path: string, signal: AbortSignal): Promise<Answer>
  list(path: string, signal: AbortSignal): Promise<Answer>
  write(path: string, data: unknown, signal: AbortSignal): Promise<Answer>
  /** A write whose refusal is reported by its status alone: the request held a credential. */
  login(path: string, data: unknown, signal: AbortSignal): Promise<Answer>
  delete(path: string, signal: AbortSignal): Promise<Answer>
}

/**
 * The API over node-vault and our transport. Nothing of the process's environment has a say: address, token, namespace
 * and prefix are set, its debug output is off, and TLS is the transport's.
 */
export async function createApi(spec: VaultSpec, transport: Transport): Promise<VaultApi> {
  const client = await nodeVault(spec, transport, spec.namespace)
  const loginClient = await nodeVault(spec, transport, spec.authNamespace)
  const index = indexHeaders(spec)
  const call = async (
    method: string,
    path: string,
    send: (options: RequestOptions) => Promise<TransportResponse>,
    signal: AbortSignal,
  ): Promise<Answer> => {
    const response = await send({ signal, headers: index.headers() })
    index.remember(response)
    return parse(response, { method, url: urlOf(spec, path), loud: true })
  }
  return {
    get token(): string {
      return client.token
    },
    set token(token: string) {
      client.token = token
    },
    read: (path, signal) => call('GET', path, (options) => client.read(path, options), signal),
    list: (path, signal) => call('GET', path, (options) => client.list(path, options), signal),
    write: (path, data, signal) => call('PUT', path, (options) => client.write(path, data, options), signal),
    delete: (path, signal) => call('DELETE', path, (options) => client.delete(path, options), signal),
    async login(path, data, signal): Promise<Answer> {
      const response = await loginClient.write(path, data, { signal })
      return parse(response, { method: 'PUT', url: urlOf(spec, path), loud: false })
    },
  }
}

function urlOf(spec: VaultSpec, path: string): string {
  return `${spec.server.href.replace(/\/$/, '')}/v1/${path}`
}

async function nodeVault(spec: VaultSpec, transport: Transport, namespace: string): Promise<NodeVault> {
  const { default: create } = await import('node-vault')
  const options = {
    endpoint: spec.server.href.replace(/\/$/, ''),
    apiVersion: 'v1',
    noCustomHTTPVerbs: true,
    debug: (): void => undefined,
    'request-promise': { defaults: () => (request: TransportRequest) => transport.send(request) },
  }
  const client = (create as unknown as (options: unknown) => NodeVault)(options)
  // Its constructor prefers the environment to an empty option.
  client.token = ''
  client.namespace = namespace
  client.pathPrefix = ''
  client.handleVaultResponse = (response) => Promise.resolve(response)
  return client
}

interface IndexHeaders {
  headers(): Record<string, string>
  remember(response: TransportResponse): void
}

/** Vault Enterprise's consistency headers: the state that a write returned is asked for by the reads after it. */
function indexHeaders({ readYourWrites, forwardInconsistent }: VaultSpec): IndexHeaders {
  let state: string | undefined
  return {
    headers: () => ({
      ...(readYourWrites && state !== undefined ? { 'X-Vault-Index': state } : {}),
      ...(forwardInconsistent ? { 'X-Vault-Inconsistent': 'forward-active-node' } : {}),
    }),
    remember({ headers }): void {
      const next = headers['x-vault-index']
      if (typeof next === 'string') state = next
    },
  }
}

interface Asked {
  readonly method: string
  readonly url: string
  /** Whether the server's own error texts may be quoted; else those alone that say nothing of the request. */
  readonly loud: boolean
}

function parse(response: TransportResponse, asked: Asked): Answer {
  const { statusCode, body } = response
  if (statusCode === 204) return new Map()
  const members = readMembers(body)
  if (statusCode === 404) return hasContent(members) ? members : null
  if (statusCode >= 200 && statusCode < 300) {
    if (members === null) throw new ResolverError('PROVIDER_FAILED', 'the answer is not a JSON object')
    return members
  }
  throw refused(response, members, asked)
}

function readMembers(body: string): ReadonlyMap<string, JsonNode> | null {
  try {
    const node = readJson(body)
    return node.kind === 'object' ? memberMap(node) : null
  } catch {
    return null
  }
}

/** A 404 may still tell something: the metadata of a deleted version, or a warning about the path. */
function hasContent(members: ReadonlyMap<string, JsonNode> | null): boolean {
  const data = members?.get('data')
  const warnings = members?.get('warnings')
  return (
    (data?.kind === 'object' && data.members.length > 0) || (warnings?.kind === 'array' && warnings.items.length > 0)
  )
}

/** Answers to a login that hold nothing of the credentials that it sends. */
const quiet: ReadonlySet<string> = new Set([
  'invalid role ID',
  'invalid role or secret ID',
  'invalid secret id',
  'invalid username or password',
  'namespace not authorized',
  'permission denied',
  'service account name not authorized',
  'OpenBao is sealed',
  'Vault is sealed',
])

/** The text of the Go client for a refused request. The server's error texts name paths and reasons, never values. */
function refused(
  response: TransportResponse,
  members: ReadonlyMap<string, JsonNode> | null,
  asked: Asked,
): ResolverError {
  const { statusCode: status } = response
  const errors = members?.get('errors')
  const texts =
    errors?.kind === 'array'
      ? errors.items.map((item) =>
          item.kind === 'string' && (asked.loud || quiet.has(item.value)) ? `* ${item.value}` : '',
        )
      : []
  const message = `Error making API request.\n\nURL: ${asked.method} ${asked.url}\nCode: ${status}. Errors:\n\n${texts.join('')}`
  return refusal(response, message)
}
