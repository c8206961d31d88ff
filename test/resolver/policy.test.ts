import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '@sealkit/resolver'
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

for (const [why, policy, fixture] of denied) {
  test(`the policy denies: ${why}`, async () => {
    const error = await failure({ ...fixture, context: { policy } })
    assert.equal(error.code, 'POLICY_DENIED', error.message)
  })
}

test('the policy allows what a rule names', async () => {
  const policy = { rules: [{ provider: 'fake', hosts: [], paths: ['x', 'k.*'] }] }
  assert.deepEqual(await data({ ...reading('x'), context: { policy } }), { v: 'x' })
})
