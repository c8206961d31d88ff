// What the benchmarks of controllers share: the two controllers, the objects that they get, and what is seen from outside.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, type ClusterObject, informer, type Resource, resources } from '@sealkit/kubernetes'
import { clientOf, seal } from '../controller/cluster.ts'
import { cannotRun, startUpstream } from '../interop/controller/upstream.ts'
import { type ControlPlane, startControlPlane } from '../servers/controlplane.ts'
import { answers, freePort, type Server, startServer } from '../servers/process.ts'
import { program } from '../servers/programs.ts'

/** The folder of the built programs. */
export const dist: string = join(dirname(fileURLToPath(import.meta.url)), '../../dist')

/** Where the objects of a benchmark are. */
export const namespace = 'default'

/** How many objects, unless `BENCH_OBJECTS` says otherwise. */
export function objectCount(usual: number): number {
  return Number(process.env['BENCH_OBJECTS'] ?? usual)
}

/** A controller of SealedSecrets that can be started against a control plane, without client limits. */
export interface Candidate {
  readonly name: string
  start(plane: ControlPlane, cluster: ApiServer): Promise<Running>
}

/** A controller's process. */
export interface Running {
  readonly server: Server
  readonly url: string
  /** Address of `/metrics`. */
  readonly metrics: string
  stop(): Promise<void>
}

/** Our controller, as it is built in `dist`. */
export const ours: Candidate = {
  name: 'sealkit',
  async start(plane) {
    const [api, metrics] = [await freePort(), await freePort()]
    const url = `http://127.0.0.1:${api}`
    const server = await startServer({
      name: 'sealed-secrets-controller',
      command: join(dist, 'sealed-secrets-controller'),
      args: [
        `--kubeconfig=${plane.kubeconfig}`,
        `--listen-addr=127.0.0.1:${api}`,
        `--listen-metrics-addr=127.0.0.1:${metrics}`,
      ],
      env: { POD_NAMESPACE: 'kube-system' },
      ready: () => answers(`${url}/healthz`),
    })
    return { server, url, metrics: `http://127.0.0.1:${metrics}/metrics`, stop: () => server.stop() }
  },
}

const real: Candidate = {
  name: 'real 0.38.4',
  async start(plane, cluster) {
    const upstream = await startUpstream(await program('sealed-secrets-controller'), plane, cluster, { keySize: 4096 })
    return { ...upstream, stop: () => upstream.stop() }
  },
}

/** Ours, and the real one where it can run here; says so where it cannot. */
export async function candidates(): Promise<Candidate[]> {
  const reason = await cannotRun()
  if (reason !== null) console.log(`the real controller is left out: ${reason}`)
  return reason === null ? [ours, real] : [ours]
}

/** Runs a measurement against a control plane of its own. */
export async function onControlPlane<Result>(
  measure: (plane: ControlPlane, cluster: ApiServer) => Promise<Result>,
): Promise<Result> {
  const plane = await startControlPlane({ crds: crds('sealed-secrets', 'external-secrets') })
  const cluster = await clientOf(plane)
  try {
    return await measure(plane, cluster)
  } finally {
    cluster.close()
    await plane.stop()
  }
}

/** The certificate that a controller gives out; waits until it has a key. */
export async function certificateOf({ url }: Running): Promise<string> {
  for (;;) {
    const response = await fetch(`${url}/v1/cert.pem`)
    const text = await response.text()
    if (response.ok) return text
    await delay(50)
  }
}

/** A SealedSecret of three items. */
export function sealedSecret(pem: string, name: string): Promise<Manifest> {
  return seal(pem, { namespace, name, type: 'Opaque', stringData: { a: '1', b: '2', c: '3' } })
}

/** Creates objects, several at a time. */
export async function createAll(cluster: ApiServer, resource: Resource, objects: Iterable<Manifest>): Promise<void> {
  const rest = objects[Symbol.iterator]()
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let next = rest.next(); next.done !== true; next = rest.next()) await cluster.create(resource, next.value)
    }),
  )
}

