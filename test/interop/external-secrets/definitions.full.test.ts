import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { startControlPlane } from '../../servers/controlplane.ts'
import { available } from '../../servers/programs.ts'
import { upstreamSource } from '../helm/chart.ts'
import { answers, definitionsPath, openClient } from './client.ts'
import { documentedManifests, recordedManifests } from './manifests.ts'

/** The newest release whose source the module proxy has. */
const upstreamModule = 'github.com/external-secrets/external-secrets@v1.3.2'

/** Fields that only one of External Secrets 1.3 and 2.9 knows or fills in. */
const changed = [
  'conversionStrategy',
  'decodingStrategy',
  'metadataPolicy',
  'nullBytePolicy',
  'sessionTagsPolicy',
  'syncWindows',
  'valuesDecodingStrategy',
  'dataTo',
  'encoding',
]

function without(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, names))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => !names.includes(name))
  return Object.fromEntries(kept.map(([name, part]) => [name, without(part, names)]))
}

const acted = ['aws', 'fake', 'kubernetes', 'vault', 'webhook']
const generators = ['ClusterGenerator', 'Fake', 'MFA', 'Password', 'SSHKey', 'UUID', 'VaultDynamicSecret', 'Webhook']

function isKept({ apiVersion = '', kind = '', spec }: Manifest): boolean {
  if (apiVersion.startsWith('generators.')) return !generators.includes(kind)
  if (!kind.endsWith('SecretStore')) return false
  return !acted.includes(Object.keys((spec as { provider?: object }).provider ?? {})[0] ?? '')
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

test('definitions of External Secrets’ kinds, beside upstream’s own', async (t) => {
  if ((await available(t, 'etcd', 'kube-apiserver')) === null) return
  const source = await upstreamSource(t, upstreamModule, '')
  if (source === null) return
  const folder = `${source}config/crds/bases`
  const files = readdirSync(folder).filter((file) => file !== 'kustomization.yaml')
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  const client = openClient(plane)
  t.after(() => client.close())
  await client.define(files.map((file) => readFileSync(`${folder}/${file}`, 'utf8')))
  const { items: upstream } = (await client.send('GET', definitionsPath)).body as { items: Manifest[] }
  const objects = [...(await documentedManifests(`${source}docs/snippets`)), ...recordedManifests()]
  const theirs = await answers(client, objects)
  await client.define(crds('external-secrets'))
  const ours = await answers(client, objects)

  await t.test('every example and every recorded object that upstream’s accept is accepted', () => {
    const refused = objects.filter((_, index) => typeof theirs[index] === 'object' && typeof ours[index] === 'number')
    assert.deepEqual(
      refused.map(({ kind, metadata }) => `${kind} ${metadata?.name}`),
      [],
    )
    assert.ok(theirs.filter((answer) => typeof answer === 'object').length > 300)
  })

  await t.test('and is stored as upstream stores it', () => {
    const both = objects.map((object, index) => ({ object, theirs: theirs[index], ours: ours[index] }))
    for (const each of both.filter(({ theirs }) => typeof theirs === 'object')) {
      const [left, right] = [without(each.ours, changed), without(each.theirs, changed)]
      // Where Sealkit does not act on a provider or generator, it keeps what was written, and fills nothing in.
      const name = `${each.object.kind} ${each.object.metadata?.name}`
      if (isKept(each.object)) assert.deepEqual(each.ours, plain(each.object['spec']), name)
      else assert.deepEqual(left, right, name)
    }
  })

  await t.test('every kind, version and column of upstream is there', () => {
    const versionsOf = (crd: Manifest): readonly Version[] => (crd['spec'] as { versions: readonly Version[] }).versions
    const mine = new Map(crds('external-secrets').map((crd) => [crd.metadata?.name, crd]))
    for (const crd of upstream) {
      const own = mine.get(crd.metadata?.name)
      assert.ok(own, crd.metadata?.name)
      const names = (each: Manifest): unknown => without((each['spec'] as { names: unknown }).names, ['shortNames'])
      assert.deepEqual(names(own), names(crd))
      for (const version of versionsOf(crd)) {
        const same: Version | undefined = versionsOf(own).find(({ name }) => name === version.name)
        assert.ok(same, `${crd.metadata?.name} ${version.name}`)
        assert.deepEqual(
          Object.keys(same.subresources ?? {}),
          Object.keys(version.subresources ?? {}),
          crd.metadata?.name,
        )
        const columns = (each: Version): string[] =>
          (each.additionalPrinterColumns ?? []).map(({ name, jsonPath }) => `${name} ${jsonPath}`)
        const missing: readonly string[] = columns(version).filter((column) => !columns(same).includes(column))
        assert.deepEqual(missing, [], crd.metadata?.name)
        if (version.name === 'v1') assert.deepEqual(same.selectableFields, version.selectableFields)
      }
    }
  })
})

interface Version {
  readonly name: string
  readonly subresources?: object
  readonly additionalPrinterColumns?: readonly { readonly name: string; readonly jsonPath: string }[]
  readonly selectableFields?: unknown
}
