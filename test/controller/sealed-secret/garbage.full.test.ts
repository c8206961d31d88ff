import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { certificate, clientOf, seal, sealedSettings, startController, until, untilSynced } from '../cluster.ts'

test('the garbage collector deletes the Secret of a SealedSecret that is gone, and no other', {
  timeout: 300_000,
}, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver', 'kube-controller-manager')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets'), controllerManager: true })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const controller = await startController(cluster, { sealedSecrets: sealedSettings() })
  t.after(() => controller.stop())
  const pem = await certificate(controller)
  const at = (name: string) => ({ namespace: 'default', name })
  const annotations = { 'sealedsecrets.bitnami.com/skip-set-owner-references': 'true' }
  const metadata = { ownerless: { annotations } } as Readonly<Record<string, object>>
  for (const name of ['owned', 'ownerless', 'kept']) {
    const fields = metadata[name] === undefined ? {} : { metadata: metadata[name] }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...at(name), ...fields, stringData: { a: '1' } }))
    await untilSynced(cluster, at(name), 'True')
  }
  for (const name of ['ownerless', 'owned']) await cluster.delete(resources.sealedSecret, at(name))
  await until(cluster, resources.secret, at('owned'), (secret) => secret === null)
  for (const name of ['ownerless', 'kept']) assert.notEqual(await cluster.get(resources.secret, at(name)), null, name)
})
