import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Branch,
  checkVersion,
  isBranch,
  keyName,
  newMetadata,
  openStore,
  parseKeys,
  readMetadata,
  writeMetadata,
} from '@sealkit/core/sops'

const yaml = await openStore('yaml')
const json = await openStore('json')

/** The `sops` block of a YAML text. */
function block(text: string): Branch {
  const value = yaml.load(Buffer.from(text))[0]?.items.find(({ key }) => key === 'sops')?.value ?? null
  assert.ok(isBranch(value))
  return value
}

const time = 'lastmodified: "2024-01-02T03:04:05Z"'

/** Blocks as versions of sops wrote them, and what is read. */
const layouts: readonly (readonly [why: string, text: string, read: Record<string, unknown>])[] = [
  [
    'sops 3.7: structure order, empty lists',
    `sops:\n  kms: []\n  gcp_kms: []\n  azure_kv: []\n  hc_vault: []\n  age:\n    - recipient: age1x\n      enc: |\n        x\n  ${time}\n  mac: M\n  pgp: []\n  unencrypted_suffix: _u\n  version: 3.7.3\n`,
    { version: '3.7.3', mac: 'M', rule: { name: 'unencrypted_suffix', pattern: '_u' } },
  ],
  [
    'no rule',
    `sops: {age: [{recipient: a, enc: b}], ${time}}`,
    { rule: { name: 'unencrypted_suffix', pattern: '_unencrypted' } },
  ],
  [
    'keys in any case',
    `sops: {AGE: [{Recipient: a, ENC: b}], LastModified: "2024-01-02T03:04:05Z", Mac: m}`,
    { mac: 'm' },
  ],
  [
    'weak types',
    `sops: {age: {recipient: 5, enc: true}, ${time}, mac_only_encrypted: "true", shamir_threshold: "2", version: 3}`,
    { macOnlyEncrypted: true, shamirThreshold: 2, version: '3' },
  ],
  [
    'a boolean as a number',
    `sops: {age: [{}], ${time}, mac_only_encrypted: 1, shamir_threshold: true}`,
    { macOnlyEncrypted: true, shamirThreshold: 1 },
  ],
  ['unknown fields', `sops: {age: [{recipient: a, enc: b, later: 1}], ${time}, later: [1]}`, { mac: '' }],
  [
    'an offset of zero, a fraction',
    'sops: {age: [{}], lastmodified: "2024-01-02T03:04:05.5+00:00"}',
    { lastModified: '2024-01-02T03:04:05Z' },
  ],
  [
    'flat lists win over groups',
    `sops: {age: [{recipient: flat}], key_groups: [{age: [{recipient: g}]}], ${time}}`,
    { lastModified: '2024-01-02T03:04:05Z' },
  ],
]

describe('layouts that are read', () => {
  for (const [why, text, read] of layouts) {
    test(why, () => {
      const metadata: Record<string, unknown> = { ...readMetadata(block(text)) }
      for (const [field, value] of Object.entries(read)) assert.deepEqual(metadata[field], value, field)
    })
  }

  test('keys of all kinds, in groups and in sops\u2019 order', () => {
    const created = 'created_at: "2024-01-01T00:00:00Z"'
    const text = `sops:\n  key_groups:\n  - pgp: [{fp: F, enc: e, ${created}}]\n    kms: [{arn: A, role: R, context: {b: "2", a: "1"}, aws_profile: P, enc: e, ${created}}]\n  - age: [{recipient: age1, enc: e}]\n    hc_vault: [{vault_address: http://v, engine_path: t, key_name: k, enc: e, ${created}}]\n    azure_kv: [{vault_url: https://a, name: n, version: v, enc: e, ${created}}]\n    gcp_kms: [{resource_id: r, enc: e, ${created}}]\n    hckms: [{key_id: "r:u", enc: e, ${created}}]\n  shamir_threshold: 2\n  ${time}\n`
    const { keyGroups } = readMetadata(block(text))
    assert.deepEqual(
      keyGroups.map((group) => group.map(keyName)),
      [
        ['A+R|a:1,b:2|P', 'F'],
        ['r', 'r:u', 'https://a/keys/n/v', 'http://v/v1/t/keys/k', 'age1'],
      ],
    )
  })
})

