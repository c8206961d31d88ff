import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import { parseYaml } from '@sealkit/core/yaml'
import { applyCrd, startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { upstreamSource } from '../helm/chart.ts'

const module = 'github.com/bitnami/sealed-secrets@v0.38.4'

/** A definition without texts for readers; lists of names, which are sets, in one order. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string') ? [...value].sort() : value.map(bare)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name, each]) => !(name === 'description' && typeof each === 'string'))
  return Object.fromEntries(kept.map(([name, each]) => [name, bare(each)]))
}

test('the definition of SealedSecrets is upstream’s, and each can be applied over the other', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const chart = await upstreamSource(t, module, 'helm/sealed-secrets')
  if (chart === null) return
  const text = await readFile(join(chart, 'crds/bitnami.com_sealedsecrets.yaml'), 'utf8')
  const theirs = parseYaml(text) as { metadata: { name: string }; spec: object }
  const [ours] = crds('sealed-secrets') as unknown as [{ metadata: { name: string }; spec: object }]
  assert.equal(ours.metadata.name, theirs.metadata.name)
  assert.deepEqual(bare(ours.spec), bare(theirs.spec))

  const plane = await startControlPlane({ crds: [theirs] as never })
  t.after(() => plane.stop())
  for (const crd of [ours, theirs]) await applyCrd(plane.request, crd as never)
})
