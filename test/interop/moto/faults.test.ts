import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { createSessions, manifestAccess, ResolverError, resolveExternalSecret, retryAfterOf } from '@sealkit/resolver'
import { awsKeys, awsSecretRef, externalSecret, secretStore } from '../../resolver/fixture.ts'
import { applyAwsState } from '../../resolver/state.ts'
import { type Moto, startMoto } from '../../servers/moto.ts'
import { available } from '../../servers/programs.ts'

/** What the proxy answers instead of the emulator, or with its answer changed; undefined = the emulator's own. */
interface Lie {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The body; of the emulator's where it is a function. */
  readonly body?: string | ((truth: string) => string)
  /** Ends the connection instead. */
  readonly reset?: boolean
}

let moto: Moto | undefined
let address = ''
let lie: (operation: string, headers: IncomingHttpHeaders) => Lie | undefined = () => undefined
const operations: string[] = []

const proxy = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const target = request.headers['x-amz-target']?.toString().split('.').at(-1)
  const operation = target ?? new URLSearchParams(body.toString()).get('Action') ?? ''
  operations.push(operation)
  const told = lie(operation, request.headers)
  if (told?.reset === true) return void request.socket.destroy()
  const { status = 200, headers = {}, body: made } = told ?? {}
  if (typeof made === 'string')
    return void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers }).end(made)
  const forwarded = Object.entries(request.headers).filter(
    ([name]) => !['host', 'connection', 'content-length'].includes(name),
  )
  const truth = await fetch(moto?.url ?? '', {
    method: 'POST',
    headers: forwarded.map(([name, value]): [string, string] => [name, String(value)]),
    body,
  })
  const text = await truth.text()
  response
    .writeHead(truth.status, { 'content-type': truth.headers.get('content-type') ?? '' })
    .end(made?.(text) ?? text)
})

before(async () => {
  // A slow client must not meet a connection that is just being closed.
  proxy.keepAliveTimeout = 0
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  moto = await startMoto().catch(() => undefined)
})

after(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await moto?.stop()
})

/** Every value holds it: no error may. */
const marked = 's3cret'
const names = ['one', 'two', 'three', 'four', 'five', 'six']
const services = { SecretsManager: 'sm', ParameterStore: 'ssm' } as const
type Service = keyof typeof services

async function prepared(t: TestContext): Promise<boolean> {
  if ((await available(t, 'moto_server')) === null || moto === undefined) return false
  lie = () => undefined
  await moto.reset()
  await applyAwsState(moto.url, {
    sm: names.map((name) => ({ name, string: `${marked}-${name}` })),
    ssm: names.map((name) => ({ name, versions: [`${marked}-${name}`] })),
  })
  operations.length = 0
  return true
}

interface Asked {
  readonly service?: Service
  readonly count?: number
  readonly dataFrom?: readonly object[]
  readonly aws?: object
  readonly now?: () => number
  /** Reads one after the other, over the same session. */
  readonly rounds?: number
}

async function data(asked: Asked): Promise<Record<string, string>> {
  const { service = 'SecretsManager', count = names.length, dataFrom, aws = {}, now = Date.now, rounds = 1 } = asked
  const entries = names.slice(0, count).map((key) => ({ secretKey: key, remoteRef: { key } }))
  const endpoints = { secretsmanager: address, ssm: address, sts: address }
  const sessions = createSessions({ environment: { now, endpoints } })
  const store = secretStore({ aws: { service, region: 'eu-west-1', auth: { secretRef: awsSecretRef }, ...aws } })
  const manifest = externalSecret({ spec: dataFrom === undefined ? { data: entries } : { dataFrom } })
  try {
    let found: ReadonlyMap<string, Uint8Array> = new Map()
    for (let round = 0; round < rounds; round += 1) {
      const context = { sessions, cluster: manifestAccess([awsKeys, store]) }
      found = (await resolveExternalSecret(manifest, context)).data
    }
    return Object.fromEntries([...found].map(([key, value]) => [key, Buffer.from(value).toString()]))
  } finally {
    await sessions.close()
  }
}