/** Creates `count` SealedSecrets `PREFIX0`, `PREFIX1`, ... */
export async function createSealed(
  cluster: ApiServer,
  pem: string,
  { count, prefix = 'object-' }: { readonly count: number; readonly prefix?: string },
): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index}`)
  const objects = await Promise.all(names.map((name) => sealedSecret(pem, name)))
  await createAll(cluster, resources.sealedSecret, objects)
}

/** Follows a kind from outside. */
export interface Follower {
  /** Resolves when `test` says true of an object: of one that is there, or is created or changed later. */
  until(test: (object: ClusterObject) => boolean): Promise<void>
  stop(): Promise<void>
}

/** Follows the objects of one kind in the benchmarks' namespace. */
export async function follow(cluster: ApiServer, resource: Resource): Promise<Follower> {
  const stop = new AbortController()
  const waiting = new Map<(object: ClusterObject) => boolean, () => void>()
  const seen = (object: ClusterObject): void => {
    for (const [test, resolve] of waiting) {
      if (!test(object)) continue
      waiting.delete(test)
      resolve()
    }
  }
  const known = informer({ cluster, resource, list: { namespace }, handlers: { added: seen, updated: seen } })
  const running = known.run(stop.signal)
  await known.synced
  return {
    until: (test) =>
      [...known.values()].some(test)
        ? Promise.resolve()
        : new Promise((resolve) => void waiting.set(test, () => resolve())),
    stop() {
      stop.abort()
      return running
    },
  }
}

/** True for the object of this name. */
export function of(name: string): (object: ClusterObject) => boolean {
  return ({ metadata }) => metadata.name === name
}

/** Whether a SealedSecret's condition is of its present spec, and says `status`. */
export function isSynced(object: ClusterObject, status = 'True'): boolean {
  const { observedGeneration, conditions } = (object['status'] ?? {}) as {
    readonly observedGeneration?: number
    readonly conditions?: readonly { readonly status: string }[]
  }
  return observedGeneration === object.metadata.generation && conditions?.[0]?.status === status
}

/** A test that is true once so many different objects have passed `test`. */
export function counting(wanted: number, test: (object: ClusterObject) => boolean): typeof test {
  const passed = new Set<string>()
  return (object) => {
    if (test(object)) passed.add(object.metadata.name)
    return passed.size >= wanted
  }
}

/** Resolves once the controller's own counter says that it has looked at so many objects. */
export async function looked({ metrics }: Running, wanted: number): Promise<void> {
  for (;;) {
    const text = await fetch(metrics)
      .then((response) => response.text())
      .catch(() => '')
    if (Number(/^sealed_secrets_controller_unseal_requests_total (\d+)$/m.exec(text)?.[1]) >= wanted) return
    await delay(25)
  }
}

/** What a process has used so far. */
export interface Usage {
  readonly cpuSeconds: number
  /** Resident megabytes, and those of them that are no file's. */
  readonly resident: number
  readonly anonymous: number
}

/** What a controller's process has used so far. */
export function usage({ server }: Pick<Running, 'server'>): Usage {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(' ')
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  const megabytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  return {
    cpuSeconds: (Number(fields[13]) + Number(fields[14])) / 100,
    resident: megabytes('VmRSS'),
    anonymous: megabytes('RssAnon'),
  }
}

/** `1.9 s CPU, 97 MB (41 anonymous)`. */
export function usageText({ cpuSeconds, resident, anonymous }: Usage): string {
  return `${cpuSeconds.toFixed(1)} s CPU, ${resident.toFixed(0)} MB (${anonymous.toFixed(0)} anonymous)`
}

/** The value that `share` (0 to 1) of the values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** Prints one figure of each candidate, the ratio of the two where both are there, and the goal: of the ratio or of ours. */
export function figure(
  what: string,
  values: readonly number[],
  { unit, ratio, atMost }: { readonly unit: string; readonly ratio?: number; readonly atMost?: number },
): void {
  const [own = Number.NaN, theirs] = values
  const show = (value: number): string => `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`
  const parts = theirs === undefined ? [show(own)] : [`ours ${show(own)}`, `real ${show(theirs)}`]
  if (theirs !== undefined) parts.push(`ratio ${(own / theirs).toFixed(3)}`)
  if (ratio !== undefined) parts.push(`(goal: ratio <= ${ratio})`)
  if (atMost !== undefined) parts.push(`(goal: ours <= ${show(atMost)})`)
  console.log(`${what.padEnd(52)} ${parts.join(', ')}`)
}
