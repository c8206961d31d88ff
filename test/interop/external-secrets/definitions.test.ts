import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Admit, admission, crds, withRules } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ClusterObject, isKubernetesError, resources } from '@sealkit/kubernetes'
import { eventually } from '../../eventually.ts'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { answers, openClient } from './client.ts'
import { dryRunPath, placed, recordedManifests } from './manifests.ts'

test('definitions of External Secrets’ kinds', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  const client = openClient(plane)
  t.after(() => client.close())
  await client.define(crds('external-secrets'))
  const objects = recordedManifests()
  const ours = await answers(client, objects)

  await t.test('without an API server the same is accepted, filled in and refused', async () => {
    const admit = admission()
    const spoilt = objects.flatMap((object, index) => (typeof ours[index] === 'object' ? spoiled(object, index) : []))
    const asked = [...objects, ...spoilt]
    const answered = [...ours, ...(await answers(client, spoilt))]
    const refused = answered.filter((answer) => answer === 422 || answer === 400).length
    assert.ok(refused > 150, `${refused} of ${asked.length} were refused`)
    for (const [index, object] of asked.entries()) {
      if (answered[index] === 404) continue
      assert.deepEqual(admitted(admit, placed(object)), refusal(answered[index]), JSON.stringify(object))
    }
  })

  await t.test('rules refuse what the admission webhook refuses, in the API server and without one', async () => {
    const [crd] = crds('external-secrets')
    assert.ok(crd)
    await client.define([withRules(crd)])
    const admit = admission({ rules: true })
    const objectOf = (spec: object): Manifest => ({
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { name: 'es' },
      spec,
    })
    const path = dryRunPath(objectOf({}))
    await eventually(async () => (await client.send('POST', path, objectOf({}))).status === 422)
    for (const [what, spec, message] of ruled) {
      const object = objectOf(spec)
      const { status, body } = await client.send('POST', path, object)
      assert.equal(status, message === null ? 201 : 422, what)
      assert.equal(admitted(admit, object) === 'refused', message !== null, what)
      if (message === null) continue
      assert.ok(JSON.stringify(body).includes(message), `${what}: ${JSON.stringify(body)}`)
      assert.throws(() => admit(resources.externalSecret, object as ClusterObject), { code: 'INVALID' })
    }
  })
})

/** What the API server's answer is held against: how the object is stored, or that it is not. */
function refusal(answer: unknown): unknown {
  return typeof answer === 'number' ? 'refused' : plain(answer)
}

function admitted(admit: Admit, object: Manifest): unknown {
  const [group = '', version = ''] = (object.apiVersion ?? '').split('/')
  const kind = object.kind ?? ''
  const resource = { group, version, kind, plural: '', namespaced: true }
  try {
    return plain(admit(resource, object as ClusterObject)['spec'])
  } catch (error) {
    assert.ok(isKubernetesError(error, 'INVALID'), String(error))
    return 'refused'
  }
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

/** The object with one thing of its spec spoiled: another each time, the same in every run. */
function spoiled(object: Manifest, index: number): Manifest[] {
  const copy = structuredClone(object) as { spec?: unknown }
  const places: { readonly holder: Record<string, unknown>; readonly key: string }[] = []
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, part] of Object.entries(value)) {
      places.push({ holder: value as Record<string, unknown>, key })
      walk(part)
    }
  }
  walk(copy.spec)
  const place = places[(index * 7) % Math.max(1, places.length)]
  if (place === undefined) return []
  const { holder, key } = place
  const spoil = spoils[index % spoils.length]
  if (spoil === 'remove') delete holder[key]
  else if (spoil === 'add') holder[`${key}Unknown`] = 1
  else holder[key] = spoil
  return [plain(copy) as Manifest]
}

const spoils: readonly unknown[] = [7, {}, [], null, 'Not/A name', '', true, 'remove', 'add']

