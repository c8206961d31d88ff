import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folder, run, runtimes } from '../acceptance/programs.ts'

/** A manifest that needs no policy: what fails is the policy file. */
const input = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: external, namespace: shop }
spec: { secretStoreRef: { name: fake }, data: [{ secretKey: key, remoteRef: { key: entry } }] }
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: { name: fake, namespace: shop }
spec: { provider: { fake: { data: [{ key: entry, value: s3cret-marked }] } } }
`

const refused: readonly (readonly [policy: string, error: string])[] = [
  ['', 'policy.yaml must hold a list named rules'],
  ['[]', 'policy.yaml must hold a list named rules'],
  ['rules: {}', 'policy.yaml must hold a list named rules, and nothing else'],
  ['rules: []\nrule: []', 'policy.yaml must hold a list named rules, and nothing else'],
  ['rules: [', 'policy.yaml is no YAML'],
  ['rules: [vault]', 'policy.yaml: rules[0] must be a map'],
  [
    'rules: [{ hosts: [a] }]',
    'policy.yaml: rules[0] must have a provider: aws, fake, kubernetes, openBao, vault, webhook',
  ],
  [
    'rules: [{ provider: valut, hosts: [a] }]',
    'policy.yaml: rules[0] must have a provider: aws, fake, kubernetes, openBao, vault, webhook',
  ],
  [
    'rules: [{ provider: toString }]',
    'policy.yaml: rules[0] must have a provider: aws, fake, kubernetes, openBao, vault, webhook',
  ],
  ['rules: [{ provider: vault, hosts: a }]', 'policy.yaml: rules[0] must have hosts as a list of texts'],
  ['rules: [{ provider: vault, hosts: [1] }]', 'policy.yaml: rules[0] must have hosts as a list of texts'],
  ['rules: [{ provider: vault, paths: a }]', 'policy.yaml: rules[0] must have paths as a list of texts'],
  [
    'rules: [{ provider: fake }, { provider: vault, hosts: [a], mounts: secret }]',
    'policy.yaml: rules[1] must have mounts as a list of texts',
  ],
  ['rules: [{ provider: vault, mounts: [null] }]', 'policy.yaml: rules[0] must have mounts as a list of texts'],
  [
    'rules: [{ provider: vault, mounts: [] , mount: [a] }]',
    'policy.yaml: rules[0] has mount; a rule for vault has provider, hosts, paths, mounts, namespaces',
  ],
  [
    'rules: [{ provider: vault, urlPaths: [/a] }]',
    'policy.yaml: rules[0] has urlPaths; a rule for vault has provider, hosts, paths, mounts, namespaces',
  ],
  [
    'rules: [{ provider: aws, mounts: [a] }]',
    'policy.yaml: rules[0] has mounts; a rule for aws has provider, hosts, paths, regions, prefixes, roles',
  ],
  [
    'rules: [{ provider: webhook, prefixes: [a] }]',
    'policy.yaml: rules[0] has prefixes; a rule for webhook has provider, hosts, paths, urlPaths',
  ],
  ['rules: [{ provider: aws, roles: [a, "("] }]', 'policy.yaml: rules[0].roles[1] is no RE2 pattern'],
  ['rules: [{ provider: vault, paths: ["a)|(b"] }]', 'policy.yaml: rules[0].paths[0] is no RE2 pattern'],
  ['rules: [{ provider: vault, paths: ["(?!a)"] }]', 'policy.yaml: rules[0].paths[0] is no RE2 pattern'],
  [
    'rules: [{ provider: vault, hosts: [a], namespaces: [team-a] }]',
    'policy.yaml: rules[0] has namespaces without mounts: a mount may begin with a namespace',
  ],
]

for (const [policy, error] of refused) {
  test(`a policy file is refused: ${policy}`, (t) => {
    const cwd = folder(t, { 'in.yaml': input, 'policy.yaml': policy })
    for (const on of runtimes) {
      const ended = run('sealkit', ['render', '--policy', 'policy.yaml', 'in.yaml'], { cwd, on })
      assert.deepEqual([ended.code, ended.stdout], [1, ''])
      assert.equal(ended.stderr.split('\n')[0], `sealkit: error: ${error}`)
      assert.match(ended.stderr, /^hint: rules: \[/m)
    }
  })
}

test('a policy file with every field is read, and leaves the fake provider alone', (t) => {
  const policy = `rules:
  - { provider: vault, hosts: [a], mounts: [a], namespaces: ['', a], paths: [a] }
  - { provider: openBao, hosts: [a], mounts: [a] }
  - { provider: aws, hosts: [a], regions: [a], prefixes: [a], roles: [a], paths: [a] }
  - { provider: webhook, hosts: [a], urlPaths: [/a], paths: [a] }
  - { provider: kubernetes, hosts: [a], namespaces: [a], paths: [a] }
  - { provider: fake, paths: [a] }
`
  const cwd = folder(t, { 'in.yaml': input, 'policy.yaml': policy })
  const { code, stderr } = run('sealkit', ['render', '--policy', 'policy.yaml', 'in.yaml'], { cwd })
  assert.equal(code, 0, stderr)
})
