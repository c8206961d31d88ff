import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { test } from 'node:test'
import { crds, withRules } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { parseYaml } from '@sealkit/core/yaml'
import { available } from '../../servers/programs.ts'
import { chartFolder, type RenderOptions, render, upstreamSource, withoutDependencies } from './chart.ts'
import { byName, flagsOf, metadataOf, podOf, rightsOf } from './compare.ts'
import { checkWords, type Told } from './words.ts'

const folder = chartFolder('external-secrets')
/** The newest release whose chart the module proxy has. */
const upstreamModule = 'github.com/external-secrets/external-secrets@v1.3.2'

/** A set of values, and how ours differs from upstream's with it besides what always differs. */
interface Case {
  readonly name: string
  readonly values: object
  readonly options?: RenderOptions
  /** Flags that upstream's chart passes and ours does not need, or passes in another way. */
  readonly flags?: Readonly<Record<string, string>>
  /** Names of objects of one side only. */
  readonly theirs?: readonly string[]
  /** Kinds or fields that are not compared. */
  readonly skip?: readonly string[]
}

const monitors = ['monitoring.coreos.com/v1/ServiceMonitor']
const constraint = { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }

/** Every switch of upstream's chart, by itself. */
const cases: readonly Case[] = [
  { name: 'no values', values: {} },
  { name: 'a release that says external-secrets', values: {}, options: { release: 'external-secrets' } },
  { name: 'names', values: { nameOverride: 'x', fullnameOverride: 'full', namespaceOverride: 'z' } },
  { name: 'commonLabels', values: { commonLabels: { team: 'x' } } },
  {
    name: 'global',
    values: {
      global: {
        nodeSelector: { a: 'b' },
        tolerations: [{ key: 'k' }],
        affinity: { nodeAffinity: { x: 1 } },
        podLabels: { c: 'd' },
        podAnnotations: { e: 'f' },
        imagePullSecrets: [{ name: 's' }],
        topologySpreadConstraints: [constraint],
      },
    },
  },
  { name: 'global.repository', values: { global: { repository: 'my.io/a/b' }, image: { tag: 't' } } },
  { name: 'replicaCount', values: { replicaCount: 3, leaderElect: true, revisionHistoryLimit: 2 } },
  {
    name: 'leaderElect: false',
    values: { leaderElect: false },
    theirs: ['Role ns/r-external-secrets-leaderelection', 'RoleBinding ns/r-external-secrets-leaderelection'],
  },
  { name: 'controllerClass', values: { controllerClass: 'mine' } },
  { name: 'extendedMetricLabels', values: { extendedMetricLabels: true, enableHTTP2: true } },
  {
    name: 'scopedNamespace',
    values: { scopedNamespace: 'a' },
    flags: {
      'enable-cluster-store-reconciler': 'false',
      'enable-cluster-external-secret-reconciler': 'false',
      'enable-cluster-push-secret-reconciler': 'false',
    },
  },
  { name: 'scopedNamespace and scopedRBAC', values: { scopedNamespace: 'a', scopedRBAC: true } },
  { name: 'openshiftFinalizers: false', values: { openshiftFinalizers: false } },
  { name: 'systemAuthDelegator', values: { systemAuthDelegator: true } },
  { name: 'processClusterExternalSecret: false', values: { processClusterExternalSecret: false } },
  { name: 'processClusterPushSecret: false', values: { processClusterPushSecret: false } },
  { name: 'processPushSecret: false', values: { processPushSecret: false, processClusterPushSecret: false } },
  { name: 'processClusterStore: false', values: { processClusterStore: false } },
  { name: 'processSecretStore: false', values: { processSecretStore: false } },
  { name: 'processClusterGenerator: false', values: { processClusterGenerator: false } },
  {
    name: 'genericTargets',
    values: { genericTargets: { enabled: true, resources: [{ apiGroup: 'x.io', resources: ['y'], verbs: ['get'] }] } },
  },
  { name: 'createOperator: false', values: { createOperator: false } },
  { name: 'concurrent', values: { concurrent: 5, log: { level: 'debug', timeEncoding: 'iso8601' } } },
  {
    name: 'serviceAccount',
    values: { serviceAccount: { name: 'x', automount: false, annotations: { a: 'b' }, extraLabels: { c: 'd' } } },
  },
  { name: 'a ServiceAccount that is there', values: { serviceAccount: { create: false, name: 'x' } } },
  { name: 'rbac.create: false', values: { rbac: { create: false } } },
  {
    name: 'rbac without aggregation',
    values: { rbac: { aggregateToView: false, aggregateToEdit: false, servicebindings: { create: false } } },
  },
  {
    name: 'extras',
    values: {
      extraEnv: [{ name: 'A', value: 'b' }],
      extraArgs: { 'client-qps': 100, 'enable-flood-gate': 'false' },
      extraVolumes: [{ name: 'v', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'v', mountPath: '/v' }],
      extraContainers: [{ name: 'c', image: 'i' }],
      extraInitContainers: [{ name: '{{ .Release.Name }}', image: 'i' }],
      extraObjects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-x' } }],
    },
  },
  {
    name: 'annotations and labels',
    values: { deploymentAnnotations: { a: 'b' }, podAnnotations: { c: 'd' }, podLabels: { e: 'f' } },
  },
  { name: 'security contexts', values: { podSecurityContext: { fsGroup: 2000 }, securityContext: { runAsUser: 5 } } },
  {
    name: 'no security contexts',
    values: { podSecurityContext: { enabled: false }, securityContext: { enabled: false } },
  },
  { name: 'on OpenShift', values: {}, options: { apiVersions: ['security.openshift.io/v1'] } },
  { name: 'resources', values: { resources: { requests: { cpu: '10m' } } } },
  {
    name: 'serviceMonitor',
    values: {
      serviceMonitor: {
        enabled: true,
        namespace: 'm',
        additionalLabels: { a: 'b' },
        relabelings: [{ action: 'drop' }],
        metricRelabelings: [{ action: 'keep' }],
        honorLabels: true,
      },
    },
    options: { apiVersions: monitors },
  },
  { name: 'serviceMonitor where there is none', values: { serviceMonitor: { enabled: true } } },
  {
    name: 'metrics.service',
    values: {
      metrics: { listen: { port: 9000 }, service: { enabled: true, port: 9001, annotations: { a: 'b' } } },
      service: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    },
  },
  {
    name: 'grafanaDashboard',
    values: { grafanaDashboard: { enabled: true, annotations: { a: 'b' }, extraLabels: { c: 'd' } } },
    skip: ['data'],
  },
  { name: 'livenessProbe', values: { livenessProbe: { enabled: true, spec: { port: 9082, address: '0.0.0.0' } } } },
  {
    name: 'livenessProbe with a number',
    values: { livenessProbe: { enabled: true, spec: { httpGet: { port: 9082 } } } },
  },
  {
    name: 'scheduling',
    values: {
      nodeSelector: { a: 'b' },
      tolerations: [{ key: 'k' }],
      affinity: { nodeAffinity: { x: 1 } },
      topologySpreadConstraints: [constraint],
      priorityClassName: 'high',
      hostNetwork: true,
      hostUsers: false,
      imagePullSecrets: [{ name: 's' }],
    },
  },
  { name: 'podDisruptionBudget', values: { podDisruptionBudget: { enabled: true } } },
  {
    name: 'podDisruptionBudget.maxUnavailable',
    values: { podDisruptionBudget: { enabled: true, maxUnavailable: '50%', nameOverride: 'x' } },
  },
  {
    name: 'dns',
    values: {
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['1.1.1.1'] },
      podSpecExtra: { shareProcessNamespace: true },
    },
  },
  { name: 'no webhook', values: { webhook: { create: false }, certController: { create: false } } },
  {
    name: 'values of webhook and certController',
    values: { webhook: { replicaCount: 2, certManager: { enabled: true } }, certController: { requeueInterval: '1m' } },
  },
]

