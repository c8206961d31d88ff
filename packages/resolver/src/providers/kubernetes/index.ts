import { parseJson } from '@sealkit/core/go'
import { convertKeys } from '../../convert.ts'
import { ResolverError } from '../../error.ts'
import type { FindQuery } from '../../externalsecret.ts'
import { createJoiner } from '../../fetch.ts'
import { nameMatcher } from '../../find.ts'
import type { Location, OpenOptions, Provider, RemoteSecret } from '../../provider.ts'
import { type Json, list, object, text, texts } from '../../view.ts'
import { createTransport, type Transport } from '../transport.ts'
import { dataSecret, metadataSecret, secretData, wholeData } from './secret.ts'
import { isReferent, readAccess, remoteNamespace, tokenSeconds } from './spec.ts'

/** Secrets of another cluster, or of another namespace. */
export function open(options: OpenOptions): Provider {
  const api = createApi(options)
  const secrets = `/api/v1/namespaces/${encodeURIComponent(remoteNamespace(options.store))}/secrets`
  return {
    get: (location, signal) => getSecret(api, secrets, location, signal),
    find: (query, signal) => findSecrets(api, secrets, query, signal),
    exists: async ({ key, property }, signal) => {
      const secret = await api.get(`${secrets}/${nameSegment(key)}`, signal)
      return secret !== null && (property === '' || secretData(secret).has(property))
    },
    push: notSupported,
    delete: notSupported,
    async validate(signal): Promise<'ready' | 'unknown'> {
      if (options.namespace === '' && isReferent(options.store)) return 'unknown'
      await checkRights(api, remoteNamespace(options.store), signal)
      return 'ready'
    },
    close: () => api.close(),
  }
}

async function notSupported(): Promise<never> {
  throw new ResolverError('NOT_SUPPORTED', 'pushing to Kubernetes is not supported')
}

/** A name that cannot be one would address another resource. */
function nameSegment(name: string): string {
  if (name !== '' && name !== '.' && name !== '..') return encodeURIComponent(name)
  throw new ResolverError('INVALID_REFERENCE', `"${name}" is not the name of a Secret`)
}

async function getSecret(
  api: Api,
  secrets: string,
  { key, metadataPolicy }: Location,
  signal: AbortSignal,
): Promise<RemoteSecret | null> {
  const secret = await api.get(`${secrets}/${nameSegment(key)}`, signal)
  if (secret === null) return missing(key)
  return metadataPolicy === 'Fetch' ? metadataSecret(key, secret) : dataSecret(key, secret)
}

/**
 * External Secrets' text for a value, and its "Secret does not exist" for an extract; both are a missing secret to us.
 */
function missing(name: string): RemoteSecret {
  return {
    value(): never {
      throw new ResolverError('SECRET_NOT_FOUND', `secrets "${name}" not found`)
    },
    entries: () => null,
  }
}

/** By labels, or else by name. */
async function findSecrets(
  api: Api,
  secrets: string,
  { name, tags, conversionStrategy }: FindQuery,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  if (tags === null && name === null) throw new ResolverError('NOT_SUPPORTED', 'unexpected find operator')
  const selector = Object.entries(tags ?? {}).map(([key, value]) => `${key}=${value}`)
  const matches = tags === null && name !== null ? nameMatcher(name) : (): boolean => true
  const query = selector.length === 0 ? '' : `?labelSelector=${encodeURIComponent(selector.join(','))}`
  const found = await api.get(`${secrets}${query}`, signal)
  const values = new Map<string, Uint8Array>()
  for (const item of list(found?.['items'])) {
    const secretName = text(object(object(item)['metadata'])['name'])
    if (matches(secretName)) values.set(secretName, wholeData(secretData(object(item))))
  }
  return convertKeys(conversionStrategy, values)
}

async function checkRights(api: Api, namespace: string, signal: AbortSignal): Promise<void> {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
  const review = await api.post(path, { spec: { namespace } }, signal)
  const rules = list(object(review?.['status'])['resourceRules']).map(object)
  const covers = (rule: Json, field: string, wanted: string): boolean =>
    texts(rule[field]).some((item) => item === '*' || item === wanted)
  for (const verb of ['get', 'list']) {
    const allowed = rules.some(
      (rule) => covers(rule, 'verbs', verb) && covers(rule, 'resources', 'secrets') && covers(rule, 'apiGroups', ''),
    )
    if (!allowed) throw new ResolverError('ACCESS_DENIED', `client is not allowed to ${verb} secrets`)
  }
}

/** What is asked of the API server. */
interface Api {
  get(path: string, signal: AbortSignal): Promise<Json | null>
  post(path: string, body: unknown, signal: AbortSignal): Promise<Json | null>
  close(): Promise<void>
}

interface Connection {
  readonly transport: Transport
  readonly server: string
  readonly token: string
  readonly until: number
}

function createApi({ store, credentials, environment }: OpenOptions): Api {
  const opening = createJoiner<Connection>()
  let current: Connection | undefined
  const connect = async (signal: AbortSignal): Promise<Connection> => {
    if (current !== undefined && current.until > environment.now()) return current
    current?.transport.close()
    current = await opening.join('open', signal, async () => {
      const access = await readAccess(store, credentials)
      const retry = { maxRetries: store.retry?.maxRetries ?? 2, retryDelay: 500 }
      // A minute less than the shortest life that a token can have here.
      const until = environment.now() + (tokenSeconds - 60) * 1000
      return { ...access, until, transport: createTransport({ ...access, ...retry, headers: {} }) }
    })
    return current
  }
  const send = async (method: string, path: string, json: unknown, signal: AbortSignal): Promise<Json | null> => {
    const { transport, server, token } = await connect(signal)
    const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) }
    const { statusCode, body } = await transport.send({ method, uri: server + path, headers, json, signal })
    if (statusCode === 404) return null
    if (statusCode >= 200 && statusCode < 300) return object(parseJson(body))
    throw refusal(statusCode, body)
  }
  return {
    get: (path, signal) => send('GET', path, undefined, signal),
    post: (path, body, signal) => send('POST', path, body, signal),
    close: async () => current?.transport.close(),
  }
}

/** The API server's own message, which names resources and users. */
function refusal(status: number, body: string): ResolverError {
  const code =
    status === 401 || status === 403
      ? 'ACCESS_DENIED'
      : status === 429 || status >= 500
        ? 'PROVIDER_UNAVAILABLE'
        : 'PROVIDER_FAILED'
  return new ResolverError(code, statusMessage(body) ?? `the server answers ${status}`)
}

function statusMessage(body: string): string | null {
  try {
    const status = object(parseJson(body))
    return status['kind'] === 'Status' ? text(status['message']) || null : null
  } catch {
    return null
  }
}
