import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, afterEach, before, test } from 'node:test'
import {
  type ApiServer,
  apiserverCluster,
  type ClusterObject,
  type ConnectionConfig,
  KubernetesError,
  resources,
} from '@sealkit/kubernetes'
import { createAuthority } from '../servers/certificates.ts'
import { manualClock } from './clock.ts'
import { type Answer, code, type Double, reply, startDouble, status } from './double.ts'

let double: Double
let cluster: ApiServer
before(async () => {
  double = await startDouble()
})
after(() => double.stop())
afterEach(() => {
  cluster.close()
  double.requests.length = 0
})

const secret = { metadata: { namespace: 'n', name: 's', resourceVersion: '1' } }
const key = { namespace: 'n', name: 's' }

function connect(
  more: Partial<ConnectionConfig> = {},
  options: Parameters<typeof apiserverCluster>[1] = {},
): ApiServer {
  cluster = apiserverCluster({ ...double.config, ...more }, { retries: 2, ...options })
  return cluster
}

const answers: readonly (readonly [string, Answer, string])[] = [
  ['Conflict', reply(409, status('Conflict', 409)), 'CONFLICT'],
  ['AlreadyExists', reply(409, status('AlreadyExists', 409)), 'ALREADY_EXISTS'],
  ['Expired', reply(410, status('Expired', 410)), 'GONE'],
  ['Forbidden', reply(403, status('Forbidden', 403)), 'FORBIDDEN'],
  ['Invalid', reply(422, status('Invalid', 422)), 'INVALID'],
  ['Unauthorized', reply(401, status('Unauthorized', 401)), 'UNAUTHORIZED'],
  ['Timeout', reply(504, status('Timeout', 504)), 'TIMEOUT'],
  ['InternalError', reply(500, status('InternalError', 500)), 'SERVER_ERROR'],
  ['an unknown reason', reply(500, status('Strange', 500)), 'SERVER_ERROR'],
  ['HTML of a proxy', reply(502, '<html>secret page</html>', { 'content-type': 'text/html' }), 'SERVER_ERROR'],
  ['an empty 503', reply(503, ''), 'UNAVAILABLE'],
  ['a redirect', reply(302, '', { location: 'https://elsewhere' }), 'BAD_REQUEST'],
  ['no JSON', reply(200, 'hello'), 'RESPONSE_INVALID'],
  ['half a JSON', reply(200, '{"metadata": {'), 'RESPONSE_INVALID'],
  ['JSON that is no object', reply(200, '[]'), 'RESPONSE_INVALID'],
  ['null', reply(200, 'null'), 'RESPONSE_INVALID'],
  [
    'a body shorter than it says',
    (_, r) => r.writeHead(200, { 'content-length': '100' }).write('{', () => r.destroy()),
    'UNAVAILABLE',
  ],
  ['a connection that breaks', (_, r) => r.socket?.destroy(), 'UNAVAILABLE'],
]

for (const [name, answer, expected] of answers) {
  test(`an answer that is ${name} is ${expected}`, async () => {
    double.answer(answer)
    assert.equal(await code(connect({}, { retries: 0 }).get(resources.secret, key)), expected)
  })
}

test("Go's text of an answer without a Status, for personalities only", async () => {
  const server: Answer = (_, response) => response.writeHead(500).end('the page\n')
  double.answer(server)
  await assert.rejects(
    connect().request('POST', '/api/v1/namespaces/n/services/http:c:http/proxy/v1/rotate', {
      resource: 'services',
      name: 'http:c:http',
    }),
    (error: KubernetesError) => {
      assert.equal(
        error.upstream,
        'an error on the server ("the page") has prevented the request from succeeding (post services http:c:http)',
      )
      assert.equal(error.message, 'an error on the server (post services http:c:http)')
      return true
    },
  )
})

test('429 and 5xx with Retry-After are tried again, others are not', async () => {
  const later = { 'retry-after': '0' }
  double.answer(reply(429, status('TooManyRequests', 429), later), reply(503, '', later), reply(200, secret))
  assert.equal((await connect().get(resources.secret, key))?.metadata.name, 's')
  assert.equal(double.requests.length, 3)
  double.requests.length = 0
  double.answer(reply(429, status('TooManyRequests', 429), later))
  assert.equal(await code(connect().create(resources.secret, secret)), 'TOO_MANY_REQUESTS')
  assert.equal(double.requests.length, 3)
  double.requests.length = 0
  double.answer(reply(503, status('ServiceUnavailable', 503)))
  assert.equal(await code(connect().get(resources.secret, key)), 'UNAVAILABLE')
  assert.equal(double.requests.length, 1)
})

