import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { request } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Key, resources } from '@sealkit/kubernetes'
import { folder } from '../../acceptance/programs.ts'
import { eventually } from '../../eventually.ts'
import { createAuthority } from '../../servers/certificates.ts'
import { freePort } from '../../servers/process.ts'
import { externalSettings, startController, texts, until } from '../cluster.ts'
import { appRole, externalSecret, startWorld, untilReady, vaultStore, writeRemote } from '../external-secret/world.ts'

const namespace = 'default'
const hmacSecret = 'hmac-of-this-test'

interface Call {
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
}

function signature(body: string, time = Math.floor(Date.now() / 1000), key = hmacSecret): Record<string, string> {
  const mac = createHmac('sha256', key).update(`${time}.${body}`).digest('hex')
  return { 'x-sealkit-timestamp': String(time), 'x-sealkit-signature': `sha256=${mac}` }
}

test('reports of changed secrets', { timeout: 540_000 }, async (t) => {
  const world = await startWorld(t)
  if (world === null) return
  const { cluster, proxy } = world
  const authority = createAuthority('authority')
  const { certificate, key } = authority.issue({ name: 'notices', names: ['localhost'] })
  const files = folder(t, { 'tls.crt': certificate, 'tls.key': key })
  const port = await freePort()

  const send = ({ path, body = '', headers = {}, method = 'POST' }: Call): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, path, method, headers, ca: authority.certificate }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      })
      call.on('error', reject).end(body)
    })

  const auth = await appRole(world, { namespace, name: 'st' })
  const store = vaultStore({ namespace, name: 'st' }, { server: proxy.url, auth })
  const annotations = {
    'refresh.sealkit.dev/hmac': 'hooks/key',
    'refresh.sealkit.dev/service-accounts': `${namespace}/sender`,
  }
  await cluster.create(resources.secretStore, { ...store, metadata: { ...store.metadata, name: 'st', annotations } })
  await cluster.create(resources.secretStore, vaultStore({ namespace, name: 'closed' }, { server: proxy.url, auth }))
  await cluster.create(resources.secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'hooks' },
    stringData: { key: hmacSecret },
  })
  for (const name of ['sender', 'stranger']) {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } }
    await cluster.create(resources.serviceAccount, account)
  }
  for (const path of ['signed', 'token', 'still', 'bridge']) await writeRemote(world, path, 1, 'old')
  const settings = externalSettings({
    notices: {
      address: `127.0.0.1:${port}`,
      certificateFile: join(files, 'tls.crt'),
      keyFile: join(files, 'tls.key'),
    },
  })
  const { reviewToken } = cluster
  const wanted = { externalSecrets: settings, metricsAddress: '127.0.0.1:0' }
  const controller = await startController(cluster, wanted, { reviewToken })
  t.after(() => controller.stop())
  for (const path of ['signed', 'token', 'still', 'bridge']) {
    await cluster.create(
      resources.externalSecret,
      externalSecret({ namespace, name: path }, { store: 'st', path, entries: 1 }),
    )
    await untilReady(cluster, { namespace, name: path }, 'True')
  }
  const untilValue = (name: string, value: string): Promise<unknown> =>
    until(cluster, resources.secret, { namespace, name }, (secret) => texts(secret)['k0'] === value)
  const bearer = async (name: string, audience: string): Promise<Record<string, string>> => {
    const { token } = await cluster.createToken({ namespace, name }, { audiences: [audience], expirationSeconds: 600 })
    return { authorization: `Bearer ${token}` }
  }

  await t.test('a signed one makes the ExternalSecrets of that key read again, and no others', async () => {
    await writeRemote(world, 'signed', 1, 'new')
    await writeRemote(world, 'still', 1, 'new')
    proxy.take()
    const body = JSON.stringify({ keys: ['signed'] })
    assert.equal(await send({ path: `/stores/${namespace}/st`, body, headers: signature(body) }), 202)
    await untilValue('signed', 'new-0')
    const reads = proxy.take().filter((call) => call.includes('secret/data/'))
    assert.deepEqual(reads, ['GET secret/data/signed'])
  })

  await t.test('one with a token of a ServiceAccount that the store names does too', async () => {
    await writeRemote(world, 'token', 1, 'new')
    const body = JSON.stringify({ keys: ['token'] })
    const headers = await bearer('sender', 'sealkit-refresh')
    assert.equal(await send({ path: `/stores/${namespace}/st`, body, headers }), 202)
    await untilValue('token', 'new-0')
  })

  await t.test('many for one key read it once, and what came last is read', async () => {
    await writeRemote(world, 'bridge', 1, 'new')
    proxy.take()
    const started = performance.now()
    const body = JSON.stringify({
      source: 'aws.secretsmanager',
      detail: { eventName: 'PutSecretValue', requestParameters: { secretId: 'bridge' } },
    })
    await Promise.all(
      Array.from({ length: 20 }, () => send({ path: `/stores/${namespace}/st`, body, headers: signature(body) })),
    )
    await untilValue('bridge', 'new-0')
    const reads = proxy.take().filter((call) => call.includes('secret/data/bridge')).length
    // One at once, and one for all that came within the ten seconds after it.
    assert.ok(reads <= 2 + (performance.now() - started) / 10_000, `${reads} reads`)
  })

  const now = (): number => Math.floor(Date.now() / 1000)
  const path = `/stores/${namespace}/st`
  const body = JSON.stringify({ keys: ['still'] })
  const refused: readonly { readonly name: string; readonly call: () => Call | Promise<Call> }[] = [
    { name: 'no signature', call: () => ({ path, body }) },
    { name: 'a signature with another key', call: () => ({ path, body, headers: signature(body, now(), 'other') }) },
    { name: 'a signature of another body', call: () => ({ path, body, headers: signature('{}') }) },
    { name: 'an old one', call: () => ({ path, body, headers: signature(body, now() - 301) }) },
    { name: 'one from the future', call: () => ({ path, body, headers: signature(body, now() + 301) }) },
    {
      name: 'a time that is none',
      call: () => ({ path, body, headers: { ...signature(body), 'x-sealkit-timestamp': '1e9' } }),
    },
    {
      name: 'a store that takes none',
      call: () => ({ path: `/stores/${namespace}/closed`, body, headers: signature(body) }),
    },
    { name: 'a store that is not there', call: () => ({ path: '/stores/nowhere/st', body, headers: signature(body) }) },
    { name: 'a path that is none', call: () => ({ path: '/stores/../st', body, headers: signature(body) }) },
    { name: 'another method', call: () => ({ path, body, headers: signature(body), method: 'PUT' }) },
    { name: 'a body that is no message', call: () => ({ path, body: '{', headers: signature('{') }) },
    {
      name: 'a body that is too large',
      call: () => {
        const large = JSON.stringify({ keys: ['still'], more: 'x'.repeat(70_000) })
        return { path, body: large, headers: signature(large) }
      },
    },
    {
      name: 'a token of another ServiceAccount',
      call: async () => ({ path, body, headers: await bearer('stranger', 'sealkit-refresh') }),
    },
    {
      name: 'a token for another audience',
      call: async () => ({ path, body, headers: await bearer('sender', 'https://kubernetes.default.svc') }),
    },
    { name: 'a token that is none', call: () => ({ path, body, headers: { authorization: 'Bearer x.y.z' } }) },
  ]
  await t.test('every other is answered alike, and reads nothing', async () => {
    proxy.take()
    for (const { name, call } of refused) assert.equal(await send(await call()), 202, name)
    const metrics = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${controller.ports.metrics}/metrics`)).text()
    const counted = async (): Promise<number> => {
      const [, value] = /sealkit_refresh_reports_total\{result="refused"\} (\d+)/.exec(await metrics()) ?? []
      return Number(value ?? 0)
    }
    // Another method and a body that is too large are no reports, and a signed message that is none is accepted.
    const judged = refused.length - 3
    await eventually(counted, (count) => count >= judged)
    assert.equal(await counted(), judged)
    assert.deepEqual(
      proxy.take().filter((line) => line.includes('secret/data/still')),
      [],
    )
    const secret = await cluster.get(resources.secret, { namespace, name: 'still' } satisfies Key)
    assert.equal(texts(secret)['k0'], 'old-0')
    assert.doesNotMatch(controller.log(), new RegExp(hmacSecret))
  })

  await t.test('speaks TLS only', async () => {
    await assert.rejects(fetch(`http://127.0.0.1:${port}/stores/${namespace}/st`, { method: 'POST' }))
  })
})
