import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  checkKeyPrefix,
  crds,
  createLog,
  keySelector,
  type SealedSecretSettings,
  sealingKeys,
} from '@sealkit/controller'
import { KeyRing } from '@sealkit/core/sealed'
import { type ApiServer, type ClusterObject, resources } from '@sealkit/kubernetes'
import { eventually } from '../eventually.ts'
import { startControlPlane } from '../servers/controlplane.ts'
import { available } from '../servers/programs.ts'
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
  untilSynced,
} from './cluster.ts'

/** Watches the key Secrets of kube-system until there are so many. */
async function untilKeys(cluster: ApiServer, count: number): Promise<ClusterObject[]> {
  const options = { namespace: 'kube-system', labelSelector: keySelector }
  const { items, resourceVersion } = await cluster.list(resources.secret, options)
  const found = new Map(items.map((item) => [item.metadata.name, item]))
  if (found.size < count) {
    const signal = AbortSignal.timeout(120_000)
    for await (const event of cluster.watch(resources.secret, { ...options, resourceVersion, signal })) {
      if (event.type === 'bookmark') continue
      found.set(event.object.metadata.name, event.object)
      if (found.size >= count) break
    }
  }
  return [...found.values()]
}

/** A clock that starts with a second and goes on by a millisecond at each look. */
function nextMillisecond(): () => Date {
  let time = Math.floor(Date.now() / 1_000) * 1_000
  return () => new Date(time++)
}

async function clear(cluster: ApiServer): Promise<void> {
  const { items } = await cluster.list(resources.secret, { namespace: 'kube-system' })
  for (const { metadata } of items)
    await cluster.delete(resources.secret, { namespace: 'kube-system', name: metadata.name })
}

test('sealing keys', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const started = async (t: TestContext, sealedSecrets: SealedSecretSettings): Promise<Running> => {
    const controller = await startController(cluster, { sealedSecrets })
    t.after(() => controller.stop())
    return controller
  }

  await t.test('a new key is a tls Secret with the labels, annotations and name that upstream gives it', async (t) => {
    const settings = sealedSettings({ keyLabels: { team: 'x' }, keyAnnotations: { note: 'n' }, commonName: 'cn' })
    const controller = await started(t, settings)
    const [key] = await untilKeys(cluster, 1)
    assert.match(key?.metadata.name ?? '', /^sealed-secrets-key[a-z0-9]{5}$/)
    assert.equal(key?.['type'], 'kubernetes.io/tls')
    assert.deepEqual(key?.metadata.labels, { team: 'x', 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' })
    assert.deepEqual(key?.metadata.annotations, { note: 'n' })
    assert.deepEqual(Object.keys(texts(key ?? null)).sort(), ['tls.crt', 'tls.key'])
    assert.equal(texts(key ?? null)['tls.crt'], await certificate(controller))
    await controller.stop()
    const again = await started(t, settings)
    await certificate(again)
    await again.stop()
    assert.equal((await untilKeys(cluster, 1)).length, 1, 'a start with a key makes none')
    await clear(cluster)
  })

  await t.test('a key is renewed when its period has passed, and the newest seals', async (t) => {
    const settings = sealedSettings({ keyRenewPeriod: 2_000 })
    const controller = await started(t, settings)
    const first = await certificate(controller)
    await untilKeys(cluster, 2)
    await eventually(
      () => certificate(controller),
      (next) => next !== first,
    )
    await controller.stop()
    await clear(cluster)
  })

  await t.test('a newest key from before the cutoff is followed by a new one at start', async (t) => {
    await cluster.create(resources.secret, keySecret('old', await foreignKey()))
    const settings = sealedSettings({ keyCutoff: new Date(Date.now() - 60_000) })
    const controller = await started(t, settings)
    await untilKeys(cluster, 2)
    await controller.stop()
    await clear(cluster)
  })

  await t.test('a Secret named as the prefix is a key without the label, as the first versions had it', async (t) => {
    const key = await foreignKey()
    const legacy = keySecret('sealed-secrets-key', key)
    const { labels: _, ...metadata } = legacy.metadata ?? {}
    await cluster.create(resources.secret, { ...legacy, metadata })
    const controller = await started(t, sealedSettings({ watchKeys: false }))
    assert.equal(await certificate(controller), key.certificatePem)
    await controller.stop()
    assert.deepEqual(await untilKeys(cluster, 0), [], 'it needs no other key')
  })

  await t.test('of keys that are made within one second the last one seals', async () => {
    const keyRing = new KeyRing()
    const { keyPrefix: prefix, keyOrder: order, keySize, keyTtl: validFor, commonName } = sealedSettings()
    const keys = sealingKeys({
      ...{ cluster, namespace: 'kube-system', keyRing, prefix, order, keySize, validFor, commonName },
      ...{ renewPeriod: 0, cutoff: null, labels: {}, annotations: {} },
      log: createLog({ out: () => undefined }),
      now: nextMillisecond(),
    })
    for (let count = 1; count <= 3; count += 1) {
      const before = keyRing.newest()?.fingerprint
      await keys.generate()
      assert.notEqual(keyRing.newest()?.fingerprint, before)
      assert.equal(keyRing.size, count)
    }
    await clear(cluster)
  })

  await t.test('only the namespaces that were named are looked at', async (t) => {
    await plane.createNamespace('seen')
    await plane.createNamespace('unseen')
    const controller = await started(t, sealedSettings({ namespaces: ['seen', 'default'] }))
    const pem = await certificate(controller)
    for (const namespace of ['unseen', 'seen', 'default']) {
      await cluster.create(resources.sealedSecret, await seal(pem, { namespace, name: 'a', stringData: { a: '1' } }))
    }
    await untilSynced(cluster, { namespace: 'seen', name: 'a' }, 'True')
    await untilSynced(cluster, { namespace: 'default', name: 'a' }, 'True')
    assert.equal((await cluster.get(resources.sealedSecret, { namespace: 'unseen', name: 'a' }))?.['status'], undefined)
    await controller.stop()
  })
})

test('a prefix that no name can begin with is refused with the words of upstream', () => {
  checkKeyPrefix('sealed-secrets-key')
  checkKeyPrefix('')
  assert.throws(() => checkKeyPrefix('Key'), {
    code: 'CONTROLLER_USAGE',
    upstream: 'name contains illegal character K',
  })
  assert.throws(() => checkKeyPrefix('k'.repeat(246)), {
    upstream: 'name is too long, must be shorter than 245, got 246',
  })
})
