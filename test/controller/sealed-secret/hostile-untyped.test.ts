import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { resources } from '@sealkit/kubernetes'
import { applyCrd } from '../../servers/controlplane.ts'
import { sealedSettings, startController } from '../cluster.ts'
import { at, healthy, sealedSecret, settled, slug, startWorld } from './hostile.ts'

/** Objects of a definition that checks nothing; what their status says, null = in sync. */
const untyped: Readonly<Record<string, readonly [unknown, RegExp | null]>> = {
  'no spec': [undefined, null],
  'a spec of null': [null, null],
  'a spec that is a number': [5, null],
  'a spec that is a list': [[1], null],
  'items that are a list': [{ encryptedData: ['a'] }, null],
  'an item that is a number': [{ encryptedData: { a: 5 } }, /^no key could decrypt secret \(a\)$/],
  'an item that is null': [{ encryptedData: { a: null } }, /^no key could decrypt secret \(a\)$/],
  'an item that is an object': [{ encryptedData: { a: { b: 'c' } } }, /^no key could decrypt secret \(a\)$/],
  'the old format as a number': [{ data: 5 }, /no key could decrypt secret/],
  'the old format as an object': [{ data: {} }, /no key could decrypt secret/],
  'a template that is a text': [{ encryptedData: {}, template: 'x' }, null],
  'labels that are numbers': [{ encryptedData: {}, template: { metadata: { labels: { a: 5 } } } }, /./],
  'labels that are a list': [{ encryptedData: {}, template: { metadata: { labels: ['a'] } } }, /./],
  'annotations that are a text': [{ encryptedData: {}, template: { metadata: { annotations: 'x' } } }, /./],
  'finalizers that are a number': [{ encryptedData: {}, template: { metadata: { finalizers: 5 } } }, /./],
  'a type that is a number': [{ encryptedData: {}, template: { type: 5 } }, null],
  'immutable as a text': [{ encryptedData: {}, template: { immutable: 'yes' } }, null],
}

test('where the definition of the kind checks nothing, objects of wrong types fail alone', {
  timeout: 540_000,
}, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { plane, cluster, controller } = world
  await controller.stop()
  const [crd] = structuredClone(crds('sealed-secrets')) as unknown as [{ spec: { versions: { schema: object }[] } }]
  for (const version of crd.spec.versions) {
    version.schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  }
  await applyCrd(plane.request, crd as never)
  const again = await startController(cluster, { sealedSecrets: sealedSettings() })
  t.after(() => again.stop())
  for (const [title, [spec, expected]] of Object.entries(untyped)) {
    await t.test(title, async () => {
      const name = `untyped-${slug(title)}`
      const made = await cluster.create(resources.sealedSecret, sealedSecret(name, spec))
      await settled(world, name, expected)
      await cluster.updateStatus(resources.sealedSecret, {
        ...((await cluster.get(resources.sealedSecret, at(name))) ?? made),
        status: { conditions: 5, observedGeneration: 'x' },
      })
    })
  }
  await healthy(world, 'after-untyped')
})
