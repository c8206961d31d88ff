// What one namespace may not get of another, of the controller, or of the machine: the published advisories, and their like.
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { type Key, resources } from '@sealkit/kubernetes'
import { externalSettings, startController, texts } from '../cluster.ts'
import { externalSecret, readyOf, startWorld, untilReady, vaultStore, type World, writeRemote } from './world.ts'

const victim = 'victim'
const attacker = 'attacker'
const secretValue = 'hunter2'

async function failing(world: World, key: Key, text: string, resource = resources.externalSecret): Promise<void> {
  const found = await untilReady(world.cluster, key, 'False', text, resource)
  assert.doesNotMatch(JSON.stringify(found), new RegExp(secretValue))
}

/** Applies an object, or says that the API server refused it. */
async function refused(world: World, manifest: object, resource = resources.externalSecret): Promise<boolean> {
  try {
    await world.cluster.create(resource, manifest as Parameters<World['cluster']['create']>[1])
    return false
  } catch (error) {
    assert.match(String(error), /is invalid/)
    return true
  }
}

const cases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'a SecretStore that names a token in another namespace looks in its own': async (world) => {
    const auth = { tokenSecretRef: { name: 'token', key: 'token', namespace: victim } }
    const key = { namespace: attacker, name: 'token-of-victim' }
    await world.cluster.create(resources.secretStore, vaultStore(key, { server: world.proxy.url, auth }))
    await failing(
      world,
      key,
      `cannot get Kubernetes secret "token" from namespace "${attacker}"`,
      resources.secretStore,
    )
  },

  'a SecretStore that names a ConfigMap of certificates in another namespace looks in its own': async (world) => {
    const caProvider = { type: 'ConfigMap', name: 'authority', key: 'ca.crt', namespace: victim }
    const key = { namespace: attacker, name: 'authority-of-victim' }
    const vault = { server: 'https://127.0.0.1:1', caProvider, auth: { tokenSecretRef: { name: 'own', key: 'token' } } }
    await world.cluster.create(resources.secretStore, vaultStore(key, vault))
    await failing(
      world,
      key,
      `cannot get Kubernetes configmap "authority" from namespace "${attacker}"`,
      resources.secretStore,
    )
  },

  'an ExternalSecret cannot name the store of another namespace': async (world) => {
    for (const [index, store] of ['victim/st', '../victim/st', 'st?namespace=victim', 'st%2f..'].entries()) {
      const key = { namespace: attacker, name: `store-of-victim-${index}` }
      if (await refused(world, externalSecret(key, { store, path: 'app' }))) continue
      await failing(world, key, 'could not get')
    }
    const key = { namespace: attacker, name: 'store-of-victim' }
    await world.cluster.create(resources.externalSecret, externalSecret(key, { store: 'st', path: 'app' }))
    await failing(world, key, 'could not get SecretStore "st"')
  },

  'templates cannot name ConfigMaps and Secrets of another namespace': async (world) => {
    for (const [index, source] of [
      { secret: { name: 'token', items: [{ key: 'token' }] } },
      { configMap: { name: 'authority', items: [{ key: 'ca.crt' }] } },
      { secret: { name: '../victim/token', items: [{ key: 'token' }] } },
    ].entries()) {
      const key = { namespace: attacker, name: `template-${index}` }
      const spec = { target: { template: { templateFrom: [source] } } }
      if (await refused(world, externalSecret(key, { store: 'own', path: 'public', spec }))) continue
      await failing(world, key, 'not found')
      assert.equal(await world.cluster.get(resources.secret, key), null)
    }
  },

  'template functions reach neither the cluster nor the machine': async (world) => {
    for (const [index, action] of [
      'getSecretKey "token" "victim" "token"',
      'getHostByName "example.com"',
      'env "PATH"',
      'expandenv "$PATH"',
      'lookup "v1" "Secret" "victim" "token"',
      'readFile "/etc/passwd"',
    ].entries()) {
      const key = { namespace: attacker, name: `function-${index}` }
      const spec = { target: { template: { data: { out: `{{ ${action} }}` } } } }
      await world.cluster.create(resources.externalSecret, externalSecret(key, { store: 'own', path: 'public', spec }))
      await failing(world, key, 'unable to parse template at key out')
      assert.equal(await world.cluster.get(resources.secret, key), null)
    }
  },

  'a generator of another namespace is not there': async (world) => {
    const generator = {
      group: 'generators.external-secrets.io',
      version: 'v1alpha1',
      plural: 'fakes',
      kind: 'Fake',
      namespaced: true,
    }
    await world.cluster.create(generator, {
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: 'Fake',
      metadata: { namespace: victim, name: 'fake' },
      spec: { data: { password: secretValue } },
    })
    const key = { namespace: attacker, name: 'generator-of-victim' }
    const dataFrom = [{ sourceRef: { generatorRef: { kind: 'Fake', name: 'fake' } } }]
    await world.cluster.create(
      resources.externalSecret,
      externalSecret(key, { store: 'own', path: '', spec: { data: [], dataFrom } }),
    )
    await failing(world, key, 'unable to get generator')
  },

  'a path of the victim is refused by the token of the attacker, however it is written': async (world) => {
    for (const [index, path] of [
      'app',
      'public/../app',
      'public%2f..%2fapp',
      './app',
      'public//../app',
      'app?version=1',
      '/app',
    ].entries()) {
      const key = { namespace: attacker, name: `path-${index}` }
      await world.cluster.create(resources.externalSecret, externalSecret(key, { store: 'own', path }))
      await failing(world, key, 'could not get secret data from provider')
      assert.equal(await world.cluster.get(resources.secret, key), null)
    }
  },

  'a webhook gets Secrets of its own namespace, and only those that are marked for it': async (world) => {
    const seen: IncomingHttpHeaders[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers)
      response.end('{"v":"x"}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    try {
      for (const [name, secretRef, text] of [
        ['webhook-of-victim', { name: 'token', namespace: victim }, `from namespace "${attacker}"`],
        ['webhook-unmarked', { name: 'unmarked' }, 'external-secrets.io/type'],
      ] as const) {
        const webhook = {
          url,
          result: { jsonPath: '$.v' },
          headers: { 'x-token': '{{ .s.token }}' },
          secrets: [{ name: 's', secretRef }],
        }
        const key = { namespace: attacker, name }
        const store = { ...vaultStore(key, {}), spec: { provider: { webhook } } }
        await world.cluster.create(resources.secretStore, store)
        await world.cluster.create(
          resources.externalSecret,
          externalSecret(key, { store: name, path: 'k', entries: 1 }),
        )
        await failing(world, key, text)
      }
      assert.deepEqual(
        seen.filter((headers) => JSON.stringify(headers).includes(secretValue)),
        [],
      )
    } finally {
      server.close()
    }
  },

  'a store without credentials gets none of the process': async (world) => {
    const sent: IncomingHttpHeaders[] = []
    world.proxy.intercept = (request, response) => {
      sent.push(request.headers)
      response.writeHead(403).end('{"errors":["permission denied"]}')
      return true
    }
    const names = ['VAULT_TOKEN', 'VAULT_NAMESPACE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const
    for (const name of names) process.env[name] = secretValue
    const before = { ...process.env }
    try {
      const key = { namespace: attacker, name: 'no-credentials' }
      await world.cluster.create(resources.secretStore, vaultStore(key, { server: world.proxy.url }))
      await world.cluster.create(
        resources.externalSecret,
        externalSecret(key, { store: 'no-credentials', path: 'app' }),
      )
      await failing(world, key, 'permission denied')
      assert.ok(sent.length > 0)
      assert.doesNotMatch(JSON.stringify(sent), new RegExp(secretValue))
      const aws = { service: 'SecretsManager', region: 'eu-west-1' }
      const other = { namespace: attacker, name: 'no-aws-credentials' }
      await world.cluster.create(resources.secretStore, { ...vaultStore(other, {}), spec: { provider: { aws } } })
      await failing(world, other, '', resources.secretStore)
      assert.deepEqual({ ...process.env }, before)
    } finally {
      for (const name of names) delete process.env[name]
      world.proxy.intercept = null
    }
  },
}

