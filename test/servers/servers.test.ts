import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startControlPlane } from './controlplane.ts'
import { startMoto } from './moto.ts'
import { startOpenBao } from './openbao.ts'
import { startServer } from './process.ts'
import { available } from './programs.ts'

const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } }
const configMaps = '/api/v1/namespaces/default/configmaps'

test('the control plane serves, keeps its data over a kill, and leaves nothing behind', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const plane = await startControlPlane()
  try {
    assert.equal((await plane.request('POST', configMaps, configMap)).status, 201)
    assert.equal((await plane.request('POST', configMaps, configMap)).status, 409)
    await plane.killApiserver()
    await assert.rejects(plane.request('GET', configMaps))
    await plane.restartApiserver()
    assert.equal((await plane.request('GET', `${configMaps}/kept`)).status, 200)
  } finally {
    await plane.stop()
  }
  await assert.rejects(plane.request('GET', configMaps))
  await assert.rejects(access(plane.kubeconfig))
})

test('OpenBao keeps a secret', async (t) => {
  if ((await available(t, 'bao')) === null) return
  const bao = await startOpenBao()
  try {
    await bao.request('POST', 'secret/data/app', { data: { user: 'ada' } })
    const read = (await bao.request('GET', 'secret/data/app')) as { data: { data: unknown } }
    assert.deepEqual(read.data.data, { user: 'ada' })
    await assert.rejects(bao.request('GET', 'secret/data/nowhere'), /404/)
  } finally {
    await bao.stop()
  }
})

test('moto answers as Secrets Manager and forgets at reset', async (t) => {
  if ((await available(t, 'moto_server')) === null) return
  const moto = await startMoto()
  const call = (target: string, body: unknown): Promise<Response> =>
    fetch(moto.url, {
      method: 'POST',
      headers: {
        'x-amz-target': `secretsmanager.${target}`,
        'content-type': 'application/x-amz-json-1.1',
        authorization:
          'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=a, Signature=a',
      },
      body: JSON.stringify(body),
    })
  try {
    assert.equal((await call('CreateSecret', { Name: 'app', SecretString: 'x' })).status, 200)
    assert.equal((await call('GetSecretValue', { SecretId: 'app' })).status, 200)
    await moto.reset()
    assert.match(await (await call('GetSecretValue', { SecretId: 'app' })).text(), /ResourceNotFoundException/)
  } finally {
    await moto.stop()
  }
})

test('a server that ends before it is ready is an error that shows its output', async () => {
  const starting = startServer({
    name: 'sh',
    command: '/bin/sh',
    args: ['-c', 'echo no luck >&2; exit 3'],
    ready: async () => false,
  })
  await assert.rejects(starting, /sh ended \(3\):\nno luck/)
})

test('a server that is never ready is ended in time', async () => {
  const starting = startServer({
    name: 'sleep',
    command: '/bin/sleep',
    args: ['600'],
    ready: async () => false,
    timeoutMs: 200,
  })
  await assert.rejects(starting, /sleep was not ready in time/)
})

test('a test file that forgets a server ends, and the server with it', async () => {
  const module = new URL('./process.ts', import.meta.url).href
  const forgetful = `
    import { startServer } from ${JSON.stringify(module)}
    const ready = async () => true
    const server = await startServer({ name: 'sleep', command: '/bin/sleep', args: ['600'], ready })
    console.log(server.pid)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', forgetful])
  await assert.rejects(async () => {
    for (;;) {
      process.kill(Number(stdout), 0)
      await delay(20)
    }
  }, /ESRCH/)
})

test('a test file that hangs is ended and named', async () => {
  const options = { env: { ...process.env, TEST_FILE_MINUTES: '0.005' } }
  const args = [`--import=${new URL('../deadline.ts', import.meta.url).href}`, '--eval', 'setInterval(() => {}, 1000)']
  await assert.rejects(promisify(execFile)(process.execPath, args, options), {
    code: 1,
    stderr: /has not ended after 0\.005 minutes; still open: .*Timeout/,
  })
})
