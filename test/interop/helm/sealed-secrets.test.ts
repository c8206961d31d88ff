import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { parseYaml } from '@sealkit/core/yaml'
import { available } from '../../servers/programs.ts'
import { chartFolder, Refused, type RenderOptions, render, upstreamSource } from './chart.ts'
import { byName, flagsOf, metadataOf, podOf, rightsOf } from './compare.ts'
import { checkWords, type Told } from './words.ts'

const folder = chartFolder('sealed-secrets')
const upstreamModule = 'github.com/bitnami/sealed-secrets@v0.38.4'

/** How ours may differ from upstream's for a set of values; nothing else may. */
interface Case {
  readonly name: string
  readonly values: object
  readonly options?: RenderOptions
  /** Objects of one side only. */
  readonly ours?: readonly string[]
  readonly theirs?: readonly string[]
  /** Flags that ours has besides, or other values of the same. */
  readonly flags?: Readonly<Record<string, string>>
  /** Fields, or whole kinds, that are not compared: upstream leaves labels or annotations out there, or they hold texts. */
  readonly skip?: readonly string[]
}

const monitoring = ['monitoring.coreos.com/v1/ServiceMonitor', 'monitoring.coreos.com/v1/PrometheusRule']
const looksForUpstream = ['list pods']

/** Every switch of upstream's chart, by itself. */
const cases: readonly Case[] = [
  { name: 'no values', values: {} },
  { name: 'the name that kubeseal looks for', values: { fullnameOverride: 'sealed-secrets-controller' } },
  { name: 'nameOverride', values: { nameOverride: 'other' } },
  { name: 'nameOverride that the release has', values: { nameOverride: 'r' } },
  { name: 'a release that says sealed-secrets', values: {}, options: { release: 'my-sealed-secrets' } },
  { name: 'a long release', values: {}, options: { release: `a-${'b'.repeat(50)}` } },
  { name: 'namespace', values: { namespace: 'elsewhere' } },
  { name: 'kubeVersion', values: { kubeVersion: '1.30.0' } },
  {
    name: 'extraDeploy',
    values: {
      extraDeploy: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-a' } },
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-b\n',
      ],
    },
  },
  { name: 'commonLabels', values: { commonLabels: { team: 'x', of: '{{ .Release.Name }}' } }, skip: ['Role'] },
  { name: 'commonAnnotations', values: { commonAnnotations: { a: 'b' } }, skip: ['Role'] },
  { name: 'image', values: { image: { registry: 'q.io', repository: 'x/y', tag: 'z', pullPolicy: 'Always' } } },
  { name: 'image.pullSecrets', values: { image: { pullSecrets: ['one', 'two'] } } },
  { name: 'revisionHistoryLimit', values: { revisionHistoryLimit: 3 } },
  { name: 'createController: false', values: { createController: false, ingress: { enabled: true } } },
  { name: 'secretName', values: { secretName: 'my-key' } },
  { name: 'updateStatus: false', values: { updateStatus: false }, flags: { 'update-status': 'false' } },
  { name: 'skipRecreate', values: { skipRecreate: true } },
  { name: 'keyrenewperiod', values: { keyrenewperiod: '24h' } },
  { name: 'keyrenewperiod: 0, a number', values: { keyrenewperiod: 0 } },
  { name: 'keyttl', values: { keyttl: '100h' } },
  { name: 'keycutofftime', values: { keycutofftime: 'Tue, 24 Nov 2026 10:00:00 +0100' } },
  { name: 'rateLimit', values: { rateLimit: 5, rateLimitBurst: '7' } },
  { name: 'additionalNamespaces', values: { additionalNamespaces: ['a', 'b'] } },
  { name: 'privateKeyAnnotations', values: { privateKeyAnnotations: { 'x.io/a': 'b' } } },
  { name: 'privateKeyLabels', values: { privateKeyLabels: { a: 'b' } } },
  { name: 'logInfoStdout', values: { logInfoStdout: true } },
  {
    name: 'logInfoStdout: false, which is what happens',
    values: { logInfoStdout: false },
    flags: { 'log-info-stdout': 'false' },
  },
  { name: 'logLevel', values: { logLevel: 'ERROR', logFormat: 'json' } },
  { name: 'maxRetries', values: { maxRetries: 9 } },
  { name: 'watchForSecrets', values: { watchForSecrets: true } },
  {
    name: 'kubeClientQPS',
    values: { kubeClientQPS: 1000000, kubeClientBurst: 12.5 },
    flags: { 'kubeclient-qps': '1000000' },
  },
  { name: 'command and args', values: { command: ['x', '{{ .Release.Name }}'], args: ['--key-size', '2048'] } },
  { name: 'no probes', values: { livenessProbe: { enabled: false }, readinessProbe: { enabled: false } } },
  { name: 'startupProbe', values: { startupProbe: { enabled: true, failureThreshold: 30 } } },
  {
    name: 'probes of one’s own',
    values: {
      livenessProbe: { enabled: false },
      readinessProbe: { enabled: false },
      customLivenessProbe: { tcpSocket: { port: 'http' } },
      customReadinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      customStartupProbe: { exec: { command: ['{{ .Release.Name }}'] } },
    },
  },
  { name: 'resources', values: { resources: { requests: { cpu: '25m' }, limits: { memory: '1Gi' } } } },
  {
    name: 'no security contexts',
    values: { podSecurityContext: { enabled: false }, containerSecurityContext: { enabled: false } },
  },
  {
    name: 'security contexts for OpenShift',
    values: { podSecurityContext: { fsGroup: null }, containerSecurityContext: { runAsUser: null } },
  },
  { name: 'podLabels and podAnnotations', values: { podLabels: { a: 'b' }, podAnnotations: { c: 'd' } } },
  {
    name: 'scheduling',
    values: {
      priorityClassName: 'high',
      runtimeClassName: 'gvisor',
      affinity: {
        nodeAffinity: {},
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z' }] },
      },
      nodeSelector: { a: 'b' },
      tolerations: [{ key: 'k', operator: 'Exists' }],
      dnsPolicy: 'Default',
    },
  },
  {
    name: 'volumes',
    values: {
      additionalVolumes: [{ name: 'v', emptyDir: {} }],
      additionalVolumeMounts: [{ name: 'v', mountPath: '/v' }],
    },
  },
  { name: 'hostNetwork', values: { hostNetwork: true, containerPorts: { http: 9080, metrics: 9081 } } },
  { name: 'hostPorts', values: { hostPorts: { http: 1080, metrics: 1081 } } },
  {
    name: 'service',
    values: { service: { type: 'NodePort', port: 80, nodePort: 30080, annotations: { a: 'b' }, labels: { c: 'd' } } },
  },
  { name: 'service: ClusterIP with a nodePort', values: { service: { nodePort: 30080 } } },
  { name: 'service: LoadBalancer', values: { service: { type: 'LoadBalancer', loadBalancerClass: 'x/y' } } },
  {
    name: 'metrics.service',
    values: {
      metrics: {
        service: { type: 'NodePort', port: 81, nodePort: 30081, annotations: { a: 'b' }, labels: { c: 'd' } },
      },
    },
  },
  {
    name: 'ingress',
    values: { ingress: { enabled: true, ingressClassName: 'nginx', annotations: { a: '{{ .Release.Name }}' } } },
  },
  {
    name: 'ingress with more hosts and paths',
    values: {
      ingress: {
        enabled: true,
        pathType: 'Prefix',
        hostname: 'a.example',
        path: '/x',
        extraHosts: [{ name: 'b.example' }, { name: 'c.example', path: '/c', pathType: 'Exact' }],
        extraPaths: [{ path: '/y', pathType: 'Exact', backend: { service: { name: 'z', port: { number: 80 } } } }],
        extraTls: [{ hosts: ['{{ .Release.Name }}.example'], secretName: 's' }],
      },
    },
  },
  {
    name: 'ingress with cert-manager',
    values: { ingress: { enabled: true, tls: true, annotations: { 'cert-manager.io/issuer': 'i' } } },
  },
  {
    name: 'ingress with a certificate of helm’s',
    values: { ingress: { enabled: true, tls: true, selfSigned: true } },
    skip: ['Secret'],
  },
  { name: 'networkPolicy', values: { networkPolicy: { enabled: true } } },
  {
    name: 'networkPolicy.egress',
    values: {
      networkPolicy: { enabled: true, egress: { enabled: true, kubeapiCidr: '10.0.0.1/32', kubeapiPort: 6443 } },
    },
    skip: ['policyTypes'],
  },
  { name: 'serviceAccount', values: { serviceAccount: { name: 'x', labels: { a: 'b' }, annotations: { c: 'd' } } } },
  { name: 'a ServiceAccount that is there', values: { serviceAccount: { create: false, name: 'x' } } },
  { name: 'the default ServiceAccount', values: { serviceAccount: { create: false } } },
  { name: 'rbac.create: false', values: { rbac: { create: false } } },
  { name: 'rbac.clusterRole: false', values: { rbac: { clusterRole: false } } },
  { name: 'rbac.clusterRoleName', values: { rbac: { clusterRoleName: 'x', labels: { a: 'b' } } } },
  {
    name: 'rbac.namespacedRoles',
    values: {
      additionalNamespaces: ['a', 'b'],
      rbac: { clusterRole: false, namespacedRoles: true, namespacedRolesName: 'x' },
    },
    // Upstream's controller looks into its own namespace too, and may not.
    ours: ['Role ns/x', 'RoleBinding ns/r-sealed-secrets'],
  },
  {
    name: 'rbac.pspEnabled',
    values: { rbac: { pspEnabled: true } },
    theirs: [
      'PodSecurityPolicy r-sealed-secrets',
      'ClusterRole r-sealed-secrets-psp',
      'ClusterRoleBinding r-sealed-secrets-psp',
    ],
  },
  { name: 'no service proxier', values: { rbac: { serviceProxier: { create: false } } } },
  { name: 'an unbound service proxier', values: { rbac: { serviceProxier: { bind: false } } } },
  {
    name: 'subjects of the service proxier',
    values: {
      rbac: {
        serviceProxier: {
          subjects: '- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "{{ .Release.Name }}"}\n',
        },
      },
    },
  },
  {
    name: 'metrics.serviceMonitor',
    values: {
      metrics: {
        serviceMonitor: {
          enabled: true,
          namespace: 'm',
          labels: { a: 'b' },
          annotations: { c: 'd' },
          interval: '10s',
          scrapeTimeout: '5s',
          metricRelabelings: [{ action: 'keep' }],
          relabelings: [{ action: 'drop' }],
        },
      },
    },
    options: { apiVersions: monitoring },
  },
  {
    name: 'metrics.serviceMonitor.honorLabels',
    values: { metrics: { serviceMonitor: { enabled: true, honorLabels: false } } },
  },
  {
    name: 'metrics.prometheusRule',
    values: {
      metrics: {
        prometheusRule: {
          enabled: true,
          namespace: 'm',
          labels: { a: 'b' },
          groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'x\n', for: '1m' }] }],
        },
      },
    },
    skip: ['expr'],
  },
  {
    name: 'metrics.dashboards',
    values: { metrics: { dashboards: { create: true, namespace: 'm', labels: { a: 'b' }, annotations: { c: 'd' } } } },
    skip: ['data'],
  },
  { name: 'pdb', values: { pdb: { create: true, minAvailable: 2 } } },
  { name: 'pdb.maxUnavailable', values: { pdb: { create: true, minAvailable: '', maxUnavailable: 1 } } },
]

