import { execFile } from 'node:child_process'
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Manifest } from '@sealkit/core/manifest'
import { parseYaml } from '@sealkit/core/yaml'
import { readDocuments } from 'sealkit'

const run = promisify(execFile)

/** The folder of one of our charts. */
export function chartFolder(name: string): string {
  return fileURLToPath(new URL(`../../../packages/controller/charts/${name}`, import.meta.url))
}

/** How a chart is rendered. */
export interface RenderOptions {
  readonly values?: object
  readonly release?: string
  readonly namespace?: string
  /** Kinds that the cluster is said to have, as `monitoring.coreos.com/v1/ServiceMonitor`. */
  readonly apiVersions?: readonly string[]
  readonly includeCrds?: boolean
  readonly kubeVersion?: string
}

/** What helm refused, with its words. */
export class Refused extends Error {}

/**
 * The objects that real helm makes of a chart.
 *
 * @throws {Refused}
 */
export async function render(helm: string, folder: string, options: RenderOptions = {}): Promise<Manifest[]> {
  return objectsOf(await renderText(helm, folder, options))
}

/** The same, as helm's text. */
async function renderText(helm: string, folder: string, options: RenderOptions = {}): Promise<string> {
  const { release = 'r', namespace = 'ns', apiVersions = [], includeCrds = false, kubeVersion = '1.36.0' } = options
  const more = apiVersions.map((version) => `--api-versions=${version}`)
  if (includeCrds) more.push('--include-crds')
  const args = ['template', release, folder, `--namespace=${namespace}`, `--kube-version=${kubeVersion}`, ...more]
  return execute(helm, args, options.values)
}

/** What `helm install` tells whoever installs the chart. */
export async function notes(helm: string, folder: string, options: RenderOptions = {}): Promise<string> {
  const { release = 'r', namespace = 'ns' } = options
  const args = ['install', release, folder, `--namespace=${namespace}`, '--dry-run=client', '--output=json']
  const { info } = JSON.parse(await execute(helm, args, options.values)) as { info: { notes: string } }
  return info.notes
}

/** The objects of a stream of manifests. */
export async function objectsOf(text: string): Promise<Manifest[]> {
  return (await readDocuments(text, 'helm')).map(({ object }) => object)
}

/**
 * Runs helm with nothing of this machine's configuration.
 *
 * @throws {Refused}
 */
export async function execute(helm: string, args: readonly string[], values: object = {}): Promise<string> {
  const home = `${tmpdir()}/sealkit-helm`
  const env = { PATH: process.env['PATH'], HOME: home, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home }
  const running = run(helm, [...args, '--values=-'], { env, maxBuffer: 64 << 20 })
  running.child.stdin?.end(JSON.stringify(values))
  try {
    return (await running).stdout
  } catch (error) {
    throw new Refused(String((error as { stderr?: unknown }).stderr ?? error))
  }
}

/**
 * A folder in the source of an upstream Go module, or null after the test was skipped because it cannot be had. With
 * CI=true that is a failure.
 */
export async function upstreamSource(
  t: Pick<TestContext, 'skip'>,
  module: string,
  path: string,
): Promise<string | null> {
  try {
    const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd: tmpdir() })
    return `${(JSON.parse(stdout) as { Dir: string }).Dir}/${path}`
  } catch (error) {
    if (process.env['CI'] === 'true') throw error
    t.skip(`${module}: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

/** A copy of a chart without the charts that it depends on, which no module holds; whoever asks for it removes it. */
export async function withoutDependencies(chart: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sealkit-chart-'))
  await cp(chart, folder, { recursive: true, filter: (path) => !path.endsWith('Chart.lock') })
  // Module caches are read-only, and so are copies of what is in them.
  await chmod(folder, 0o755)
  const file = join(folder, 'Chart.yaml')
  const { dependencies: _, ...kept } = parseYaml(await readFile(file, 'utf8')) as { dependencies?: unknown }
  await rm(file, { force: true })
  await writeFile(file, JSON.stringify(kept))
  return folder
}
