import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { entry } from '@sealkit/core/sops'
import { KeyserviceError, masterKeys } from '@sealkit/keyservice'
import { machineIo } from '@sealkit/keyservice/node'
import { outcome, startSilent, turn } from '../servers/silent.ts'

const silent = await startSilent()
after(() => silent.stop())

const arn = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_ENDPOINT_URL: silent.url }

const cases: readonly (readonly [name: string, role: string, said: RegExp])[] = [
  ['KMS', '', /AWS did not encrypt for the data key: no answer within 60 seconds/],
  [
    'STS, for the role of a key',
    'arn:aws:iam::123456789012:role/sops',
    /AWS did not assume role for the data key: no answer within 60 seconds/,
  ],
]

for (const [name, role, said] of cases) {
  test(`${name}: a server that never answers ends in an error after a minute for each try`, async (t: TestContext) => {
    const { wrap } = masterKeys({ io: machineIo({ env, cwd: '/', network: true }), now: () => new Date(0) })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const before = silent.requests
    const ended = outcome(wrap(Buffer.from('a data key'), entry('kms', { arn, ...(role !== '' && { role }) })))
    for (let seen = before; !ended.done; await turn()) {
      // A minute for each request that came; and a little for the waits between tries.
      const next = silent.requests > seen
      seen = silent.requests
      t.mock.timers.tick(next ? 60_000 : 10)
    }
    assert.ok(ended.error instanceof KeyserviceError, String(ended.error))
    assert.match(ended.error.message, said)
    assert.ok(silent.requests > before)
  })
}