/** Upstream's objects and ours in one shape, without what always differs. */
function shape(object: Manifest, { skip = [], flags = {} }: Case, mine: boolean): unknown {
  const metadata = metadataOf(object)
  if (skip.includes(object.kind ?? '')) return { kind: object.kind }
  const rest: Record<string, unknown> = { ...object, metadata }
  for (const field of skip) drop(rest, field)
  if (object.kind === 'Role' || object.kind === 'ClusterRole') delete rest['rules']
  if (object.kind === 'Deployment') rest['spec'] = deployment(object, flags, mine)
  if ('subjects' in rest)
    rest['subjects'] = (rest['subjects'] as { apiGroup?: string }[]).map((subject) => ({
      ...subject,
      apiGroup: subject.apiGroup || null,
    }))
  return rest
}

function drop(value: unknown, field: string): void {
  if (typeof value !== 'object' || value === null) return
  delete (value as Record<string, unknown>)[field]
  for (const part of Object.values(value)) drop(part, field)
}

/** A Deployment's spec with flags in one form; what ours adds on purpose is taken away and asserted elsewhere. */
function deployment(object: Manifest, differs: Readonly<Record<string, string>>, mine: boolean): unknown {
  const copy = structuredClone(object)
  const { pod, container } = podOf(copy)
  const labels = (pod['metadata'] as { labels: Record<string, string> }).labels
  const { strategy: _strategy, ...spec } = copy['spec'] as Record<string, unknown>
  const readiness = container['readinessProbe'] as { httpGet?: { path: string } } | undefined
  if (readiness?.httpGet?.path === '/readyz') readiness.httpGet.path = '/healthz'
  const { 'leader-elect': _leader, ...flags } = flagsOf(container.args)
  const given: Record<string, string> = { 'update-status': 'true', 'log-info-stdout': 'true', ...flags }
  Object.assign(container, { env: null, args: mine ? given : { ...given, ...differs } })
  if (mine) assert.equal(labels['app.kubernetes.io/part-of'], 'sealkit')
  delete labels['app.kubernetes.io/part-of']
  if (container.command?.[0] === 'sealed-secrets-controller') Object.assign(container, { command: ['controller'] })
  if (container.image === 'docker.io/sealkit/controller:0.1.0')
    Object.assign(container, { image: 'docker.io/bitnami/sealed-secrets-controller:0.38.1' })
  return spec
}