/** Rights that ours has and upstream's has not. */
const allowed: ReadonlySet<string> = new Set(['list pods'])

const isTheirs = (name: string): boolean => /webhook|cert-controller|-validate|Certificate|Issuer/.test(name)

function shape(object: Manifest, { skip = [], flags = {} }: Case, mine: boolean): unknown {
  const rest: Record<string, unknown> = { ...object, metadata: metadataOf(object) }
  for (const field of skip) delete rest[field]
  if (object.kind === 'Role' || object.kind === 'ClusterRole') delete rest['rules']
  if (object.kind === 'Deployment') rest['spec'] = deployment(object, flags, mine)
  return rest
}

/** A Deployment's spec without what ours always has: probes, election, names of the pod, another image and command. */
function deployment(object: Manifest, differs: Readonly<Record<string, string>>, mine: boolean): unknown {
  const copy = structuredClone(object)
  const { pod, container } = podOf(copy)
  const { strategy: _strategy, ...spec } = copy['spec'] as Record<string, unknown>
  const metadata = pod['metadata'] as { labels: Record<string, string> }
  if (mine) assert.equal(metadata.labels['app.kubernetes.io/part-of'], 'sealkit')
  for (const name of ['part-of', 'version']) delete metadata.labels[`app.kubernetes.io/${name}`]
  delete metadata.labels['helm.sh/chart']
  const { 'enable-leader-election': _leader, 'live-addr': _live, ...given } = flagsOf(container.args)
  const env = (container.env ?? []).filter(({ name }) => name !== 'POD_NAMESPACE' && name !== 'HOSTNAME')
  const ports = (container.ports ?? []).filter(({ name }) => name !== 'live')
  const image = container.image.replace(
    'docker.io/sealkit/controller:0.1.0',
    'ghcr.io/external-secrets/external-secrets:v1.3.1',
  )
  const probes = { livenessProbe: null, readinessProbe: null, command: null }
  Object.assign(container, { args: mine ? given : { ...given, ...differs }, env, ports, image, ...probes })
  return spec
}

