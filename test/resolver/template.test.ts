import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '@sealkit/core/manifest'
import { createRenderer } from '@sealkit/resolver'
import { type Fixture, failure, resolve } from './fixture.ts'

type Template = Readonly<Record<string, unknown>>

const fake = [{ key: 'k', value: '{"user":"admin","b64":"aGk="}' }]

function config(data: Readonly<Record<string, string>>, kind = 'ConfigMap'): Manifest {
  return { apiVersion: 'v1', kind, metadata: { name: 'tpl', namespace: 'apps' }, data: { ...data } }
}

function templated(template: Template | undefined, rest: Partial<Fixture> = {}): Fixture {
  return { fake, spec: { dataFrom: [{ extract: { key: 'k' } }], target: { template } }, ...rest }
}

async function content(fixture: Fixture): Promise<unknown> {
  const { secret } = await resolve(fixture)
  assert.ok(secret !== null)
  return {
    data: Object.fromEntries([...secret.data].map(([key, value]) => [key, Buffer.from(value).toString()])),
    labels: secret.labels,
    annotations: secret.annotations,
    ...(secret.type === undefined ? {} : { type: secret.type }),
    ...(secret.finalizers === undefined ? {} : { finalizers: secret.finalizers }),
  }
}

const provided = { user: 'admin', b64: 'aGk=' }
const metadata = { labels: { app: 'x' }, annotations: { note: 'y' } }

test('without a template the Secret copies labels and annotations', async () => {
  assert.deepEqual(await content(templated(undefined, { metadata })), { data: provided, ...metadata })
})

test('an empty template keeps the data and gives no metadata', async () => {
  assert.deepEqual(await content(templated({}, { metadata })), { data: provided, labels: {}, annotations: {} })
})

const literal = (text: string, rest: Template = {}): Template => ({ templateFrom: [{ literal: text, ...rest }] })
const fromItems = (kind: 'configMap' | 'secret', ...items: Template[]): Template => ({
  templateFrom: [{ [kind]: { name: 'tpl', items } }],
})

const rendered: readonly (readonly [
  what: string,
  template: Template,
  data: Record<string, string>,
  objects?: Manifest[],
])[] = [
  ['data replaces', { data: { u: '{{ .user }}!' } }, { u: 'admin!' }],
  ['data merged', { data: { user: '{{ .user }}!' }, mergePolicy: 'Merge' }, { user: 'admin!', b64: 'aGk=' }],
  ['keys are no templates', { data: { '{{ .user }}': 'x' } }, { '{{ .user }}': 'x' }],
  [
    'a literal is a map of strings',
    literal('a: "{{ .user }}"\nn: 42\nt: true\nz:\nf: 1.50'),
    { a: 'admin', n: '42', t: 'true', z: '', f: '1.5' },
  ],
  ['a large number keeps its digits', literal('n: 12345678901234567890'), { n: '12345678901234567890' }],
  ['an empty literal gives nothing', literal(''), {}],
  ['values are decoded', literal('a: "{{ .b64 }}"', { valuesDecodingStrategy: 'Base64' }), { a: 'hi' }],
  [
    'data over templateFrom, later over earlier',
    { data: { z: '3' }, templateFrom: [{ literal: 'y: "1"\nz: "1"' }, { literal: 'y: "2"' }] },
    { y: '2', z: '3' },
  ],
  ['a ConfigMap by value', fromItems('configMap', { key: 'a' }), { a: 'u=admin' }, [config({ a: 'u={{ .user }}' })]],
  [
    'a ConfigMap by keys and values',
    fromItems('configMap', { key: 'a', templateAs: 'KeysAndValues' }),
    { x: 'admin' },
    [config({ a: 'x: "{{ .user }}"' })],
  ],
  [
    'a Secret',
    fromItems('secret', { key: 'a' }),
    { a: 'admin' },
    [config({ a: Buffer.from('{{ .user }}').toString('base64') }, 'Secret')],
  ],
  [
    'all sources of one entry',
    { templateFrom: [{ configMap: { name: 'tpl', items: [{ key: 'a' }] }, literal: 'b: "2"' }] },
    { a: '1', b: '2' },
    [config({ a: '1' })],
  ],
]

for (const [what, template, data, objects = []] of rendered) {
  test(`template: ${what}`, async () => {
    assert.deepEqual(await content(templated(template, { objects })), { data, labels: {}, annotations: {} })
  })
}

test('delimiters of one\u2019s own', async () => {
  const context = { render: createRenderer({ leftDelim: '[[', rightDelim: ']]' }) }
  const made = templated({ data: { x: '{{ [[ .user ]] }}' } }, { context })
  assert.deepEqual(await content(made), { data: { x: '{{ admin }}' }, labels: {}, annotations: {} })
})

test('labels, annotations, type and finalizers', async () => {
  const template = {
    type: 'kubernetes.io/basic-auth',
    data: { username: '{{ .user }}' },
    metadata: { labels: { user: '{{ .user }}' }, annotations: { a: '1' }, finalizers: ['f'] },
    templateFrom: [
      { target: 'LABELS', literal: 'l: "{{ .user }}"' },
      { target: 'Annotations', literal: 'n: "2"' },
    ],
  }
  assert.deepEqual(await content(templated(template)), {
    type: 'kubernetes.io/basic-auth',
    data: { username: 'admin' },
    labels: { l: 'admin', user: 'admin' },
    annotations: { n: '2', a: '1' },
    finalizers: ['f'],
  })
})