const isLease = (right: string): boolean => right.includes('coordination.k8s.io/leases')

/** The rights of each role: upstream's without those that only its code needs, and what ours has besides. */
function compareRights(mine: readonly Manifest[], theirs: readonly Manifest[], each: Case): void {
  const own = rights(mine)
  for (const [name, upstream] of Object.entries(rights(theirs))) {
    if (each.theirs?.includes(name)) continue
    const watches = name.endsWith('key-admin') && 'watchForSecrets' in each.values
    const more = name.startsWith('ClusterRole') ? looksForUpstream : watches ? ['watch secrets'] : []
    const expected = [...upstream.filter((right) => !right.startsWith('get namespaces')), ...more].sort()
    assert.deepEqual(
      (own[name] ?? []).filter((right) => !isLease(right)),
      expected,
      name,
    )
  }
}

function rights(objects: readonly Manifest[]): Record<string, string[]> {
  const roles = objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
  return byName(roles, rightsOf) as Record<string, string[]>
}

/** Values that are refused before anything is installed, with the place that helm names. */
const refused: Told = [
  ['replicas in words', { sealkit: { replicas: 'two' } }, /sealkit\/replicas/],
  ['no replica', { sealkit: { replicas: 0 } }, /sealkit\/replicas/],
  ['an unknown name under sealkit', { sealkit: { replicsa: 2 } }, /replicsa/],
  ['an unknown update strategy', { sealkit: { updateStrategy: { type: 'Never' } } }, /updateStrategy/],
  ['a weak key', { sealkit: { keySize: 1024 } }, /keySize/],
  ['an unknown order of keys', { sealkit: { keyOrderPriority: 'Newest' } }, /keyOrderPriority/],
  ['a flag in words', { rbac: { create: 'yes' } }, /rbac\/create/],
  ['a namespace that is none', { additionalNamespaces: ['Not_A_Namespace'] }, /additionalNamespaces/],
  ['namespaces as one text', { additionalNamespaces: 'a,b' }, /additionalNamespaces/],
  ['a port beyond the last', { containerPorts: { http: 65536 } }, /containerPorts\/http/],
  ['a port in words', { service: { port: 'http' } }, /service\/port/],
  ['an unknown type of Service', { service: { type: 'Balancer' } }, /service\/type/],
  ['an unknown pull policy', { image: { pullPolicy: 'Sometimes' } }, /image\/pullPolicy/],
  ['an empty secretName', { secretName: '' }, /secretName/],
  ['an unknown log format', { logFormat: 'xml' }, /logFormat/],
  [
    'an annotation of keys that is no text',
    { privateKeyAnnotations: { a: 1 } },
    /privateKeyAnnotations\.a must be a text/,
  ],
  ['a label of keys with a comma', { privateKeyLabels: { a: 'b,c' } }, /privateKeyLabels\.a must not hold a comma/],
  ['templates that do not parse', { extraDeploy: ['{{ .Nothing'] }, /unclosed action|parse error/],
]