async function failure(asked: Asked): Promise<ResolverError> {
  const error = await data(asked).then(
    (found) => assert.fail(`no failure: ${Object.keys(found)}`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ResolverError)) throw error
  assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), new RegExp(marked))
  return error
}

const whole = Object.fromEntries(names.map((name) => [name, `${marked}-${name}`]))
const refusal = (type: string, message = ''): string => JSON.stringify({ __type: type, message })
const json = (change: (answer: { [member: string]: unknown[] }) => void) => (truth: string) => {
  const answer = JSON.parse(truth)
  change(answer)
  return JSON.stringify(answer)
}

const batches = { SecretsManager: 'BatchGetSecretValue', ParameterStore: 'GetParameters' } as const
const singles = { SecretsManager: 'GetSecretValue', ParameterStore: 'GetParameter' } as const
const lists = { SecretsManager: 'SecretValues', ParameterStore: 'Parameters' } as const
const texts = { SecretsManager: 'SecretString', ParameterStore: 'Value' } as const

/** An answer without the secrets of the second half; each service has an order of its own. */
const halved = (service: Service): ((truth: string) => string) =>
  json((answer) => {
    const list = lists[service]
    answer[list] = (answer[list] ?? []).filter((item) => names.slice(0, 3).includes(Reflect.get(Object(item), 'Name')))
  })

/** Batches that lie, where every secret can still be read by itself. */
const halves: readonly (readonly [why: string, lie: (service: Service) => Lie])[] = [
  ['half of the secrets', (service) => ({ body: halved(service) })],
  [
    'half of the secrets, and errors for the rest',
    (service) => ({
      body: json((answer) => {
        const list = lists[service]
        answer[list] = (answer[list] ?? []).slice(3)
        answer['Errors'] = names
          .slice(3)
          .map((SecretId) => ({ SecretId, ErrorCode: 'InternalServiceError', Message: 'no' }))
        answer['InvalidParameters'] = names.slice(3)
      }),
    }),
  ],
  ['no secret', () => ({ body: '{}' })],
  ['an empty body', () => ({ body: '' })],
  ['JSON that ends early', () => ({ body: (truth) => truth.slice(0, -20) })],
  ['a list of nothing', (service) => ({ body: JSON.stringify({ [lists[service]]: [null, null] }) })],
  ['an object for the list', (service) => ({ body: JSON.stringify({ [lists[service]]: { a: marked } }) })],
  ['the secrets in another order', (service) => ({ body: json((answer) => void answer[lists[service]]?.reverse()) })],
  [
    'secrets that nobody asked for',
    (service) => ({
      body: JSON.stringify({ [lists[service]]: [{ Name: 'other', SecretString: 'taken', Value: 'taken' }] }),
    }),
  ],
  ['one name that is refused', () => ({ status: 400, body: refusal('ValidationException') })],
  ['no right to batches', () => ({ status: 400, body: refusal('AccessDeniedException') })],
  ['an operation that is not there', () => ({ status: 501, body: refusal('NotImplementedException') })],
]

for (const service of ['SecretsManager', 'ParameterStore'] as const) {
  for (const [why, told] of halves) {
    test(`nothing is left out, and every key has its own value: ${service} gives ${why}`, async (t) => {
      if (!(await prepared(t))) return
      lie = (operation) => (operation === batches[service] ? told(service) : undefined)
      assert.deepEqual(await data({ service }), whole)
      assert.ok(operations.length <= 3 + names.length, operations.join())
    })
  }
}

