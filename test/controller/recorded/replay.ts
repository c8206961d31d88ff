import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, isKubernetesError, resources } from '@sealkit/kubernetes'
import type { ControlPlane } from '../../servers/controlplane.ts'
import type { Moto } from '../../servers/moto.ts'
import type { OpenBao } from '../../servers/openbao.ts'
import { apply, type Case, differences, namesOf, parseJson, resourceFor, type Snapshot, snapshot } from './case.ts'
import { observe } from './observe.ts'
import { applyState, type ProviderState } from './provider.ts'

/** What cases are replayed in. */
export interface World {
  readonly cluster: ApiServer
  readonly plane: ControlPlane
  readonly bao: OpenBao
  readonly moto: Moto
  /** Fixtures that several cases share, and that were made already. */
  readonly fixtures: Map<string, Promise<void>>
}

/** The recorder's order: what others need first. */
const order: Readonly<Record<string, number>> = {
  ServiceAccount: 1,
  Role: 1,
  RoleBinding: 1,
  ClusterRole: 1,
  ClusterRoleBinding: 1,
  ConfigMap: 2,
  Secret: 2,
  SecretStore: 4,
  ClusterSecretStore: 4,
  ExternalSecret: 6,
  ClusterExternalSecret: 6,
  PushSecret: 6,
}

/**
 * Replays a recorded case in its own namespace: applies, waits until the result equals the record and stays so, then the
 * same for each step. The differences that remain, with the number of the result.
 */
export async function replay(test: Case, world: World): Promise<string[]> {
  const { cluster } = world
  const namespace = `v-${test.name}`
  const labels = test.ns_labels ?? {}
  await cluster.create(resources.namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels },
  })
  await state(test.provider, world)
  const objects = substituted(test.objects ?? [], world)
  const inputs = new Set(
    objects
      .filter(({ kind, metadata }) => kind === 'Secret' && metadata?.labels?.['h3/target'] === undefined)
      .map(({ metadata }) => metadata?.name ?? ''),
  )
  const sorted = objects.toSorted((a, b) => (order[a.kind ?? ''] ?? 3) - (order[b.kind ?? ''] ?? 3))
  const first = sorted.findIndex(({ kind = '' }) => order[kind] === 6)
  const cut = first < 0 ? sorted.length : first
  for (const object of sorted.slice(0, cut)) await apply(cluster, namespace, object)
  await storesSeen(test, cluster, namespace)
  for (const object of sorted.slice(cut)) await apply(cluster, namespace, object)
  const look = async (): Promise<Snapshot> => ({
    ...(await snapshot(cluster, test, namespace, inputs)),
    ...(test.observe === undefined ? {} : { provider: await observe(test.observe, world) }),
  })
  const found = (await settled(test.expect.results[0], look)).map((text) => `0 ${text}`)
  for (const [index, step] of (test.steps ?? []).entries()) {
    await state(step.provider, world)
    for (const object of substituted(step.objects ?? [], world)) await apply(cluster, namespace, object)
    for (const { kind, name, namespace: place = namespace, patch } of step.patch ?? []) {
      const resource = resourceFor(kind)
      const key = { namespace: resource.namespaced ? place : '', name }
      const body = substituted(patch, world)
      await cluster.patch(resource, key, Array.isArray(body) ? { type: 'json', body } : { type: 'merge', body })
    }
    for (const { kind, name, namespace: place = namespace } of step.delete ?? []) {
      const resource = resourceFor(kind)
      await cluster.delete(resource, { namespace: resource.namespaced ? place : '', name }).catch((error: unknown) => {
        if (!isKubernetesError(error, 'NOT_FOUND')) throw error
      })
    }
    for (const name of step.sync ?? []) {
      const body = { metadata: { annotations: { 'force-sync': `s${index}` } } }
      await cluster.patch(resources.externalSecret, { namespace, name }, { type: 'merge', body })
    }
    found.push(...(await settled(test.expect.results[index + 1], look)).map((text) => `${index + 1} ${text}`))
  }
  for (const name of namesOf(test, 'ClusterExternalSecret')) {
    await cluster.delete(resources.clusterExternalSecret, { namespace: '', name }).catch(() => undefined)
  }
  for (const name of namesOf(test, 'ClusterSecretStore')) {
    await cluster.delete(resources.clusterSecretStore, { namespace: '', name }).catch(() => undefined)
  }
  return found
}

async function state(wanted: ProviderState | undefined, world: World): Promise<void> {
  if (wanted === undefined) return
  const ready = substituted(wanted, world)
  if (ready.shared === undefined) return applyState(ready, world)
  const made = world.fixtures.get(ready.shared) ?? applyState(ready, world)
  world.fixtures.set(ready.shared, made)
  await made
}

function substituted<Value>(value: Value, { plane, bao, moto }: World): Value {
  const text = JSON.stringify(value)
    .replaceAll('${VAULT_URL}', bao.url)
    .replaceAll('${AWS_URL}', moto.url)
    .replaceAll('${KUBE_URL}', plane.url)
    .replaceAll('${KUBE_CA_B64}', Buffer.from(plane.adminConfig.ca).toString('base64'))
  return parseJson(text) as Value
}

async function storesSeen(test: Case, cluster: ApiServer, namespace: string): Promise<void> {
  const waited = (test.objects ?? []).filter(
    ({ kind, metadata }) =>
      kind?.endsWith('SecretStore') === true && test.no_condition?.includes(metadata?.name ?? '') !== true,
  )
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(25)) {
    const stores = await Promise.all(waited.map((store) => readStore(cluster, namespace, store)))
    if (stores.every((store) => store === null || store['status'] !== undefined)) return
  }
}

function readStore(cluster: ApiServer, namespace: string, { kind = '', metadata }: Manifest) {
  const resource = resourceFor(kind)
  return cluster.get(resource, { namespace: resource.namespaced ? namespace : '', name: metadata?.name ?? '' })
}

/** Looks until the result is the recorded one and stays so for a moment; else what differs at last. */
async function settled(expected: Snapshot | undefined, look: () => Promise<Snapshot>): Promise<string[]> {
  if (expected === undefined) return ['no recorded result']
  const scrubbed = JSON.parse(
    JSON.stringify(expected).replace(/\$\{(VAULT|AWS|KUBE)_URL\}/g, 'http://${HOSTPORT}'),
  ) as Snapshot
  let found = ['nothing was looked at']
  let since = 0
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(100)) {
    found = differences(scrubbed, await look())
    if (found.length > 0) since = 0
    else if (since === 0) since = Date.now()
    else if (Date.now() - since > 400) return []
  }
  return found
}
