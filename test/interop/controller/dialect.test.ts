import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { marshalYaml } from '@sealkit/core/yaml'
import { type ApiServer, type ClusterObject, type Key, resources } from '@sealkit/kubernetes'
import { type Child, pemOf, startChild } from '../../controller/child.ts'
import { foreignKey, seal, texts, until, untilSynced } from '../../controller/cluster.ts'
import { eventually } from '../../eventually.ts'
import type { ControlPlane } from '../../servers/controlplane.ts'
import { startStage, startUpstream } from './upstream.ts'

/** One of the two controllers, and a namespace that no other has worked in. */
interface Side {
  readonly cluster: ApiServer
  readonly namespace: string
  readonly url: string
  readonly metricsUrl: string
  readonly pem: string
}

type Step = (side: Side, key: Key) => Promise<void>

const create = async ({ cluster, pem }: Side, fields: Parameters<typeof seal>[1]): Promise<void> => {
  await cluster.create(resources.sealedSecret, await seal(pem, fields))
}

async function changed({ cluster, pem }: Side, fields: Parameters<typeof seal>[1]): Promise<void> {
  const { spec } = await seal(pem, fields)
  const body = [{ op: 'replace', path: '/spec', value: spec }]
  await cluster.patch(resources.sealedSecret, fields, { type: 'json', body })
}

async function existing({ cluster }: Side, key: Key, annotations: Record<string, string> = {}): Promise<void> {
  const metadata = { ...key, annotations, labels: { own: 'l' } }
  await cluster.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata, data: { own: 'MQ==' } })
}

const annotation = (name: string) => ({ [`sealedsecrets.bitnami.com/${name}`]: 'true' })

