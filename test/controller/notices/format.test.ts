import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedKeys, createPace } from '@sealkit/controller/notices'
import { manualClock } from '../../kubernetes/clock.ts'
import { fc } from '../../property.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbC123'
const secretsManager = (detail: object): object => ({
  version: '0',
  id: '7b9a',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.secretsmanager',
  region: 'eu-west-1',
  detail: { eventSource: 'secretsmanager.amazonaws.com', ...detail },
})

const messages: readonly { readonly name: string; readonly message: unknown; readonly keys: readonly string[] }[] = [
  { name: 'our own format, each key once', message: { keys: ['a', 'b/c', 'a'] }, keys: ['a', 'b/c'] },
  {
    name: 'EventBridge: a secret named',
    message: secretsManager({ eventName: 'PutSecretValue', requestParameters: { secretId: 'prod/db' } }),
    keys: ['prod/db'],
  },
  {
    name: 'EventBridge: a secret by its ARN',
    message: secretsManager({ eventName: 'UpdateSecret', requestParameters: { secretId: arn } }),
    keys: [arn, 'prod/db-AbC123', 'prod/db'],
  },
  {
    name: 'EventBridge: the end of a rotation',
    message: secretsManager({ eventName: 'RotationSucceeded', additionalEventData: { SecretId: arn } }),
    keys: [arn, 'prod/db-AbC123', 'prod/db'],
  },
  {
    name: 'EventBridge: a parameter',
    message: {
      source: 'aws.ssm',
      'detail-type': 'Parameter Store Change',
      detail: { name: '/prod/db', operation: 'Update' },
    },
    keys: ['/prod/db'],
  },
  {
    name: 'a call that reads',
    message: secretsManager({ eventName: 'GetSecretValue', requestParameters: { secretId: 'prod/db' } }),
    keys: [],
  },
  { name: 'another event of SSM', message: { source: 'aws.ssm', 'detail-type': 'x', detail: { name: 'a' } }, keys: [] },
  { name: 'keys that are no texts', message: { keys: [1, null, {}, '', 'a'] }, keys: ['a'] },
  { name: 'keys that are no list', message: { keys: 'a' }, keys: [] },
  { name: 'no object', message: ['a'], keys: [] },
  { name: 'null', message: null, keys: [] },
  { name: 'another source', message: { source: 'aws.s3', detail: { name: 'a' } }, keys: [] },
]

for (const { name, message, keys } of messages) {
  test(`keys of a report: ${name}`, () => {
    assert.deepEqual(changedKeys(Buffer.from(JSON.stringify(message))), keys)
  })
}

test('a report of many keys is cut, and any bytes are a report of none', () => {
  const many = Array.from({ length: 500 }, (_, index) => `k${index}`)
  assert.equal(changedKeys(Buffer.from(JSON.stringify({ keys: many }))).length, 100)
  fc.assert(fc.property(fc.uint8Array(), (bytes) => changedKeys(bytes).length === 0))
})

test('reports of one key pass once in ten seconds, the last one always', async () => {
  const clock = manualClock()
  const pace = createPace(clock, 10_000)
  const passed: string[] = []
  const call = (key: string, text: string): void => pace.call(key, () => void passed.push(text))
  call('a', 'a1')
  call('a', 'a2')
  call('b', 'b1')
  call('a', 'a3')
  assert.deepEqual(passed, ['a1', 'b1'])
  await clock.advance(10_000)
  assert.deepEqual(passed, ['a1', 'b1', 'a3'])
  call('a', 'a4')
  assert.deepEqual(passed, ['a1', 'b1', 'a3'])
  await clock.advance(10_000)
  assert.deepEqual(passed, ['a1', 'b1', 'a3', 'a4'])
  await clock.advance(10_000)
  assert.equal(clock.timers, 0)
  call('a', 'a5')
  pace.stop()
  assert.equal(clock.timers, 0)
})
