import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase64, type Manifest } from '@sealkit/core/manifest'
import { label, parseCertificate, sealItem } from '@sealkit/core/sealed'
import { type ApiServer, type Key, resources } from '@sealkit/kubernetes'
import { looked } from '../../controller/child.ts'
import {
  certificate,
  foreignKey,
  seal,
  sealedSettings,
  startController,
  texts,
  untilSynced,
} from '../../controller/cluster.ts'
import { eventually } from '../../eventually.ts'
import { startStage, startUpstream, type Upstream } from './upstream.ts'

/** Of the annotations of Sealed Secrets. */
const prefix = 'sealedsecrets.bitnami.com'

/** The certificates of a cluster's keys, oldest first, and one of a key that it does not have. */
interface Certificates {
  readonly old: string
  readonly newest: string
  readonly foreign: string
}

interface Moved {
  readonly make: (certificates: Certificates, key: Key) => Promise<Manifest>
  /** A Secret that is there before. */
  readonly existing?: object
  /** What the real controller says of it; in sync unless given. */
  readonly status?: 'False'
  readonly namespace?: string
}

type Fields = Parameters<typeof seal>[1]

/** Sealed for the newest key with these fields of a Secret. */
function sealed(fields: Omit<Fields, 'namespace' | 'name' | 'stringData'>, stringData?: Record<string, string>): Moved {
  return {
    make: ({ newest }, key) => seal(newest, { ...key, ...fields, stringData: stringData ?? { a: key.name } }),
  }
}

/** Sealed with texts of `spec.template.data`. */
function templated(data: Record<string, string>): Moved {
  return {
    async make({ newest }, key) {
      const manifest = await seal(newest, { ...key, type: 'Opaque', stringData: { user: 'ada', password: 'p"<' } })
      const spec = manifest['spec'] as { template: object }
      return { ...manifest, spec: { ...spec, template: { ...spec.template, data } } } as Manifest
    },
  }
}

/** The format before 0.7: the whole Secret sealed as one. */
function legacy(secret: object): Moved {
  return {
    async make({ newest }, key) {
      const { publicKey } = parseCertificate(newest)
      const whole = { apiVersion: 'v1', kind: 'Secret', metadata: { ...key }, ...secret }
      const plaintext = Buffer.from(JSON.stringify(whole))
      const data = encodeBase64(
        await sealItem({ publicKey, label: label('strict', key.namespace, key.name), plaintext }),
      )
      return {
        apiVersion: 'bitnami.com/v1alpha1',
        kind: 'SealedSecret',
        metadata: { ...key },
        spec: { data, encryptedData: {} },
      }
    },
  }
}

/** A SealedSecret whose scope lets it be renamed. */
function scoped(scope: 'namespace-wide' | 'cluster-wide', namespace = 'default'): Moved {
  return {
    namespace,
    async make({ newest }, key) {
      const annotations = { [`${prefix}/${scope}`]: 'true' }
      const origin = { name: 'origin', namespace: scope === 'cluster-wide' ? 'origin' : key.namespace }
      const manifest = await seal(newest, { ...origin, metadata: { annotations }, stringData: { a: key.name } })
      return { ...manifest, metadata: { ...manifest.metadata, ...key } }
    },
  }
}

const annotated = (annotations: Record<string, string>, data: Record<string, string> = { own: 'MQ==' }): object => ({
  metadata: { annotations, labels: { own: 'l' } },
  data,
})

