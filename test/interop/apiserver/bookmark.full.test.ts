import assert from 'node:assert/strict'
import { type ApiServer, connect, resources } from '@sealkit/kubernetes'
import { type ControlPlane, startControlPlane } from '../../servers/controlplane.ts'
import { needs } from './needs.ts'

const { after, before, test } = await needs('etcd', 'kube-apiserver')

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
  // The server sends bookmarks once anything of the kind has changed, which here lies outside the watch.
  const other = { metadata: { namespace: 'kube-system', name: 'other' } }
  setTimeout(() => cluster.create(resources.secret, other), 1000)
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
