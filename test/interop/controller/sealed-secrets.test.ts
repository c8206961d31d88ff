import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, type Key, resources } from '@sealkit/kubernetes'
import {
  certificate,
  certificateAt,
  clientOf,
  foreignKey,
  seal,
  sealedSettings,
  startController,
  texts,
  untilSynced,
} from '../../controller/cluster.ts'
import { applyCrd, startControlPlane } from '../../servers/controlplane.ts'
import { freePort } from '../../servers/process.ts'
import { available } from '../../servers/programs.ts'
import { hostAddress, startProxied } from '../kubeseal/proxied.ts'

const at = (name: string, namespace = 'default'): { namespace: string; name: string } => ({ namespace, name })

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

function kubeseal(program: string, args: readonly string[], input: string): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(program, [...args], { timeout: 240_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err })
    })
    child.stdin?.end(input)
  })
}

function secret(key: Key, stringData: Record<string, string>, more: object = {}): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: key, stringData, ...more })
}

async function unsealed(cluster: ApiServer, key: Key, sealed: Manifest): Promise<Record<string, string>> {
  await cluster.create(resources.sealedSecret, { ...sealed, metadata: { ...sealed.metadata, ...key } })
  await untilSynced(cluster, key, 'True')
  return texts(await cluster.get(resources.secret, key))
}

test('what the real kubeseal seals our controller unseals', async (t) => {
  const programs = await available(t, 'etcd', 'kube-apiserver', 'kubeseal')
  if (programs === null) return
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  t.after(() => plane.stop())
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const controller = await startController(cluster, { sealedSecrets: sealedSettings() })
  t.after(() => controller.stop())
  const folder = await mkdtemp(join(tmpdir(), 'sealkit-interop-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const cert = join(folder, 'cert.pem')
  await writeFile(cert, await certificate(controller))
  await plane.createNamespace('elsewhere')

  const data = { password: 'p&<>"é', empty: '', 'multi.line': 'a\nb\n' }
  const scopes: readonly (readonly [string, Key])[] = [
    ['strict', at('strict')],
    ['namespace-wide', at('renamed-in-namespace')],
    ['cluster-wide', at('renamed-anywhere', 'elsewhere')],
  ]
  for (const [scope, place] of scopes) {
    await t.test(scope, async () => {
      const args = ['--cert', cert, '--scope', scope, '-o', 'json']
      const { code, out, err } = await kubeseal(programs.kubeseal, args, secret(at('strict'), data))
      assert.equal(code, 0, err)
      assert.deepEqual(await unsealed(cluster, place, JSON.parse(out) as Manifest), data)
    })
  }

  await t.test('labels, annotations and type', async () => {
    const metadata = { ...at('dressed'), labels: { app: 'x' }, annotations: { note: 'n' } }
    const input = JSON.stringify({ ...JSON.parse(secret(at('x'), { a: '1' }, { type: 'example.org/t' })), metadata })
    const { out } = await kubeseal(programs.kubeseal, ['--cert', cert, '-o', 'json'], input)
    assert.deepEqual(await unsealed(cluster, at('dressed'), JSON.parse(out) as Manifest), { a: '1' })
    const made = await cluster.get(resources.secret, at('dressed'))
    assert.deepEqual(
      [made?.metadata.labels, made?.metadata.annotations, made?.['type']],
      [{ app: 'x' }, { note: 'n' }, 'example.org/t'],
    )
  })
})

test('the real kubeseal works online with our controller', async (t) => {
  const programs = await available(t, 'etcd', 'kube-apiserver', 'kubeseal')
  if (programs === null) return
  const address = hostAddress()
  if (address === undefined) return t.skip('the service proxy needs an address that is not loopback')
  const port = await freePort()
  const plane = await startProxied(address, { 'sealed-secrets-controller': { port } })
  t.after(() => plane.stop())
  for (const crd of crds('sealed-secrets')) await applyCrd(plane.request, crd)
  const cluster = await clientOf(plane)
  t.after(() => cluster.close())
  const settings = sealedSettings({ address: `${address}:${port}` })
  const controller = await startController(cluster, { sealedSecrets: settings, takeover: true })
  t.after(() => controller.stop())
  const pem = await certificateAt(`http://${address}:${port}`)
  const online = (args: readonly string[], input = ''): Promise<Ran> =>
    kubeseal(programs.kubeseal, ['--kubeconfig', plane.kubeconfig, ...args], input)

  await t.test('--fetch-cert gives the certificate as it is', async () => {
    assert.deepEqual(await online(['--fetch-cert']), { code: 0, out: pem, err: '' })
  })

  await t.test('sealing, validating and re-encrypting', async () => {
    const { out: sealed } = await online(['-o', 'json'], secret(at('online'), { a: '1' }))
    assert.equal((await online(['--validate'], sealed)).code, 0)
    const { code, out: again } = await online(['--re-encrypt', '-o', 'json'], sealed)
    assert.equal(code, 0)
    assert.notEqual(JSON.parse(again).spec.encryptedData.a, JSON.parse(sealed).spec.encryptedData.a)
    assert.deepEqual(await unsealed(cluster, at('online'), JSON.parse(again) as Manifest), { a: '1' })
  })

  await t.test('what cannot be decrypted is not valid', async () => {
    const foreign = await seal((await foreignKey()).certificatePem, { ...at('online-foreign'), stringData: { a: '1' } })
    const { code, err } = await online(['--validate'], JSON.stringify(foreign))
    assert.equal(code, 1)
    assert.match(err, /unable to decrypt sealed secret/)
  })
})