function rights(objects: readonly Manifest[]): Record<string, string[]> {
  const roles = objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
  return byName(roles, rightsOf) as Record<string, string[]>
}

/** Values that are refused before anything is installed. */
const refused: Told = [
  ['replicas in words', { replicaCount: 'two' }, /replicaCount/],
  ['a negative number of replicas', { replicaCount: -1 }, /replicaCount/],
  ['no reconcile at once', { concurrent: 0 }, /concurrent/],
  ['a flag in words', { installCRDs: 'yes' }, /installCRDs/],
  ['a namespace that is none', { scopedNamespace: 'Not_One' }, /scopedNamespace/],
  ['namespaces as one text', { watchNamespaces: 'a,b' }, /watchNamespaces/],
  ['an unknown render mode', { serviceMonitor: { renderMode: 'perhaps' } }, /renderMode/],
  ['an unknown strategy', { strategy: { type: 'Never' } }, /strategy/],
  ['an unknown log level', { log: { level: 'loud' } }, /log\/level/],
  ['a port beyond the last', { metrics: { listen: { port: 70000 } } }, /listen\/port/],
  [
    'rights without verbs',
    { genericTargets: { enabled: true, resources: [{ apiGroup: 'x', resources: ['y'] }] } },
    /verbs/,
  ],
  ['an unknown name under sealkit', { sealkit: { takeovr: true } }, /takeovr/],
  [
    'an unknown adaptation for OpenShift',
    { global: { compatibility: { openshift: { adaptSecurityContext: 'maybe' } } } },
    /adaptSecurityContext/,
  ],
  [
    'ClusterPushSecrets without PushSecrets',
    { processPushSecret: false },
    /processClusterPushSecret needs processPushSecret/,
  ],
  [
    'a ServiceMonitor that must be and cannot',
    { serviceMonitor: { enabled: true, renderMode: 'failIfMissing' } },
    /no monitoring\.coreos\.com\/v1/,
  ],
]

