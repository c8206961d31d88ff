import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { parseReference, type ReferenceContext, ResolverError, resolveReference } from '@sealkit/resolver'
import { fc } from '../property.ts'

const parsed: readonly (readonly [
  text: string,
  backend: string,
  path: string,
  fragment: readonly string[] | null,
  rest?: object,
])[] = [
  ['ref+vault://secret/db#/password', 'vault', 'secret/db', ['password']],
  ['secretref+vault://secret/db#/password', 'vault', 'secret/db', ['password']],
  ['ref+vault://secret/db#/a/b+', 'vault', 'secret/db', ['a', 'b']],
  ['ref+vault://secret/db#password', 'vault', 'secret/db', ['password']],
  ['ref+vault://secret/db/password', 'vault', 'secret/db/password', null],
  [
    'ref+awssecrets://arn:aws:secretsmanager:eu-west-1:1:secret:db-x',
    'awssecrets',
    'arn:aws:secretsmanager:eu-west-1:1:secret:db-x',
    null,
  ],
  ['<path:secret/data/db#password>', 'vault', 'secret/data/db', ['password'], { form: 'path' }],
  ['<path:secret/data/db#password#3>', 'vault', 'secret/data/db', ['password'], { form: 'path', version: '3' }],
  [
    '<path: secret/data/db # password | base64decode | sha256sum >',
    'vault',
    'secret/data/db',
    ['password'],
    { form: 'path', modifiers: ['base64decode', 'sha256sum'] },
  ],
]

for (const [text, backend, path, fragment, rest = {}] of parsed) {
  test(`parse ${text}`, () => {
    const expected = { backend, path, params: new Map(), fragment, version: '', modifiers: [], form: 'ref', ...rest }
    assert.deepEqual(parseReference(text), expected)
  })
}

test('parameters are decoded', () => {
  const { params } = parseReference('ref+vault://a/b?address=https%3A%2F%2Fv.test&x=1+2#/k')
  assert.deepEqual(
    [...params],
    [
      ['address', 'https://v.test'],
      ['x', '1 2'],
    ],
  )
})

const broken = [
  '',
  'hunter2',
  'ref+vault:/a',
  'ref+://a',
  'ref+vault://',
  'ref+VAULT://a#/b',
  'x ref+vault://a#/b',
  'ref+vault://a#/b//c',
  'ref+vault://a#/',
  'ref+vault://a\n#/b',
  '<path:a>',
  '<path:#b>',
  '<path:a#>',
  '<path:a#b#c#d>',
  '<path:a#b> <path:c#d>',
  '<placeholder>',
  '<path:a#b',
]

for (const text of broken) {
  test(`no reference: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseReference(text),
      (error) =>
        error instanceof ResolverError && error.code === 'INVALID_REFERENCE' && !error.message.includes('hunter2'),
    )
  })
}

test('a modifier that is not there', () => {
  assert.throws(() => parseReference('<path:a#b | jsonPath {.x}>'), { code: 'NOT_SUPPORTED' })
})

test('no text makes the parser crash', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom('ref+vault://', '#/', '?', '<path:', '>', '|', '+', '/'))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      try {
        parseReference(pieces.join(''))
      } catch (error) {
        assert.ok(error instanceof ResolverError)
      }
    }),
  )
})

const requests: string[] = []
let server: Server
let address = ''

before(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers['x-vault-token']}`)
    const data = { password: 'p', n: 1, 'a.b': { 'c*d': 'deep' }, encoded: 'aGk=', ref: 'ref+vault://x#/y' }
    const v1 = request.url?.startsWith('/v1/old/')
    response.end(JSON.stringify({ data: v1 ? data : { data } }))
  })
  // A slow client must not meet a connection that is just being closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

after(() => {
  server.closeAllConnections()
  server.close()
})

function context(ambient: Readonly<Record<string, string>> = {}): ReferenceContext {
  return { environment: { now: Date.now, ambient: { VAULT_ADDR: address, VAULT_TOKEN: 't', ...ambient } } }
}

