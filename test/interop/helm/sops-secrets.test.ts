import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { readRules } from '@sealkit/controller/sops-keys'
import type { Manifest } from '@sealkit/core/manifest'
import { type ClusterObject, resources } from '@sealkit/kubernetes'
import { texts, until } from '../../controller/cluster.ts'
import { type AgeKey, ageKey, encrypted, objectOf } from '../../controller/sops-secret/file.ts'
import { eventually } from '../../eventually.ts'
import { freePort } from '../../servers/process.ts'
import { available } from '../../servers/programs.ts'
import { chartFolder, objectsOf, Refused, render } from './chart.ts'
import { grantedBy, may, recorderOf, refusedBy, startContainer, startStage } from './installed.ts'

const folder = chartFolder('sops-secrets')
const keyRules = [
  { namespaces: ['a', 'b'], secrets: [{ namespace: 'keys', name: 'team' }] },
  {
    namespaceSelector: { matchLabels: { tenant: 'x' } },
    own: true,
    vaults: ['https://vault:8200'],
    identity: ['arn:*'],
  },
]

/** Values that make every object that the chart has. */
const everything: readonly object[] = [
  {},
  {
    replicaCount: 2,
    keyRules,
    mac: 'attempted',
    enforceOwnership: true,
    workers: 2,
    takeover: true,
    extraEnv: [{ name: 'SEALKIT_SDK_PATH', value: '/sdk' }],
    extraVolumes: [{ name: 'sdk', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'sdk', mountPath: '/sdk' }],
    extraDeploy: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-a', namespace: 'ns' } },
    ],
    podDisruptionBudget: { enabled: true },
    commonLabels: { team: 'x' },
    commonAnnotations: { a: 'b' },
    serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn' } },
    updateStrategy: { type: 'Recreate' },
    resources: { limits: { memory: '1Gi' } },
  },
  { namespaces: ['a', 'b'], keyRules },
]

/** What a values file is refused for. */
const wrong: Readonly<Record<string, object>> = {
  'a name that is none': { mode: 'x' },
  'a policy that is none': { mac: 'ignored' },
  'an unknown field of a rule of keys': { keyRules: [{ namespaces: ['a'], secret: [] }] },
  'a Secret of a rule without a name': { keyRules: [{ namespaces: ['a'], secrets: [{ namespace: 'b' }] }] },
  'one namespace instead of a list': { namespaces: 'a' },
}

/** What the ServiceAccount may not do. */
const denied: readonly string[] = [
  'patch secrets default',
  'deletecollection secrets default',
  'get configmaps default',
  'create isindir.github.com/sopssecrets default',
  'update isindir.github.com/sopssecrets default',
  'delete isindir.github.com/sopssecrets default',
  'patch isindir.github.com/sopssecrets/status default',
  'list namespaces',
  'create pods default',
  'create serviceaccounts/token sops',
  'get coordination.k8s.io/leases sops/another',
  'delete coordination.k8s.io/leases sops/sealkit-sops-secrets',
  'list bitnami.com/sealedsecrets default',
  'list external-secrets.io/externalsecrets default',
  'escalate rbac.authorization.k8s.io/clusterroles',
  'impersonate users',
  'update apiextensions.k8s.io/customresourcedefinitions',
]

/** Rights that no request needs: an admission plugin asks for the first. */
const unasked = ['update isindir.github.com/sopssecrets/finalizers']

const labels = { 'sops.sealkit.dev/keys': 'true' }

function keySecret(namespace: string, name: string, key: AgeKey): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name, labels },
    stringData: { 'a.agekey': key.identity },
  }
}

const statusMessage = (object: ClusterObject | null): unknown =>
  (object?.['status'] as { readonly message?: string } | undefined)?.message

test('values that are wrong are refused', async (t) => {
  const programs = await available(t, 'helm')
  if (programs === null) return
  for (const [what, values] of Object.entries(wrong)) {
    await t.test(what, () => assert.rejects(render(programs.helm, folder, { values }), Refused))
  }
  await t.test('rules of keys are those of the file that the controller reads', async () => {
    const objects = await render(programs.helm, folder, { values: { keyRules } })
    const file = objects.find(({ kind }) => kind === 'ConfigMap')?.['data'] as { readonly 'rules.yaml': string }
    assert.deepEqual(readRules(file['rules.yaml']), readRules(JSON.stringify({ rules: keyRules })))
  })
})

