import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestAccess } from '@sealkit/resolver'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

test('a Secret among manifests is read as a cluster would hold it: stringData is in data, and wins', async () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'apps' },
    data: { a: base64('data'), b: base64('data') },
    stringData: { b: 'text', c: 'text' },
  }
  const [found, listed] = await Promise.all([
    manifestAccess([secret]).get('Secret', { namespace: 'apps', name: 's' }),
    manifestAccess([secret]).list('Secret', 'apps'),
  ])
  assert.deepEqual(found?.['data'], { a: base64('data'), b: base64('text'), c: base64('text') })
  assert.equal(found['stringData'], undefined)
  assert.deepEqual(listed, [found])
  assert.deepEqual(secret.data, { a: base64('data'), b: base64('data') })
})

test('a ConfigMap with a field of that name is left as it is', async () => {
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, stringData: { a: 'x' } }
  assert.equal(await manifestAccess([config]).get('ConfigMap', { namespace: 'default', name: 'c' }), config)
})