test('a read whose connection broke is tried again, a write is not', async () => {
  const breaksAtOnce: Answer = (_, response) => response.socket?.destroy()
  double.answer(breaksAtOnce, reply(200, secret))
  const clock = {
    now: () => 0,
    date: () => new Date(),
    timer: (_: number, wake: () => void) => {
      setImmediate(wake)
      return () => undefined
    },
  }
  assert.equal((await connect({}, { clock }).get(resources.secret, key))?.metadata.name, 's')
  double.requests.length = 0
  double.answer(breaksAtOnce)
  assert.equal(await code(connect({}, { clock }).create(resources.secret, secret)), 'UNAVAILABLE')
  assert.equal(double.requests.length, 1)
})

test('401 renews the credentials once', async () => {
  let token = 1
  const session = async (refresh: boolean) => ({
    ...(await double.config.session(false)),
    headers: { authorization: `Bearer ${refresh ? ++token : token}` },
  })
  double.answer(reply(401, status('Unauthorized', 401)), reply(200, secret))
  assert.equal((await connect({ session }).get(resources.secret, key))?.metadata.name, 's')
  assert.deepEqual(
    double.requests.map(({ headers }) => headers.authorization),
    ['Bearer 1', 'Bearer 2'],
  )
  double.answer(reply(401, status('Unauthorized', 401)))
  assert.equal(await code(connect({ session }).get(resources.secret, key)), 'UNAUTHORIZED')
})

test('an answer larger than allowed is refused; a list asks for smaller pages', async () => {
  double.answer(reply(200, { ...secret, data: { a: 'x'.repeat(10_000) } }))
  assert.equal(await code(connect({}, { maxBytes: 1000 }).get(resources.secret, key)), 'TOO_LARGE')
  double.requests.length = 0
  double.answer((request, response) => {
    const limit = Number(new URL(request.url ?? '', 'https://x').searchParams.get('limit'))
    reply(200, { metadata: { resourceVersion: '7' }, items: Array.from({ length: limit }, () => secret) })(
      request,
      response,
    )
  })
  const list = await connect({}, { maxBytes: 1000 }).list(resources.secret)
  assert.deepEqual([list.resourceVersion, double.requests.length, list.items.length < 20], ['7', 3, true])
})

test('pages of a list are put together; one that expires starts over', async () => {
  const page = (name: string, next: string): Answer =>
    reply(200, { metadata: { resourceVersion: '9', continue: next }, items: [{ metadata: { name } }] })
  double.answer(page('a', 'A'), page('b', 'B'), page('c', ''))
  const names = (await connect().list(resources.secret)).items.map(({ metadata }) => metadata.name)
  assert.deepEqual(names, ['a', 'b', 'c'])
  assert.match(double.requests[1]?.path ?? '', /continue=A&limit=500/)
  double.answer(page('a', 'A'), reply(410, status('Expired', 410)), page('z', ''))
  assert.deepEqual(
    (await connect().list(resources.secret)).items.map(({ kind }) => kind),
    ['Secret'],
  )
})

test('objects are made smaller page by page: those of a list that expired in the middle are not in the next', async () => {
  const page = (names: readonly string[], next: string): Answer => {
    const items = names.map((name) => ({ metadata: { name }, data: { key: 'YQ==' } }))
    return reply(200, { metadata: { resourceVersion: '9', continue: next }, items })
  }
  const seen: string[] = []
  const transform = (whole: ClusterObject): ClusterObject => {
    // The requests so far tell that no later page was read before this one was made smaller.
    seen.push(`${whole.kind} ${whole.metadata.name} ${double.requests.length}`)
    return { metadata: whole.metadata }
  }
  double.answer(page(['a', 'b'], 'A'), reply(410, status('Expired', 410)), page(['b'], 'B'), page(['c'], ''))
  double.requests.length = 0
  const { items } = await connect().list(resources.secret, { transform })
  assert.deepEqual(items, [{ metadata: { name: 'b' } }, { metadata: { name: 'c' } }])
  assert.deepEqual(seen, ['Secret a 1', 'Secret b 1', 'Secret b 3', 'Secret c 4'])
})

test('a slow server meets the timeout, a caller that leaves meets ABORTED', async () => {
  const silent: Answer = () => undefined
  double.answer(silent)
  assert.equal(await code(connect({ timeout: 30 }).get(resources.secret, key)), 'TIMEOUT')
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 20)
  assert.equal(await code(connect().list(resources.secret, { signal: abort.signal })), 'ABORTED')
  const half: Answer = (_, response) => response.writeHead(200).write('{')
  double.answer(half)
  assert.equal(await code(connect({ timeout: 30 }).get(resources.secret, key)), 'TIMEOUT')
})