/** Blocks that are refused: Go's words. */
const refused: readonly (readonly [text: string, upstream: RegExp])[] = [
  [
    `sops: {age: [{}], lastmodified: 2024-01-02T03:04:05Z}`,
    /'lastmodified' expected type 'string', got unconvertible type 'time\.Time'$/,
  ],
  [`sops: {age: [{}]}`, /^parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"$/],
  [`sops: {age: [{}], lastmodified: yesterday}`, /^parsing time "yesterday"/],
  [`sops: {${time}}`, /^No keys found in file$/],
  [`sops: {age: [], ${time}}`, /^No keys found in file$/],
  [`sops: {pgp: [{fp: x, enc: y}], ${time}}`, /^parsing time ""/],
  [`sops: {age: [x], ${time}}`, /'age\[0\]' expected a map/],
  [
    `sops: {age: [{}], ${time}, mac: [a]}`,
    /'mac' expected type 'string', got unconvertible type '\[\]interface \{\}'$/,
  ],
  [`sops: {age: [{}], ${time}, shamir_threshold: x}`, /'shamir_threshold' cannot parse value as 'int'/],
  [`sops: {age: [{}], ${time}, mac_only_encrypted: x}`, /'mac_only_encrypted' cannot parse value as 'bool'/],
  [
    `sops: {age: [{}], ${time}, encrypted_regex: a, encrypted_suffix: b}`,
    /^Cannot use more than one of encrypted_suffix/,
  ],
]

describe('blocks that are refused', () => {
  for (const [text, upstream] of refused) {
    test(text, () => {
      assert.throws(
        () => readMetadata(block(text)),
        (error: Error & { code?: string; upstream?: string }) => {
          assert.equal(error.code, 'METADATA_INVALID')
          assert.match(error.upstream ?? '', upstream)
          return true
        },
      )
    })
  }

  for (const text of ['{"a":1}', '{"sops":1}', '{"sops":{},"sops":{}}']) {
    test(`a file ${text}`, () => {
      assert.throws(() => json.loadEncrypted(Buffer.from(text)), { code: /^METADATA_(MISSING|INVALID)$/ })
    })
  }
})

test('what is written is sorted, and empty fields are left out', () => {
  const keys = parseKeys('kms', 'arn:aws:kms:x:1:key/y+arn:aws:iam::1:role/r', { context: { b: '2', a: '1' } })
  const created = keys.map((key) => ({ ...key, enc: 'E', createdAt: '2024-01-01T00:00:00Z' }))
  const metadata = newMetadata({ keyGroups: [created], lastModified: '2024-01-02T03:04:05Z', mac: 'M' })
  const wanted = `arn: arn:aws:kms:x:1:key/y
          aws_profile: ""
          context:
            a: "1"
            b: "2"
          created_at: "2024-01-01T00:00:00Z"
          enc: E
          role: arn:aws:iam::1:role/r
    lastmodified: "2024-01-02T03:04:05Z"
    mac: M
    unencrypted_suffix: _unencrypted
    version: 3.13.3
`
  const text = Buffer.from(
    yaml.emit([{ kind: 'branch', items: [{ key: 'sops', value: writeMetadata(metadata) }] }]),
  ).toString()
  assert.equal(text, `sops:\n    kms:\n        - ${wanted}`)
})

test('groups are written with empty age and hc_vault lists, as upstream writes them', () => {
  const keyGroups = [parseKeys('pgp', 'AB CD'), parseKeys('pgp', 'EF')].map((group) =>
    group.map((key) => ({ ...key, createdAt: '2024-01-01T00:00:00Z' })),
  )
  const text = Buffer.from(json.emit([writeMetadata(newMetadata({ keyGroups }))])).toString()
  assert.deepEqual(JSON.parse(text)['key_groups'][0], {
    age: [],
    hc_vault: [],
    pgp: [{ created_at: '2024-01-01T00:00:00Z', enc: '', fp: 'ABCD' }],
  })
})

describe('the version of a file', () => {
  for (const version of ['3.13.3', '9.0.0', '1.14', '1.', 'v3.7.1', '3.13.3-rc1', '3.0.0+build']) {
    test(`${version} is read`, () => checkVersion(version))
  }
  for (const [version, upstream] of [
    ['', 'Version string empty'],
    ['abc', 'No Major.Minor.Patch elements found'],
    ['3.9', 'No Major.Minor.Patch elements found'],
    ['a.1.1', 'Invalid character(s) found in major number "a"'],
    ['03.1.1', 'Major number must not contain leading zeroes "03"'],
  ] as const) {
    test(`${version} is refused`, () =>
      assert.throws(() => checkVersion(version), { code: 'METADATA_INVALID', upstream }))
  }
})

/** Keys that are refused on the command line and in .sops.yaml. */
describe('keys that are none', () => {
  for (const [kind, text] of [
    ['age', 'nonsense'],
    ['age', 'age1abc'],
    ['hckms', 'no-colon'],
    ['azure_kv', 'http://vault/keys/x'],
    ['hc_vault', 'vault/v1/transit/keys/x'],
  ] as const) {
    test(`${kind} ${text}`, () => assert.throws(() => parseKeys(kind, text), { code: 'INVALID_KEY' }))
  }
})
