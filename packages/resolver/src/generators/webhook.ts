import type { Values } from '../convert.ts'
import { storeCredentials } from '../credentials.ts'
import { prefixed, ResolverError } from '../error.ts'
import { checkLocation, checkStore, reachOf } from '../policy.ts'
import { urlHost } from '../providers/text.ts'
import { open } from '../providers/webhook/index.ts'
import { readStore } from '../store.ts'
import type { Json } from '../view.ts'
import type { GenerateContext } from './index.ts'

/**
 * The Webhook generator: the members of the JSON object that an HTTP API answers with. Its spec is that of a webhook
 * store, and Secrets that its templates see carry `generators.external-secrets.io/type: webhook`.
 *
 * @throws {ResolverError} `PROVIDER_FAILED` for an answer of 404, and what a webhook store throws
 */
export async function generate(spec: Json, context: GenerateContext): Promise<Values> {
  const { cluster, environment, namespace, policy, signal } = context
  const store = readStore({
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { name: 'generator', namespace },
    spec: { provider: { webhook: spec } },
  })
  const place = { store, hosts: [urlHost(spec['url'])], scope: {} }
  if (policy !== undefined) {
    checkStore(policy, place)
    checkLocation(policy, place, '')
  }
  const credentials = storeCredentials(cluster, store, namespace)
  const provider = open({ store, namespace, credentials, environment, use: 'generator', ...reachOf(policy, place) })
  try {
    const found = await provider.get({ key: '', version: '', metadataPolicy: 'None' }, signal)
    const entries = found?.entries('') ?? null
    if (entries === null) throw new ResolverError('PROVIDER_FAILED', 'the endpoint has no answer')
    return entries
  } catch (error) {
    throw prefixed('unable to get webhook: ', error)
  } finally {
    await provider.close?.()
  }
}
