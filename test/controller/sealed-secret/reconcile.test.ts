import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { marshalYaml } from '@sealkit/core/yaml'
import { type ApiServer, type ClusterObject, resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import {
  certificate,
  clientOf,
  foreignKey,
  keySecret,
  type Running,
  seal,
  sealedSettings,
  startController,
  texts,
  until,
  untilSynced,
} from '../cluster.ts'

interface World {
  readonly cluster: ApiServer
  readonly controller: Running
  readonly pem: string
}

const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name })

/** Everything is tried on one control plane and one controller: what one case does must not disturb another. */
const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'a SealedSecret becomes a Secret with one owner, labels, annotations and type': async ({ cluster, pem }) => {
    const sealed = await seal(pem, {
      ...at('plain'),
      type: 'kubernetes.io/basic-auth',
      metadata: { labels: { app: 'x' }, annotations: { note: 'n' } },
      stringData: { username: 'ada', password: 'hunter2' },
    })
    const { metadata } = await cluster.create(resources.sealedSecret, sealed)
    const status = await untilSynced(cluster, at('plain'), 'True')
    const secret = await cluster.get(resources.secret, at('plain'))
    assert.deepEqual(texts(secret), { username: 'ada', password: 'hunter2' })
    assert.equal(secret?.['type'], 'kubernetes.io/basic-auth')
    assert.deepEqual(secret.metadata.labels, { app: 'x' })
    assert.deepEqual(secret.metadata.annotations, { note: 'n' })
    assert.deepEqual(secret.metadata.ownerReferences, [
      { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 'plain', uid: metadata.uid, controller: true },
    ])
    assert.ok(status)
    const { conditions, observedGeneration } = status['status'] as {
      conditions: Record<string, string>[]
      observedGeneration: number
    }
    assert.equal(observedGeneration, 1)
    const { lastUpdateTime, lastTransitionTime, ...rest } = conditions[0] ?? {}
    assert.deepEqual(rest, { type: 'Synced', status: 'True' })
    assert.equal(lastUpdateTime, lastTransitionTime)
    await eventOf(cluster, 'plain', 'Unsealed', 'SealedSecret unsealed successfully')
  },

  'an update replaces data, labels and annotations': async ({ cluster, pem }) => {
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('updated'), stringData: { a: '1', b: '2' } }))
    const before = await untilSynced(cluster, at('updated'), 'True')
    const next = await seal(pem, { ...at('updated'), metadata: { labels: { l: '1' } }, stringData: { b: '3' } })
    await replaceSpec(cluster, before, next['spec'])
    await untilSynced(cluster, at('updated'), 'True')
    const secret = await until(cluster, resources.secret, at('updated'), (object) => texts(object)['b'] === '3')
    assert.deepEqual(texts(secret), { b: '3' })
    assert.deepEqual(secret?.metadata.labels, { l: '1' })
  },

  'templates are rendered over the decrypted items': async ({ cluster, pem }) => {
    const sealed = await seal(pem, { ...at('templated'), stringData: { password: 'p' } })
    const spec = sealed['spec'] as { template: Record<string, unknown> }
    spec.template['data'] = { url: 'db://{{ .password }}@{{ .host }}', host: 'h' }
    await cluster.create(resources.sealedSecret, sealed)
    await untilSynced(cluster, at('templated'), 'True')
    const secret = await cluster.get(resources.secret, at('templated'))
    assert.deepEqual(texts(secret), { host: 'h', password: 'p', url: 'db://p@h' })
  },

  'a template that fails never puts a value into status, event or log': async ({ cluster, controller, pem }) => {
    const sealed = await seal(pem, { ...at('leaking'), stringData: { password: 'hunter2' } })
    const spec = sealed['spec'] as { template: Record<string, unknown> }
    spec.template['data'] = { a: '{{ index .password 99 }}', b: '{{ template .password }}' }
    await cluster.create(resources.sealedSecret, sealed)
    const object = await untilSynced(cluster, at('leaking'), 'False')
    await eventOf(cluster, 'leaking', 'ErrUnsealFailed')
    const events = await cluster.list(resources.event, { namespace: 'default' })
    assert.ok(!JSON.stringify([object?.['status'], events]).includes('hunter2'))
    assert.ok(!controller.log().includes('hunter2'))
    assert.equal(await cluster.get(resources.secret, at('leaking')), null)
  },

  'a deleted Secret is created again': async ({ cluster, pem }) => {
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('deleted'), stringData: { a: '1' } }))
    await untilSynced(cluster, at('deleted'), 'True')
    const { metadata } = (await cluster.get(resources.secret, at('deleted'))) ?? { metadata: { uid: '' } }
    await cluster.delete(resources.secret, at('deleted'))
    const again = await until(
      cluster,
      resources.secret,
      at('deleted'),
      (object) => object !== null && object.metadata.uid !== metadata.uid,
    )
    assert.deepEqual(texts(again), { a: '1' })
  },

  'a SealedSecret for another key fails, and works when its key arrives': async ({ cluster, controller, pem }) => {
    const key = await foreignKey()
    const sealed = await seal(key.certificatePem, { ...at('wrong-key'), stringData: { a: '1' } })
    await cluster.create(resources.sealedSecret, sealed)
    const object = await untilSynced(cluster, at('wrong-key'), 'False')
    assert.equal(message(object), 'no key could decrypt secret (a)')
    await eventOf(cluster, 'wrong-key', 'ErrUnsealFailed', 'Failed to unseal: no key could decrypt secret (a)')
    assert.equal(await cluster.get(resources.secret, at('wrong-key')), null)
    await cluster.create(resources.secret, keySecret('restored', key))
    await untilSynced(cluster, at('wrong-key'), 'True')
    assert.deepEqual(texts(await cluster.get(resources.secret, at('wrong-key'))), { a: '1' })
    assert.equal(await certificate(controller), pem)
  },

  'a SealedSecret that was renamed cannot be unsealed': async ({ cluster, pem }) => {
    const sealed = await seal(pem, { ...at('original'), stringData: { a: '1' } })
    await cluster.create(resources.sealedSecret, { ...sealed, metadata: { ...sealed.metadata, name: 'renamed' } })
    assert.equal(message(await untilSynced(cluster, at('renamed'), 'False')), 'no key could decrypt secret (a)')
  },

  'changing only the scope annotation is acted on': async ({ cluster, pem }) => {
    const annotations = { 'sealedsecrets.bitnami.com/namespace-wide': 'true' }
    const sealed = await seal(pem, { ...at('scoped'), metadata: { annotations }, stringData: { a: '1' } })
    await cluster.create(resources.sealedSecret, { ...sealed, metadata: at('scoped') })
    assert.equal(message(await untilSynced(cluster, at('scoped'), 'False')), 'no key could decrypt secret (a)')
    await cluster.patch(resources.sealedSecret, at('scoped'), { type: 'merge', body: { metadata: { annotations } } })
    await untilSynced(cluster, at('scoped'), 'True')
    assert.deepEqual(texts(await cluster.get(resources.secret, at('scoped'))), { a: '1' })
  },

  'a Secret of somebody else is not touched, until it is annotated as managed': async ({ cluster, pem }) => {
    await cluster.create(resources.secret, { ...secretOf('foreign'), data: { own: 'MQ==' } })
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('foreign'), stringData: { a: '1' } }))
    const text = 'Resource "foreign" already exists and is not managed by SealedSecret'
    assert.equal(message(await untilSynced(cluster, at('foreign'), 'False')), `failed update: ${text}`)
    await eventOf(cluster, 'foreign', 'ErrUpdateFailed', text)
    assert.deepEqual(texts(await cluster.get(resources.secret, at('foreign'))), { own: '1' })
    const annotations = { 'sealedsecrets.bitnami.com/managed': 'true' }
    await cluster.patch(resources.secret, at('foreign'), { type: 'merge', body: { metadata: { annotations } } })
    await untilSynced(cluster, at('foreign'), 'True')
    const secret = await cluster.get(resources.secret, at('foreign'))
    assert.deepEqual(texts(secret), { a: '1' })
    assert.deepEqual(secret?.metadata.annotations ?? {}, {})
    assert.equal(secret?.metadata.ownerReferences?.[0]?.name, 'foreign')
  },

  'the place of a deleted Secret that was in the way is taken, but not at once': async ({ cluster, pem }) => {
    await cluster.create(resources.secret, secretOf('blocking'))
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('blocking'), stringData: { a: '1' } }))
    await untilSynced(cluster, at('blocking'), 'False')
    const deleted = performance.now()
    await cluster.delete(resources.secret, at('blocking'))
    await untilSynced(cluster, at('blocking'), 'True')
    assert.ok(performance.now() - deleted >= 1_900)
    assert.deepEqual(texts(await cluster.get(resources.secret, at('blocking'))), { a: '1' })
  },

  'patch merges and leaves owners alone': async ({ cluster, pem }) => {
    const metadata = {
      name: 'patched',
      labels: { own: 'l' },
      annotations: { 'sealedsecrets.bitnami.com/patch': 'true' },
    }
    await cluster.create(resources.secret, {
      ...secretOf('patched'),
      metadata: { ...metadata, namespace: 'default' },
      data: { own: 'MQ==' },
    })
    const sealed = await seal(pem, { ...at('patched'), metadata: { labels: { l: '1' } }, stringData: { a: '1' } })
    await cluster.create(resources.sealedSecret, sealed)
    await untilSynced(cluster, at('patched'), 'True')
    const secret = await cluster.get(resources.secret, at('patched'))
    assert.deepEqual(texts(secret), { own: '1', a: '1' })
    assert.deepEqual(secret?.metadata.labels, { own: 'l', l: '1' })
    assert.equal(secret?.metadata.ownerReferences, undefined)
  },

  'patch and managed together set the owner': async ({ cluster, pem }) => {
    const annotations = { 'sealedsecrets.bitnami.com/patch': 'true', 'sealedsecrets.bitnami.com/managed': 'true' }
    const existing = { ...secretOf('both'), metadata: { ...at('both'), annotations }, data: { own: 'MQ==' } }
    await cluster.create(resources.secret, existing)
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('both'), stringData: { a: '1' } }))
    await untilSynced(cluster, at('both'), 'True')
    const secret = await cluster.get(resources.secret, at('both'))
    assert.deepEqual(texts(secret), { own: '1', a: '1' })
    assert.equal(secret?.metadata.ownerReferences?.[0]?.name, 'both')
  },

  'skip-set-owner-references keeps in sync without an owner': async ({ cluster, pem }) => {
    const annotations = { 'sealedsecrets.bitnami.com/skip-set-owner-references': 'true' }
    const make = (value: string) =>
      seal(pem, { ...at('ownerless'), metadata: { annotations }, stringData: { a: value } })
    await cluster.create(resources.sealedSecret, await make('1'))
    const first = await untilSynced(cluster, at('ownerless'), 'True')
    await replaceSpec(cluster, first, (await make('2'))['spec'])
    const secret = await until(cluster, resources.secret, at('ownerless'), (object) => texts(object)['a'] === '2')
    assert.equal(secret?.metadata.ownerReferences, undefined)
    await untilSynced(cluster, at('ownerless'), 'True')
  },

  'an immutable Secret is created so, and a change of it is refused once': async ({ cluster, pem }) => {
    const make = (value: string) => seal(pem, { ...at('immutable'), immutable: true, stringData: { a: value } })
    await cluster.create(resources.sealedSecret, await make('1'))
    const first = await untilSynced(cluster, at('immutable'), 'True')
    assert.equal((await cluster.get(resources.secret, at('immutable')))?.['immutable'], true)
    await replaceSpec(cluster, first, (await make('2'))['spec'])
    const object = await untilSynced(cluster, at('immutable'), 'False')
    assert.equal(
      message(object),
      'Secret "immutable" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    )
    await eventOf(
      cluster,
      'immutable',
      'ErrUpdateFailed',
      /^Error updating default\/immutable: the target Secret is immutable\./,
    )
    assert.deepEqual(texts(await cluster.get(resources.secret, at('immutable'))), { a: '1' })
  },

  'metadata of a stored object in a template does not reach the API': async ({ cluster, pem }) => {
    const sealed = await seal(pem, { ...at('rotated'), stringData: { a: '1' } })
    const { template } = sealed['spec'] as { template: { metadata: object } }
    template.metadata = { ...template.metadata, uid: 'u', resourceVersion: '7', generation: 3, managedFields: [] }
    await cluster.create(resources.sealedSecret, sealed)
    await untilSynced(cluster, at('rotated'), 'True')
  },

  'hostile objects fail alone': async ({ cluster, pem }) => {
    const hostile: Readonly<Record<string, unknown>> = {
      'not-base64': { encryptedData: { a: '###' } },
      short: { encryptedData: { a: 'AA==' } },
      'long-length': { encryptedData: { a: '//8AAA==' } },
      empty: { encryptedData: { a: '' } },
      'bad-key-name': { encryptedData: {}, template: { data: { 'not a key': 'x' } } },
      'null-template': { encryptedData: {}, template: { metadata: null, data: null } },
      'wrong-type': { encryptedData: {}, template: { type: 'kubernetes.io/tls' } },
      proto: { encryptedData: {}, template: { data: { ['__proto__']: 'x' } } },
    }
    for (const [name, spec] of Object.entries(hostile)) {
      await cluster.create(resources.sealedSecret, {
        apiVersion: 'bitnami.com/v1alpha1',
        kind: 'SealedSecret',
        metadata: at(`hostile-${name}`),
        spec,
      })
    }
    for (const name of Object.keys(hostile)) {
      const ok = name === 'null-template' || name === 'proto'
      await untilSynced(cluster, at(`hostile-${name}`), ok ? 'True' : 'False')
    }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('after-hostile'), stringData: { a: '1' } }))
    await untilSynced(cluster, at('after-hostile'), 'True')
  },

  'a status is never stale, however often somebody else writes the object': async ({ cluster, pem }) => {
    const good = (await seal(pem, { ...at('contended'), stringData: { a: '1' } }))['spec']
    const bad = (await seal((await foreignKey()).certificatePem, { ...at('contended'), stringData: { a: '1' } }))[
      'spec'
    ]
    const base = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: at('contended') }
    await cluster.create(resources.sealedSecret, { ...base, spec: good })
    let stop = false
    const noise = (async () => {
      for (let count = 0; !stop; count += 1) {
        const body = { metadata: { labels: { count: String(count) } } }
        await cluster.patch(resources.sealedSecret, at('contended'), { type: 'merge', body })
      }
    })()
    try {
      for (let round = 0; round < 10; round += 1) {
        const spec = round % 2 === 0 ? bad : good
        await cluster.patch(resources.sealedSecret, at('contended'), {
          type: 'json',
          body: [{ op: 'replace', path: '/spec', value: spec }],
        })
        await untilSynced(cluster, at('contended'), round % 2 === 0 ? 'False' : 'True')
      }
    } finally {
      stop = true
      await noise
    }
  },

  'nothing is written when nothing changed': async ({ cluster, pem }) => {
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at('quiet'), stringData: { a: '1' } }))
    await untilSynced(cluster, at('quiet'), 'True')
    const before = await versions(cluster, 'quiet')
    await cluster.patch(resources.sealedSecret, at('quiet'), {
      type: 'merge',
      body: { metadata: { labels: { a: 'b' } } },
    })
    const marker = await seal(pem, { ...at('quiet-marker'), stringData: { a: '1' } })
    await cluster.create(resources.sealedSecret, marker)
    await untilSynced(cluster, at('quiet-marker'), 'True')
    assert.equal((await versions(cluster, 'quiet')).secret, before.secret)
  },

  'a status is all that is written to a SealedSecret: what kubectl put there stays its own': async (world) => {
    const { cluster, pem } = world
    const { metadata, ...sealed } = await seal(pem, { ...at('labelled'), stringData: { a: '1' } })
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'n' }
    const labelled = { ...metadata, annotations, labels: { l: 'v' }, finalizers: ['example.com/hold'] }
    const writer = { fieldManager: 'kubectl-client-side-apply' }
    const before = await cluster.create(resources.sealedSecret, { ...sealed, metadata: labelled }, writer)
    const after = await untilSynced(cluster, at('labelled'), 'True')
    const { managedFields: [entry] = [], resourceVersion: _, ...rest } = before.metadata
    const { managedFields = [], resourceVersion: __, ...same } = after?.metadata ?? {}
    const kubectl = managedFields.filter((writer) => Reflect.get(writer as object, 'subresource') !== 'status')
    assert.deepEqual([same, kubectl, after?.['spec'], managedFields.length], [rest, [entry], before['spec'], 2])
    await cluster.patch(resources.sealedSecret, at('labelled'), {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    })
  },

  'the HTTP API verifies, rotates and hides templates': async ({ cluster, controller, pem }) => {
    const url = `http://127.0.0.1:${controller.ports.api}`
    const post = (path: string, body: unknown) =>
      fetch(`${url}${path}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
    const sealed = await seal(pem, { ...at('rotating'), metadata: { labels: { keep: 'me' } }, stringData: { a: '1' } })
    const { template } = sealed['spec'] as { template: Record<string, unknown> }
    template['data'] = { t: '{{ fail .a }}' }
    assert.equal((await post('/v1/verify', sealed)).status, 200)
    const foreign = await seal((await foreignKey()).certificatePem, { ...at('rotating'), stringData: { a: '1' } })
    assert.equal((await post('/v1/verify', foreign)).status, 409)
    assert.equal((await post('/v1/verify', marshalYaml(sealed))).status, 200)
    assert.equal((await post('/v1/verify', `${marshalYaml(sealed)}---\n${marshalYaml(sealed)}`)).status, 500)
    for (const text of ['garbage', 'garbage: [', '', '\u0000', '[]', '"x"', '{', '1: &a [*a]']) {
      assert.equal((await post('/v1/verify', text)).status, 500, text)
    }
    assert.equal((await post('/v1/verify', secretOf('x'))).status, 500)
    assert.equal((await post('/v1/rotate', foreign)).status, 500)
    const widened = structuredClone(sealed)
    const inner = (widened['spec'] as { template: { metadata: { annotations?: object } } }).template.metadata
    inner.annotations = { 'sealedsecrets.bitnami.com/cluster-wide': 'true' }
    const rotated = (await (await post('/v1/rotate', widened)).json()) as Record<string, never>
    assert.equal(rotated['kind'], undefined)
    const again = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', ...rotated } as typeof sealed
    assert.notDeepEqual((again['spec'] as never)['encryptedData'], (sealed['spec'] as never)['encryptedData'])
    const { metadata } = (again['spec'] as { template: { metadata: Record<string, unknown> } }).template
    assert.deepEqual(metadata, { name: 'rotating', namespace: 'default', labels: { keep: 'me' } })
    assert.equal(
      (await post('/v1/verify', { ...again, metadata: { ...again.metadata, namespace: 'other' } })).status,
      409,
    )
    delete (again['spec'] as { template: Record<string, unknown> }).template['data']
    await cluster.create(resources.sealedSecret, again)
    await untilSynced(cluster, at('rotating'), 'True')
    assert.deepEqual(texts(await cluster.get(resources.secret, at('rotating'))), { a: '1' })
  },
}

test('SealedSecrets on a real API server', async (t: TestContext) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const controller = await startController(cluster, { sealedSecrets: sealedSettings() })
  t.after(() => controller.stop())
  const world = { cluster, controller, pem: await certificate(controller) }
  for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(world))
})

function secretOf(name: string): Manifest {
  return { apiVersion: 'v1', kind: 'Secret', metadata: at(name) }
}

async function replaceSpec(cluster: ApiServer, object: ClusterObject | null, spec: unknown): Promise<void> {
  const key = at(object?.metadata.name ?? '')
  await cluster.patch(resources.sealedSecret, key, {
    type: 'json',
    body: [{ op: 'replace', path: '/spec', value: spec }],
  })
}

function message(object: ClusterObject | null): string {
  return (object?.['status'] as { conditions?: { message?: string }[] } | undefined)?.conditions?.[0]?.message ?? ''
}

async function eventOf(cluster: ApiServer, name: string, reason: string, text?: string | RegExp): Promise<void> {
  const matches = (event: ClusterObject): boolean => {
    const { involvedObject, message: said } = event as unknown as { involvedObject: { name: string }; message: string }
    if (involvedObject.name !== name || event['reason'] !== reason) return false
    return text === undefined || (typeof text === 'string' ? said === text : text.test(said))
  }
  const options = { namespace: 'default' }
  const { items, resourceVersion } = await cluster.list(resources.event, options)
  if (items.some(matches)) return
  const signal = AbortSignal.timeout(120_000)
  for await (const event of cluster.watch(resources.event, { ...options, resourceVersion, signal })) {
    if (event.type !== 'bookmark' && matches(event.object)) return
  }
  assert.fail(`no event ${reason} for ${name}`)
}

async function versions(cluster: ApiServer, name: string): Promise<{ readonly secret: string | undefined }> {
  return { secret: (await cluster.get(resources.secret, at(name)))?.metadata.resourceVersion }
}
