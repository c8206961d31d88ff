import { type ClusterObject, resources } from '@sealkit/kubernetes'
import { type PushSecret, type PushStore, type PushStoreRef, ResolverError, refersTo } from '@sealkit/resolver'
import type { PushSecretContext } from './reconcile.ts'

/**
 * The stores that a PushSecret names, in the order of its references, each once; those of another controller class are
 * left out, for they are another controller's.
 *
 * @throws {ResolverError} `STORE_NOT_FOUND` for a store that is named and not there
 */
export async function pushStores(context: PushSecretContext, pushSecret: PushSecret): Promise<PushStore[]> {
  const stores = new Map<string, PushStore>()
  for (const ref of pushSecret.stores) {
    for (const object of await storesOf(context, ref, pushSecret.namespace)) {
      const { controller = '' } = (object['spec'] ?? {}) as { readonly controller?: string }
      if (controller !== '' && controller !== context.resolve.controllerClass) continue
      const store = view(ref, object)
      stores.set(`${store.kind}/${store.name}`, store)
    }
  }
  return [...stores.values()]
}

async function storesOf({ cluster }: PushSecretContext, ref: PushStoreRef, own: string): Promise<ClusterObject[]> {
  const { kind, name } = ref
  const resource = kind === 'SecretStore' ? resources.secretStore : resources.clusterSecretStore
  const namespace = resource.namespaced ? own : ''
  if (name === '') {
    const { items } = await cluster.list(resource, { namespace })
    return items.filter((object) => refersTo(ref, view(ref, object)))
  }
  const found = await cluster.get(resource, { namespace, name })
  if (found !== null) return [found]
  const text = `could not get ${kind} "${name}", ${kind}.external-secrets.io "${name}" not found`
  throw new ResolverError('STORE_NOT_FOUND', text)
}

function view({ kind }: PushStoreRef, { metadata }: ClusterObject): PushStore {
  return { kind, name: metadata.name, labels: metadata.labels ?? {} }
}
