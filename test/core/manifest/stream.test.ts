import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoreError } from '@sealkit/core'
import { manifestJson, readManifests, secretType } from '@sealkit/core/manifest'
import { fc } from '../../property.ts'

const one = '{"metadata":{"name":"a"},"data":{"k":"eA=="}}'

/** Streams, and the names of the objects in them. */
const streams: Readonly<Record<string, readonly [string | Uint8Array, readonly string[]]>> = {
  nothing: ['', []],
  'white space': [' \n \n', []],
  'an empty object': ['{}', []],
  'unknown fields only': ['{"foo":1}', []],
  'one object': [one, ['a']],
  'objects one after the other': [`${one}${one}\n${one}`, ['a', 'a', 'a']],
  'JSON, then YAML': [`${one}\n---\nmetadata: {name: b}\n`, ['a', 'b']],
  'JSON with a trailing comma is YAML': ['{"metadata":{"name":"a",},}', ['a']],
  'braces and quotes in strings': ['{"metadata":{"name":"}{\\"]"}}{"metadata":{"name":"b"}}', ['}{"]', 'b']],
  'YAML documents': ['metadata: {name: a}\n---\nmetadata: {name: b}\n', ['a', 'b']],
  'empty documents': ['---\n\n---\n# c\n---\nmetadata: {name: a}\n--- # comment\n', ['a']],
  'a directive, and the end of a document': ['%YAML 1.1\n---\nmetadata: {name: a}\n---\n# c\n...\n', ['a']],
  CRLF: ['metadata:\r\n  name: a\r\n---\r\nmetadata: {name: b}', ['a', 'b']],
  'a list': [`{"kind":"List","items":[${one},${one}]}`, ['a', 'a']],
  'a list without kind': [`{"items":[${one}]}`, ['a']],
  'a SecretList in YAML': ['kind: SecretList\nitems:\n- metadata: {name: a}\n', ['a']],
  'UTF-16BE': [new Uint8Array([0xfe, 0xff, ...Buffer.from('metadata: {name: a}', 'utf16le').swap16()]), ['a']],
  'UTF-16LE': [Buffer.from('\ufeffmetadata: {name: a}', 'utf16le'), ['a']],
  'a byte order mark': ['\ufeffmetadata: {name: a}', ['a']],
  'no UTF-8 in a JSON string': [Buffer.from('{"metadata":{"name":"\xff"}}', 'latin1'), ['\ufffd']],
}

test('what a stream holds', async () => {
  for (const [name, [input, names]] of Object.entries(streams)) {
    const manifests = await readManifests(secretType, input)
    assert.deepEqual(
      manifests.map(({ metadata }) => metadata?.name),
      names,
      name,
    )
  }
})

const noSecrets = 'no secrets found. Ensure the input is valid and UTF-8 encoded'

/** Streams that cannot be read: the code, and what kubeseal says. */
const refused: Readonly<Record<string, readonly [string | Uint8Array, string, string | RegExp]>> = {
  'plain text': ['foo', 'INVALID_MANIFEST', noSecrets],
  'JSON of a wrong type behind a tab': [
    '\n\t{"metadata":{"name":1,"namespace":"b"}}',
    'INVALID_MANIFEST',
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string',
  ],
  'a number': ['1', 'INVALID_MANIFEST', noSecrets],
  'an array': ['[]', 'INVALID_MANIFEST', noSecrets],
  'broken YAML': ['a: [', 'INVALID_MANIFEST', noSecrets],
  'broken JSON': ['{"a":', 'INVALID_MANIFEST', noSecrets],
  'no UTF-8': [Buffer.from('a: \xff', 'latin1'), 'INVALID_MANIFEST', noSecrets],
  'a broken document among good ones': [`metadata: {name: a}\n---\na: [\n`, 'INVALID_MANIFEST', /^document 2 /],
  'text behind a separator': ['metadata: {name: a}\n--- {b: c}\n', 'INVALID_MANIFEST', noSecrets],
  'an anchor in itself': ['metadata: &a {name: a, labels: *a}', 'INVALID_MANIFEST', noSecrets],
  'a null key': ['metadata: {name: a}\n~: x\n', 'INVALID_MANIFEST', noSecrets],
  'no base64, JSON': [
    '{"metadata":{"name":"a"},"data":{"k":"x"}}',
    'INVALID_BASE64',
    'illegal base64 data at input byte 0',
  ],
  'no base64, YAML': [
    'metadata: {name: a}\ndata: {k: x}',
    'INVALID_BASE64',
    'error unmarshaling JSON: while decoding JSON: illegal base64 data at input byte 0',
  ],
  'no text': [
    'metadata: {name: a}\nstringData: {k: [1]}',
    'INVALID_MANIFEST',
    'error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Secret.stringData of type string',
  ],
  'garbage after two objects': [`${one}${one}x`, 'JSON_SYNTAX', /^invalid character/],
}

test('what a stream must not hold', async () => {
  for (const [name, [input, code, upstream]] of Object.entries(refused)) {
    const error = await readManifests(secretType, input).then(
      () => assert.fail(`${name}: was read`),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof CoreError, name)
    assert.equal(error.code, code, name)
    if (typeof upstream === 'string') assert.equal(error.upstream, upstream, name)
    else assert.match(error.upstream ?? '', upstream, name)
  }
})

test('aliases that multiply are refused, not written out', async () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let n = 1; n < 9; n++)
    lines.push(
      `a${n}: &a${n} [${Array(10)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
    )
  await assert.rejects(readManifests(secretType, lines.join('\n')), { code: 'INVALID_MANIFEST' })
})

/** YAML 1.1 scalars where a Secret has text: silently something else, in upstream and here. */
const scalars: readonly (readonly [string, string])[] = [
  ['y', 'true'],
  ['off', 'false'],
  ['012', '10'],
  ['0x1F', '31'],
  ['1_000', '1000'],
  ['1.50', '1.5'],
  ['1e3', '1000'],
  ['1e6', '1e+06'],
  ['123456789.123', '1.2345679e+08'],
  ['18446744073709551615', '18446744073709551615'],
  ['18446744073709551616', '1.8446744e+19'],
  ['.inf', '+Inf'],
  ['-.INF', '-Inf'],
  ['2020-01-01', '2020-01-01'],
  ['0o7', '7'],
  ['"y"', 'y'],
  ['!!str 5', '5'],
  ['!!binary aGk=', 'hi'],
]

test('unquoted scalars become text as in Go', async () => {
  for (const [yaml, text] of scalars) {
    const [secret] = await readManifests(secretType, `stringData: {k: ${yaml}}`)
    assert.deepEqual(secret?.['stringData'], { k: text }, yaml)
  }
})

test('a Secret survives printing and reading', async () => {
  const map = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' }), { noNullPrototype: true })
  await fc.assert(
    fc.asyncProperty(map, map, fc.boolean(), async (labels, stringData, immutable) => {
      const secret = { kind: 'Secret', metadata: { name: 'a', labels }, immutable, stringData }
      const [read] = await readManifests(secretType, manifestJson(secretType, secret))
      assert.deepEqual(JSON.parse(manifestJson(secretType, read ?? {})), JSON.parse(manifestJson(secretType, secret)))
      assert.deepEqual(Object.entries(read?.['stringData'] ?? {}).sort(), Object.entries(stringData).sort())
    }),
  )
})
