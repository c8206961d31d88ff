import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import { seal, texts, until, untilSynced } from '../../controller/cluster.ts'
import { eventually } from '../../eventually.ts'
import { freePort } from '../../servers/process.ts'
import { available } from '../../servers/programs.ts'
import { chartFolder, render, upstreamSource, withoutDependencies } from './chart.ts'
import { may, refusedBy, sealingKeys, startContainer, startStage } from './installed.ts'

/** Values that make every object that a chart has. */
const everything: Readonly<Record<string, readonly object[]>> = {
  'sealed-secrets': [
    {},
    {
      sealkit: { replicas: 2, takeover: true },
      ingress: { enabled: true, tls: true, selfSigned: true, extraHosts: [{ name: 'b.example' }] },
      networkPolicy: { enabled: true, egress: { enabled: true, kubeapiCidr: '10.0.0.1/32', kubeapiPort: 6443 } },
      metrics: { dashboards: { create: true } },
      pdb: { create: true },
      service: { type: 'NodePort' },
      hostPorts: { http: 1080 },
      startupProbe: { enabled: true },
      resources: { limits: { memory: '1Gi' } },
    },
    { additionalNamespaces: ['a', 'b'], rbac: { clusterRole: false, namespacedRoles: true }, skipRecreate: true },
  ],
  'external-secrets': [
    {},
    {
      replicaCount: 2,
      metrics: { service: { enabled: true } },
      grafanaDashboard: { enabled: true },
      podDisruptionBudget: { enabled: true, maxUnavailable: '50%' },
      networkPolicy: { enabled: true },
      systemAuthDelegator: true,
      sealkit: { refreshListener: { enabled: true, tlsSecret: 'tls' } },
      genericTargets: { enabled: true, resources: [{ apiGroup: 'x.io', resources: ['y'], verbs: ['get'] }] },
      hostUsers: false,
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }],
    },
    { watchNamespaces: ['a', 'b'], webhook: { create: false } },
    { scopedNamespace: 'a', scopedRBAC: true },
  ],
}

/** One pod after the other: what the strategy of both charts says. */
const first = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }

const sealedAccount = { namespace: 'kube-system', name: 'sealed-secrets-controller' }
const externalAccount = { namespace: 'es', name: 'external-secrets' }

/** What the ServiceAccounts may not do. */
const denied: readonly (readonly [typeof sealedAccount, readonly string[]])[] = [
  [
    sealedAccount,
    [
      'patch secrets default',
      'deletecollection secrets default',
      'get configmaps default',
      'create bitnami.com/sealedsecrets default',
      'update bitnami.com/sealedsecrets default',
      'patch bitnami.com/sealedsecrets/status default',
      'delete bitnami.com/sealedsecrets default',
      'list namespaces',
      'get nodes',
      'create pods default',
      'create pods/exec default',
      'create serviceaccounts/token kube-system',
      'get coordination.k8s.io/leases kube-system/kube-controller-manager',
      'get coordination.k8s.io/leases default/sealkit-sealed-secrets',
      'delete coordination.k8s.io/leases kube-system/sealkit-sealed-secrets',
      'list external-secrets.io/externalsecrets default',
      'get services/proxy kube-system/another',
      'create rbac.authorization.k8s.io/clusterrolebindings',
      'escalate rbac.authorization.k8s.io/clusterroles',
      'impersonate users',
      'update apiextensions.k8s.io/customresourcedefinitions',
    ],
  ],
  [
    externalAccount,
    [
      'update external-secrets.io/secretstores default',
      'patch external-secrets.io/secretstores default',
      'create external-secrets.io/secretstores default',
      'patch external-secrets.io/externalsecrets/status default',
      'create external-secrets.io/pushsecrets default',
      'delete external-secrets.io/pushsecrets default',
      'deletecollection secrets default',
      'list configmaps default',
      'create configmaps default',
      'list serviceaccounts default',
      'create serviceaccounts default',
      'update namespaces',
      'delete namespaces',
      'get generators.external-secrets.io/ecrauthorizationtokens default',
      'list generators.external-secrets.io/passwords default',
      'create generators.external-secrets.io/generatorstates default',
      'get coordination.k8s.io/leases es/another',
      'list bitnami.com/sealedsecrets default',
      'create pods default',
      'create admissionregistration.k8s.io/validatingwebhookconfigurations',
      'update apiextensions.k8s.io/customresourcedefinitions',
      'impersonate serviceaccounts default',
    ],
  ],
]

