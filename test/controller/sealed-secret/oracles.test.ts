import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { encodeBase64, type Manifest } from '@sealkit/core/manifest'
import { label, parseCertificate, sealItem } from '@sealkit/core/sealed'
import { type ApiServer, type Key, resources } from '@sealkit/kubernetes'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import {
  certificate,
  clientOf,
  type Running,
  seal,
  sealedSettings,
  startController,
  texts,
  untilSynced,
} from '../cluster.ts'

interface World {
  readonly cluster: ApiServer
  readonly controller: Running
  readonly pem: string
}

const at = (name: string, namespace = 'default'): Key => ({ namespace, name })
const wide = (scope: string) => ({ [`sealedsecrets.bitnami.com/${scope}`]: 'true' })

async function post({ controller }: World, path: string, body: unknown): Promise<{ status: number; text: string }> {
  const options = { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`http://127.0.0.1:${controller.ports.api}${path}`, options)
  return { status: response.status, text: await response.text() }
}

/** A SealedSecret with changes of its metadata and its template, as whoever found it in a repository can make them. */
function forged(
  sealed: Manifest,
  { metadata = {}, template = {} }: { metadata?: object; template?: object },
): Manifest {
  const spec = sealed['spec'] as { template: { metadata: object } }
  const changed = { ...spec.template, ...template }
  return { ...sealed, metadata: { ...sealed.metadata, ...metadata }, spec: { ...spec, template: changed } } as Manifest
}

async function refused(world: World, object: Manifest): Promise<void> {
  const key = at(object.metadata?.name ?? '', object.metadata?.namespace)
  await world.cluster.create(resources.sealedSecret, object)
  await untilSynced(world.cluster, key, 'False')
  assert.equal(await world.cluster.get(resources.secret, key), null)
}

