import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crds } from '@sealkit/controller'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import { eventually } from '../eventually.ts'
import { type ControlPlane, startControlPlane } from '../servers/controlplane.ts'
import { available } from '../servers/programs.ts'
import { type Child, looked, pemOf, startChild } from './child.ts'
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
} from './cluster.ts'

const entry = fileURLToPath(new URL('../../packages/controller/src/bin/sealed-secrets-controller.ts', import.meta.url))

/** resourceVersions of everything that the controller may write. */
async function versions(cluster: ApiServer): Promise<string[]> {
  const kinds = [resources.secret, resources.sealedSecret, resources.event]
  const lists = await Promise.all(kinds.map((resource) => cluster.list(resource, { namespace: 'default' })))
  return lists
    .flatMap(({ items }) => items.map(({ kind, metadata }) => `${kind}/${metadata.name}@${metadata.resourceVersion}`))
    .sort()
}

function names(count: number, prefix: string): { namespace: string; name: string }[] {
  return Array.from({ length: count }, (_, index) => ({ namespace: 'default', name: `${prefix}-${index}` }))
}

/** Long enough for a slow machine to end in order; SIGKILL then. */
const graceMs = 60_000

/** What a case runs in; what it starts does not outlive it, however it ends. */
interface World {
  readonly plane: ControlPlane
  readonly cluster: ApiServer
  readonly child: () => Promise<Child>
  readonly controller: (...given: StartArguments) => Promise<Running>
  readonly t: TestContext
}

type StartArguments = Parameters<typeof startController> extends [unknown, ...infer Rest] ? Rest : never

function worldOf(t: TestContext, plane: ControlPlane, cluster: ApiServer): World {
  return {
    ...{ t, plane, cluster },
    async child() {
      const child = await startChild(plane)
      t.after(() => child.server.kill())
      return child
    },
    async controller(...given) {
      const controller = await startController(cluster, ...given)
      t.after(() => controller.stop())
      return controller
    },
  }
}