test('the charts in a real cluster', async (t) => {
  const programs = await available(t, 'helm', 'etcd', 'kube-apiserver')
  if (programs === null) return
  const { plane, admin, helm } = await startStage(t, programs.helm)
  for (const namespace of ['a', 'b', 'c', 'es', 'ns']) await plane.createNamespace(namespace)

  for (const [chart, sets] of Object.entries(everything)) {
    await t.test(`the API server takes every object of ${chart}, strictly`, async () => {
      for (const values of sets) {
        const objects = await render(programs.helm, chartFolder(chart), { values, includeCrds: true })
        for (const object of objects) assert.equal(await refusedBy(plane, object), null)
      }
    })
  }

  await t.test('SealedSecrets: installed over upstream’s release, with the rights of its ServiceAccount', async (t) => {
    const upstream = await upstreamSource(t, 'github.com/bitnami/sealed-secrets@v0.38.4', 'helm/sealed-secrets')
    if (upstream === null) return
    const [name, where] = ['sealed-secrets', '--namespace=kube-system']
    const shared = { fullnameOverride: 'sealed-secrets-controller' }
    await helm(['install', name, upstream, where], shared)
    const [http, metrics] = [await freePort(), await freePort()]
    const values = { ...shared, containerPorts: { http, metrics }, sealkit: { keySize: 2048 } }
    await helm(['upgrade', name, chartFolder('sealed-secrets'), where], values)
    const deployment = await admin.get(resources.deployment, sealedAccount)
    assert.deepEqual((deployment?.['spec'] as { strategy: object } | undefined)?.strategy, first)
    const manifest = await helm(['get', 'manifest', name, where])
    const url = `http://127.0.0.1:${http}`
    const server = await startContainer({
      plane,
      admin,
      manifest,
      program: 'sealed-secrets-controller',
      readyUrl: `${url}/readyz`,
    })
    t.after(() => server.kill())
    // The key is made once this replica leads.
    await eventually(async () => (await fetch(`${url}/v1/cert.pem`)).ok)
    const pem = await (await fetch(`${url}/v1/cert.pem`)).text()
    const key = { namespace: 'default', name: 'a' }
    await admin.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: '1' } }))
    await untilSynced(admin, key, 'True')
    await admin.delete(resources.secret, key)
    await until(admin, resources.secret, key, (secret) => texts(secret)['a'] === '1')
    process.kill(server.pid, 'SIGUSR1')
    await eventually(async () => (await sealingKeys(admin, 'kube-system')).length === 2)
    await elected(admin, { namespace: 'kube-system', name: 'sealkit-sealed-secrets' })
    await eventually(async () =>
      (await admin.list(resources.event, { namespace: 'default' })).items.some(({ reason }) => reason === 'Unsealed'),
    )
    assert.equal((await fetch(`http://127.0.0.1:${metrics}/metrics`)).status, 200)
    await server.stop(60_000)
    assert.doesNotMatch(server.output(), /forbidden|FORBIDDEN/)
  })

  await t.test(
    'ExternalSecrets: installed over upstream’s release, with the rights of its ServiceAccount',
    async (t) => {
      const module = 'github.com/external-secrets/external-secrets@v1.3.2'
      const source = await upstreamSource(t, module, 'deploy/charts/external-secrets')
      if (source === null) return
      const upstream = await withoutDependencies(source)
      t.after(() => rm(upstream, { recursive: true, force: true }))
      await helm(['install', 'external-secrets', upstream, '--namespace=es'], { installCRDs: false })
      const [live, metrics] = [await freePort(), await freePort()]
      const values = { livenessProbe: { spec: { port: live } }, metrics: { listen: { port: metrics } } }
      await helm(['upgrade', 'external-secrets', chartFolder('external-secrets'), '--namespace=es'], values)
      const manifest = await helm(['get', 'manifest', 'external-secrets', '--namespace=es'])
      const readyUrl = `http://127.0.0.1:${live}/readyz`
      const server = await startContainer({ plane, admin, manifest, program: 'external-secrets', readyUrl })
      t.after(() => server.kill())
      await externalWork(plane, admin)
      await elected(admin, { namespace: 'es', name: 'sealkit-external-secrets' })
      await server.stop(60_000)
      assert.doesNotMatch(server.output(), /forbidden|FORBIDDEN/)
    },
  )

  for (const [account, rights] of denied) {
    await t.test(`the ServiceAccount ${account.name} may do no more than that`, async () => {
      const may_ = await Promise.all(rights.map(async (right) => ((await may(plane, account, right)) ? right : null)))
      assert.deepEqual(
        may_.filter((right) => right !== null),
        [],
      )
      // The question is asked rightly: what is granted is seen as granted.
      assert.ok(await may(plane, account, 'update secrets default'))
    })
  }

  await t.test('SealedSecrets of its own and one more namespace only', async () => {
    const [http, metrics] = [await freePort(), await freePort()]
    const values = {
      additionalNamespaces: ['a'],
      rbac: { clusterRole: false, namespacedRoles: true },
      containerPorts: { http, metrics },
      sealkit: { keySize: 2048 },
    }
    await helm(['install', 'scoped-ss', chartFolder('sealed-secrets'), '--namespace=ns'], values)
    const manifest = await helm(['get', 'manifest', 'scoped-ss', '--namespace=ns'])
    const url = `http://127.0.0.1:${http}`
    const program = 'sealed-secrets-controller'
    const server = await startContainer({ plane, admin, manifest, program, readyUrl: `${url}/readyz` })
    t.after(() => server.kill())
    await eventually(async () => (await fetch(`${url}/v1/cert.pem`)).ok)
    const pem = await (await fetch(`${url}/v1/cert.pem`)).text()
    for (const namespace of ['ns', 'a']) {
      const key = { namespace, name: 'scoped' }
      await admin.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: namespace } }))
      await untilSynced(admin, key, 'True')
    }
    const account = { namespace: 'ns', name: 'scoped-ss-sealed-secrets' }
    assert.ok(await may(plane, account, 'get secrets a'))
    for (const right of ['get secrets b', 'list bitnami.com/sealedsecrets', 'list pods', 'list namespaces'])
      assert.equal(await may(plane, account, right), false, right)
    await server.stop(60_000)
  })

  await t.test('ExternalSecrets of two namespaces only', async () => {
    const [live, metrics] = [await freePort(), await freePort()]
    const values = {
      watchNamespaces: ['a', 'b'],
      installCRDs: false,
      livenessProbe: { spec: { port: live } },
      metrics: { listen: { port: metrics } },
    }
    await helm(['install', 'scoped', chartFolder('external-secrets'), '--namespace=ns'], values)
    const manifest = await helm(['get', 'manifest', 'scoped', '--namespace=ns'])
    const readyUrl = `http://127.0.0.1:${live}/readyz`
    const server = await startContainer({ plane, admin, manifest, program: 'external-secrets', readyUrl })
    t.after(() => server.kill())
    for (const namespace of ['a', 'b']) {
      await plane.request('POST', `/apis/external-secrets.io/v1/namespaces/${namespace}/secretstores`, store(namespace))
      await plane.request(
        'POST',
        `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`,
        external(namespace),
      )
      await until(admin, resources.secret, { namespace, name: 'es' }, (secret) => texts(secret)['a'] === 'v')
    }
    const account = { namespace: 'ns', name: 'scoped-external-secrets' }
    assert.ok(await may(plane, account, 'get secrets a'))
    for (const right of [
      'get secrets c',
      'get secrets ns',
      'list external-secrets.io/clustersecretstores',
      'list namespaces',
    ])
      assert.equal(await may(plane, account, right), false, right)
    await server.stop(60_000)
  })
})