async function prepare(world: World): Promise<void> {
  const { cluster, plane, bao, proxy } = world
  for (const namespace of [victim, attacker]) await plane.createNamespace(namespace)
  await writeRemote(world, 'app', 3, secretValue)
  await writeRemote(world, 'public')
  await bao.request('PUT', 'sys/policies/acl/public', { policy: 'path "secret/data/public" { capabilities=["read"] }' })
  for (const [id, policy] of [
    [`${secretValue}-token`, 'reader'],
    ['own-token', 'public'],
  ]) {
    await bao.request('POST', 'auth/token/create', { id, policies: [policy], ttl: '1h' })
  }
  const secret = (namespace: string, name: string, token: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name },
    stringData: { token },
  })
  for (const object of [
    secret(victim, 'token', `${secretValue}-token`),
    secret(attacker, 'own', 'own-token'),
    secret(attacker, 'unmarked', secretValue),
  ]) {
    await cluster.create(resources.secret, object)
  }
  const configMap = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
  const authority = { metadata: { namespace: victim, name: 'authority' }, data: { 'ca.crt': secretValue } }
  await cluster.create(configMap, { apiVersion: 'v1', kind: 'ConfigMap', ...authority })
  const store = (namespace: string, name: string, token: string): Promise<unknown> =>
    cluster.create(
      resources.secretStore,
      vaultStore({ namespace, name }, { server: proxy.url, auth: { tokenSecretRef: { name: token, key: 'token' } } }),
    )
  await store(victim, 'st', 'token')
  await store(attacker, 'own', 'own')
  for (const [namespace, name, path] of [
    [victim, 'st', 'app'],
    [attacker, 'own', 'public'],
  ] as const) {
    await cluster.create(resources.externalSecret, externalSecret({ namespace, name: 'es' }, { store: name, path }))
    await untilReady(cluster, { namespace, name: 'es' }, 'True')
  }
}

test('what a namespace may not get', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const controller = await startController(world.cluster, { externalSecrets: externalSettings() })
  t.after(() => controller.stop())
  await prepare(world)
  for (const [name, run] of Object.entries(cases)) await t.test(name, () => run(world))
  await t.test('what each may get it has, and nothing of the victim is in a log, an event or a status', async () => {
    const { cluster } = world
    for (const namespace of [victim, attacker]) {
      const found = await cluster.get(resources.externalSecret, { namespace, name: 'es' })
      assert.equal(readyOf(found).status, 'True')
    }
    assert.equal(
      texts(await cluster.get(resources.secret, { namespace: victim, name: 'es' }))['k0'],
      `${secretValue}-0`,
    )
    const lists = [resources.event, resources.externalSecret, resources.secretStore]
    const said = await Promise.all(lists.map((resource) => cluster.list(resource)))
    assert.doesNotMatch(controller.log() + JSON.stringify(said), new RegExp(secretValue))
    const { items } = await cluster.list(resources.secret, { namespace: attacker })
    const own = items.filter(({ metadata }) => metadata.name !== 'unmarked')
    assert.ok(own.every((secret) => !JSON.stringify(texts(secret)).includes(secretValue)))
  })
})