/** Answers that cannot be used, of whatever call. */
const failures: readonly (readonly [
  why: string,
  lie: (service: Service) => Lie,
  expected: { readonly code: string; readonly wait?: number; readonly message?: RegExp },
])[] = [
  [
    'throttling',
    () => ({ status: 400, body: refusal('ThrottlingException', 'Rate exceeded') }),
    { code: 'PROVIDER_UNAVAILABLE' },
  ],
  [
    'throttling with Retry-After',
    () => ({ status: 429, headers: { 'retry-after': '1' }, body: refusal('ThrottlingException') }),
    { code: 'PROVIDER_UNAVAILABLE', wait: 1_000 },
  ],
  [
    'a failure of its own',
    () => ({ status: 500, body: refusal('InternalServiceError') }),
    { code: 'PROVIDER_UNAVAILABLE' },
  ],
  ['a page of a proxy', () => ({ status: 503, body: `<html>${marked}</html>` }), { code: 'PROVIDER_UNAVAILABLE' }],
  ['no connection', () => ({ reset: true }), { code: 'PROVIDER_UNAVAILABLE' }],
  [
    'another time',
    () => ({ status: 403, body: refusal('RequestTimeTooSkewed', 'too large') }),
    { code: 'PROVIDER_UNAVAILABLE', message: /the clock here and that of AWS differ too much$/ },
  ],
  [
    'a signature that has ended',
    () => ({ status: 400, body: refusal('InvalidSignatureException', 'Signature expired: 1 is now earlier than 2') }),
    { code: 'PROVIDER_UNAVAILABLE', message: /the clock here and that of AWS differ too much$/ },
  ],
  [
    'credentials that have ended',
    () => ({ status: 400, body: refusal('ExpiredTokenException') }),
    { code: 'ACCESS_DENIED' },
  ],
  ['no access', () => ({ status: 400, body: refusal('AccessDeniedException') }), { code: 'ACCESS_DENIED' }],
  ['an empty body', () => ({ body: '' }), { code: 'VALUE_INVALID' }],
  ['JSON that ends early', () => ({ body: `{"SecretString":"${marked}` }), { code: 'PROVIDER_FAILED' }],
  ['a page with 200', () => ({ body: `<html>${marked}</html>` }), { code: 'PROVIDER_FAILED' }],
  ['null', () => ({ body: 'null' }), { code: 'VALUE_INVALID' }],
  ['a number for a value', () => ({ body: '{"SecretString":42,"Parameter":{"Value":42}}' }), { code: 'VALUE_INVALID' }],
  [
    'an object for a value',
    () => ({ body: `{"SecretString":{"a":"${marked}"},"Parameter":{"Value":["${marked}"]}}` }),
    { code: 'VALUE_INVALID' },
  ],
  [
    'another secret',
    () => ({ body: `{"Name":"other","SecretString":"${marked}","Parameter":{"Name":"other","Value":"${marked}"}}` }),
    { code: 'PROVIDER_FAILED', message: /the answer is about another secret than one$/ },
  ],
]

for (const service of ['SecretsManager', 'ParameterStore'] as const) {
  for (const [why, told, { code, wait, message = /./ }] of failures) {
    // Throttled calls wait, so each way is tried once.
    const counts = why.startsWith('throttling') ? [service === 'SecretsManager' ? 6 : 1] : [1, 6]
    for (const count of counts) {
      test(`a failure names its entry and tells no value: ${service} gives ${why} for ${count}`, async (t) => {
        if (!(await prepared(t))) return
        lie = () => told(service)
        const error = await failure({ service, count })
        assert.equal(error.code, code, error.message)
        assert.equal(retryAfterOf(error), wait)
        assert.match(error.message, /^error processing spec\.data\[0\] \(key: one\), err: /)
        assert.match(error.message, message)
        // Three attempts of the batch, and where that settles nothing three of each secret.
        assert.ok(operations.length <= (code === 'PROVIDER_UNAVAILABLE' ? 3 : 3 + 3 * count), operations.join())
      })
    }
  }

  test(`one of a batch that fails does not spoil the others, and stands for itself: ${service}`, async (t) => {
    if (!(await prepared(t))) return
    const list = lists[service]
    lie = (operation) =>
      operation === batches[service]
        ? {
            body: json((answer) => {
              const item = answer[list]?.find((one) => Reflect.get(Object(one), 'Name') === 'three')
              Object.assign(item ?? {}, { [texts[service]]: 42 })
            }),
          }
        : undefined
    const error = await failure({ service })
    assert.equal(error.code, 'VALUE_INVALID')
    assert.match(error.message, /^error processing spec\.data\[2\] \(key: three\), err: .* key: three$/)
    assert.deepEqual(operations, [batches[service]])
  })

  test(`a single read that is throttled after half a batch is an error, not a gap: ${service}`, async (t) => {
    if (!(await prepared(t))) return
    lie = (operation) => {
      if (operation === batches[service]) return { body: halved(service) }
      return operation === singles[service]
        ? { status: 429, headers: { 'retry-after': '1' }, body: refusal('ThrottlingException') }
        : undefined
    }
    const error = await failure({ service })
    assert.equal(retryAfterOf(error), 1_000)
    assert.match(error.message, /^error processing spec\.data\[3\] \(key: four\), err: /)
  })
}