/** An ExternalSecret, a ClusterExternalSecret and a PushSecret, each until it is done, and their ends. */
async function externalWork(plane: Parameters<typeof may>[0], admin: ApiServer): Promise<void> {
  const post = async (path: string, object: object): Promise<void> => {
    const { status, body } = await plane.request('POST', `/apis/external-secrets.io/${path}`, object)
    assert.equal(status, 201, JSON.stringify(body))
  }
  await post('v1/namespaces/default/secretstores', store('default'))
  await post('v1/namespaces/default/externalsecrets', external('default'))
  const key = { namespace: 'default', name: 'es' }
  await until(admin, resources.secret, key, (secret) => texts(secret)['a'] === 'v')
  await eventually(async () =>
    (await admin.list(resources.event, { namespace: 'default' })).items.some(({ reason }) => reason === 'Created'),
  )
  await admin.delete(resources.externalSecret, key)
  await until(admin, resources.secret, key, (secret) => secret === null)
  await until(admin, resources.externalSecret, key, (object) => object === null)
  await post('v1/clustersecretstores', { ...store(''), kind: 'ClusterSecretStore', metadata: { name: 'st' } })
  const child = { ...(external('')['spec'] as object), secretStoreRef: { kind: 'ClusterSecretStore', name: 'st' } }
  await post('v1/clusterexternalsecrets', {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ClusterExternalSecret',
    metadata: { name: 'ces' },
    spec: { externalSecretSpec: child, namespaces: ['c'] },
  })
  await until(admin, resources.secret, { namespace: 'c', name: 'target' }, (secret) => texts(secret)['a'] === 'v')
  const body = { spec: { namespaces: ['nowhere'] } }
  await admin.patch(resources.clusterExternalSecret, { namespace: '', name: 'ces' }, { type: 'merge', body })
  await until(admin, resources.externalSecret, { namespace: 'c', name: 'ces' }, (object) => object === null)
  await post('v1alpha1/namespaces/default/pushsecrets', {
    apiVersion: 'external-secrets.io/v1alpha1',
    kind: 'PushSecret',
    metadata: { name: 'ps' },
    spec: {
      secretStoreRefs: [{ name: 'st' }],
      selector: { secret: { name: 'a' } },
      data: [{ match: { secretKey: 'a', remoteRef: { remoteKey: 'pushed' } } }],
    },
  })
  await until(admin, resources.pushSecret, { namespace: 'default', name: 'ps' }, (object) => {
    const { conditions = [] } = (object?.['status'] ?? {}) as { conditions?: { reason: string }[] }
    return conditions.some(({ reason }) => reason === 'Synced')
  })
}

function store(namespace: string): Manifest {
  const provider = { fake: { data: [{ key: 'k', value: 'v' }] } }
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'SecretStore',
    metadata: { namespace, name: 'st' },
    spec: { provider },
  }
}

function external(namespace: string): Manifest {
  const target = namespace === '' ? { name: 'target' } : { deletionPolicy: 'Delete' }
  const data = [{ secretKey: 'a', remoteRef: { key: 'k' } }]
  const spec = { secretStoreRef: { name: 'st' }, target, data }
  return { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', metadata: { namespace, name: 'es' }, spec }
}

async function elected(admin: ApiServer, key: { namespace: string; name: string }): Promise<void> {
  await until(admin, resources.lease, key, (lease) =>
    /pod-1/.test(String((lease?.['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity)),
  )
}
