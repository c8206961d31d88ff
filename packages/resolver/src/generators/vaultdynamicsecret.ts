import type { JsonNode } from '@sealkit/core/go'
import type { Values } from '../convert.ts'
import { storeCredentials } from '../credentials.ts'
import { prefixed, ResolverError } from '../error.ts'
import { checkLocation, checkStore, type Place, reachOf } from '../policy.ts'
import { serverPlace } from '../providers/text.ts'
import type { Answer, VaultApi } from '../providers/vault/api.ts'
import { connect } from '../providers/vault/connection.ts'
import { encodePath } from '../providers/vault/path.ts'
import { readSpec, scope as vaultScope } from '../providers/vault/spec.ts'
import { readStore, type Store } from '../store.ts'
import { nodeText, nodeValue, objectValues } from '../value.ts'
import { type Json, object, optionalObject, text, texts } from '../view.ts'
import type { GenerateContext } from './index.ts'
import type { Lease } from './lease.ts'
import { vaultLease } from './vaultlease.ts'

/**
 * The VaultDynamicSecret generator: what a path of Vault answers. The token that asked is not revoked, for its leases
 * would end with it; where somebody looks after leases, it is kept and renewed with them.
 *
 * @throws {ResolverError} `PROVIDER_FAILED` for an empty answer, unless `allowEmptyResponse`
 */
export async function generate(spec: Json, context: GenerateContext): Promise<Values> {
  const store = vaultStore(spec, context.namespace)
  const { cluster, environment, namespace, policy, signal } = context
  const path = text(spec['path'])
  const place = vaultPlace(store, path)
  if (policy !== undefined) {
    checkStore(policy, place)
    checkLocation(policy, place, path)
  }
  const credentials = storeCredentials(cluster, store, namespace)
  const options = { store, namespace, credentials, environment, ...reachOf(policy, place) }
  const vault = connect(readSpec(store), options)
  let lease: Lease | null = null
  try {
    const answer = await vault.call((api) => request(api, spec, signal), signal)
    if (context.leases !== undefined) lease = vaultLease(vault, answer, environment.now)
    if (answer !== null && answer.size > 0) return result(spec, answer)
    if (spec['allowEmptyResponse'] === true) return new Map()
    throw new ResolverError('PROVIDER_FAILED', 'empty response from Vault')
  } catch (error) {
    throw prefixed('unable to get dynamic secret: ', error)
  } finally {
    if (lease === null) await vault.close({ revoke: false })
    else context.leases?.add(lease)
  }
}

/** The provider block of the generator, as a store of the ExternalSecret's namespace. */
function vaultStore(spec: Json, namespace: string): Store {
  const vault = optionalObject(spec['provider'])
  if (vault === null) throw new ResolverError('INVALID_EXTERNAL_SECRET', 'no Vault provider config in spec')
  return readStore({
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: 'generator', namespace },
    spec: { provider: { vault }, retrySettings: spec['retrySettings'] },
  })
}

/** The mount is at the start of the path, and may be several segments long. */
function vaultPlace(store: Store, path: string): Place {
  const { spec } = store.provider
  const segments = path.replace(/^\/+/, '').split('/')
  const starts = segments.map((_, index) => segments.slice(0, index + 1).join('/'))
  return { store, hosts: [serverPlace(spec['server'])], scope: { ...vaultScope(spec), mounts: [starts] } }
}

function request(api: VaultApi, spec: Json, signal: AbortSignal): Promise<Answer> {
  const path = encodePath(text(spec['path']).replace(/^\/+|\/+$/g, ''))
  const method = text(spec['method'], 'GET')
  if (method === 'GET') return api.read(path + query(object(spec['getParameters'])), signal)
  if (method === 'LIST') return api.list(path, signal)
  if (method === 'DELETE') return api.delete(path, signal)
  return api.write(path, object(spec['parameters']), signal)
}

function query(parameters: Json): string {
  const pairs = Object.entries(parameters).flatMap(([key, values]) =>
    texts(values).map((value): [string, string] => [key, value]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

function result(spec: Json, answer: ReadonlyMap<string, JsonNode>): Values {
  const type = text(spec['resultType'], 'Data')
  if (type === 'Data') return members(answer.get('data'), nodeValue)
  if (type === 'Auth') return jsonMembers(answer.get('auth'))
  const present = [...answer].filter(([, value]) => value.kind !== 'null')
  return jsonMembers({ kind: 'object', members: present.map(([key, value]) => ({ key, value })) })
}

function members(node: JsonNode | undefined, bytes: (value: JsonNode) => Uint8Array): Values {
  return node?.kind === 'object' ? new Map(node.members.map(({ key, value }) => [key, bytes(value)])) : new Map()
}

/** Members that went through JSON once more, and so through doubles. */
function jsonMembers(node: JsonNode | undefined): Values {
  return node?.kind === 'object' ? objectValues(nodeText(node)) : new Map()
}