const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'a restart writes nothing and decrypts nothing': async ({ cluster, child: start }) => {
    const first = await start()
    const pem = await pemOf(first)
    const keys = names(20, 'restart')
    for (const key of keys)
      await cluster.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: key.name } }))
    for (const key of keys) await untilSynced(cluster, key, 'True')
    await first.server.stop(graceMs)
    const before = await versions(cluster)
    const second = await start()
    await looked(second, keys.length)
    const extra = { namespace: 'default', name: 'after-restart' }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...extra, stringData: { a: '1' } }))
    await untilSynced(cluster, extra, 'True')
    await second.server.stop(graceMs)
    const after = new Set(await versions(cluster))
    assert.deepEqual(
      before.filter((version) => !after.has(version)),
      [],
    )
  },

  'what was changed while it was away is brought back': async ({ cluster, child: start }) => {
    const key = { namespace: 'default', name: 'restart-0' }
    const body = { data: { a: Buffer.from('changed').toString('base64') } }
    await cluster.patch(resources.secret, key, { type: 'merge', body }, { fieldManager: 'somebody' })
    const { server } = await start()
    await until(cluster, resources.secret, key, (secret) => texts(secret)['a'] === 'restart-0')
    await server.stop(graceMs)
  },

  'kill -9 in the middle of the work loses nothing': async ({ cluster, child: start }) => {
    const first = await start()
    const pem = await pemOf(first)
    const keys = names(60, 'killed')
    const created = (async () => {
      for (const key of keys)
        await cluster.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: key.name } }))
    })()
    await until(cluster, resources.secret, { namespace: 'default', name: 'killed-10' }, (secret) => secret !== null)
    await first.server.kill()
    await created
    const second = await start()
    for (const key of keys) await untilSynced(cluster, key, 'True')
    for (const key of keys) assert.deepEqual(texts(await cluster.get(resources.secret, key)), { a: key.name })
    await second.server.stop(graceMs)
  },

  'an API server that dies and comes back is taken up again': async ({ plane, cluster, child: start }) => {
    const child = await start()
    const pem = await pemOf(child)
    await plane.killApiserver()
    await plane.restartApiserver()
    const key = { namespace: 'default', name: 'after-outage' }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: '1' } }))
    await untilSynced(cluster, key, 'True')
    await child.server.stop(graceMs)
  },

  'SIGTERM ends it in order with 0': async ({ plane, t }) => {
    const child = spawn(
      process.execPath,
      [
        '--conditions=source',
        entry,
        `--kubeconfig=${plane.kubeconfig}`,
        '--listen-addr=127.0.0.1:0',
        '--listen-metrics-addr=127.0.0.1:0',
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, POD_NAMESPACE: 'kube-system' },
      },
    )
    t.after(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
    })
    child.stderr.resume()
    await eventually(() => out.includes('HTTP metrics server serving'))
    child.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
  },

  'SIGUSR1 makes a new key, and what the old one sealed still works': async ({ cluster, child: start }) => {
    const child = await start()
    const pem = await pemOf(child)
    process.kill(child.server.pid, 'SIGUSR1')
    await eventually(
      () => pemOf(child),
      (next) => next !== pem,
    )
    const key = { namespace: 'default', name: 'sealed-for-the-old-key' }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: '1' } }))
    await untilSynced(cluster, key, 'True')
    await child.server.stop(graceMs)
  },

  'key Secrets that hold no key never stop it': async ({ cluster, child: start }) => {
    const labels = { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' }
    const [one, two] = [await foreignKey(), await foreignKey()]
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' })
    const [head = '', ...body] = one.certificatePem.split('\n')
    const broken: Readonly<Record<string, readonly [object, RegExp]>> = {
      empty: [{}, /has no tls.key/],
      text: [{ 'tls.key': 'no key', 'tls.crt': 'no certificate' }, /no private key found/],
      half: [{ 'tls.key': one.privateKeyPem, 'tls.crt': '' }, /certificate/],
      'no-certificate': [{ 'tls.key': one.privateKeyPem }, /has no tls.crt/],
      garbage: [{ 'tls.key': one.privateKeyPem, 'tls.crt': [head, 'AAAA', ...body].join('\n') }, /certificate/],
      curve: [{ 'tls.key': String(ec), 'tls.crt': one.certificatePem }, /of type ec, not RSA/],
      swapped: [{ 'tls.key': one.certificatePem, 'tls.crt': one.privateKeyPem }, /no private key found/],
      huge: [{ 'tls.key': 'x'.repeat(500_000), 'tls.crt': `${'-'.repeat(400_000)}\n` }, /no private key found/],
      pair: [{ 'tls.key': one.privateKeyPem, 'tls.crt': two.certificatePem }, /not the certificate of tls.key/],
    }
    for (const [name, [stringData]] of Object.entries(broken)) {
      const metadata = { name: `broken-${name}`, namespace: 'kube-system', labels }
      await cluster.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata, stringData })
    }
    const child = await start()
    const pem = await pemOf(child)
    assert.notEqual(pem, two.certificatePem, 'a certificate whose key nobody has is given out')
    const key = { namespace: 'default', name: 'beside-broken-keys' }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: '1' } }))
    await untilSynced(cluster, key, 'True')
    const paired = { namespace: 'default', name: 'sealed-for-the-key-of-a-wrong-pair' }
    await cluster.create(resources.sealedSecret, await seal(one.certificatePem, { ...paired, stringData: { a: '1' } }))
    await untilSynced(cluster, paired, 'True')
    await child.server.stop(graceMs)
    for (const [name, [, text]] of Object.entries(broken)) {
      const said = (): string | undefined =>
        child.server
          .output()
          .split('\n')
          .find((each) => each.includes(`secret=broken-${name} `) || each.endsWith(`secret=broken-${name}`))
      assert.match((await eventually(said)) ?? '', text, name)
    }
  },

  'of two replicas one writes, and the other goes on when it ends': async ({ cluster, controller }) => {
    const start = (identity: string): Promise<Running> =>
      controller({ sealedSecrets: sealedSettings(), leaderElection: true, identity })
    const first = await start('one')
    await eventually(() => /leading identity=one_/.test(first.log()))
    const second = await start('two')
    const pem = await certificate(second)
    const key = { namespace: 'default', name: 'replicated' }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: '1' } }))
    await untilSynced(cluster, key, 'True')
    assert.ok(!second.log().includes('leading'))
    await first.stop()
    const next = { namespace: 'default', name: 'replicated-next' }
    await cluster.create(resources.sealedSecret, await seal(pem, { ...next, stringData: { a: '1' } }))
    await untilSynced(cluster, next, 'True')
    assert.match(second.log(), /leading identity=two_/)
    await second.stop()
  },

  'it does not start beside the upstream controller, unless told to': async ({ cluster, controller }) => {
    const metadata = { name: 'upstream', namespace: 'kube-system', labels: { name: 'sealed-secrets-controller' } }
    const spec = { containers: [{ name: 'a', image: 'a' }] }
    const pod = await cluster.create(resources.pod, { apiVersion: 'v1', kind: 'Pod', metadata, spec })
    await cluster.updateStatus(resources.pod, { ...pod, status: { phase: 'Running' } })
    await assert.rejects(controller({ sealedSecrets: sealedSettings() }), { code: 'UPSTREAM_RUNNING' })
    const taken = await controller({ sealedSecrets: sealedSettings(), takeover: true })
    await taken.stop()
    await cluster.delete(resources.pod, { namespace: 'kube-system', name: 'upstream' })
  },

  'a key that is relabelled is no longer used': async ({ cluster, controller: start }) => {
    const key = await foreignKey()
    await cluster.create(resources.secret, keySecret('retired', key))
    const controller = await start({ sealedSecrets: sealedSettings() })
    const sealed = (name: string) => seal(key.certificatePem, { namespace: 'default', name, stringData: { a: '1' } })
    await cluster.create(resources.sealedSecret, await sealed('before-retirement'))
    await untilSynced(cluster, { namespace: 'default', name: 'before-retirement' }, 'True')
    const body = { metadata: { labels: { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'compromised' } } }
    await cluster.patch(resources.secret, { namespace: 'kube-system', name: 'retired' }, { type: 'merge', body })
    const verify = async (): Promise<number> => {
      const request = { method: 'POST', body: JSON.stringify(await sealed('x')) }
      return (await fetch(`http://127.0.0.1:${controller.ports.api}/v1/verify`, request)).status
    }
    await eventually(verify, (status) => status === 409)
    await controller.stop()
  },
}

test('the Sealed Secrets controller as a process', { timeout: 540_000 }, async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  for (const [name, run] of Object.entries(cases)) await t.test(name, (t) => run(worldOf(t, plane, cluster)))
})
