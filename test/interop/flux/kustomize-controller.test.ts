import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import type { ClusterObject, Resource } from '@sealkit/kubernetes'
import { resources } from '@sealkit/kubernetes'
import { keys, World } from '../../cli/sops/world.ts'
import { clientOf, texts, until } from '../../controller/cluster.ts'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { fluxCrds, serveArtifacts, startKustomizeController } from './flux.ts'

const kustomization: Resource = {
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  plural: 'kustomizations',
  kind: 'Kustomization',
  namespaced: true,
}
const gitRepository: Resource = {
  group: 'source.toolkit.fluxcd.io',
  version: 'v1',
  plural: 'gitrepositories',
  kind: 'GitRepository',
  namespaced: true,
}
const namespace = 'default'

const secret = (name: string, rest: string): string => `apiVersion: v1
kind: Secret
metadata:
  name: ${name}
${rest}`

/** Files in plain text; those that Flux has to decrypt, in every form that it reads. */
const files: Readonly<Record<string, string>> = {
  'data.yaml': secret('in-data', 'data:\n  zebra: AAEC/w==\n  apple: eA==\n'),
  'string.yaml': secret(
    'in-string',
    '# a comment\nstringData:\n  z: "10"\n  a: |\n    two\n    lines # no comment\n  empty: ""\n',
  ),
  'two.yaml': `${secret('two-one', 'stringData:\n  k: one\n')}---\n${secret('two-two', 'stringData:\n  k: two\n')}`,
  'secret.json': JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'in-json' },
    stringData: { b: 'x', a: 'ä' },
  }),
  'app.env': 'USER=zoe\nPASSWORD=a=b c\n',
  'config.json': '{"z": 1, "a": [true, null, 1.5]}',
  'config.yaml': 'z: 1\na:\n  - true\n',
  'settings.ini': '[main]\nkey = value\n',
  'blob.bin': 'any\nbytes é\n',
}
const manifests = ['data.yaml', 'string.yaml', 'two.yaml', 'secret.json']

const kustomizationFile = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: NAMESPACE
resources: [${manifests.join(', ')}]
generatorOptions: {disableNameSuffixHash: true}
secretGenerator:
  - name: from-env
    envs: [app.env]
  - name: from-files
    files: [config.json, config.yaml, settings.ini, blob.bin]
`

/** What each Secret must hold, as the real sops decrypts the files. */
const wanted: readonly (readonly [name: string, data: Readonly<Record<string, string>>])[] = [
  ['in-data', { zebra: Buffer.from([0, 1, 2, 255]).toString(), apple: 'x' }],
  ['in-string', { z: '10', a: 'two\nlines # no comment\n', empty: '' }],
  ['two-one', { k: 'one' }],
  ['two-two', { k: 'two' }],
  ['in-json', { b: 'x', a: 'ä' }],
  ['from-env', { USER: 'zoe', PASSWORD: 'a=b c' }],
]

/** Flux decrypts only files that hold these. */
const markers: Readonly<Record<string, string>> = {
  'data.yaml': '\n    mac: ENC[',
  'secret.json': '"mac": "ENC[',
  'app.env': '\nsops_mac=ENC[',
  'config.json': '"mac": "ENC[',
  'settings.ini': '[sops]',
  'blob.bin': '"mac": "ENC[',
}

type Encrypt = (world: World, name: string) => Promise<unknown>
const rule = (name: string): string[] => (manifests.includes(name) ? ['--encrypted-regex', '^(data|stringData)$'] : [])

/** The two command lines of ours that write SOPS files. */
const writers: Readonly<Record<string, Encrypt>> = {
  sops: (world, name) => world.sealkit(['sops', 'encrypt', '-i', '--age', keys[0].recipient, ...rule(name), name]),
  sealkit: (world, name) => world.sealkit(['encrypt', '-i', '--age', keys[0].recipient, ...rule(name), name]),
}

test('the real kustomize-controller reads what we write', { timeout: 540_000 }, async (t) => {
  const programs = await available(t, 'etcd', 'kube-apiserver', 'kustomize-controller', 'sops')
  if (programs === null) return
  const plane = await startControlPlane({ crds: fluxCrds })
  t.after(() => plane.stop())
  const artifacts = await serveArtifacts()
  t.after(() => artifacts.close())
  const flux = await startKustomizeController(programs['kustomize-controller'], plane)
  t.after(() => flux.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const ageSecret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'sops-age' } }
  await cluster.create(resources.secret, { ...ageSecret, stringData: { 'age.agekey': keys[0].identity } })

  for (const [writer, encrypt] of Object.entries(writers)) {
    await t.test(`files that ${writer} encrypts`, async (t) => {
      const target = `from-${writer}`
      await plane.createNamespace(target)
      const world = new World({ ...files, 'kustomization.yaml': kustomizationFile.replace('NAMESPACE', target) })
      t.after(() => world.remove())
      for (const name of Object.keys(files)) {
        const result = (await encrypt(world, name)) as { code: number | null; stderr: string }
        assert.equal(result.code, 0, result.stderr)
        assert.ok(world.read(name).includes(markers[name] ?? 'ENC['), `${name} holds the marker`)
      }
      const decrypted = (name: string): string =>
        execFileSync(programs.sops, ['decrypt', name], {
          cwd: world.folder,
          env: { SOPS_AGE_KEY: keys[0].identity, HOME: world.folder },
        }).toString()
      const generated = ['config.json', 'config.yaml', 'settings.ini', 'blob.bin']
      const whole = Object.fromEntries(generated.map((name) => [name, decrypted(name)]))
      const kind = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository' }
      const source = await cluster.create(gitRepository, {
        ...kind,
        metadata: { namespace, name: target },
        spec: { interval: '1h', url: 'https://example.com/repository' },
      })
      world.write('keys.txt', '')
      const conditions = [
        { type: 'Ready', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '2026-01-02T03:04:05Z' },
      ]
      const status = { observedGeneration: 1, artifact: artifacts.add(world.folder), conditions }
      await cluster.updateStatus(gitRepository, { ...source, status })
      await cluster.create(kustomization, {
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        metadata: { namespace, name: target },
        spec: {
          interval: '1h',
          path: './',
          prune: false,
          sourceRef: { kind: 'GitRepository', name: target },
          decryption: { provider: 'sops', secretRef: { name: 'sops-age' } },
        },
      })
      const done = await until(cluster, kustomization, { namespace, name: target }, isDecided)
      assert.equal(ready(done)?.status, 'True', `${ready(done)?.message}\n${flux.output().slice(-3000)}`)
      for (const [name, data] of [...wanted, ['from-files', whole] as const]) {
        const made = await cluster.get(resources.secret, { namespace: target, name })
        assert.deepEqual(texts(made), data, name)
      }
    })
  }
})

interface Ready {
  readonly type: string
  readonly status: string
  readonly message: string
}

function ready(object: ClusterObject | null): Ready | undefined {
  const { conditions = [] } = (object?.['status'] ?? {}) as { conditions?: Ready[] }
  return conditions.find(({ type }) => type === 'Ready')
}

function isDecided(object: ClusterObject | null): boolean {
  return ['True', 'False'].includes(ready(object)?.status ?? '')
}
