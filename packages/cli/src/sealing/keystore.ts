import { type Manifest, manifestCompactJson, readManifests, secretType } from '@sealkit/core/manifest'
import { names, sealingKeyFromSecret } from '@sealkit/core/sealed'
import { type ApiServer, connect, isKubernetesError } from '@sealkit/kubernetes'
import { CliError } from '../exit.ts'
import type { Connection } from './controller.ts'
import { type FoundKey, holdsKey } from './keys.ts'

/** The Secrets in which a controller keeps its sealing keys, those that it loads no more included. */
export function keySecrets(connection: Connection, namespace: string): Promise<Manifest[]> {
  return withServer(connection, async (server) => {
    const path = `${secretsPath(namespace)}?labelSelector=${encodeURIComponent(names.sealingKey)}`
    const { body } = await server.request('GET', path, { headers: { accept: 'application/json' } })
    return (await readManifests(secretType, body)).filter(holdsKey)
  })
}

/** The keys of a cluster, and the Secret that holds each. */
export async function clusterKeys(connection: Connection, namespace: string): Promise<FoundKey[]> {
  const secrets = await keySecrets(connection, namespace)
  return Promise.all(
    secrets.map(async (secret) => {
      const { name = '', labels } = secret.metadata ?? {}
      const state = labels?.[names.sealingKey]
      const place = `${namespace}/${name}${state === 'active' ? '' : ` (${state})`}`
      return { key: await sealingKeyFromSecret(secret), place }
    }),
  )
}

/** A key Secret as it should be kept: what a server added to it is of no use elsewhere. */
export function keptSecret({ metadata = {}, type, data }: Manifest): Manifest {
  const { name, namespace, labels, creationTimestamp } = metadata
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    ...(type !== undefined && { type }),
    data,
  }
}

/** What became of one key Secret of a backup. */
export interface Restored {
  readonly place: string
  readonly outcome: 'restored' | 'there already'
}

/**
 * Creates the key Secrets of a backup in a cluster. None is overwritten.
 *
 * @throws FILE_EXISTS where a Secret of the name holds another key; the cluster's errors
 */
export function restoreKeys(
  connection: Connection,
  secrets: readonly Manifest[],
  namespace: string | undefined,
): Promise<Restored[]> {
  return withServer(connection, async (server) => {
    const restored: Restored[] = []
    for (const secret of secrets) restored.push(await restoreKey(server, secret, namespace))
    return restored
  })
}

async function restoreKey(server: ApiServer, secret: Manifest, asked: string | undefined): Promise<Restored> {
  // The key is read first: what is no key would only trouble the controller.
  const { fingerprint } = await sealingKeyFromSecret(secret)
  const { metadata = {}, type = 'kubernetes.io/tls', data } = secret
  const { name = '', labels = { [names.sealingKey]: 'active' } } = metadata
  const namespace = asked ?? metadata.namespace ?? 'kube-system'
  const place = `${namespace}/${name}`
  const fresh: Manifest = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, type, data }
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  try {
    await server.request('POST', secretsPath(namespace), { headers, body: manifestCompactJson(secretType, fresh) })
    return { place, outcome: 'restored' }
  } catch (error) {
    if (!isKubernetesError(error) || error.code !== 'ALREADY_EXISTS') throw error
    const path = `${secretsPath(namespace)}/${encodeURIComponent(name)}`
    const { body } = await server.request('GET', path, { headers })
    const [there = {}] = await readManifests(secretType, body)
    const same = await sealingKeyFromSecret(there).then(
      (key) => key.fingerprint === fingerprint,
      () => false,
    )
    if (same) return { place, outcome: 'there already' }
    throw new CliError('FILE_EXISTS', `the Secret ${place} is there already, with something else in it`, {
      hint: 'give the Secret of the backup another metadata.name',
      cause: error,
    })
  }
}

function secretsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
}

async function withServer<Result>(
  connection: Connection,
  work: (server: ApiServer) => Promise<Result>,
): Promise<Result> {
  const server = await connect(connection)
  try {
    return await work(server)
  } finally {
    server.close()
  }
}
