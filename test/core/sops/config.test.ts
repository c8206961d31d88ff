import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keyName, matchRule, readConfig } from '@sealkit/core/sops'

const a = 'age19yn90r4ezj4q2tnpdmnxk505tuedqx2lnwjx38m0ngttpwg5cs5srz8qrf'
const b = 'age1cq92uhg0r8uq0y0xwtwzpjhlydv29x2fymh24tyx2h2l4muagepsu2n3ra'

/** Rules and the keys of their groups for the file `dir/x.yaml`. */
const matched: readonly (readonly [why: string, rules: string, groups: readonly (readonly string[])[]])[] = [
  ['a rule without a path', `[{pgp: AB}]`, [['AB']]],
  ['the first that matches', `[{path_regex: json$, pgp: A}, {path_regex: ^dir/, pgp: B}, {pgp: C}]`, [['B']]],
  ['expressions are not anchored', `[{path_regex: 'r/x', pgp: A}]`, [['A']]],
  ['a broken rule for another file', `[{path_regex: json$, age: nonsense}, {pgp: B}]`, [['B']]],
  ['commas, blanks, an empty part', `[{pgp: "A , B C,"}]`, [['A', 'BC']]],
  ['lists', `[{pgp: [A, B], kms: ["arn:aws:kms:r:1:key/k"]}]`, [['A', 'B', 'arn:aws:kms:r:1:key/k']]],
  [
    'kinds in sops\u2019 order',
    `[{gcp_kms: g, hckms: ["r:u"], azure_keyvault: https://v/keys/n/1, hc_vault_transit_uri: https://h/v1/t/keys/k, pgp: P}]`,
    [['P', 'g', 'r:u', 'https://v/keys/n/1', 'https://h/v1/t/keys/k']],
  ],
  ['groups win over flat keys', `[{pgp: A, key_groups: [{pgp: [B]}, {pgp: [C]}]}]`, [['B'], ['C']]],
  ['no groups are one empty group', `[{key_groups: []}]`, [[]]],
  ['a merged group, each key once', `[{key_groups: [{merge: [{pgp: [A, B]}], pgp: [B, C]}]}]`, [['A', 'B', 'C']]],
  [
    'all kinds in a group',
    `[{key_groups: [{kms: [{arn: A, role: R, context: {k: v}}], gcp_kms: [{resource_id: g}], hckms: [{key_id: "r:u"}], azure_keyvault: [{vaultUrl: u, key: n, version: "1"}], hc_vault: [https://h/v1/t/keys/k], age: [${a}]}]}]`,
    [[a, 'A+R|k:v', 'g', 'r:u', 'u/keys/n/1', 'https://h/v1/t/keys/k']],
  ],
  ['unknown keys', `[{pgp: A, later: [1]}]`, [['A']]],
]

describe('the rule of a file', () => {
  for (const [why, rules, groups] of matched) {
    test(why, async () => {
      const rule = await matchRule(await readConfig(`creation_rules: ${rules}`), 'dir/x.yaml')
      assert.deepEqual(
        rule?.keyGroups.map((group) => group.map(keyName)),
        groups,
      )
    })
  }

  test('what else it says', async () => {
    const text = `creation_rules: [{age: "${a},${b}", shamir_threshold: 2, encrypted_regex: x, mac_only_encrypted: true}]\nstores: {yaml: {indent: 2}, json: {indent: 0}, dotenv: {}}\n`
    const config = await readConfig(text)
    assert.deepEqual(config.indents, { yaml: 2, json: 0 })
    const rule = await matchRule(config, 'x')
    assert.deepEqual([rule?.shamirThreshold, rule?.macOnlyEncrypted], [2, true])
    assert.deepEqual(rule?.rules, [{ name: 'encrypted_regex', pattern: 'x' }])
  })

  for (const text of ['', 'stores: {}', 'creation_rules:', 'destination_rules: []']) {
    test(`${JSON.stringify(text)} has no rules`, async () => {
      const read = readConfig(text)
      assert.equal(text === '' ? (await read).creationRules : await matchRule(await read, 'x'), null)
    })
  }
})

/** Configurations that are refused once they are used. */
const refused: readonly (readonly [text: string, code: string, upstream: RegExp])[] = [
  ['creation_rules: []', 'NO_CREATION_RULE', /^error loading config: no matching creation rules found$/],
  ['creation_rules: [{path_regex: json$}]', 'NO_CREATION_RULE', /no matching creation rules/],
  [
    'creation_rules: [{path_regex: (}]',
    'INVALID_REGEXP',
    /^can not compile regexp: error parsing regexp: missing closing \)/,
  ],
  ['creation_rules: [{path_regex: "(?=x)"}]', 'INVALID_REGEXP', /^can not compile regexp: /],
  [
    'creation_rules: [{encrypted_regex: a, encrypted_suffix: b}]',
    'METADATA_INVALID',
    /cannot use more than one of .* for the same rule$/,
  ],
  ['creation_rules: [{age: nonsense}]', 'INVALID_KEY', /^failed to parse input, unknown recipient type: "nonsense"$/],
  [
    'creation_rules: [{age: 5}]',
    'METADATA_INVALID',
    /^invalid age key configuration: invalid age key configuration: expected string, \[\]string, or nil, got int$/,
  ],
  ['creation_rules: [{pgp: [5]}]', 'METADATA_INVALID', /expected string in list, got int$/],
  ['creation_rules: [x]', 'METADATA_INVALID', /expected a map/],
  ['creation_rules: [', 'YAML_SYNTAX', /^yaml: /],
]

describe('configurations that are refused', () => {
  for (const [text, code, upstream] of refused) {
    test(text, async () => {
      await assert.rejects(
        (async () => matchRule(await readConfig(text), 'x.yaml'))(),
        (error: Error & { code?: string; upstream?: string }) => {
          assert.equal(error.code, code)
          assert.match(error.upstream ?? '', upstream)
          return true
        },
      )
    })
  }
})
