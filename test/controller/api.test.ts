import assert from 'node:assert/strict'
import { type RequestOptions, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import {
  createLimiter,
  createLog,
  createMetrics,
  type SealedSecretsApiOptions,
  serveMetrics,
  serveSealedSecretsApi,
} from '@sealkit/controller'
import { fc } from '../property.ts'

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

function ask(port: number, path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

interface Started {
  readonly port: number
  readonly metrics: ReturnType<typeof createMetrics>
  readonly lines: string[]
}

async function start(
  t: TestContext,
  handlers: Partial<SealedSecretsApiOptions['handlers']> = {},
  rateLimit = 2,
): Promise<Started> {
  const lines: string[] = []
  const metrics = createMetrics('v0')
  const api = await serveSealedSecretsApi({
    address: '127.0.0.1:0',
    handlers: {
      certificate: () => Buffer.from('PEM\n'),
      verify: async (content) => content.toString() === 'good',
      rotate: async (content) => `{"rotated":${content.length}}`,
      ready: () => true,
      ...handlers,
    },
    metrics: metrics.sealedSecret,
    log: createLog({ out: (line) => lines.push(line) }),
    rateLimit,
    rateLimitBurst: 2,
  })
  t.after(() => api.close())
  return { port: api.port, metrics, lines }
}

const failing = async (): Promise<never> => {
  throw new Error('the plaintext is hunter2')
}

/** Path, body, handlers, status, body and a header of the answer: upstream's, as its program gives them. */
const answers: readonly {
  readonly what: string
  readonly path: string
  readonly body?: string
  readonly handlers?: Partial<SealedSecretsApiOptions['handlers']>
  readonly status: number
  readonly reply: string
  readonly type?: string
}[] = [
  { what: 'health', path: '/healthz', status: 200, reply: 'ok\n', type: 'text/plain; charset=utf-8' },
  { what: 'readiness', path: '/readyz', status: 200, reply: 'ok\n' },
  { what: 'no readiness', path: '/readyz', handlers: { ready: () => false }, status: 503, reply: 'not ready\n' },
  { what: 'the certificate', path: '/v1/cert.pem', status: 200, reply: 'PEM\n', type: 'application/x-pem-file' },
  { what: 'the certificate with a query', path: '/v1/cert.pem?x=1', status: 200, reply: 'PEM\n' },
  {
    what: 'no certificate',
    path: '/v1/cert.pem',
    handlers: { certificate: () => null },
    status: 500,
    reply: 'cannot get certificate\n',
  },
  { what: 'a good SealedSecret', path: '/v1/verify', body: 'good', status: 200, reply: '' },
  { what: 'one that cannot be decrypted', path: '/v1/verify', body: 'bad', status: 409, reply: '' },
  { what: 'garbage', path: '/v1/verify', body: 'x', handlers: { verify: failing }, status: 500, reply: '' },
  {
    what: 'rotation',
    path: '/v1/rotate',
    body: 'abc',
    status: 200,
    reply: '{"rotated":3}',
    type: 'text/plain; charset=utf-8',
  },
  { what: 'failed rotation', path: '/v1/rotate', body: 'x', handlers: { rotate: failing }, status: 500, reply: '' },
  { what: 'an unknown path', path: '/v1/other', status: 404, reply: '404 page not found\n' },
  { what: 'a path that no URL has', path: '//', status: 404, reply: '404 page not found\n' },
  { what: 'a name of every object', path: '/__proto__', status: 404, reply: '404 page not found\n' },
  { what: 'metrics, which have their own port', path: '/metrics', status: 404, reply: '404 page not found\n' },
]

for (const { what, path, body, handlers, status, reply, type } of answers) {
  test(`API: ${what}`, async (t) => {
    const { port, lines } = await start(t, handlers)
    const answer = await ask(port, path, { method: body === undefined ? 'GET' : 'POST' }, body)
    assert.equal(answer.status, status)
    assert.equal(answer.body, reply)
    if (type !== undefined) assert.equal(answer.headers['content-type'], type)
    assert.ok(!lines.join('').includes('hunter2'), 'a log line quotes a foreign error')
  })
}

test('API: verify and rotate are limited for each client and path, probes and the certificate are not', async (t) => {
  // So few that no slow machine gets one more meanwhile.
  const { port } = await start(t, {}, 0.0001)
  const verify = (client: string): Promise<Reply> =>
    ask(port, '/v1/verify', { method: 'POST', headers: { 'x-forwarded-for': client } }, 'good')
  const statuses = [await verify('a'), await verify('a'), await verify('a'), await verify('a')].map(
    ({ status }) => status,
  )
  assert.deepEqual(statuses, [200, 200, 200, 429])
  const refused = await verify('a')
  assert.equal(refused.body, 'limit exceeded\n')
  assert.equal(refused.headers['x-ratelimit-limit'], '3')
  assert.equal(refused.headers['x-ratelimit-remaining'], '0')
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.equal((await verify('b')).status, 200)
  assert.equal(
    (await ask(port, '/v1/rotate', { method: 'POST', headers: { 'x-forwarded-for': 'a' } }, 'x')).status,
    200,
  )
  for (let count = 0; count < 10; count += 1) assert.equal((await ask(port, '/v1/cert.pem')).status, 200)
})

test('API: a body over 10 MiB is refused without being kept', async (t) => {
  let seen = -1
  const { port } = await start(t, {
    verify: async (content) => {
      seen = content.length
      return true
    },
  })
  const cap = 10 * 1024 * 1024
  assert.equal((await ask(port, '/v1/verify', { method: 'POST' }, Buffer.alloc(cap))).status, 200)
  assert.equal(seen, cap)
  seen = -1
  assert.equal((await ask(port, '/v1/verify', { method: 'POST' }, Buffer.alloc(cap + 1))).status, 413)
  assert.equal(seen, -1)
})

test('API: requests are counted under upstream names, and only by path, code and method', async (t) => {
  const { port, metrics } = await start(t)
  await ask(port, '/v1/cert.pem')
  await ask(port, '/healthz')
  const served = await serveMetrics(metrics, { address: '127.0.0.1:0' })
  t.after(() => served.close())
  const { body, headers } = await ask(served.port, '/metrics')
  assert.match(String(headers['content-type']), /^text\/plain/)
  for (const line of [
    'sealed_secrets_controller_build_info{revision="v0"} 0',
    'sealed_secrets_controller_unseal_requests_total 0',
    'sealed_secrets_controller_http_requests_total{path="/v1/cert.pem",method="get",code="200"} 1',
    'sealed_secrets_controller_http_request_duration_seconds_count{path="/v1/cert.pem",method="get"} 1',
  ]) {
    assert.ok(body.includes(`${line}\n`), line)
  }
  assert.ok(!body.includes('/healthz'))
  assert.equal((await ask(served.port, '/v1/cert.pem')).status, 404)
})

test('an address that cannot be listened on is an error with a hint', async (t) => {
  const { port, metrics } = await start(t)
  for (const address of ['8080', ':99999', 'nowhere', `127.0.0.1:${port}`]) {
    await assert.rejects(serveMetrics(metrics, { address }), { code: 'LISTEN_FAILED' }, address)
  }
})

test('the limiter gives back one request per interval and forgets the client that was silent longest', () => {
  let time = 0
  const allow = createLimiter({ rate: 2, burst: 2, now: () => time, capacity: 2 })
  assert.deepEqual(allow('a'), { allowed: true, limit: 3, remaining: 2, reset: 1, retryAfter: 0 })
  assert.deepEqual(allow('a'), { allowed: true, limit: 3, remaining: 1, reset: 1, retryAfter: 0 })
  assert.deepEqual(allow('a'), { allowed: true, limit: 3, remaining: 0, reset: 2, retryAfter: 0 })
  assert.deepEqual(allow('a'), { allowed: false, limit: 3, remaining: 0, reset: 2, retryAfter: 1 })
  time = 499
  assert.equal(allow('a').allowed, false)
  time = 500
  assert.equal(allow('a').allowed, true)
  assert.equal(allow('a').allowed, false)
  allow('b')
  allow('c')
  assert.equal(allow('a').allowed, true)
})

test('the limiter never lets more than the burst and the rate allow, whenever the requests come', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 }), (waits, rate, burst) => {
      let time = 0
      let passed = 0
      const allow = createLimiter({ rate, burst, now: () => time })
      for (const wait of waits) {
        time += wait
        const { allowed, remaining, limit } = allow('a')
        if (allowed) passed += 1
        assert.ok(remaining >= 0 && remaining < limit)
        assert.ok(passed <= burst + 1 + (time / 1000) * rate + 1e-6, `${passed} in ${time} ms`)
      }
    }),
  )
})
