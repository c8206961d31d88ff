import assert from 'node:assert/strict'
import { test } from 'node:test'
import { data, failure, resolve } from './fixture.ts'

const fake = [
  { key: 'db', value: '{"user":"u","empty":""}' },
  { key: 'nojson', value: 'plain' },
]

const entry = (secretKey: string, remoteRef: object, rest: object = {}): object => ({ secretKey, remoteRef, ...rest })
const user = entry('user', { key: 'db', property: 'user' })

/** What an ExternalSecret says, and the data that come of it. */
const cases: Readonly<Record<string, readonly [object, Record<string, string>]>> = {
  'a property that is not there is left out': [
    { data: [user, entry('port', { key: 'db', property: 'port' }, { optional: true })] },
    { user: 'u' },
  ],
  'a secret that is not there is left out': [
    { data: [user, entry('port', { key: 'gone' }, { optional: true })] },
    { user: 'u' },
  ],
  'a property that is not there has its default': [
    { data: [user, entry('port', { key: 'db', property: 'port' }, { default: '5432' })] },
    { user: 'u', port: '5432' },
  ],
  'a secret that is not there has its default, which nothing decodes': [
    { data: [entry('port', { key: 'gone', decodingStrategy: 'Base64' }, { default: 'MTIz' })] },
    { port: 'MTIz' },
  ],
  'an empty default is one': [{ data: [entry('port', { key: 'gone' }, { default: '' })] }, { port: '' }],
  'a default and optional are a default': [
    { data: [entry('port', { key: 'gone' }, { default: 'd', optional: true })] },
    { port: 'd' },
  ],
  'what is there has no need of its default': [
    {
      data: [
        entry('user', { key: 'db', property: 'user' }, { default: 'd' }),
        entry('e', { key: 'db', property: 'empty' }, { default: 'd' }),
      ],
    },
    { user: 'u', e: '' },
  ],
  'an extract that is not there is left out': [
    { dataFrom: [{ extract: { key: 'gone' }, optional: true }], data: [user] },
    { user: 'u' },
  ],
  'what dataFrom gave stays where data is left out': [
    { dataFrom: [{ extract: { key: 'db' } }], data: [entry('user', { key: 'gone' }, { optional: true })] },
    { user: 'u', empty: '' },
  ],
  'a default goes over what dataFrom gave': [
    { dataFrom: [{ extract: { key: 'db' } }], data: [entry('user', { key: 'gone' }, { default: 'd' })] },
    { user: 'd', empty: '' },
  ],
}

for (const [name, [spec, wanted]] of Object.entries(cases)) {
  test(name, async () => assert.deepEqual(await data({ fake, spec: spec as Record<string, unknown> }), wanted))
}

test('a template sees the default', async () => {
  const template = { data: { url: '{{ .user }}:{{ .port }}' } }
  const spec = { data: [user, entry('port', { key: 'gone' }, { default: '5432' })], target: { template } }
  assert.deepEqual(await data({ fake, spec }), { url: 'u:5432' })
})

/** What is no absence, and so is an error whatever the entry says. */
const failures: Readonly<Record<string, readonly [object, string]>> = {
  'not optional': [{ data: [entry('a', { key: 'gone' }, { optional: false })] }, 'SECRET_NOT_FOUND'],
  'a value that cannot be decoded': [
    { data: [entry('a', { key: 'nojson', decodingStrategy: 'Base64' }, { default: 'd' })] },
    'DECODE_FAILED',
  ],
  'an extract of what is no JSON': [{ dataFrom: [{ extract: { key: 'nojson' }, optional: true }] }, 'VALUE_INVALID'],
  'a store that is not there': [
    { data: [{ ...entry('a', { key: 'db' }, { optional: true }), sourceRef: { storeRef: { name: 'no-store' } } }] },
    'STORE_NOT_FOUND',
  ],
  'a default that is no text': [{ data: [entry('a', { key: 'db' }, { default: 5 })] }, 'INVALID_EXTERNAL_SECRET'],
}

for (const [name, [spec, code]] of Object.entries(failures)) {
  test(`an error in spite of it: ${name}`, async () => {
    assert.equal((await failure({ fake, spec: spec as Record<string, unknown> })).code, code)
  })
}

test('nothing but what was left out is nothing: the Secret is retained', async () => {
  const spec = { data: [entry('a', { key: 'gone' }, { optional: true })] }
  const { action, missing } = await resolve({ fake, spec })
  assert.deepEqual([action, missing], ['retain', []])
})
