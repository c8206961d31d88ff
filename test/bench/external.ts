// ExternalSecrets against a real API server and OpenBao on the same machine: reads, logins, calls of the API, times, memory.
// The real External Secrets cannot be built here: its figures are those recorded from version 2.9.0 with the same work on
// two cores, with `--concurrent=20` unless said otherwise. Needs `npm run build`. BENCH_OBJECTS sets how many.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { crds } from '@sealkit/controller'
import { type ApiServer, type ClusterObject, type Key, resources } from '@sealkit/kubernetes'
import { clientOf } from '../controller/cluster.ts'
import {
  appRole,
  externalSecret,
  readyOf,
  startProxy,
  tally,
  vaultStore,
  type Wanted,
  type World,
  writeRemote,
} from '../controller/external-secret/world.ts'
import { type ControlPlane, startControlPlane } from '../servers/controlplane.ts'
import { startOpenBao } from '../servers/openbao.ts'
import { answers, freePort, type Server, startServer } from '../servers/process.ts'

const count = Number(process.env['BENCH_OBJECTS'] ?? 1000)
const namespace = 'default'
const entries = 10
const dist = join(dirname(fileURLToPath(import.meta.url)), '../../dist')

/** What the real program needs for it, as recorded. */
const recorded = {
  ready: 40.8,
  reads: 10,
  logins: 1,
  calls: 7.1,
  restart: 19.7,
  single: 35,
  busy: 1904,
  recovery: 113.5,
} as const

interface Bench extends World {
  readonly audit: string
}

const folder = mkdtempSync(join(tmpdir(), 'sealkit-bench-'))

async function prepare(): Promise<Bench & { stop(): Promise<void> }> {
  const policy = join(folder, 'audit.yaml')
  const audit = join(folder, 'audit.log')
  writeFileSync(
    policy,
    JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata' }],
    }),
  )
  writeFileSync(audit, '')
  const apiserverArgs = [`--audit-policy-file=${policy}`, `--audit-log-path=${audit}`]
  const [plane, bao] = await Promise.all([
    startControlPlane({ crds: crds('external-secrets'), apiserverArgs }),
    startOpenBao(),
  ])
  const cluster = await clientOf(plane)
  const proxy = await startProxy(bao.url)
  await bao.request('PUT', 'sys/policies/acl/reader', { policy: 'path "secret/*" { capabilities=["read", "list"] }' })
  await bao.request('POST', 'sys/auth/approle', { type: 'approle' })
  return {
    plane,
    bao,
    cluster,
    proxy,
    audit,
    async stop() {
      cluster.close()
      proxy.close()
      await Promise.all([plane.stop(), bao.stop()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startOurs(plane: ControlPlane): Promise<Server> {
  const [health, metrics] = [await freePort(), await freePort()]
  return startServer({
    name: 'external-secrets',
    command: join(dist, 'external-secrets'),
    args: [
      `--kubeconfig=${plane.kubeconfig}`,
      `--live-addr=127.0.0.1:${health}`,
      `--metrics-addr=127.0.0.1:${metrics}`,
    ],
    env: { POD_NAMESPACE: 'kube-system' },
    ready: () => answers(`http://127.0.0.1:${health}/readyz`),
  })
}

/** Calls of the controller that the API server's own log tells of, from one place in it on. */
function apiCalls({ audit }: Bench, from: number): { readonly calls: Record<string, number>; readonly to: number } {
  const size = statSync(audit).size
  const lines = readFileSync(audit).subarray(from, size).toString('utf8').split('\n')
  const texts = lines.flatMap((line) => {
    if (!line.includes('"userAgent":"sealkit-controller"')) return []
    try {
      const { verb, objectRef } = JSON.parse(line) as {
        verb: string
        objectRef?: { resource: string; subresource?: string }
      }
      return [`${verb} ${objectRef?.resource ?? '-'}${objectRef?.subresource ? `/${objectRef.subresource}` : ''}`]
    } catch {
      return []
    }
  })
  return { calls: tally(texts), to: size }
}

function sum(calls: Record<string, number>, wanted: (call: string) => boolean): number {
  return Object.entries(calls).reduce((total, [call, number]) => total + (wanted(call) ? number : 0), 0)
}

function isWork(call: string): boolean {
  return !/^(watch|list) |events$|leases/.test(call)
}

function providerCalls(requests: readonly string[]): {
  readonly reads: number
  readonly logins: number
  readonly rest: number
} {
  const reads = requests.filter((text) => text.includes('secret/data/')).length
  const logins = requests.filter((text) => text.endsWith('/login')).length
  return { reads, logins, rest: requests.length - reads - logins }
}

/** Watches ExternalSecrets and tells when all of them are, or all are in, one state. */
async function untilAll(cluster: ApiServer, test: (object: ClusterObject) => boolean, wanted: number): Promise<number> {
  const done = new Set<string>()
  const look = (object: ClusterObject): void => {
    if (test(object)) done.add(object.metadata.name)
    else done.delete(object.metadata.name)
  }
  for (const stop = AbortSignal.timeout(900_000); !stop.aborted; ) {
    const { items, resourceVersion } = await cluster.list(resources.externalSecret, { namespace })
    for (const object of items) look(object)
    if (done.size >= wanted) return performance.now()
    const watch = cluster.watch(resources.externalSecret, { namespace, resourceVersion, signal: stop })
    for await (const event of watch) {
      if (event.type === 'bookmark') continue
      look(event.object)
      if (done.size >= wanted) return performance.now()
    }
  }
  throw new Error('not all became what was waited for')
}

const isReady = (object: ClusterObject): boolean => readyOf(object).status === 'True'

async function createAll(cluster: ApiServer, prefix: string, wanted: (index: number) => Wanted): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index).values()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const index of indexes) {
        await cluster.create(
          resources.externalSecret,
          externalSecret({ namespace, name: `${prefix}-${index}` }, wanted(index)),
        )
      }
    }),
  )
}

