import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { crds, withRules } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { marshalYaml, parseYaml } from '@sealkit/core/yaml'
import { chartFolder, render } from '../interop/helm/chart.ts'
import { podOf } from '../interop/helm/compare.ts'
import { available } from '../servers/programs.ts'

const folder = new URL('../../packages/controller/deploy/', import.meta.url)
const root = new URL('../../', import.meta.url)
/** UPDATE_MANIFESTS=1 writes what is generated instead of comparing it. */
const update = process.env['UPDATE_MANIFESTS'] === '1'

/** The plain manifests: each a chart, rendered with the values beside it. */
const manifests = [
  { chart: 'sealed-secrets', namespace: 'kube-system' },
  { chart: 'external-secrets', namespace: 'external-secrets' },
  { chart: 'sops-secrets', namespace: 'sops-secrets' },
] as const

test('the plain manifests are the charts, rendered', async (t) => {
  const programs = await available(t, 'helm')
  if (programs === null) return
  for (const { chart, namespace } of manifests) {
    const values = parseYaml(readFileSync(new URL(`values/${chart}.yaml`, folder), 'utf8')) as object
    const options = { values, release: chart, namespace }
    const objects = (await render(programs.helm, chartFolder(chart), options)).map(withoutHelm)
    const own: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    const all = [...(namespace === 'kube-system' ? [] : [own]), ...objects]
    const text = `${head(chart)}${all.map((object) => marshalYaml(object)).join('---\n')}`
    same(new URL(`${chart}.yaml`, folder), text)
  }
})

function head(chart: string): string {
  return `# First: controller crds ${chart} | kubectl apply -f -
# Generated from the chart ${chart} and values/${chart}.yaml: change those, then run deploy.test.ts with UPDATE_MANIFESTS=1.
`
}

/** An object without the labels that say that helm keeps it. */
function withoutHelm(object: Manifest): Manifest {
  const copy = structuredClone(object) as { metadata?: object; spec?: { template?: { metadata?: object } } }
  for (const metadata of [copy.metadata, copy.spec?.template?.metadata]) {
    const { labels = {}, annotations = {} } = (metadata ?? {}) as { labels?: object; annotations?: object }
    for (const name of ['helm.sh/chart', 'app.kubernetes.io/managed-by']) Reflect.deleteProperty(labels, name)
    Reflect.deleteProperty(annotations, 'helm.sh/resource-policy')
    if (Object.keys(annotations).length === 0) Reflect.deleteProperty(metadata ?? {}, 'annotations')
  }
  return copy as Manifest
}

function same(file: URL, text: string): void {
  if (update) writeFileSync(file, text)
  else assert.equal(readFileSync(file, 'utf8'), text, `${file.pathname}: run with UPDATE_MANIFESTS=1`)
}

test('the definitions in the charts are those that the controller prints', () => {
  const charts = new URL('../charts/', folder)
  for (const crd of crds('sealed-secrets')) {
    same(new URL(`sealed-secrets/crds/bitnami.com_${pluralOf(crd)}.yaml`, charts), marshalYaml(crd))
  }
  for (const crd of crds('sops-secrets')) {
    same(new URL(`sops-secrets/crds/isindir.github.com_${pluralOf(crd)}.yaml`, charts), marshalYaml(crd))
  }
  for (const crd of crds('external-secrets')) {
    same(new URL(`external-secrets/files/crds/${pluralOf(crd)}.yaml`, charts), marshalYaml(crd))
    if (pluralOf(crd) !== 'externalsecrets') continue
    same(new URL('external-secrets/files/crds/externalsecrets.with-rules.yaml', charts), marshalYaml(withRules(crd)))
  }
})

function pluralOf(crd: Manifest): string {
  return (crd['spec'] as { names: { plural: string } }).names.plural
}

/** The instructions of a Dockerfile: word and rest. */
function instructions(text: string): (readonly [string, string])[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return lines.map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)] as const)
}

test('the image recipe copies what the build makes, runs nothing and is nobody', () => {
  const recipe = instructions(readFileSync(new URL('Dockerfile', folder), 'utf8'))
  const of = (word: string): string[] => recipe.filter(([each]) => each === word).map(([, rest]) => rest)
  assert.deepEqual(
    recipe.map(([word]) => word),
    ['ARG', 'FROM', 'COPY', 'COPY', 'ENV', 'USER', 'ENTRYPOINT'],
  )
  assert.deepEqual(of('ARG'), ['BASE=node:24-slim'])
  const [user = ''] = of('USER')
  assert.match(user, /^[1-9]\d+:[1-9]\d+$/)
  const [entrypoint = ''] = of('ENTRYPOINT')
  assert.deepEqual(JSON.parse(entrypoint), ['/opt/sealkit/controller'])
  const build = readFileSync(new URL('packages/controller/build.ts', root), 'utf8')
  const [, list = ''] = /const programs = \[([^\]]*)\]/.exec(build) ?? []
  const programs = [...list.matchAll(/'([^']+)'/g)].map(([, name]) => `dist/${name}`)
  const copied = of('COPY').flatMap((rest) => rest.split(' ').slice(0, -1))
  assert.deepEqual(copied.sort(), ['dist/lib/controller', ...programs].sort())
})

test('the charts start programs that are in the image', async (t) => {
  const programs = await available(t, 'helm')
  if (programs === null) return
  const copied = readFileSync(new URL('Dockerfile', folder), 'utf8')
  for (const { chart } of manifests) {
    const deployment = (await render(programs.helm, chartFolder(chart))).find(({ kind }) => kind === 'Deployment')
    const [command] = podOf(deployment ?? {}).container.command ?? []
    assert.ok(copied.includes(`dist/${command} `), chart)
  }
})
