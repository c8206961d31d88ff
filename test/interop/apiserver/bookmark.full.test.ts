import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ApiServer, connect, resources } from '@sealkit/kubernetes'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'

let plane: ControlPlane
let cluster: ApiServer
before(async () => {
  plane = await startControlPlane()
  cluster = await connect({ kubeconfig: plane.kubeconfig })
})
after(async () => {
  cluster?.close()
  await plane?.stop()
})

test('bookmarks move a watch on though nothing of its own changes', { timeout: 120_000 }, async () => {
  const space = 'default'
  const { resourceVersion } = await cluster.list(resources.secret, { namespace: space })
  const abort = new AbortController()
  await cluster.create(resources.secret, { metadata: { namespace: 'kube-system', name: 'other' } })
  for await (const event of cluster.watch(resources.secret, {
    namespace: space,
    resourceVersion,
    signal: abort.signal,
  })) {
    assert.equal(event.type, 'bookmark')
    assert.ok(event.type === 'bookmark' && Number(event.resourceVersion) > Number(resourceVersion))
    break
  }
})