test('pages that go round in a circle end', async (t) => {
  if (!(await prepared(t))) return
  const turning = { body: '{"NextToken":"again","SecretList":[],"Parameters":[],"SecretValues":[]}' }
  for (const [service, operation] of [
    ['SecretsManager', 'ListSecrets'],
    ['ParameterStore', 'GetParametersByPath'],
  ] as const) {
    operations.length = 0
    lie = (asked) => (asked === operation ? turning : undefined)
    const error = await failure({ service, dataFrom: [{ find: { name: { regexp: '.' } } }] })
    assert.match(error.message, /the pages of the answer go round in a circle$/)
    assert.deepEqual(operations, [operation, operation])
  }
  lie = (asked) => (asked === 'BatchGetSecretValue' ? turning : undefined)
  assert.deepEqual(await data({}), whole)
})

const role = { role: 'arn:aws:iam::123456789012:role/reader' }
const isRead = (operation: string): boolean => /^(Batch)?Get/.test(operation)
const logins = (): number => operations.filter((operation) => operation === 'AssumeRole').length

for (const service of ['SecretsManager', 'ParameterStore'] as const) {
  for (const count of [1, 6]) {
    test(`credentials that AWS calls ended are renewed once: ${service}, ${count}`, async (t) => {
      if (!(await prepared(t))) return
      let refused = 0
      lie = (operation) => {
        if (!isRead(operation) || refused > 0) return undefined
        refused += 1
        return { status: 400, body: refusal('ExpiredTokenException') }
      }
      assert.equal((await data({ service, count, aws: role }))['one'], whole['one'])
      assert.equal(logins(), 2)
    })
  }
}

test('credentials that are refused again and again are renewed once a read', async (t) => {
  if (!(await prepared(t))) return
  lie = (operation) => (isRead(operation) ? { status: 400, body: refusal('ExpiredTokenException') } : undefined)
  assert.equal((await failure({ aws: role })).code, 'ACCESS_DENIED')
  assert.equal(logins(), 2)
})

const minute = 60_000
const hour = 60 * minute

/** The role's credentials live for an hour by AWS' clock; rounds of reads follow each other at once. */
for (const [why, skew, expected] of [
  ['right', 0, 1],
  ['ten minutes ahead', 10 * minute, 1],
  ['ten minutes behind', -10 * minute, 1],
  ['two hours ahead', 2 * hour, 1],
  ['two hours behind', -2 * hour, 1],
] as const) {
  test(`one login serves many reads, the clock ${why}`, async (t) => {
    if (!(await prepared(t))) return
    assert.deepEqual(await data({ aws: role, rounds: 5, now: () => Date.now() + skew }), whole)
    assert.equal(logins(), expected)
  })
}

for (const [minutes, expected] of [
  [54, 1],
  [56, 2],
] as const) {
  test(`credentials are renewed five minutes before they end: after ${minutes} minutes ${expected} logins`, async (t) => {
    if (!(await prepared(t))) return
    const now = (): number => Date.now() + (operations.length < 2 ? 0 : minutes * minute)
    assert.deepEqual(await data({ aws: role, rounds: 3, now }), whole)
    assert.equal(logins(), expected)
  })
}