async function resolved(text: string, with_: ReferenceContext = context()): Promise<string> {
  requests.length = 0
  return Buffer.from(await resolveReference(parseReference(text), with_)).toString()
}

const values: readonly (readonly [
  text: string,
  value: string,
  request: string,
  ambient?: Readonly<Record<string, string>>,
])[] = [
  ['ref+vault://secret/db#/password', 'p', '/v1/secret/data/db t'],
  ['ref+openbao://secret/db#/password', 'p', '/v1/secret/data/db t'],
  ['ref+vault://secret/team/db/password', 'p', '/v1/secret/data/team/db t'],
  ['ref+vault://secret/db?version=2#/n', '1', '/v1/secret/data/db?version=2 t'],
  ['ref+vault://secret/db#/a.b/c*d', 'deep', '/v1/secret/data/db t'],
  ['ref+vault://old/db?kv=1#/password', 'p', '/v1/old/db t'],
  ['ref+vault://secret/db?token_env=OTHER#/n', '1', '/v1/secret/data/db o', { OTHER: 'o' }],
  ['<path:secret/data/db#encoded#4 | base64decode>', 'hi', '/v1/secret/data/db?version=4 t'],
  ['<path:secret/data/db#password|base64encode>', 'cA==', '/v1/secret/data/db t'],
  ['<path:secret/data/db#ref>', 'ref+vault://x#/y', '/v1/secret/data/db t'],
]

for (const [text, value, request, ambient = {}] of values) {
  test(`resolve ${text}`, async () => {
    assert.equal(await resolved(text, context(ambient)), value)
    assert.deepEqual(requests, [request])
  })
}

const closed = { rules: [{ provider: 'vault', hosts: ['vault.test'] }] }

const refused: readonly (readonly [text: string, code: string, context?: ReferenceContext])[] = [
  ['ref+exec://rm', 'NOT_SUPPORTED'],
  ['ref+file:///etc/passwd', 'NOT_SUPPORTED'],
  ['ref+envsubst://$HOME', 'NOT_SUPPORTED'],
  ['ref+constructor://a', 'NOT_SUPPORTED'],
  ['ref+vault://secret/../sys#/a', 'INVALID_REFERENCE'],
  ['ref+vault://password', 'INVALID_REFERENCE'],
  ['ref+vault://secret/db#/nope', 'PROPERTY_NOT_FOUND'],
  ['ref+vault://secret/db?auth_method=github#/a', 'NOT_SUPPORTED'],
  ['ref+vault://secret/db?auth_method=approle#/a', 'CREDENTIAL_MISSING'],
  ['ref+vault://secret/db?address=nope#/a', 'INVALID_STORE'],
  ['ref+vault://secret/db#/a', 'INVALID_REFERENCE', { environment: { now: Date.now } }],
  ['ref+awssecrets://a', 'INVALID_REFERENCE'],
  ['ref+awssecrets://a?region=eu-west-1', 'CREDENTIAL_MISSING'],
  ['ref+awssecrets://a?region=eu-west-1', 'POLICY_DENIED', { environment: { now: Date.now } }],
]

for (const [text, code, with_] of refused) {
  test(`refused: ${text} (${code})`, async () => {
    await assert.rejects(resolved(text, with_), { code })
  })
}

test('a policy holds for references too', async () => {
  await assert.rejects(resolved('ref+vault://secret/db#/a', { ...context(), policy: closed }), {
    code: 'POLICY_DENIED',
  })
  assert.deepEqual(requests, [])
  const rules = [{ provider: 'vault', hosts: [new URL(address).host], paths: ['secret/team/.*'] }]
  await assert.rejects(resolved('ref+vault://secret/db#/a', { ...context(), policy: { rules } }), {
    code: 'POLICY_DENIED',
  })
  assert.equal(await resolved('ref+vault://secret/team/db#/n', { ...context(), policy: { rules } }), '1')
})
