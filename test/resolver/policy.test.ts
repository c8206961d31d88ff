import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy, ProviderRow } from '@sealkit/resolver'
import { data, failure, reading, secretStore } from './fixture.ts'

const vault = (server: string): ReturnType<typeof secretStore> => secretStore({ vault: { server } }, {}, 'vault')
const vaultSpec = { data: [{ secretKey: 'v', remoteRef: { key: 'k' } }], secretStoreRef: { name: 'vault' } }

const denied: readonly (readonly [why: string, policy: Policy, fixture: Parameters<typeof failure>[0]])[] = [
  ['no rule', { rules: [] }, reading('x')],
  ['another provider', { rules: [{ provider: 'vault', hosts: [] }] }, reading('x')],
  ['another path', { rules: [{ provider: 'fake', hosts: [], paths: ['team/.*'] }] }, reading('x')],
  [
    'a path that only begins right',
    { rules: [{ provider: 'fake', hosts: [], paths: ['k|x'] }] },
    { ...reading('x'), spec: { data: [{ secretKey: 'v', remoteRef: { key: 'k/../x' } }] } },
  ],
  ['a broken pattern', { rules: [{ provider: 'fake', hosts: [], paths: ['('] }] }, reading('x')],
  [
    'another host',
    { rules: [{ provider: 'vault', hosts: ['vault.test'] }] },
    { spec: vaultSpec, objects: [vault('https://evil.test')] },
  ],
  [
    'another port',
    { rules: [{ provider: 'vault', hosts: ['vault.test'] }] },
    { spec: vaultSpec, objects: [vault('https://vault.test:8200')] },
  ],
  [
    'a host in the user name',
    { rules: [{ provider: 'vault', hosts: ['vault.test'] }] },
    { spec: vaultSpec, objects: [vault('https://vault.test@evil.test')] },
  ],
  [
    'no URL',
    { rules: [{ provider: 'vault', hosts: ['vault.test'] }] },
    { spec: vaultSpec, objects: [vault('vault.test')] },
  ],
  [
    'a find below another path',
    { rules: [{ provider: 'fake', hosts: [], paths: ['team'] }] },
    { spec: { dataFrom: [{ find: { path: 'other', name: { regexp: '.' } } }] } },
  ],
  [
    'a find that reaches further than its path',
    { rules: [{ provider: 'fake', hosts: [], paths: ['team(/.*)?'] }] },
    {
      fake: [{ key: 'other', value: 'x' }],
      spec: { dataFrom: [{ find: { path: 'team', name: { regexp: '.' } } }] },
    },
  ],
]

const nowhere: ProviderRow = {
  capabilities: 'ReadOnly',
  hosts: (spec) => [String(spec['server'])],
  load: async () => assert.fail('it was opened'),
}
const shelf = (server: string): Parameters<typeof failure>[0] => ({
  spec: { data: [{ secretKey: 'v', remoteRef: { key: 'k' } }], secretStoreRef: { name: 'shelf' } },
  objects: [secretStore({ shelf: { server } }, {}, 'shelf')],
  providers: { shelf: nowhere },
})
const dynamic = (path: string, spec: object = {}): Parameters<typeof failure>[0] => ({
  spec: {
    dataFrom: [
      {
        sourceRef: {
          generatorRef: {
            apiVersion: 'generators.external-secrets.io/v1alpha1',
            kind: 'VaultDynamicSecret',
            name: 'gen',
          },
        },
      },
    ],
  },
  objects: [
    {
      apiVersion: 'generators.external-secrets.io/v1alpha1',
      kind: 'VaultDynamicSecret',
      metadata: { name: 'gen', namespace: 'apps' },
      spec: { path, provider: { server: 'https://vault.test', path: 'database', ...spec } },
    },
  ],
})
const databases = { rules: [{ provider: 'vault', hosts: ['vault.test'], mounts: ['database'], namespaces: [''] }] }

const outside: typeof denied = [
  [
    'keys that another rule allows at another host',
    {
      rules: [
        { provider: 'vault', hosts: ['vault.test'], paths: ['team/.*'] },
        { provider: 'vault', hosts: ['other.test'] },
      ],
    },
    { spec: vaultSpec, objects: [vault('https://vault.test')] },
  ],
  [
    'a mount of one rule with the namespace of another',
    {
      rules: [
        { provider: 'vault', hosts: ['vault.test'], mounts: ['a'], namespaces: ['a'] },
        { provider: 'vault', hosts: ['vault.test'], mounts: ['b'], namespaces: ['b'] },
      ],
    },
    {
      spec: vaultSpec,
      objects: [secretStore({ vault: { server: 'https://vault.test', path: 'a', namespace: 'b' } }, {}, 'vault')],
    },
  ],
  ['a field that bounds nothing', { rules: [{ provider: 'fake', hosts: [], mounts: ['.*'] }] }, reading('x')],
  [
    "a field that somebody's own provider says nothing of",
    { rules: [{ provider: 'shelf', hosts: ['shelf.test'], mounts: ['.*'] }] },
    shelf('shelf.test'),
  ],
  [
    'a server behind another path',
    { rules: [{ provider: 'vault', hosts: ['vault.test/a'] }] },
    { spec: vaultSpec, objects: [vault('https://vault.test/b')] },
  ],
  [
    'a server behind the root, where a path is allowed',
    { rules: [{ provider: 'vault', hosts: ['vault.test/a'] }] },
    { spec: vaultSpec, objects: [vault('https://vault.test')] },
  ],
  ['a dynamic secret of another mount', databases, dynamic('secret/data/other')],
  ['a dynamic secret of a mount that only begins so', databases, dynamic('databases/creds/a')],
  ['a dynamic secret of another namespace', databases, dynamic('database/creds/a', { namespace: 'other' })],
  ['a dynamic secret whose path begins with a namespace', databases, dynamic('other/database/creds/a')],
  ['a dynamic secret of a mount in percents', databases, dynamic('%64atabase/creds/a')],
]

for (const [why, policy, fixture] of [...denied, ...outside]) {
  test(`the policy denies: ${why}`, async () => {
    const error = await failure({ ...fixture, context: { policy } })
    assert.equal(error.code, 'POLICY_DENIED', error.message)
  })
}

test('the policy lets a dynamic secret of the mount ask, which the mount beside it has no say in', async () => {
  const error = await failure({ ...dynamic('/database/../other'), context: { policy: databases } })
  assert.equal(error.code, 'INVALID_REFERENCE', error.message)
})

test('the policy allows what a rule names', async () => {
  const policy = { rules: [{ provider: 'fake', hosts: [], paths: ['x', 'k.*'] }] }
  assert.deepEqual(await data({ ...reading('x'), context: { policy } }), { v: 'x' })
})
