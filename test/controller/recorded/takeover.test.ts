// A cluster as the real External Secrets left it: ours takes it over without a read of a provider and without a write.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, type ClusterObject, isKubernetesError, resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { startOpenBao } from '../../servers/openbao.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, externalSettings, looked, startController, until } from '../cluster.ts'
import { startProxy } from '../external-secret/world.ts'
import { apply, type Case, cases, parseJson } from './case.ts'
import { prepareOpenBao } from './provider.ts'

interface RecordedSecret {
  readonly type: string
  readonly data: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ownerReferences: readonly Readonly<Record<string, unknown>>[]
  readonly immutable?: boolean
  readonly finalizers?: readonly string[]
  readonly managed: readonly { readonly manager: string }[]
}

interface RecordedExternalSecret {
  readonly conditions: readonly Readonly<Record<string, string>>[]
  readonly syncedResourceVersion: string | null
  readonly binding: unknown
  readonly finalizers: readonly string[] | null
  readonly refreshed: boolean
}

const kinds = new Set(['ExternalSecret', 'SecretStore', 'Secret', 'ConfigMap', 'ServiceAccount'])

/** Cases whose first result is one that stays: all synced, and each Secret written by one manager alone. */
function isSettled({ objects = [], normalize, namespaces, expect }: Case): boolean {
  const [result] = expect.results
  const secrets = Object.values(result?.secrets ?? {}) as RecordedSecret[]
  const states = Object.values(result?.externalSecrets ?? {}) as RecordedExternalSecret[]
  return (
    normalize === undefined &&
    namespaces === undefined &&
    objects.every(({ kind = '' }) => kinds.has(kind)) &&
    JSON.stringify(objects).match(/AWS_URL|KUBE_URL|"aws"|"webhook"|h3\/target/) === null &&
    states.length > 0 &&
    states.every(({ conditions, refreshed }) => refreshed && conditions[0]?.['reason'] === 'SecretSynced') &&
    secrets.length > 0 &&
    secrets.every(({ managed }) => managed.length === 1)
  )
}

/** Puts into the cluster what the real program left of a case. */
async function leave(cluster: ApiServer, recorded: Case, url: string): Promise<string> {
  const namespace = `v-${recorded.name}`
  const labels = recorded.ns_labels ?? {}
  await cluster.create(resources.namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels },
  })
  const objects = parseJson(JSON.stringify(recorded.objects ?? []).replaceAll('${VAULT_URL}', url)) as Manifest[]
  for (const object of objects) await apply(cluster, namespace, object)
  const [result] = recorded.expect.results
  const uids = new Map<string, string>()
  for (const [name, state] of Object.entries(result?.externalSecrets ?? {})) {
    const object = await leaveExternalSecret(cluster, { namespace, name }, state as RecordedExternalSecret)
    uids.set(name, object.metadata.uid ?? '')
  }
  for (const [name, state] of Object.entries(result?.stores ?? {})) await leaveStore(cluster, namespace, name, state)
  for (const [name, secret] of Object.entries(result?.secrets ?? {})) {
    await leaveSecret(cluster, { namespace, name }, secret as RecordedSecret, uids)
  }
  return namespace
}

type Place = { readonly namespace: string; readonly name: string }

async function leaveExternalSecret(
  cluster: ApiServer,
  key: Place,
  state: RecordedExternalSecret,
): Promise<ClusterObject> {
  const { finalizers, syncedResourceVersion, binding } = state
  const time = `${new Date().toISOString().slice(0, 19)}Z`
  const conditions = state.conditions.map((condition) => ({ ...condition, lastTransitionTime: time }))
  const marked = await cluster.patch(resources.externalSecret, key, {
    type: 'merge',
    body: { metadata: { finalizers } },
  })
  const status = { refreshTime: time, syncedResourceVersion, binding, conditions }
  return cluster.updateStatus(resources.externalSecret, { ...marked, status })
}

async function leaveStore(cluster: ApiServer, namespace: string, id: string, state: unknown): Promise<void> {
  const [kind, name = ''] = id.split('/')
  const store = kind === 'SecretStore' ? await cluster.get(resources.secretStore, { namespace, name }) : null
  if (store !== null) await cluster.updateStatus(resources.secretStore, { ...store, status: state })
}

