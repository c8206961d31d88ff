import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWrites } from '@sealkit/controller/external-secret'
import type { ClusterObject } from '@sealkit/kubernetes'

const key = { namespace: 'n', name: 'a' }

function at(resourceVersion: string, uid = 'u'): ClusterObject {
  return { apiVersion: 'v1', kind: 'ExternalSecret', metadata: { ...key, uid, resourceVersion } }
}

/** What the watch has shown when the answer to a write comes, and what it shows later. */
const cases: readonly [title: string, shown: ClusterObject | null, later: ClusterObject | null, left: number][] = [
  ['the watch has shown the write before its answer came', at('10'), null, 0],
  ['the watch has shown what came after the write', at('11'), null, 0],
  ['the watch is behind', at('9'), null, 1],
  ['the watch is behind by a digit', at('2'), null, 1],
  ['the watch shows the write later', at('8'), at('10'), 0],
  ['the watch shows a later write', at('8'), at('11'), 0],
  ['the watch shows a write before', at('8'), at('9'), 1],
  ['the watch shows another object of the name', at('8'), at('9', 'another'), 0],
  ['the object was another before the answer came', at('8', 'another'), null, 0],
  ['the object is gone', null, null, 0],
]

for (const [title, shown, later, left] of cases) {
  test(`what was written is kept only while the watch is behind: ${title}`, () => {
    const writes = createWrites(() => shown)
    const written = at('10')
    writes.remember(written)
    if (later !== null) writes.seen(later)
    assert.equal(writes.size, left)
    const now = later ?? shown
    if (now !== null) assert.equal(writes.latest(now), left === 1 ? written : now)
    writes.forget(key)
    assert.equal(writes.size, 0)
  })
}