const store = { secretStoreRef: { name: 'st' } }
const one = (key = 'k'): object => ({ secretKey: key, remoteRef: { key: 'a' } })
const generator = { generatorRef: { kind: 'UUID', name: 'u' } }
const data = [one()]
const template = (more: object): object => ({ ...store, data, target: { template: more } })
const token = 'kubernetes.io/service-account-token'
const either = 'either data or dataFrom should be specified'
const ownership = "deletionPolicy=Delete must not be used when the controller doesn't own the secret"
const merging = 'deletionPolicy=Merge must not be used with creationPolicy=None'
const exclusive = 'extract, find, or generatorRef cannot be set at the same time'
const missing = 'either extract, find, or sourceRef must be set to dataFrom'
const duplicate = 'duplicate secretKey found'

/** What a spec is, and what the refusal says; null = it is accepted. */
const ruled: readonly (readonly [string, object, string | null])[] = [
  ['nothing to fetch', store, either],
  ['empty lists', { ...store, data: [], dataFrom: [] }, either],
  ['one entry', { ...store, data }, null],
  ['Delete and Merge', { ...store, data, target: { deletionPolicy: 'Delete', creationPolicy: 'Merge' } }, ownership],
  ['Delete and None', { ...store, data, target: { deletionPolicy: 'Delete', creationPolicy: 'None' } }, ownership],
  [
    'Delete and CreateOrMerge',
    { ...store, data, target: { deletionPolicy: 'Delete', creationPolicy: 'CreateOrMerge' } },
    ownership,
  ],
  ['Delete and Orphan', { ...store, data, target: { deletionPolicy: 'Delete', creationPolicy: 'Orphan' } }, null],
  ['Delete and the default', { ...store, data, target: { deletionPolicy: 'Delete' } }, null],
  ['Merge and None', { ...store, data, target: { deletionPolicy: 'Merge', creationPolicy: 'None' } }, merging],
  ['Merge and Merge', { ...store, data, target: { deletionPolicy: 'Merge', creationPolicy: 'Merge' } }, null],
  ['Retain and None', { ...store, data, target: { creationPolicy: 'None' } }, null],
  ['an empty entry of dataFrom', { ...store, dataFrom: [{}] }, missing],
  ['an entry of rewrites only', { ...store, dataFrom: [{ rewrite: [{ transform: { template: 'x' } }] }] }, missing],
  ['extract and find', { ...store, dataFrom: [{ extract: { key: 'a' }, find: {} }] }, exclusive],
  ['extract and a generator', { ...store, dataFrom: [{ extract: { key: 'a' }, sourceRef: generator }] }, exclusive],
  ['find and a generator', { ...store, dataFrom: [{ find: {}, sourceRef: generator }] }, exclusive],
  ['a generator', { dataFrom: [{ sourceRef: generator }] }, null],
  [
    'extract from a store of its own',
    { dataFrom: [{ extract: { key: 'a' }, sourceRef: { storeRef: { name: 's' } } }] },
    null,
  ],
  ['a sourceRef of nothing', { dataFrom: [{ sourceRef: {} }] }, 'sourceRef'],
  ['the same key twice', { ...store, data: [one(), one()] }, duplicate],
  ['the same key twice, Retain', { ...store, data: [one(), one()], target: { deletionPolicy: 'Retain' } }, duplicate],
  ['the same key twice, as fallbacks', { ...store, data: [one(), one()], target: { deletionPolicy: 'Delete' } }, null],
  ['the same key twice, merged', { ...store, data: [one(), one()], target: { deletionPolicy: 'Merge' } }, null],
  [
    '500 keys',
    { ...store, data: Array.from({ length: 500 }, (_, index) => one(`a-key-of-some-length-${index}`)) },
    null,
  ],
  ['a bootstrap token', template({ type: 'bootstrap.kubernetes.io/token' }), 'bootstrap.kubernetes.io/token'],
  ['another type', template({ type: 'kubernetes.io/tls' }), null],
  [
    'a ServiceAccount’s token',
    template({ type: token, metadata: { annotations: { 'kubernetes.io/service-account.name': 'x' } } }),
    token,
  ],
  [
    'a ServiceAccount’s token by templates',
    template({ type: token, templateFrom: [{ target: 'ANNOTATIONS', literal: 'x' }] }),
    token,
  ],
  ['a token that names no ServiceAccount', template({ type: token, metadata: { annotations: { a: 'b' } } }), null],
]