test('the chart of SopsSecrets in a real cluster', async (t) => {
  const programs = await available(t, 'helm', 'etcd', 'kube-apiserver', 'sops', 'age-keygen')
  if (programs === null) return
  const { plane, admin, helm } = await startStage(t, programs.helm)
  const recorder = await recorderOf(plane)
  t.after(() => recorder.close())
  for (const namespace of ['a', 'b', 'keys', 'ns', 'sops']) await plane.createNamespace(namespace)
  const key = ageKey(programs['age-keygen'])
  const file = (namespace: string, names: readonly string[], more: object = {}): Manifest =>
    objectOf(
      encrypted(
        JSON.stringify({
          apiVersion: 'isindir.github.com/v1alpha3',
          kind: 'SopsSecret',
          metadata: { name: 'all', namespace },
          spec: { secretTemplates: names.map((name) => ({ name, stringData: { k: name } })), ...more },
        }),
        { sops: programs.sops, args: ['--age', key.recipient, '--encrypted-suffix', 'Templates'] },
      ),
    )
  const put = async (namespace: string, names: readonly string[], more: object = {}): Promise<void> => {
    const next = file(namespace, names, more)
    // The controller may write a status in between.
    await eventually(async () => {
      const { metadata } = (await admin.get(resources.sopsSecret, { namespace, name: 'all' })) ?? {}
      return admin.update(resources.sopsSecret, { ...next, metadata } as ClusterObject)
    })
  }

  await t.test('the API server takes every object, strictly', async () => {
    for (const values of everything) {
      const objects = await render(programs.helm, folder, { values, includeCrds: true })
      for (const object of objects) assert.equal(await refusedBy(plane, object), null)
    }
  })

  const account = { namespace: 'sops', name: 'sops-secrets' }
  await t.test(
    'installed, with the rights of its ServiceAccount: all of them are needed, and they are enough',
    async (t) => {
      const [metrics, health] = [await freePort(), await freePort()]
      await helm(['install', 'sops-secrets', folder, '--namespace=sops'], {
        containerPorts: { metrics, health },
      })
      const manifest = await helm(['get', 'manifest', 'sops-secrets', '--namespace=sops'])
      const readyUrl = `http://127.0.0.1:${health}/readyz`
      recorder.token = (await admin.createToken(account)).token
      const server = await startContainer({
        plane,
        admin,
        manifest,
        program: 'controller',
        readyUrl,
        server: recorder.url,
      })
      t.after(() => server.kill())
      await admin.create(resources.secret, keySecret('default', 'keys', key))
      const place = { namespace: 'default', name: 'all' }
      const untilSays = (message: string): Promise<unknown> =>
        until(admin, resources.sopsSecret, place, (object) => statusMessage(object) === message)
      // Somebody changes the object before its status is written the first time: it is read again.
      recorder.before = async (right) => {
        if (right !== 'update isindir.github.com/sopssecrets/status') return
        recorder.before = async () => undefined
        const body = { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'x' } } }
        await admin.patch(resources.sopsSecret, place, { type: 'merge', body })
      }
      await admin.create(resources.sopsSecret, file('default', ['one', 'two']))
      await untilSays('Healthy')
      const two = { namespace: 'default', name: 'two' }
      await admin.patch(resources.secret, two, { type: 'merge', body: { data: { k: '' } } })
      await until(admin, resources.secret, two, (secret) => texts(secret)['k'] === 'two')
      await put('default', ['two'])
      await until(admin, resources.secret, { ...two, name: 'one' }, (secret) => secret === null)
      // What is said again is counted in the event that said it before.
      for (const suspend of [true, false, true, false]) {
        await put('default', ['two'], { suspend })
        await untilSays(suspend ? 'Reconciliation is suspended' : 'Healthy')
      }
      assert.equal((await fetch(`http://127.0.0.1:${metrics}/metrics`)).status, 200)
      const unused = async (): Promise<string[]> =>
        grantedBy(await objectsOf(manifest)).filter((right) => !recorder.used.has(right) && !unasked.includes(right))
      await eventually(unused, (rights) => rights.length === 0)
      await server.stop()
      assert.doesNotMatch(server.output(), /forbidden|FORBIDDEN/)
      assert.deepEqual(await unused(), [])
    },
  )

  await t.test('its ServiceAccount may do no more than that', async () => {
    const answers = await Promise.all(denied.map(async (right) => ((await may(plane, account, right)) ? right : null)))
    assert.deepEqual(
      answers.filter((right) => right !== null),
      [],
    )
    // The question is asked rightly: what is granted is seen as granted.
    assert.ok(await may(plane, account, 'update secrets default'))
  })

  await t.test('of two namespaces only, with the key Secret of a third', async (t) => {
    const [metrics, health] = [await freePort(), await freePort()]
    const values = { namespaces: ['a', 'b'], keyRules, containerPorts: { metrics, health } }
    await helm(['install', 'scoped', folder, '--namespace=ns'], values)
    const manifest = await helm(['get', 'manifest', 'scoped', '--namespace=ns'])
    const rules = (await objectsOf(manifest)).find(({ kind }) => kind === 'ConfigMap')?.['data']
    const rulesFile = `${plane.kubeconfig}.rules`
    await writeFile(rulesFile, (rules as { readonly 'rules.yaml': string })['rules.yaml'])
    await admin.create(resources.secret, keySecret('keys', 'team', key))
    const server = await startContainer({
      plane,
      admin,
      manifest,
      program: 'controller',
      readyUrl: `http://127.0.0.1:${health}/readyz`,
      files: { '/etc/sops-keys/rules.yaml': rulesFile },
    })
    t.after(() => server.kill())
    for (const namespace of ['a', 'b']) {
      await admin.create(resources.sopsSecret, file(namespace, ['one']))
      await until(admin, resources.secret, { namespace, name: 'one' }, (secret) => texts(secret)['k'] === 'one')
    }
    const scoped = { namespace: 'ns', name: 'scoped-sops-secrets' }
    for (const right of ['get secrets a', 'get secrets keys/team'])
      assert.equal(await may(plane, scoped, right), true, right)
    for (const right of ['get secrets c', 'get secrets keys/other', 'list secrets keys', 'get secrets ns', 'list pods'])
      assert.equal(await may(plane, scoped, right), false, right)
    await server.stop()
  })
})
