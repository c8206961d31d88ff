import { convertKeys } from '../../convert.ts'
import { ResolverError } from '../../error.ts'
import type { FindQuery } from '../../externalsecret.ts'
import { nameMatcher } from '../../find.ts'
import type { Location, OpenOptions, Provider, RemoteSecret } from '../../provider.ts'
import { type Json, list, object, text, texts } from '../../view.ts'
import { type Api, createApi } from './api.ts'
import { deleteSecret, nameSegment, pushSecret, secretsPath } from './push.ts'
import { dataSecret, metadataSecret, secretData, wholeData } from './secret.ts'
import { isReferent, remoteNamespace } from './spec.ts'

/** Secrets of another cluster, or of another namespace. */
export function open(options: OpenOptions): Provider {
  const api = createApi(options)
  const secrets = secretsPath(options.store)
  return {
    get: (location, signal) => getSecret(api, secrets, location, signal),
    find: (query, signal) => findSecrets(api, secrets, query, signal),
    exists: async ({ key, property, metadata }, signal) => {
      const secret = await api.get(`${secretsPath(options.store, metadata)}/${nameSegment(key)}`, signal)
      return secret !== null && (property === '' || secretData(secret).has(property))
    },
    push: (request, signal) => pushSecret(api, options.store, request, signal),
    delete: (target, signal) => deleteSecret(api, options.store, target, signal),
    async validate(signal): Promise<'ready' | 'unknown'> {
      if (options.namespace === '' && isReferent(options.store)) return 'unknown'
      await checkRights(api, remoteNamespace(options.store), signal)
      return 'ready'
    },
    close: () => api.close(),
  }
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
  const review = await api.send('POST', path, { spec: { namespace } }, signal)
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
