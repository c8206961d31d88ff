import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { createSessions, isTransient, manifestAccess, ResolverError, resolveExternalSecret } from '@sealkit/resolver'
import { outcome, startSilent, turn } from '../servers/silent.ts'
import { awsKeys, awsSecretRef, externalSecret, secretStore } from './fixture.ts'

const silent = await startSilent()
after(() => silent.stop())

const auth = { secretRef: awsSecretRef }
const role = 'arn:aws:iam::123456789012:role/reader'

/** What is said where nothing answers for a minute, by what the store asks first. */
const cases: readonly (readonly [name: string, aws: object, said: RegExp])[] = [
  ['Secrets Manager', { service: 'SecretsManager' }, /GetSecretValue: no answer within 60 seconds/],
  ['Parameter Store', { service: 'ParameterStore' }, /GetParameters?: no answer within 60 seconds/],
  [
    'STS, for the role of a store',
    { service: 'SecretsManager', role },
    /cannot assume the role: no answer within 60 seconds/,
  ],
]

for (const [name, aws, said] of cases) {
  test(`${name}: a server that never answers ends in an error after a minute`, async (t: TestContext) => {
    const endpoints = { secretsmanager: silent.url, ssm: silent.url, sts: silent.url }
    const sessions = createSessions({ environment: { now: Date.now, endpoints } })
    t.after(() => sessions.close())
    const store = secretStore(
      { aws: { region: 'eu-west-1', auth, ...aws } },
      { retrySettings: { maxRetries: 1, retryInterval: '1s' } },
    )
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const before = silent.requests
    const manifest = externalSecret({ spec: { data: [{ secretKey: 'v', remoteRef: { key: 'k' } }] } })
    const ended = outcome(resolveExternalSecret(manifest, { sessions, cluster: manifestAccess([awsKeys, store]) }))
    while (silent.requests === before && !ended.done) await turn()
    t.mock.timers.tick(59_000)
    for (let turns = 0; turns < 10; turns += 1) await turn()
    assert.equal(ended.done, false, String(ended.error))
    t.mock.timers.tick(1_000)
    while (!ended.done) await turn()
    assert.ok(ended.error instanceof ResolverError, String(ended.error))
    assert.equal(ended.error.code, 'PROVIDER_UNAVAILABLE')
    assert.ok(isTransient(ended.error))
    assert.match(ended.error.message, said)
    assert.equal(silent.requests, before + 1)
  })
}
