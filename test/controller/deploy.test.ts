import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { crds, type Settings } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, connect, type Resource, resourceOf, resources } from '@sealkit/kubernetes'
import { readDocuments } from 'sealkit'
import { type ControlPlane, startControlPlane } from '../servers/controlplane.ts'
import { available } from '../servers/programs.ts'
import {
  certificate,
  clientOf,
  externalSettings,
  seal,
  sealedSettings,
  startController,
  texts,
  until,
  untilSynced,
} from './cluster.ts'

const folder = new URL('../../packages/controller/deploy/', import.meta.url)

async function applyManifest(cluster: ApiServer, file: string): Promise<void> {
  const documents = await readDocuments(readFileSync(new URL(file, folder), 'utf8'), file)
  for (const { object } of documents) await cluster.create(resourceFor(object), object)
}

function resourceFor(object: Manifest): Resource {
  const known = resourceOf(object)
  if (known !== undefined) return known
  const [group = '', version = ''] = (object.apiVersion ?? '').split('/')
  const kind = object.kind ?? ''
  return { group, version, plural: `${kind.toLowerCase()}s`, kind, namespaced: !kind.startsWith('Cluster') }
}

/** A client that may do what the ServiceAccount of a manifest may, and nothing else. */
async function clientAs(
  plane: ControlPlane,
  admin: ApiServer,
  account: { namespace: string; name: string },
): Promise<ApiServer> {
  const { token } = await admin.createToken(account)
  const { server, ca } = plane.adminConfig
  const path = `${plane.kubeconfig}.${account.name}`
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'a', user: { token } }],
  }
  await writeFile(path, JSON.stringify(config))
  return connect({ kubeconfig: path })
}

test('the rights of the manifests are enough for the work', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane({ crds: crds() })
  t.after(() => plane.stop())
  const admin = await clientOf(plane)
  t.after(() => admin.close())
  const run = async (account: { namespace: string; name: string }, settings: Partial<Settings>) => {
    const client = await clientAs(plane, admin, account)
    const controller = await startController(client, {
      ...settings,
      namespace: account.namespace,
      leaderElection: true,
    })
    return {
      controller,
      async stop() {
        await controller.stop()
        client.close()
        assert.ok(!/FORBIDDEN|is forbidden/.test(controller.log()), controller.log())
      },
    }
  }

  await t.test('sealed-secrets.yaml', async () => {
    await applyManifest(admin, 'sealed-secrets.yaml')
    const account = { namespace: 'kube-system', name: 'sealed-secrets-controller' }
    const { controller, stop } = await run(account, { sealedSecrets: sealedSettings() })
    const key = { namespace: 'default', name: 'a' }
    const pem = await certificate(controller)
    await admin.create(resources.sealedSecret, await seal(pem, { ...key, stringData: { a: '1' } }))
    await untilSynced(admin, key, 'True')
    await admin.delete(resources.secret, key)
    await until(admin, resources.secret, key, (secret) => texts(secret)['a'] === '1')
    await stop()
  })

  await t.test('external-secrets.yaml', async () => {
    await applyManifest(admin, 'external-secrets.yaml')
    const { stop } = await run(
      { namespace: 'external-secrets', name: 'external-secrets' },
      { externalSecrets: externalSettings() },
    )
    const of = (kind: string, name: string, spec: object): Manifest => ({
      apiVersion: 'external-secrets.io/v1',
      kind,
      metadata: { name, namespace: 'default' },
      spec,
    })
    const fake = { data: [{ key: 'k', value: 'v' }] }
    await admin.create(resources.secretStore, of('SecretStore', 'st', { provider: { fake } }))
    const spec = { secretStoreRef: { name: 'st' }, target: { name: 'target', deletionPolicy: 'Delete' } }
    const data = [{ secretKey: 'a', remoteRef: { key: 'k' } }]
    const key = { namespace: 'default', name: 'target' }
    await admin.create(resources.externalSecret, of('ExternalSecret', 'es', { ...spec, data }))
    await until(admin, resources.secret, key, (secret) => texts(secret)['a'] === 'v')
    await admin.delete(resources.externalSecret, { namespace: 'default', name: 'es' })
    await until(admin, resources.secret, key, (secret) => secret === null)
    await until(admin, resources.externalSecret, { namespace: 'default', name: 'es' }, (object) => object === null)
    await stop()
  })
})