async function leaveSecret(
  cluster: ApiServer,
  key: Place,
  { managed, ownerReferences, labels, annotations, finalizers, ...rest }: RecordedSecret,
  uids: ReadonlyMap<string, string>,
): Promise<void> {
  const owners = ownerReferences.map((owner) => ({ ...owner, uid: uids.get(String(owner['name'])) ?? '' }))
  const metadata = { ...key, labels, annotations, ownerReferences: owners, ...(finalizers && { finalizers }) }
  const { type, data, immutable } = rest
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type,
    data,
    ...(immutable && { immutable }),
  } as unknown as Manifest
  await cluster
    .create(resources.secret, secret, { fieldManager: managed[0]?.manager ?? '' })
    .catch((error: unknown) => {
      if (!isKubernetesError(error, 'ALREADY_EXISTS')) throw error
    })
}

async function versions(cluster: ApiServer, namespaces: readonly string[]): Promise<string[]> {
  const all = await Promise.all([resources.secret, resources.externalSecret].map((resource) => cluster.list(resource)))
  return all
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => namespaces.includes(metadata.namespace ?? ''))
    .map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}@${metadata.resourceVersion}`)
    .sort()
}

test('a cluster that the real External Secrets left is taken over as it is', { timeout: 540_000 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver', 'bao')) === null) return
  const [plane, bao] = await Promise.all([startControlPlane({ crds: crds('external-secrets') }), startOpenBao()])
  t.after(() => Promise.all([plane.stop(), bao.stop()]))
  await prepareOpenBao(bao, plane)
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const proxy = await startProxy(bao.url)
  t.after(() => proxy.close())
  const settled = cases().filter(isSettled)
  assert.ok(settled.length >= 40, `${settled.length} cases`)
  const namespaces: string[] = []
  for (const recorded of settled) namespaces.push(await leave(cluster, recorded, proxy.url))
  const before = await versions(cluster, namespaces)
  proxy.take()
  const settings = { externalSecrets: externalSettings(), metricsAddress: '127.0.0.1:0' }
  const controller = await startController(cluster, settings)
  t.after(() => controller.stop())
  const { items } = await cluster.list(resources.externalSecret)
  await looked(controller, items.length)
  await controller.stop()

  await t.test('no provider is read: tokens are looked up, and nothing else', () => {
    const calls = proxy.take().filter((call) => !/auth\/(token\/(lookup|revoke)-self|\w+\/login)/.test(call))
    assert.deepEqual(calls, [])
  })
  await t.test('no Secret and no ExternalSecret changes', async () => {
    assert.deepEqual(await versions(cluster, namespaces), before)
  })
  await t.test('no event is written about an ExternalSecret', async () => {
    const events = (await cluster.list(resources.event)).items as unknown as { involvedObject: { kind: string } }[]
    assert.deepEqual(
      events.filter(({ involvedObject }) => involvedObject.kind === 'ExternalSecret'),
      [],
    )
  })
  await t.test('what was changed by hand meanwhile is put back, and what was not stays', async () => {
    const victim = before.find((version) => /^Secret\/v-fake-data-basic\//.test(version)) ?? ''
    const [, namespace = '', name = ''] = /^Secret\/([^/]+)\/([^@]+)@/.exec(victim) ?? []
    assert.notEqual(name, '')
    const found = await cluster.get(resources.secret, { namespace, name })
    const data = Object.fromEntries(Object.keys(found?.['data'] ?? {}).map((key) => [key, 'Y2hhbmdlZA==']))
    await cluster.patch(
      resources.secret,
      { namespace, name },
      { type: 'merge', body: { data } },
      { fieldManager: 'kubectl-edit' },
    )
    const again = await startController(cluster, settings)
    t.after(() => again.stop())
    const wanted = JSON.stringify(found?.['data'])
    await until(cluster, resources.secret, { namespace, name }, (secret) => JSON.stringify(secret?.['data']) === wanted)
    await looked(again, items.length + 1)
    await again.stop()
    const changed = (await versions(cluster, namespaces)).filter((version) => !before.includes(version))
    assert.deepEqual(
      changed.map((version) => version.split('@')[0]).filter((id) => !id?.includes(namespace)),
      [],
    )
  })
})