async function deleteAll(cluster: ApiServer): Promise<void> {
  for (const resource of [resources.externalSecret, resources.secret]) {
    const { items } = await cluster.list(resource, { namespace })
    const left = items.filter(({ metadata }) => metadata.name !== 'st').values()
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (const { metadata } of left) {
          const key = { namespace, name: metadata.name }
          if (resource === resources.externalSecret) {
            await cluster.patch(resource, key, { type: 'merge', body: { metadata: { finalizers: null } } })
          }
          await cluster.delete(resource, key).catch(() => undefined)
        }
      }),
    )
  }
}

function usage({ pid }: Server): string {
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')
  const cpu = (Number(fields[13]) + Number(fields[14])) / 100
  return `${Math.round(Number(rss) / 1024)} MB, ${cpu.toFixed(1)} s CPU`
}

function say(what: string, value: string, theirs = ''): void {
  console.log(`${what.padEnd(58)} ${value.padStart(24)}   ${theirs}`)
}

function ratio(ours: number, theirs: number, unit: string): string {
  return `recorded ${theirs} ${unit}, ${(theirs / Math.max(ours, 0.001)).toFixed(1)}x`
}

/** All Ready from nothing. */
async function measureStart(bench: Bench, title: string, wanted: (index: number) => Wanted): Promise<Server> {
  const { cluster, proxy, plane } = bench
  await createAll(cluster, 'es', wanted)
  proxy.take()
  let { to } = apiCalls(bench, 0)
  const started = performance.now()
  const ready = untilAll(cluster, isReady, count)
  const server = await startOurs(plane)
  const seconds = ((await ready) - started) / 1000
  await delay(6_000)
  const { reads, logins, rest } = providerCalls(proxy.take())
  const { calls } = apiCalls(bench, to)
  to = 0
  say(`${title}: all Ready`, `${seconds.toFixed(1)} s`, ratio(seconds, recorded.ready, 's'))
  say(
    '  reads, logins, other calls of the provider',
    `${reads}, ${logins}, ${rest}`,
    `recorded ${recorded.reads * count}, ${recorded.logins * count}, ${2 * count + 8}`,
  )
  const own = sum(calls, isWork)
  const events = sum(calls, (call) => call.endsWith('events'))
  say(
    '  calls of the API for each, and events',
    `${(own / count).toFixed(2)} + ${(events / count).toFixed(2)}`,
    `recorded ${recorded.calls}, one event among them`,
  )
  say('  lists', String(sum(calls, (call) => call.startsWith('list'))), `recorded ${count} and more`)
  say('  memory', usage(server), 'recorded 163 MB, 8.4 s CPU')
  return server
}

/** Rounds of refreshes of a minute each, with new ExternalSecrets meanwhile. */
async function measureRounds(bench: Bench): Promise<void> {
  const { proxy, cluster } = bench
  proxy.take()
  const { to } = apiCalls(bench, 0)
  const started = performance.now()
  const times: number[] = []
  while (performance.now() - started < 120_000) {
    times.push(await measureOne(bench, `busy-${times.length}`))
    await delay(2_000)
  }
  const { reads, logins } = providerCalls(proxy.take())
  const { calls } = apiCalls(bench, to)
  const minutes = (performance.now() - started) / 60_000
  const fresh = times.length
  say(
    'each minute: reads, logins',
    `${((reads - fresh) / minutes).toFixed(0)}, ${logins}`,
    `recorded ${recorded.reads * count}, ${count}`,
  )
  const writes =
    sum(calls, (call) => /^(create|update|patch|delete) /.test(call)) - sum(calls, (call) => call.endsWith('events'))
  say(
    '  writes beyond those of the new ones (3 each)',
    String(writes - 3 * fresh),
    `recorded ${Math.round(count * minutes)}`,
  )
  times.sort((a, b) => a - b)
  const [p50, p99] = [at(times, 0.5), at(times, 0.99)]
  say(
    `  one new meanwhile (n=${fresh}): p50, p99`,
    `${p50.toFixed(0)}, ${p99.toFixed(0)} ms`,
    ratio(p99, recorded.busy, 'ms p99'),
  )
  for (let index = 0; index < fresh; index += 1) {
    const key = { namespace, name: `busy-${index}` }
    await cluster.delete(resources.externalSecret, key)
    await cluster.delete(resources.secret, key).catch(() => undefined)
  }
}