/** All that a cluster of the real controller may hold. */
const objects: Readonly<Record<string, Moved>> = {
  opaque: sealed({ type: 'Opaque' }),
  'no-type': sealed({}),
  'basic-auth': sealed({ type: 'kubernetes.io/basic-auth' }, { username: 'u', password: 'p' }),
  'ssh-auth': sealed({ type: 'kubernetes.io/ssh-auth' }, { 'ssh-privatekey': 'k' }),
  docker: sealed({ type: 'kubernetes.io/dockerconfigjson' }, { '.dockerconfigjson': '{"auths":{}}' }),
  tls: sealed({ type: 'kubernetes.io/tls' }, { 'tls.crt': 'c', 'tls.key': 'k' }),
  'custom-type': sealed({ type: 'example.org/custom' }),
  bootstrap: sealed(
    { type: 'bootstrap.kubernetes.io/token' },
    { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef' },
  ),
  empty: sealed({ type: 'Opaque' }, { a: '' }),
  binary: sealed({ type: 'Opaque' }, { a: '\u0000\u0001é\ud83d\ude00\r\n' }),
  long: sealed({ type: 'Opaque' }, { a: 'x'.repeat(100_000) }),
  many: sealed({ type: 'Opaque' }, Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key-${i}`, `v${i}`]))),
  keys: sealed({ type: 'Opaque' }, { '.a': '1', 'a.b-c_d': '2', A1: '3' }),
  labels: sealed({ type: 'Opaque', metadata: { labels: { app: 'x', 'example.org/tier': '' } } }),
  annotations: sealed({ type: 'Opaque', metadata: { annotations: { note: 'n\nm', 'example.org/x': '' } } }),
  both: sealed({ metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } }),
  finalizers: sealed({ type: 'Opaque', metadata: { finalizers: ['example.org/wait'] } }),
  instance: sealed({ type: 'Opaque', metadata: { labels: { 'app.kubernetes.io/instance': 'i' } } }),
  'namespace-1': scoped('namespace-wide'),
  'namespace-2': scoped('namespace-wide'),
  'namespace-3': scoped('namespace-wide', 'team'),
  'cluster-1': scoped('cluster-wide'),
  'cluster-2': scoped('cluster-wide', 'team'),
  'cluster-3': scoped('cluster-wide', 'team'),
  'plain-template': templated({ note: 'no actions' }),
  'template-fields': templated({ url: 'db://{{ .user }}:{{ .password }}@host' }),
  'template-sprig': templated({ up: '{{ .user | upper | b64enc }}', sum: '{{ sha256sum .password }}' }),
  'template-json': templated({ json: '{{ dict "u" .user | toJson }}' }),
  'template-loop': templated({ l: '{{ range $i, $c := list 1 2 }}{{ $i }}{{ $c }}{{ end }}', missing: '{{ .nope }}' }),
  'template-wins': templated({ user: 'the encrypted one wins' }),
  'template-fails': { ...templated({ bad: '{{ fail "no" }}' }), status: 'False' },
  'immutable-1': sealed({ type: 'Opaque', immutable: true }),
  'immutable-2': sealed({ immutable: true }),
  'immutable-3': sealed({ type: 'Opaque', immutable: true, metadata: { labels: { a: 'b' } } }),
  'managed-1': { ...sealed({ type: 'Opaque' }), existing: annotated({ [`${prefix}/managed`]: 'true' }) },
  'managed-2': {
    ...sealed({ type: 'Opaque', metadata: { annotations: { [`${prefix}/managed`]: 'true' } } }),
    existing: annotated({ [`${prefix}/managed`]: 'true' }),
  },
  'managed-3': { ...sealed({}), existing: annotated({ [`${prefix}/managed`]: 'true', other: 'x' }) },
  'patch-1': { ...sealed({ type: 'Opaque' }), existing: annotated({ [`${prefix}/patch`]: 'true' }) },
  'patch-2': {
    ...sealed({ type: 'Opaque', metadata: { labels: { l: '1' }, annotations: { n: '2' } } }),
    existing: annotated({ [`${prefix}/patch`]: 'true' }, { own: 'MQ==', a: 'MQ==' }),
  },
  'patch-and-managed': {
    ...sealed({ type: 'Opaque' }),
    existing: annotated({ [`${prefix}/patch`]: 'true', [`${prefix}/managed`]: 'true' }),
  },
  'ownerless-1': sealed({
    type: 'Opaque',
    metadata: { annotations: { [`${prefix}/skip-set-owner-references`]: 'true', [`${prefix}/managed`]: 'true' } },
  }),
  'ownerless-2': {
    ...sealed({ type: 'Opaque', metadata: { annotations: { [`${prefix}/skip-set-owner-references`]: 'true' } } }),
    status: 'False',
  },
  'in-the-way': { ...sealed({}), existing: { data: { own: 'MQ==' } }, status: 'False' },
  'in-the-way-no': { ...sealed({}), existing: annotated({ [`${prefix}/managed`]: 'false' }), status: 'False' },
  'wrong-key': {
    make: ({ foreign }, key) => seal(foreign, { ...key, stringData: { a: '1' } }),
    status: 'False',
  },
  renamed: {
    make: async ({ newest }, key) => ({
      ...(await seal(newest, { ...key, name: 'before', stringData: { a: '1' } })),
      metadata: { ...key },
    }),
    status: 'False',
  },
  'bad-base64': {
    make: async (_, key) => ({
      apiVersion: 'bitnami.com/v1alpha1',
      kind: 'SealedSecret',
      metadata: { ...key },
      spec: { encryptedData: { a: '###' } },
    }),
    status: 'False',
  },
  'old-key-1': { make: ({ old }, key) => seal(old, { ...key, type: 'Opaque', stringData: { a: '1', b: '2' } }) },
  'old-key-2': { make: ({ old }, key) => seal(old, { ...key, stringData: { a: key.name } }) },
  'two-keys': {
    async make({ old, newest }, key) {
      const first = await seal(old, { ...key, type: 'Opaque', stringData: { a: '1' } })
      const second = await seal(newest, { ...key, type: 'Opaque', stringData: { b: '2' } })
      const [one, two] = [first, second].map(({ spec }) => spec as { encryptedData: object })
      return { ...first, spec: { ...one, encryptedData: { ...one?.encryptedData, ...two?.encryptedData } } }
    },
  },
  'legacy-1': legacy({ type: 'Opaque', data: { a: 'MQ==' } }),
  'legacy-2': legacy({ data: { a: 'MQ==', b: '' } }),
}

const keys = Object.entries(objects).map(([name, { namespace = 'default' }]) => ({ namespace, name }))

/** Everything of every Secret that its users can see. */
async function secrets(cluster: ApiServer): Promise<unknown[]> {
  const lists = await Promise.all(
    ['default', 'team', 'kube-system'].map((namespace) => cluster.list(resources.secret, { namespace })),
  )
  return lists.flatMap(({ items }) =>
    items.map(({ metadata: { managedFields: _, ...metadata }, ...secret }) => ({ ...secret, metadata })),
  )
}

async function renewed(upstream: Upstream, before: string): Promise<string> {
  // Certificates are dated to the second, and of two of one second neither is the newer.
  const dated = parseCertificate(before).notBefore.getTime()
  await eventually(() => Date.now() >= dated + 1_000)
  process.kill(upstream.server.pid, 'SIGUSR1')
  return eventually(
    () => upstream.certificate(),
    (pem) => pem !== before,
  )
}

test('a cluster goes from the real controller to ours and back without a Secret changing', {
  timeout: 540_000,
}, async (t) => {
  assert.ok(keys.length >= 50)
  const stage = await startStage(t)
  if (stage === null) return
  const { program, plane, cluster } = stage
  await plane.createNamespace('team')

  const upstream = await startUpstream(program, plane, cluster)
  t.after(() => upstream.stop())
  const old = await upstream.certificate()
  const certificates = { old, newest: await renewed(upstream, old), foreign: (await foreignKey()).certificatePem }
  for (const [name, { make, existing, namespace = 'default' }] of Object.entries(objects)) {
    const key = { namespace, name }
    if (existing !== undefined) {
      const { metadata, ...rest } = existing as { metadata?: object }
      await cluster.create(resources.secret, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { ...key, ...metadata },
        ...rest,
      })
    }
    await cluster.create(resources.sealedSecret, await make(certificates, key))
  }
  for (const key of keys) await untilSynced(cluster, key, objects[key.name]?.status ?? 'True')
  assert.deepEqual(texts(await cluster.get(resources.secret, { namespace: 'default', name: 'two-keys' })), {
    a: '1',
    b: '2',
  })
  await upstream.stop()
  const before = await secrets(cluster)

  const ours = await startController(cluster, { sealedSecrets: sealedSettings(), metricsAddress: '127.0.0.1:0' })
  t.after(() => ours.stop())
  assert.equal(await certificate(ours), certificates.newest, 'our controller goes on with the newest key of upstream')
  await looked({ metricsUrl: `http://127.0.0.1:${ours.ports.metrics}/metrics` }, keys.length)
  for (const key of keys) {
    // Where the real one fails at a Secret of its own, ours does not.
    const status = key.name === 'ownerless-2' ? 'True' : (objects[key.name]?.status ?? 'True')
    await untilSynced(cluster, key, status)
  }
  await ours.stop()
  assert.deepEqual(await secrets(cluster), before)

  const back = await startUpstream(program, plane, cluster)
  t.after(() => back.stop())
  assert.equal(await back.certificate(), certificates.newest)
  await looked({ metricsUrl: back.metrics }, keys.length)
  const last = { namespace: 'default', name: 'back' }
  await cluster.create(resources.sealedSecret, await seal(certificates.newest, { ...last, stringData: { a: '2' } }))
  await untilSynced(cluster, last, 'True')
  await back.stop()
  const after = await secrets(cluster)
  assert.deepEqual(
    after.filter((secret) => (secret as Manifest).metadata?.name !== 'back'),
    before,
  )
})
