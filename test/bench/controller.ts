// Our controller beside the real one: SealedSecrets that are new, the same after a restart, and one that comes meanwhile.
// Both without client limits, RSA-4096, three items each. Needs `npm run build` and, for the real one, root.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { crds } from '@sealkit/controller'
import type { Manifest } from '@sealkit/core/manifest'
import { type ApiServer, resources } from '@sealkit/kubernetes'
import { clientOf, seal, until } from '../controller/cluster.ts'
import { cannotRun, startUpstream } from '../interop/controller/upstream.ts'
import { type ControlPlane, startControlPlane } from '../servers/controlplane.ts'
import { answers, freePort, type Server, startServer } from '../servers/process.ts'
import { program } from '../servers/programs.ts'

const count = Number(process.env['BENCH_OBJECTS'] ?? 300)
const namespace = 'default'
const dist = join(dirname(fileURLToPath(import.meta.url)), '../../dist')

interface Candidate {
  readonly name: string
  start(plane: ControlPlane, cluster: ApiServer): Promise<Running>
}

interface Running {
  readonly server: Server
  readonly url: string
  readonly metrics: string
  stop(): Promise<void>
}

const ours: Candidate = {
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
    const upstream = await startUpstream(await program('sealed-secrets-controller'), plane, cluster, 4096)
    return { ...upstream, stop: () => upstream.stop() }
  },
}

async function pemOf({ url }: Running): Promise<string> {
  for (;;) {
    const response = await fetch(`${url}/v1/cert.pem`)
    const text = await response.text()
    if (response.ok) return text
    await delay(50)
  }
}

function sealedSecret(pem: string, name: string): Promise<Manifest> {
  return seal(pem, { namespace, name, type: 'Opaque', stringData: { a: '1', b: '2', c: '3' } })
}

/** Seconds until the controller's own counter says that it has looked at so many. */
async function looked({ metrics }: Running, wanted: number, started: number): Promise<number> {
  for (;;) {
    const text = await fetch(metrics)
      .then((response) => response.text())
      .catch(() => '')
    if (Number(/^sealed_secrets_controller_unseal_requests_total (\d+)$/m.exec(text)?.[1]) >= wanted) {
      return (performance.now() - started) / 1000
    }
    await delay(25)
  }
}

/** CPU seconds and resident megabytes of a process so far. */
function usage({ server }: Running): string {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(' ')
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? '0'
  return `${((Number(fields[13]) + Number(fields[14])) / 100).toFixed(1)} s CPU, ${Math.round(Number(rss) / 1024)} MB`
}

async function measure(candidate: Candidate): Promise<void> {
  const plane = await startControlPlane({ crds: crds('sealed-secrets') })
  const cluster = await clientOf(plane)
  try {
    const maker = await candidate.start(plane, cluster)
    const pem = await pemOf(maker)
    await maker.stop()
    for (let index = 0; index < count; index += 1) {
      await cluster.create(resources.sealedSecret, await sealedSecret(pem, `object-${index}`))
    }
    let started = performance.now()
    const fresh = await candidate.start(plane, cluster)
    await looked(fresh, count, started)
    await until(
      cluster,
      resources.secret,
      { namespace, name: `object-${count - 1}` },
      (secret) => secret !== null,
      600_000,
    )
    say(candidate, `${count} new`, (performance.now() - started) / 1000, usage(fresh))
    await fresh.stop()
    const late = { namespace, name: 'late' }
    const sealed = await sealedSecret(pem, late.name)
    started = performance.now()
    const again = await candidate.start(plane, cluster)
    const created = performance.now()
    await cluster.create(resources.sealedSecret, sealed)
    await until(cluster, resources.secret, late, (secret) => secret !== null, 600_000)
    say(candidate, 'one new during the restart', (performance.now() - created) / 1000)
    say(candidate, 'restart', await looked(again, count + 1, started), usage(again))
    await again.stop()
  } finally {
    cluster.close()
    await plane.stop()
  }
}

function say({ name }: Candidate, what: string, seconds: number, rest = ''): void {
  console.log(`${name.padEnd(12)} ${what.padEnd(28)} ${seconds.toFixed(2).padStart(8)} s   ${rest}`)
}

await measure(ours)
const reason = await cannotRun()
if (reason === null) await measure(real)
else console.log(`the real controller is left out: ${reason}`)