/** What helm tells after the installation. */
const told: Told = [
  ['which namespaces are looked at', { watchNamespaces: ['a', 'b'] }, /become Secrets in a, b\./],
  ['that there is no controller', { createOperator: false }, /No controller was installed/],
  [
    'that there is no webhook to run',
    { webhook: { replicaCount: 2, port: 1 } },
    /NOTICE: webhook\.port, webhook\.replicaCount had no effect/,
  ],
  [
    'that there is no certificate controller',
    { certController: { log: {} } },
    /NOTICE: certController\.log had no effect/,
  ],
  ['that rules are off', { webhook: { create: false } }, /NOTICE: webhook\.create is false/],
  ['that there is no Bitwarden server', { 'bitwarden-sdk-server': { enabled: true } }, /NOTICE: bitwarden/],
  ['that metrics are plain', { metrics: { listen: { secure: { enabled: true } } } }, /NOTICE: metrics\.listen\.secure/],
  ['that the lease is fixed', { leaderElectionID: 'x' }, /NOTICE: the lease's name/],
  ['that replicas all write', { replicaCount: 2, leaderElect: false }, /NOTICE: several replicas/],
  ['values that it does not know', { webhok: {} }, /NOTICE: this chart has no value named webhok;/],
]

test('the chart of ExternalSecrets', { concurrency: 4 }, async (t) => {
  const programs = await available(t, 'helm')
  if (programs === null) return
  const { helm } = programs
  const source = await upstreamSource(t, upstreamModule, 'deploy/charts/external-secrets')
  if (source === null) return
  const upstream = await withoutDependencies(source)
  t.after(() => rm(upstream, { recursive: true, force: true }))
  const checks: Promise<void>[] = []
  const check = (name: string, body: () => Promise<void>): void => void checks.push(t.test(name, body))
  const without = (values: object): object => ({ ...values, installCRDs: false })

  for (const each of cases) {
    check(`as upstream's: ${each.name}`, async () => {
      const options = { ...each.options, values: without(each.values) }
      const [mine, theirs] = await Promise.all([render(helm, folder, options), render(helm, upstream, options)])
      const [left, right] = [byName(mine, (o) => shape(o, each, true)), byName(theirs, (o) => shape(o, each, false))]
      for (const name of Object.keys(right)) if (isTheirs(name) || each.theirs?.includes(name)) delete right[name]
      assert.deepEqual(left, right)
      const granted = rights(theirs)
      for (const [name, own] of Object.entries(rights(mine))) {
        const named = own.map((right) => right.replace(/(leases) sealkit-external-secrets$/, '$1'))
        assert.deepEqual(
          named.filter((right) => !granted[name]?.includes(right) && !allowed.has(right)),
          [],
          name,
        )
      }
    })
  }

  checkWords(check, { helm, folder, refused, told })

  check('the names that NOTES.txt knows are those of values.yaml', async () => {
    const text = await readFile(`${folder}/templates/NOTES.txt`, 'utf8')
    const [line = ''] = text.split('\n').filter((each) => each.includes('without (keys .Values)'))
    const known = [...line.matchAll(/"([\w-]+)"/g)].map(([, name]) => name).sort()
    const values = parseYaml(await readFile(`${folder}/values.yaml`, 'utf8')) as object
    assert.deepEqual(known, Object.keys(values).sort())
  })

  check('every value of upstream is a value here, but for those of webhook and certController', async () => {
    const [mine, theirs] = await Promise.all([folder, upstream].map(names))
    const missing = (theirs ?? []).filter((path) => !mine?.includes(path) && !/^(webhook|certController)\./.test(path))
    assert.deepEqual(missing, [])
  })

  check('watchNamespaces makes a Role in each, and flags that look nowhere else', async () => {
    const values = without({ watchNamespaces: ['a', 'b', 'a'] })
    const objects = await render(helm, folder, { values })
    const granted = rights(objects)
    const scopes = Object.keys(granted).filter((name) => name.endsWith('-controller'))
    assert.deepEqual(scopes, ['Role a/r-external-secrets-controller', 'Role b/r-external-secrets-controller'])
    const [first = []] = scopes.map((name) => granted[name])
    assert.deepEqual(
      first.filter((right) => /cluster|pods|namespaces/.test(right)),
      [],
    )
    const flags = flagsOf(podOf(objects.find(({ kind }) => kind === 'Deployment') ?? {}).container.args)
    assert.equal(flags['namespace'], 'a,b')
    assert.equal(flags['enable-cluster-store-reconciler'], 'false')
  })

  check('rights that upstream has and ours does without', async () => {
    const options = { values: without({}) }
    const [mine, theirs] = await Promise.all([render(helm, folder, options), render(helm, upstream, options)])
    const name = 'ClusterRole r-external-secrets-controller'
    const own = new Set(rights(mine)[name])
    for (const right of [
      'update external-secrets.io/secretstores',
      'delete external-secrets.io/pushsecrets',
      'list configmaps',
      'watch serviceaccounts',
      'update namespaces',
      'deletecollection generators.external-secrets.io/generatorstates',
    ]) {
      assert.ok(rights(theirs)[name]?.includes(right), right)
      assert.ok(!own.has(right), right)
    }
  })

  check('the refresh listener has its port, certificate, Service and right, and only where it is wanted', async () => {
    const refreshListener = { enabled: true, port: 9443, tlsSecret: 'tls' }
    const objects = await render(helm, folder, { values: without({ sealkit: { refreshListener } }) })
    const { container, pod } = podOf(objects.find(({ kind }) => kind === 'Deployment') ?? {})
    assert.equal(flagsOf(container.args)['refresh-listener-addr'], ':9443')
    assert.equal(container.ports?.find(({ name }) => name === 'refresh')?.containerPort, 9443)
    assert.deepEqual((pod['spec'] as { volumes: object }).volumes, [{ name: 'refresh', secret: { secretName: 'tls' } }])
    const named = objects.filter(({ metadata }) => metadata?.name === 'r-external-secrets-refresh')
    assert.deepEqual(named.map(({ kind }) => kind).sort(), ['ClusterRole', 'ClusterRoleBinding', 'Service'])
    const all = Object.values(rights(objects)).flat()
    assert.ok(all.includes('create authentication.k8s.io/tokenreviews'))
    const none = await render(helm, folder, { values: without({}) })
    assert.ok(!Object.values(rights(none)).flat().includes('create authentication.k8s.io/tokenreviews'))
  })

  check('without rbac.serviceAccountTokenCreate no token can be asked for', async () => {
    const objects = await render(helm, folder, { values: without({ rbac: { serviceAccountTokenCreate: false } }) })
    assert.deepEqual(
      Object.values(rights(objects))
        .flat()
        .filter((right) => right.includes('serviceaccounts/token')),
      [],
    )
  })

  check('definitions: with rules, without, and those that are not wanted', async () => {
    const of = async (values: object, kubeVersion = '1.36.0'): Promise<Map<string | undefined, Manifest>> => {
      const objects = await render(helm, folder, { values, kubeVersion })
      const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition')
      return new Map(definitions.map((crd) => [crd.metadata?.name, crd]))
    }
    const [all, plainOnes, older] = await Promise.all([
      of({}),
      of({ webhook: { create: false }, sealkit: { keepCRDs: false } }),
      of({}, '1.34.0'),
    ])
    for (const crd of crds('external-secrets')) {
      const name = crd.metadata?.name
      assert.deepEqual(all.get(name)?.['spec'], withRules(crd)['spec'], name)
      assert.deepEqual(plainOnes.get(name)?.['spec'], crd['spec'], name)
      assert.equal(all.get(name)?.metadata?.annotations?.['helm.sh/resource-policy'], 'keep')
      assert.equal(plainOnes.get(name)?.metadata?.annotations?.['helm.sh/resource-policy'], undefined)
    }
    assert.equal(all.size, crds('external-secrets').length)
    const rules = JSON.stringify(older.get('externalsecrets.external-secrets.io'))
    assert.ok(rules.includes('x-kubernetes-validations') && !rules.includes('distinct()'))
    const few = await of({
      crds: {
        createClusterExternalSecret: false,
        createPushSecret: false,
        unsafeServeV1Beta1: false,
        annotations: { a: 'b' },
      },
      commonLabels: { c: 'd' },
    })
    assert.equal(few.size, all.size - 2)
    const store = few.get('secretstores.external-secrets.io')
    assert.deepEqual(
      (store?.['spec'] as { versions: { name: string; served: boolean }[] } | undefined)?.versions.map(
        ({ name, served }) => `${name} ${served}`,
      ),
      ['v1 true', 'v1beta1 false'],
    )
    assert.deepEqual([store?.metadata?.annotations?.['a'], store?.metadata?.labels?.['c']], ['b', 'd'])
  })

  await Promise.all(checks)
})

/** The paths of a chart's values. */
async function names(chart: string): Promise<string[]> {
  const paths: string[] = []
  const walk = (value: unknown, path: string): void => {
    if (path !== '') paths.push(path)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    for (const [key, part] of Object.entries(value)) walk(part, path === '' ? key : `${path}.${key}`)
  }
  walk(parseYaml(await readFile(`${chart}/values.yaml`, 'utf8')), '')
  return paths
}