/** What helm tells after the installation. */
const told: Told = [
  ['where the controller is found', {}, /--controller-namespace=ns --controller-name=r-sealed-secrets/],
  ['which namespaces it looks at', { additionalNamespaces: ['a'] }, /become Secrets in ns, a\./],
  ['that there is no controller', { createController: false }, /No controller was installed/],
  ['that there are no PodSecurityPolicies', { rbac: { pspEnabled: true } }, /NOTICE: rbac\.pspEnabled has no effect/],
  ['values that it does not know', { rback: {}, metric: {} }, /NOTICE: this chart has no value named metric, rback;/],
  ['that arguments lack the election', { args: ['--x'], sealkit: { replicas: 2 } }, /needs --leader-elect/],
  [
    'that addresses may change',
    { networkPolicy: { enabled: true, egress: { enabled: true } } },
    /Set networkPolicy\.egress\.kubeapiCidr/,
  ],
]

test('the chart of SealedSecrets', { concurrency: 4 }, async (t) => {
  const programs = await available(t, 'helm')
  if (programs === null) return
  const { helm } = programs
  const upstream = await upstreamSource(t, upstreamModule, 'helm/sealed-secrets')
  if (upstream === null) return
  const checks: Promise<void>[] = []
  const check = (name: string, body: () => Promise<void>): void => void checks.push(t.test(name, body))

  for (const each of cases) {
    check(`as upstream's: ${each.name}`, async () => {
      const options = { ...each.options, values: each.values }
      const [mine, theirs] = await Promise.all([render(helm, folder, options), render(helm, upstream, options)])
      const [left, right] = [byName(mine, (o) => shape(o, each, true)), byName(theirs, (o) => shape(o, each, false))]
      for (const name of each.ours ?? []) assert.ok(delete left[name], name)
      for (const name of each.theirs ?? []) assert.ok(delete right[name], name)
      assert.deepEqual(left, right)
      compareRights(mine, theirs, each)
    })
  }

  checkWords(check, { helm, folder, refused, told })

  check('the defaults are upstream’s, but for a few', async () => {
    const [mine, theirs] = await Promise.all([folder, upstream].map(defaults))
    const differing = Object.keys(mine ?? {}).filter((path) => theirs?.[path] !== mine?.[path])
    const missing = Object.keys(theirs ?? {}).filter((path) => mine?.[path] === undefined)
    assert.deepEqual(missing, [])
    assert.deepEqual(
      differing.filter((path) => !path.startsWith('sealkit.') && !/annotations\.(summary|description)$/.test(path)),
      ['image.repository', 'image.tag', 'logInfoStdout', 'service.labels', 'metrics.service.labels'],
    )
  })

  check('the names that NOTES.txt knows are those of values.yaml', async () => {
    const text = await readFile(`${folder}/templates/NOTES.txt`, 'utf8')
    const [line = ''] = text.split('\n').filter((each) => each.includes('without (keys .Values)'))
    const known = [...line.matchAll(/"(\w+)"/g)].map(([, name]) => name).sort()
    const values = parseYaml(await readFile(`${folder}/values.yaml`, 'utf8')) as object
    assert.deepEqual(known, [...Object.keys(values), 'global'].sort())
  })

  check('a certificate of one’s own for the ingress, where upstream’s chart fails', async () => {
    const values = { ingress: { enabled: true, secrets: [{ name: 's', key: 'k', certificate: 'c' }] } }
    await assert.rejects(render(helm, upstream, { values }), Refused)
    const secret = (await render(helm, folder, { values })).find(({ kind }) => kind === 'Secret')
    assert.deepEqual(secret?.['data'], { 'tls.crt': btoa('c'), 'tls.key': btoa('k') })
  })

  check('two replicas elect a leader and see each other’s keys', async () => {
    const objects = await render(helm, folder, { values: { sealkit: { replicas: 2 } } })
    const deployment = objects.find(({ kind }) => kind === 'Deployment') ?? {}
    const flags = flagsOf(podOf(deployment).container.args)
    assert.equal(flags['leader-elect'], 'true')
    assert.equal(flags['watch-for-secrets'], 'true')
    assert.ok(rights(objects)['Role ns/r-sealed-secrets-key-admin']?.includes('watch secrets'))
  })

  check('what only this chart has becomes flags', async () => {
    const sealkit = {
      takeover: true,
      leaderElection: false,
      workers: 8,
      allNamespaces: false,
      labelSelector: 'a=b',
      keySize: 3072,
      keyOrderPriority: 'SecretCreationTimestamp',
      commonName: 'x',
    }
    const objects = await render(helm, folder, { values: { sealkit } })
    const flags = flagsOf(podOf(objects.find(({ kind }) => kind === 'Deployment') ?? {}).container.args)
    assert.deepEqual(
      Object.entries(flags).filter(([name]) => !/^(key-prefix|update-status|log-info|listen)/.test(name)),
      [
        ['key-order-priority', 'SecretCreationTimestamp'],
        ['key-size', '3072'],
        ['label-selector', 'a=b'],
        ['my-cn', 'x'],
        ['workers', '8'],
        ['all-namespaces', 'false'],
        ['takeover', 'true'],
      ],
    )
    const all = Object.values(rights(objects)).flat()
    assert.deepEqual(
      all.filter((right) => isLease(right) || right.includes('pods')),
      [],
    )
  })

  check('the definitions are those that the controller prints', async () => {
    const objects = await render(helm, folder, { includeCrds: true })
    const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition')
    assert.deepEqual(definitions, crds('sealed-secrets'))
  })

  await Promise.all(checks)
})

/** A chart's default values by their paths. */
async function defaults(chart: string): Promise<Record<string, unknown>> {
  const paths: Record<string, unknown> = {}
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
      paths[path] = JSON.stringify(value)
    else for (const [key, part] of Object.entries(value)) walk(part, path === '' ? key : `${path}.${key}`)
  }
  walk(parseYaml(await readFile(`${chart}/values.yaml`, 'utf8')), '')
  return paths
}