/** What is done to one object each; it ends when the status says what the real controller says too. */
const steps: Readonly<Record<string, Step>> = {
  async created(side, key) {
    const metadata = { labels: { app: 'x' }, annotations: { note: 'n' } }
    await create(side, {
      ...key,
      type: 'kubernetes.io/basic-auth',
      metadata,
      stringData: { username: 'u', password: '' },
    })
    await untilSynced(side.cluster, key, 'True')
  },
  async updated(side, key) {
    await create(side, { ...key, type: 'Opaque', metadata: { labels: { a: '1' } }, stringData: { a: '1', b: '2' } })
    await untilSynced(side.cluster, key, 'True')
    await changed(side, { ...key, type: 'Opaque', metadata: { annotations: { c: '2' } }, stringData: { b: '3' } })
    await untilSynced(side.cluster, key, 'True')
  },
  async foreign(side, key) {
    const { certificatePem } = await foreignKey()
    // With more items the real one names them in random order.
    await create({ ...side, pem: certificatePem }, { ...key, stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'False')
  },
  async repaired(side, key) {
    const { certificatePem } = await foreignKey()
    await create({ ...side, pem: certificatePem }, { ...key, stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'False')
    await changed(side, { ...key, type: 'Opaque', stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'True')
  },
  async broken({ cluster }, key) {
    // Different failures of one object the real one tells in random order.
    const spec = { encryptedData: { a: '###' } }
    const metadata = { ...key }
    await cluster.create(resources.sealedSecret, {
      apiVersion: 'bitnami.com/v1alpha1',
      kind: 'SealedSecret',
      metadata,
      spec,
    })
    await untilSynced(cluster, key, 'False')
  },
  async unmanaged(side, key) {
    await existing(side, key)
    await create(side, { ...key, stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'False')
  },
  async managed(side, key) {
    await existing(side, key, annotation('managed'))
    await create(side, { ...key, type: 'Opaque', stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'True')
  },
  async patched(side, key) {
    await existing(side, key, annotation('patch'))
    await create(side, { ...key, type: 'Opaque', metadata: { labels: { l: '1' } }, stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'True')
  },
  async both(side, key) {
    await existing(side, key, { ...annotation('patch'), ...annotation('managed') })
    await create(side, { ...key, type: 'Opaque', stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'True')
  },
  async ownerless(side, key) {
    const metadata = { annotations: { ...annotation('skip-set-owner-references'), ...annotation('managed') } }
    await create(side, { ...key, type: 'Opaque', metadata, stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'True')
  },
  async immutable(side, key) {
    await create(side, { ...key, type: 'Opaque', immutable: true, stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'True')
    await changed(side, { ...key, type: 'Opaque', immutable: true, stringData: { a: '2' } })
    await untilSynced(side.cluster, key, 'False')
  },
  async recreated(side, key) {
    await create(side, { ...key, type: 'Opaque', stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'True')
    const uid = (await side.cluster.get(resources.secret, key))?.metadata.uid
    await side.cluster.delete(resources.secret, key)
    await until(side.cluster, resources.secret, key, (secret) => secret !== null && secret.metadata.uid !== uid)
  },
  async refused(side, key) {
    await create(side, { ...key, type: 'kubernetes.io/tls', stringData: { a: '1' } })
    await untilSynced(side.cluster, key, 'False')
  },
}

interface Condition {
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
}

/** A status without the times themselves: which there are, and whether they are the same. */
function statusOf(object: ClusterObject | null): unknown {
  const { conditions = [], ...rest } = (object?.['status'] ?? {}) as { conditions?: Condition[] }
  return {
    ...rest,
    conditions: conditions.map(({ lastUpdateTime, lastTransitionTime, ...condition }) => ({
      ...condition,
      dated: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(`${lastUpdateTime}`) && lastTransitionTime !== undefined,
    })),
  }
}

function secretOf(secret: ClusterObject | null): unknown {
  if (secret === null) return null
  const { labels, annotations, finalizers, ownerReferences = [] } = secret.metadata
  const owners = ownerReferences.map(({ uid: _, ...reference }) => reference)
  const { type, immutable } = secret as { type?: string; immutable?: boolean }
  return { labels, annotations, finalizers, owners, type, immutable, data: texts(secret) }
}

/** Each different event about an object, without how often and when. The real one has no order either. */
async function eventsOf({ cluster, namespace }: Side): Promise<unknown[]> {
  const { items } = await cluster.list(resources.event, { namespace })
  const told = items.map((event) => {
    const { involvedObject, type, reason, message, source, reportingComponent } = event as unknown as {
      involvedObject: { kind: string; apiVersion: string; name: string }
      type: string
      reason: string
      message: string
      source: object
      reportingComponent: string
    }
    const { kind, apiVersion, name } = involvedObject
    return JSON.stringify({ name, kind, apiVersion, type, reason, message, source, reportingComponent })
  })
  return [...new Set(told)].sort().map((text) => JSON.parse(text) as unknown)
}

/** The outcome of every step, and what `/metrics` says of it. */
async function outcome(side: Side): Promise<Record<string, unknown>> {
  const { cluster, namespace } = side
  const objects: Record<string, unknown> = {}
  for (const [name, step] of Object.entries(steps)) {
    const key = { namespace, name }
    await step(side, key)
    const status = statusOf(await cluster.get(resources.sealedSecret, key))
    objects[name] = { status, secret: secretOf(await cluster.get(resources.secret, key)) }
  }
  return JSON.parse(JSON.stringify(objects).replaceAll(namespace, 'NAMESPACE')) as Record<string, unknown>
}

interface Family {
  help?: string
  type?: string
  labels?: string[]
}

/** The families of upstream's own metrics: help, type and names of labels. */
function families(text: string): Record<string, Family> {
  const found: Record<string, Family> = {}
  const family = (name: string): Family => {
    const made = found[name] ?? {}
    found[name] = made
    return made
  }
  for (const line of text.split('\n')) {
    const [, what, name = '', rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (what === 'HELP' && rest !== undefined) family(name).help = rest
    if (what === 'TYPE' && rest !== undefined) family(name).type = rest
    const [, sample = '', labels = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    const names = [...labels.matchAll(/(\w+)="/g)].map((match) => match[1] ?? '').sort()
    if (sample !== '' && found[sample] !== undefined) family(sample).labels = names
  }
  return Object.fromEntries(Object.entries(found).filter(([name]) => name.startsWith('sealed_secrets_controller_')))
}

/** Samples of one namespace and of the HTTP API whose values do not depend on how often something was tried. */
function samples(text: string, namespace: string): string[] {
  const gauges = text.split('\n').filter((line) => /^sealed_secrets_controller_condition_info\{/.test(line))
  const reasons = text.matchAll(/unseal_errors_total\{([^}]*)\}/g)
  return [...gauges, ...[...reasons].map((match) => match[1] ?? '')]
    .filter((line) => line.includes(`namespace="${namespace}"`))
    .map((line) => line.replaceAll(namespace, 'NAMESPACE'))
    .map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`))
    .map((line) => (line.startsWith('sealed') ? line : line.split(',').sort().join(',')))
    .sort()
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

function ask(url: string, path: string, method: string, client: string, body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const headers = { 'x-forwarded-for': client }
    const sent = request({ host: hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { date: _, connection: __, 'keep-alive': ___, 'transfer-encoding': ____, ...kept } = response.headers
        resolve({ status: response.statusCode ?? 0, headers: kept, body: Buffer.concat(chunks).toString() })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Answers of the HTTP API to one of everything. */
async function answers(side: Side): Promise<Record<string, unknown>> {
  const good = await seal(side.pem, {
    namespace: 'n',
    name: 'a',
    metadata: { labels: { l: '1' } },
    stringData: { a: '1' },
  })
  const foreign = await seal((await foreignKey()).certificatePem, { namespace: 'n', name: 'a', stringData: { a: '1' } })
  const yaml = marshalYaml(good)
  const bodies: readonly (readonly [string, string, string, string?])[] = [
    ['GET', '/healthz', 'health'],
    ['POST', '/healthz', 'health posted'],
    ['GET', '/v1/cert.pem', 'certificate'],
    ['DELETE', '/v1/cert.pem', 'certificate deleted'],
    ['GET', '/v1/cert.pem?a=b', 'certificate with a query'],
    ['HEAD', '/v1/cert.pem', 'head of the certificate'],
    ['GET', '/v1/cert.pem/', 'a path below'],
    ['GET', '/', 'root'],
    ['GET', '/metrics', 'metrics'],
    ['POST', '/v1/verify', 'good', JSON.stringify(good)],
    ['PUT', '/v1/verify', 'good, put', JSON.stringify(good)],
    ['POST', '/v1/verify', 'good YAML', yaml],
    ['POST', '/v1/verify', 'foreign', JSON.stringify(foreign)],
    ['POST', '/v1/verify', 'two documents', `${yaml}---\n${yaml}`],
    ['POST', '/v1/verify', 'plain text', 'garbage'],
    ['POST', '/v1/verify', 'nothing', ''],
    ['POST', '/v1/verify', 'another kind', '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}'],
    ['POST', '/v1/rotate', 'foreign rotated', JSON.stringify(foreign)],
    ['POST', '/v1/rotate', 'text rotated', 'garbage: ['],
  ]
  const all: Record<string, unknown> = {}
  for (const [method, path, what, body] of bodies) all[what] = await ask(side.url, path, method, what, body)
  const limited: unknown[] = []
  for (let count = 0; count < 4; count += 1) {
    limited.push(await ask(side.url, '/v1/verify', 'POST', 'impatient', JSON.stringify(good)))
  }
  all['limited'] = limited
  const plain = await seal(side.pem, { namespace: 'n', name: 'a', type: 'Opaque', stringData: { a: '1' } })
  const rotated = await ask(side.url, '/v1/rotate', 'POST', 'rotating', JSON.stringify(plain))
  const { metadata, spec, ...rest } = JSON.parse(rotated.body) as Manifest & {
    spec: { encryptedData: object; template: object }
  }
  const { annotations = {}, ...own } = metadata ?? {}
  // What Go writes of fields that are not set.
  const { creationTimestamp: _, ...template } = (spec.template as { metadata: Record<string, unknown> }).metadata
  all['rotated'] = {
    status: rotated.status,
    type: rotated.headers['content-type'],
    own: { name: own.name, namespace: own.namespace, annotations },
    template: { ...spec.template, metadata: template },
    keys: Object.keys(spec.encryptedData),
    rest: Object.keys(rest).filter((name) => name !== 'status'),
  }
  return all
}

function unlimited(reply: unknown): unknown {
  const { headers = {}, ...rest } = reply as Partial<Reply>
  if (Object.keys(headers).length === 0) return reply
  assert.equal(headers['x-ratelimit-limit'], '3')
  return {
    ...rest,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-rate'))),
  }
}

/** All that is compared. */
async function record(side: Side) {
  const objects = await outcome(side)
  const http = await answers(side)
  const metrics = await (await fetch(side.metricsUrl)).text()
  // The recorder writes in its own time.
  const events = await eventually(
    () => eventsOf(side),
    (found) => found.length >= expectedEvents,
  )
  return {
    objects,
    http: JSON.parse(JSON.stringify(http).replaceAll(JSON.stringify(side.pem).slice(1, -1), 'PEM')) as Record<
      string,
      unknown
    >,
    events: JSON.parse(JSON.stringify(events).replaceAll(side.namespace, 'NAMESPACE')) as unknown[],
    families: families(metrics),
    samples: samples(metrics, side.namespace),
  }
}

const expectedEvents = 15

async function withOurs<Result>(plane: ControlPlane, work: (child: Child) => Promise<Result>): Promise<Result> {
  const child = await startChild(plane)
  try {
    return await work(child)
  } finally {
    await child.server.stop()
  }
}

test('statuses, events, Secrets, metrics and HTTP answers are those of the real controller', {
  timeout: 540_000,
}, async (t) => {
  const stage = await startStage(t)
  if (stage === null) return
  const { program, plane, cluster } = stage
  for (const namespace of ['side-real', 'side-ours']) await plane.createNamespace(namespace)

  const upstream = await startUpstream(program, plane, cluster)
  t.after(() => upstream.stop())
  const pem = await upstream.certificate()
  const real = await record({ cluster, namespace: 'side-real', url: upstream.url, metricsUrl: upstream.metrics, pem })
  await upstream.stop()
  const ours = await withOurs(plane, async (child) =>
    record({ cluster, namespace: 'side-ours', url: child.url, metricsUrl: child.metricsUrl, pem: await pemOf(child) }),
  )

  for (const name of Object.keys(steps)) {
    await t.test(`object: ${name}`, () => assert.deepEqual(ours.objects[name], real.objects[name]))
  }
  await t.test('events', () => assert.deepEqual(ours.events, real.events))
  for (const what of Object.keys(real.http)) {
    await t.test(`HTTP: ${what}`, () => {
      // Since 0.39 rotate is limited as verify is.
      const got = what.endsWith('rotated') ? unlimited(ours.http[what]) : ours.http[what]
      assert.deepEqual(got, real.http[what])
    })
  }

  await t.test('metrics: names, types, helps and labels', () => assert.deepEqual(ours.families, real.families))
  await t.test('metrics: conditions and reasons', () => assert.deepEqual(ours.samples, real.samples))
})
