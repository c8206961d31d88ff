import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { readRules, ruleFor } from '@sealkit/controller/sops-keys'
import { connect, type Resource, resourceOf, resources } from '@sealkit/kubernetes'
import { readDocuments } from 'sealkit'
import { eventually } from '../../eventually.ts'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { clientOf, sopsSettings, startController, texts, until } from '../cluster.ts'
import { ageKey, encrypted, objectOf } from './file.ts'

const manifest = new URL('../../../packages/controller/deploy/sops-secrets.yaml', import.meta.url)

/** Where the API has the kinds that only the manifest uses. */
const others: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
}

function roleResource(kind: string): Resource {
  const namespaced = !kind.startsWith('Cluster')
  return { group: 'rbac.authorization.k8s.io', version: 'v1', plural: others[kind] ?? '', kind, namespaced }
}

test('the rights of the manifest of SopsSecrets are enough for the work', { timeout: 540_000 }, async (t) => {
  const programs = await available(t, 'etcd', 'kube-apiserver', 'sops', 'age-keygen')
  if (programs === null) return
  const plane = await startControlPlane({ crds: crds('sops-secrets') })
  t.after(() => plane.stop())
  const admin = await clientOf(plane)
  t.after(() => admin.close())
  const documents = await readDocuments(readFileSync(manifest, 'utf8'), 'sops-secrets.yaml')
  for (const { object } of documents) {
    await admin.create(resourceOf(object) ?? roleResource(object.kind ?? ''), object)
  }
  const account = { namespace: 'sops-secrets', name: 'sops-secrets' }
  const { token } = await admin.createToken(account)
  const { server, ca } = plane.adminConfig
  const kubeconfig = `${plane.kubeconfig}.sops`
  const certificate = Buffer.from(ca).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster: { server, 'certificate-authority-data': certificate } }],
    users: [{ name: 'a', user: { token } }],
  }
  await writeFile(kubeconfig, JSON.stringify(config))
  const cluster = await connect({ kubeconfig })
  t.after(() => cluster.close())

  const rules = documents.find(({ object }) => object.kind === 'ConfigMap')?.object['data'] as Record<string, string>
  const rulesFile = `${plane.kubeconfig}.rules`
  await writeFile(rulesFile, rules['rules.yaml'] ?? '')
  assert.equal(ruleFor(readRules(rules['rules.yaml'] ?? ''), 'any', {})?.own, true)
  const controller = await startController(cluster, {
    namespace: 'sops-secrets',
    leaderElection: true,
    identity: 'one',
    sopsSecrets: sopsSettings({ rulesFile }),
  })
  t.after(() => controller.stop())

  const key = ageKey(programs['age-keygen'])
  const labels = { 'sops.sealkit.dev/keys': 'true' }
  const keySecret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'keys', labels } }
  await admin.create(resources.secret, { ...keySecret, stringData: { 'a.agekey': key.identity } })
  const file = (...names: readonly string[]) =>
    objectOf(
      encrypted(
        JSON.stringify({
          apiVersion: 'isindir.github.com/v1alpha3',
          kind: 'SopsSecret',
          metadata: { name: 'all', namespace: 'default' },
          spec: { secretTemplates: names.map((name) => ({ name, stringData: { k: name } })) },
        }),
        { sops: programs.sops, args: ['--age', key.recipient, '--encrypted-suffix', 'Templates'] },
      ),
    )
  const created = await admin.create(resources.sopsSecret, file('one', 'two'))
  const place = { namespace: 'default', name: 'all' }
  const message = (object: { readonly [field: string]: unknown } | null): unknown =>
    (object?.['status'] as { message?: string } | undefined)?.message
  await until(admin, resources.sopsSecret, place, (object) => message(object) === 'Healthy')
  assert.deepEqual(texts(await admin.get(resources.secret, { namespace: 'default', name: 'one' })), { k: 'one' })
  const current = await admin.get(resources.sopsSecret, place)
  await admin.update(resources.sopsSecret, {
    ...file('two'),
    metadata: { ...current?.metadata, name: created.metadata.name },
  })
  await until(admin, resources.secret, { namespace: 'default', name: 'one' }, (object) => object === null)
  await eventually(async () => {
    const { items } = await admin.list(resources.event, { namespace: 'default' })
    return items.some(({ reason }) => reason === 'Healthy')
  })
})