const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'CVE-2026-22728: rotate widens no scope, whatever the template says': async (world) => {
    const sealed = await seal(world.pem, { ...at('victim'), stringData: { a: '1' } })
    for (const scope of ['cluster-wide', 'namespace-wide']) {
      const { metadata } = (sealed['spec'] as { template: { metadata: object } }).template
      const input = forged(sealed, { template: { metadata: { ...metadata, annotations: wide(scope) } } })
      const { status, text } = await post(world, '/v1/rotate', input)
      assert.equal(status, 200)
      const rotated = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', ...JSON.parse(text) } as Manifest
      for (const annotations of [{}, wide(scope)]) {
        const moved = forged(rotated, { metadata: { ...at(`thief-${scope}`, 'team'), annotations } })
        assert.equal((await post(world, '/v1/verify', moved)).status, 409)
      }
    }
  },

  'rotate and verify decrypt nothing under another name, namespace or scope': async (world) => {
    const sealed = await seal(world.pem, { ...at('original'), stringData: { a: '1' } })
    const narrow = await seal(world.pem, {
      ...at('original'),
      metadata: { annotations: wide('namespace-wide') },
      stringData: { a: '1' },
    })
    const attempts = [
      forged(sealed, { metadata: { name: 'other' } }),
      forged(sealed, { metadata: { namespace: 'team' } }),
      forged(sealed, { metadata: { annotations: wide('cluster-wide') } }),
      forged(sealed, { metadata: { annotations: wide('namespace-wide') } }),
      forged(narrow, { metadata: { namespace: 'team' } }),
      forged(narrow, { metadata: { annotations: wide('cluster-wide') } }),
      forged(narrow, { metadata: { annotations: {} } }),
    ]
    for (const attempt of attempts) {
      assert.deepEqual(await post(world, '/v1/verify', attempt), { status: 409, text: '' })
      assert.deepEqual(await post(world, '/v1/rotate', attempt), { status: 500, text: '' })
    }
  },

  'no answer depends on a value: templates are never rendered (issues 2019 and 2049)': async (world) => {
    const guesses = ['{{ if eq .a "right" }}{{ fail "x" }}{{ end }}', '{{ if eq .a "wrong" }}{{ fail "x" }}{{ end }}']
    const slow = '{{ if hasPrefix "r" .a }}{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}{{ end }}'
    for (const text of [...guesses, slow, '{{ .a.b }}', '{{']) {
      const sealed = await seal(world.pem, { ...at('guessed'), stringData: { a: 'right' } })
      const input = forged(sealed, { template: { data: { guess: text } } })
      assert.deepEqual(await post(world, '/v1/verify', input), { status: 200, text: '' })
      const rotated = await post(world, '/v1/rotate', input)
      assert.equal(rotated.status, 200)
      const { spec } = JSON.parse(rotated.text) as { spec: { template: { data: object }; encryptedData: object } }
      assert.deepEqual(spec.template.data, { guess: text })
      assert.deepEqual(Object.keys(spec.encryptedData), ['a'])
    }
  },

  'a Secret is made under the name and in the namespace of its SealedSecret, whatever the template says': async (
    world,
  ) => {
    const sealed = await seal(world.pem, { ...at('own'), stringData: { a: '1' } })
    const metadata = {
      name: 'stolen',
      namespace: 'team',
      generateName: 'x',
      ownerReferences: [{ kind: 'Pod', name: 'p' }],
    }
    await world.cluster.create(resources.sealedSecret, forged(sealed, { template: { metadata } }))
    await untilSynced(world.cluster, at('own'), 'True')
    const secret = await world.cluster.get(resources.secret, at('own'))
    assert.deepEqual(
      secret?.metadata.ownerReferences?.map(({ kind, name }) => [kind, name]),
      [['SealedSecret', 'own']],
    )
    for (const namespace of ['default', 'team']) {
      assert.equal(await world.cluster.get(resources.secret, at('stolen', namespace)), null)
    }
  },

  'so is one of the old format, whatever was sealed': async (world) => {
    const { publicKey } = parseCertificate(world.pem)
    const whole = {
      metadata: { name: 'stolen', namespace: 'team', uid: 'u', resourceVersion: '1' },
      data: { a: 'MQ==' },
    }
    const plaintext = Buffer.from(JSON.stringify(whole))
    const data = encodeBase64(await sealItem({ publicKey, label: label('strict', 'default', 'old'), plaintext }))
    const spec = { data, encryptedData: {} }
    const object = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { ...at('old') }, spec }
    await world.cluster.create(resources.sealedSecret, object as Manifest)
    await untilSynced(world.cluster, at('old'), 'True')
    assert.deepEqual(texts(await world.cluster.get(resources.secret, at('old'))), { a: '1' })
    assert.equal(await world.cluster.get(resources.secret, at('stolen', 'team')), null)
  },

  'a SealedSecret that was copied to another namespace gives nothing': async (world) => {
    const strict = await seal(world.pem, { ...at('copied'), stringData: { a: '1' } })
    await refused(world, forged(strict, { metadata: at('copied', 'team') }))
    const metadata = { annotations: wide('namespace-wide') }
    const narrow = await seal(world.pem, { ...at('narrow'), metadata, stringData: { a: '1' } })
    await refused(world, forged(narrow, { metadata: at('narrow', 'team') }))
    await refused(world, forged(narrow, { metadata: { ...at('claimed', 'team'), annotations: wide('cluster-wide') } }))
  },

  'templates see nothing of the controller': async (world) => {
    for (const [index, text] of [
      '{{ env "HOME" }}',
      '{{ expandenv "$HOME" }}',
      '{{ getHostByName "localhost" }}',
    ].entries()) {
      const sealed = await seal(world.pem, { ...at(`curious-${index}`), stringData: { a: '1' } })
      await refused(world, forged(sealed, { template: { data: { t: text } } }))
    }
  },

  'the answers of failed requests say nothing': async (world) => {
    for (const body of [
      '',
      'x',
      '{',
      '[]',
      'null',
      '5',
      '{"kind":"SealedSecret"}',
      { kind: 'Secret', apiVersion: 'v1' },
    ]) {
      for (const path of ['/v1/verify', '/v1/rotate']) {
        assert.deepEqual(await post(world, path, body), { status: 500, text: '' })
      }
    }
  },
}

test('the oracles and holes that Sealed Secrets had', { timeout: 540_000 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  await plane.createNamespace('team')
  const controller = await startController(cluster, { sealedSecrets: sealedSettings() })
  t.after(() => controller.stop())
  const world = { cluster, controller, pem: await certificate(controller) }
  for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(world))
})
