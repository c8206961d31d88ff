// Resident memory of our controller of ExternalSecrets, and what each ExternalSecret with its managed Secret of 4 KiB
// adds to it: ten entries each from a fake store, so that nothing but the controller is measured. `BENCH_OBJECTS=10000`
// is the whole of it. Needs `npm run build`.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import { until } from '../controller/cluster.ts'
import type { ControlPlane } from '../servers/controlplane.ts'
import { answers, freePort, type Server, startServer } from '../servers/process.ts'
import {
  counting,
  createAll,
  dist,
  figure,
  follow,
  namespace,
  objectCount,
  onControlPlane,
  usage,
  usageText,
} from './candidates.ts'

const count = objectCount(2000)
/** So many first, so that what a controller loads for its first object is not counted for each. */
const warm = 100
const goalCount = 10_000
const entries = 10
const secretBytes = 4096

const apiVersion = 'external-secrets.io/v1'
const value = 'v'.repeat(Math.ceil(secretBytes / entries))
const store: Manifest = {
  apiVersion,
  kind: 'SecretStore',
  metadata: { namespace, name: 'fake' },
  spec: { provider: { fake: { data: Array.from({ length: entries }, (_, index) => ({ key: `k${index}`, value })) } } },
}

function* externalSecrets(from: number, to: number): Generator<Manifest> {
  const data = Array.from({ length: entries }, (_, index) => ({
    secretKey: `key-${index}`,
    remoteRef: { key: `k${index}` },
  }))
  for (let index = from; index < to; index += 1) {
    const name = `external-${index}`
    const metadata = { namespace, name, labels: { app: name } }
    const secretStoreRef = { name: 'fake' }
    yield { apiVersion, kind: 'ExternalSecret', metadata, spec: { refreshInterval: '1h', secretStoreRef, data } }
  }
}

async function start(plane: ControlPlane): Promise<Server> {
  const [live, metrics] = [await freePort(), await freePort()]
  return startServer({
    name: 'external-secrets',
    command: join(dist, 'external-secrets'),
    args: [
      `--kubeconfig=${plane.kubeconfig}`,
      `--live-addr=127.0.0.1:${live}`,
      `--metrics-addr=127.0.0.1:${metrics}`,
      '--concurrent=8',
    ],
    ready: () => answers(`http://127.0.0.1:${live}/readyz`),
  })
}

/** Resident megabytes after a moment of rest. */
async function settled(server: Server, what: string): Promise<number> {
  await delay(3_000)
  console.log(`${what}: ${usageText(usage({ server }))}`)
  return usage({ server }).resident
}

function isReady(object: Manifest): boolean {
  const { conditions = [] } = (object['status'] ?? {}) as { readonly conditions?: readonly { status: string }[] }
  return conditions[0]?.status === 'True'
}

/** Seconds until objects `from` to `to` are there and ready. */
async function make(cluster: ApiServer, from: number, to: number): Promise<number> {
  const started = performance.now()
  const follower = await follow(cluster, resources.externalSecret)
  await createAll(cluster, resources.externalSecret, externalSecrets(from, to))
  await follower.until(counting(to, isReady))
  await follower.stop()
  return (performance.now() - started) / 1000
}

async function measure(plane: ControlPlane, cluster: ApiServer): Promise<void> {
  await cluster.create(resources.secretStore, store)
  const ready = (object: Manifest | null): boolean => object !== null && isReady(object)
  let server = await start(plane)
  await until(cluster, resources.secretStore, { namespace, name: 'fake' }, ready)
  await make(cluster, 0, warm)
  const few = await settled(server, `${warm} new`)
  const taken = await make(cluster, warm, warm + count)
  const fresh = await settled(server, `${count} more, created and ready in ${taken.toFixed(0)} s`)
  await server.stop()
  server = await start(plane)
  const restart = await settled(server, 'the same after a restart')
  await server.stop()
  const each = (Math.max(fresh, restart) - few) / count
  const bytes = (whole: number): number[] => [((whole - few) * 2 ** 20) / count]
  figure('bytes per ExternalSecret and its Secret, new', bytes(fresh), { unit: 'bytes' })
  figure('bytes per ExternalSecret and its Secret, restarted', bytes(restart), { unit: 'bytes' })
  figure(`${goalCount} of both, at that rate`, [few + each * goalCount], { unit: 'MB', atMost: 200 })
}

await onControlPlane(measure)