/** Milliseconds from the creation of an ExternalSecret to its Secret. */
async function measureOne({ cluster }: Bench, name: string): Promise<number> {
  const { resourceVersion } = await cluster.list(resources.secret, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
  })
  const stop = new AbortController()
  const watch = cluster.watch(resources.secret, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    resourceVersion,
    signal: stop.signal,
  })
  const seen = (async () => {
    for await (const event of watch) if (event.type === 'added') return performance.now()
    throw new Error('the watch ended')
  })()
  await delay(30)
  const started = performance.now()
  await cluster.create(
    resources.externalSecret,
    externalSecret({ namespace, name }, { store: 'st', path: 'es-0', entries, interval: '1h' }),
  )
  const ended = await seen
  stop.abort()
  return ended - started
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

async function measureIdle(bench: Bench): Promise<void> {
  const times: number[] = []
  for (let index = 0; index < 50; index += 1) times.push(await measureOne(bench, `idle-${index}`))
  times.sort((a, b) => a - b)
  const p50 = at(times, 0.5)
  say(
    'one new, idle (n=50): p50, p90, p99',
    `${p50.toFixed(0)}, ${at(times, 0.9).toFixed(0)}, ${at(times, 0.99).toFixed(0)} ms`,
    ratio(p50, recorded.single, 'ms p50'),
  )
}

/** A start with nothing due: until the API server's log says nothing new for two seconds. */
async function measureRestart(bench: Bench): Promise<Server> {
  const { proxy, plane } = bench
  proxy.take()
  const from = apiCalls(bench, 0).to
  const started = performance.now()
  const server = await startOurs(plane)
  let last = performance.now()
  for (let seen = 0; performance.now() - last < 2_000; await delay(50)) {
    const now = sum(apiCalls(bench, from).calls, isWork)
    if (now === seen) continue
    seen = now
    last = performance.now()
  }
  const seconds = (last - started) / 1000
  const { reads } = providerCalls(proxy.take())
  const { calls } = apiCalls(bench, from)
  say('restart, nothing due: quiet after', `${seconds.toFixed(1)} s`, ratio(seconds, recorded.restart, 's'))
  say(
    '  reads, writes',
    `${reads}, ${sum(calls, (call) => /^(create|update|patch|delete) /.test(call))}`,
    'recorded 0, 0',
  )
  say('  calls of the API for each', (sum(calls, isWork) / count).toFixed(2), 'recorded 1.05')
  return server
}

async function measureOutage(bench: Bench): Promise<void> {
  const { cluster, proxy } = bench
  const versions = async (): Promise<Map<string, string>> => {
    const { items } = await cluster.list(resources.secret, { namespace, metadataOnly: true })
    return new Map(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion ?? '']))
  }
  const before = await versions()
  proxy.cut = true
  await delay(60_000)
  const { items } = await cluster.list(resources.externalSecret, { namespace })
  const failed = items.filter((object) => !isReady(object)).length
  const during = providerCalls(proxy.take())
  proxy.cut = false
  const started = performance.now()
  const seconds = ((await untilAll(cluster, isReady, items.length)) - started) / 1000
  const after = await versions()
  const touched = [...before].filter(([name, version]) => after.get(name) !== version).length
  say(
    `60 s outage (${failed} not Ready): all Ready after`,
    `${seconds.toFixed(1)} s`,
    ratio(seconds, recorded.recovery, 's'),
  )
  say('  requests during it, Secrets touched', `${during.reads + during.logins + during.rest}, ${touched}`)
}

const bench = await prepare()
try {
  const { cluster, proxy } = bench
  const key: Key = { namespace, name: 'st' }
  const auth = await appRole(bench, key)
  await cluster.create(resources.secretStore, vaultStore(key, { server: proxy.url, auth }))
  for (let index = 0; index < count; index += 1) await writeRemote(bench, `es-${index}`, entries)
  console.log(`${count} ExternalSecrets of ${entries} entries; load ${loadavg()[0]?.toFixed(1)}`)
  let server = await measureStart(bench, 'a path each', (index) => ({
    store: 'st',
    path: `es-${index}`,
    entries,
    interval: '1h',
  }))
  await measureIdle(bench)
  await server.stop()
  server = await measureRestart(bench)
  await server.stop()
  await deleteAll(cluster)
  server = await measureStart(bench, 'one path', () => ({ store: 'st', path: 'es-0', entries, interval: '1h' }))
  await server.stop()
  await deleteAll(cluster)
  server = await measureStart(bench, 'a path each, every minute', (index) => ({
    store: 'st',
    path: `es-${index}`,
    entries,
    interval: '1m',
  }))
  await measureRounds(bench)
  await measureOutage(bench)
  await server.stop()
  console.log(`load ${loadavg()[0]?.toFixed(1)}`)
} finally {
  await bench.stop()
}