const refused: readonly (readonly [
  what: string,
  template: Template,
  code: string,
  message: RegExp,
  objects?: Manifest[],
])[] = [
  [
    'a missing key',
    { data: { x: '{{ .nope }}' } },
    'TEMPLATE_FAILED',
    /^could not apply template: could not execute template: could not execute template: unable to execute template at key x: unable to execute template at key x: /,
  ],
  [
    'a syntax error',
    { data: { x: '{{ .user' } },
    'TEMPLATE_FAILED',
    /unable to execute template at key x: unable to parse template at key x: /,
  ],
  [
    'a function that was removed',
    { data: { x: '{{ env "HOME" }}' } },
    'TEMPLATE_FAILED',
    /unable to parse template at key x: /,
  ],
  ['a label that fails', { metadata: { labels: { l: '{{ .nope }}' } } }, 'TEMPLATE_FAILED', /at key l: /],
  [
    'no such ConfigMap',
    fromItems('configMap', { key: 'a' }),
    'TEMPLATE_FAILED',
    /error fetching templateFrom data: configmaps "tpl" not found$/,
  ],
  ['no such Secret', fromItems('secret', { key: 'a' }), 'TEMPLATE_FAILED', /secrets "tpl" not found$/],
  [
    'no such key',
    fromItems('configMap', { key: 'a' }),
    'TEMPLATE_FAILED',
    /error in configmap tpl: missing key a$/,
    [config({})],
  ],
  [
    'a text that is no map',
    literal('{{ .user }}'),
    'TEMPLATE_FAILED',
    /cannot unmarshal string into Go value of type map\[string\]string$/,
  ],
  ['a list', literal('[1]'), 'TEMPLATE_FAILED', /cannot unmarshal array into Go value of type map\[string\]string$/],
  ['a nested map', literal('a: {b: c}'), 'TEMPLATE_FAILED', /cannot unmarshal object into Go value of type string$/],
  ['broken YAML', literal('a: "{{ .user }}'), 'TEMPLATE_FAILED', /the rendered text is not valid YAML$/],
  [
    'values that do not decode',
    literal('a: "?"', { valuesDecodingStrategy: 'Base64' }),
    'DECODE_FAILED',
    /failed to decode value for key "a": illegal base64 data/,
  ],
  [
    'a target that is none',
    literal('a: "1"', { target: 'spec.foo' }),
    'INVALID_EXTERNAL_SECRET',
    /templateFrom target="spec.foo" is not allowed when targeting a Secret/,
  ],
  ['the old engine', { engineVersion: 'v1' }, 'INVALID_EXTERNAL_SECRET', /template engine version/],
  [
    'bootstrap tokens',
    { type: 'bootstrap.kubernetes.io/token' },
    'INVALID_EXTERNAL_SECRET',
    /template.type="bootstrap.kubernetes.io\/token" is not allowed$/,
  ],
  [
    'tokens of ServiceAccounts',
    {
      type: 'kubernetes.io/service-account-token',
      metadata: { annotations: { 'kubernetes.io/service-account.name': 'x' } },
    },
    'INVALID_EXTERNAL_SECRET',
    /template.type="kubernetes.io\/service-account-token" with annotation "kubernetes.io\/service-account.name" is not allowed$/,
  ],
  [
    'tokens whose annotations come from elsewhere',
    { type: 'kubernetes.io/service-account-token', templateFrom: [{ target: 'annotations', literal: 'a: b' }] },
    'INVALID_EXTERNAL_SECRET',
    /template.type="kubernetes.io\/service-account-token" with templateFrom target="Annotations" is not allowed$/,
  ],
]

for (const [what, template, code, message, objects = []] of refused) {
  test(`template refuses ${what}`, async () => {
    const error = await failure(templated(template, { objects }))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    assert.match(error.message, /^could not apply template: /)
    assert.doesNotMatch(error.message, /admin/)
  })
}

test('without a renderer nothing passes through', async () => {
  const { spec } = templated({ data: { x: 'no action' } })
  const context = { render: undefined } as unknown as NonNullable<Fixture['context']>
  const error = await failure({ fake, spec, context })
  assert.equal(error.code, 'TEMPLATE_FAILED')
  assert.match(error.hint ?? '', /renderer/)
})

test('another kind of target is refused', async () => {
  const target = { manifest: { apiVersion: 'v1', kind: 'ConfigMap' } }
  const error = await failure({ fake, spec: { dataFrom: [{ extract: { key: 'k' } }], target } })
  assert.equal(error.code, 'NOT_SUPPORTED')
})

test('target.name and target.immutable', async () => {
  const { secret } = await resolve({
    fake,
    spec: { dataFrom: [{ extract: { key: 'k' } }], target: { name: 't', immutable: true } },
  })
  assert.deepEqual([secret?.namespace, secret?.name, secret?.immutable], ['apps', 't', true])
})