test('a certificate of another authority, a wrong name and a server without TLS are TLS_FAILED', async () => {
  const other = createAuthority('other').certificate
  const session = async () => ({ headers: {}, ca: other })
  assert.equal(await code(connect({ session }).get(resources.secret, key)), 'TLS_FAILED')
  assert.equal(await code(connect({ serverName: 'wrong.example' }).get(resources.secret, key)), 'TLS_FAILED')
  double.answer(reply(200, secret))
  assert.equal(await code(connect({ session, insecure: true }).get(resources.secret, key)), 'no error')
  const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const { port } = plain.address() as { port: number }
  assert.equal(await code(connect({ server: `https://127.0.0.1:${port}` }).get(resources.secret, key)), 'TLS_FAILED')
  plain.close()
})

test("a port that nobody listens on is UNAVAILABLE, with Go's words for personalities", async () => {
  await assert.rejects(connect({ server: 'https://127.0.0.1:1' }).get(resources.secret, key), {
    code: 'UNAVAILABLE',
    upstream:
      'Get "https://127.0.0.1:1/api/v1/namespaces/n/secrets/s": dial tcp 127.0.0.1:1: connect: connection refused',
  })
})

test('requests go through the proxy of the environment, by CONNECT, unless NO_PROXY says otherwise', async () => {
  const seenTargets: string[] = []
  const { createServer: createProxy } = await import('node:http')
  const { connect: dial } = await import('node:net')
  const proxy = createProxy()
  proxy.on('connect', (request, socket) => {
    seenTargets.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
    const { port } = new URL(double.config.server)
    const upstream = dial(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as { port: number }
  const env = { HTTPS_PROXY: `http://me:pw@127.0.0.1:${port}` }
  const server = double.config.server.replace('127.0.0.1', 'api.example')
  double.answer(reply(200, secret))
  const through = connect({ server, serverName: 'localhost' }, { env })
  assert.equal((await through.get(resources.secret, key))?.metadata.name, 's')
  assert.deepEqual(seenTargets, [`${new URL(server).host} Basic ${Buffer.from('me:pw').toString('base64')}`])
  const direct = connect({ server, serverName: 'localhost' }, { env: { ...env, NO_PROXY: '.example' }, retries: 0 })
  assert.equal(await code(direct.get(resources.secret, key)), 'UNAVAILABLE')
  through.close()
  proxy.closeAllConnections()
  proxy.close()
})

test('names that would lead elsewhere are refused before anything is sent', async () => {
  const api = connect()
  for (const name of ['', '.', '..', 'a/b', '%2e%2e']) {
    assert.equal(await code(api.get(resources.secret, { namespace: 'n', name })), 'BAD_REQUEST', name)
    assert.equal(await code(api.delete(resources.secret, { namespace: 'n', name })), 'BAD_REQUEST', name)
  }
  assert.equal(await code(api.get(resources.secret, { namespace: '..', name: 'x' })), 'BAD_REQUEST')
  assert.equal(await code(api.get(resources.secret, { namespace: '', name: 'x' })), 'BAD_REQUEST')
  assert.equal(double.requests.length, 0)
})

test("a plugin that fails does so within a request, in Go's words", async () => {
  const session = async (): Promise<never> => {
    throw new KubernetesError('CREDENTIALS_FAILED', 'failed', {
      upstream: 'getting credentials: exec: failed',
      hint: 'h',
    })
  }
  await assert.rejects(connect({ session, server: 'https://x:1' }).get(resources.secret, key), {
    code: 'CREDENTIALS_FAILED',
    hint: 'h',
    upstream: 'Get "https://x:1/api/v1/namespaces/n/secrets/s": getting credentials: exec: failed',
  })
})

test('a rate limit: a burst at once, then so many a second, in order', async () => {
  double.answer(reply(200, secret))
  const clock = manualClock()
  const api = connect({}, { clock, rateLimit: { qps: 2, burst: 3 } })
  const done: number[] = []
  const all = Array.from({ length: 6 }, (_, n) => api.get(resources.secret, key).then(() => done.push(n)))
  await Promise.all(all.slice(0, 3))
  await clock.advance(0)
  assert.deepEqual([done.toSorted(), clock.timers], [[0, 1, 2], 3])
  for (const n of [3, 4, 5]) {
    await clock.advance(500)
    await all[n]
    assert.equal(done.length, n + 1)
  }
  assert.deepEqual(done.slice(3), [3, 4, 5])
})
